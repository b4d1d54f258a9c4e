//! The keys of the platform's own services, by their hashes.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional},
    statements::statements,
};
use crate::domain::{
    id::{PlatformKeyId, UserId},
    platform_key::{PlatformKeyFacts, PlatformKeyName},
    time::Timestamp,
    user::{Admin, PersonName},
};

statements! {
    /// Every key with who made it: those that work before those that are revoked, the newest first.
    PLATFORM_KEYS = "select k.id, k.name, k.hint, k.made_at, k.made_by, k.last_used_at, k.revoked_at, u.name as maker
        from platform_keys k left join users u on u.id = k.made_by
        order by case when k.revoked_at is null then 0 else 1 end, k.made_at desc, k.id desc";
    /// A key, by its hash.
    PLATFORM_KEY_OF_HASH = "select id, name, hint, made_at, made_by, last_used_at, revoked_at from platform_keys
        where key_hash = $1";
    /// A key, by its id.
    PLATFORM_KEY = "select id, name, hint, made_at, made_by, last_used_at, revoked_at from platform_keys where id = $1";
    /// A new key.
    INSERT_PLATFORM_KEY = "insert into platform_keys (id, key_hash, name, hint, made_at, made_by)
        values ($1, $2, $3, $4, $5, $6)";
    /// A key was used, unless that is known for as long as is worth knowing.
    SET_PLATFORM_KEY_USED = "update platform_keys set last_used_at = $2
        where id = $1 and (last_used_at is null or last_used_at <= $3)";
    /// A key stops now.
    REVOKE_PLATFORM_KEY = "update platform_keys set revoked_at = $2 where id = $1 and revoked_at is null";
}

/// A key as an admin's list shows it.
#[derive(Clone, Debug)]
pub struct KnownKey {
    pub facts: PlatformKeyFacts,
    /// The name of the user who made it, if a user did and is still there.
    pub maker: Option<PersonName>,
}

#[derive(FromRow)]
struct KeyRow {
    id: PlatformKeyId,
    name: PlatformKeyName,
    hint: String,
    made_at: Timestamp,
    made_by: Option<UserId>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct KnownKeyRow {
    #[sqlx(flatten)]
    key: KeyRow,
    maker: Option<PersonName>,
}

impl From<KeyRow> for PlatformKeyFacts {
    fn from(row: KeyRow) -> Self {
        let KeyRow { id, name, hint, made_at, made_by, last_used_at, revoked_at } = row;
        Self { id, name, hint, made_at, made_by, last_used_at, revoked_at }
    }
}

impl Conn {
    pub async fn platform_keys(&mut self, _admin: Admin) -> Result<Vec<KnownKey>> {
        let rows: Vec<KnownKeyRow> = all!(self, PLATFORM_KEYS);
        let known = |row: KnownKeyRow| KnownKey { facts: row.key.into(), maker: row.maker };
        Ok(rows.into_iter().map(known).collect())
    }

    pub async fn platform_key_of_hash(&mut self, hash: &[u8]) -> Result<Option<PlatformKeyFacts>> {
        let row: Option<KeyRow> = optional!(self, PLATFORM_KEY_OF_HASH, hash);
        Ok(row.map(PlatformKeyFacts::from))
    }

    pub async fn platform_key(&mut self, id: PlatformKeyId) -> Result<Option<PlatformKeyFacts>> {
        let row: Option<KeyRow> = optional!(self, PLATFORM_KEY, id);
        Ok(row.map(PlatformKeyFacts::from))
    }
}

impl Tx {
    /// A key that works and was never used.
    pub async fn insert_platform_key(&mut self, key: &PlatformKeyFacts, hash: &[u8]) -> Result<()> {
        let PlatformKeyFacts { id, name, hint, made_at, made_by, last_used_at: _, revoked_at: _ } = key;
        execute!(self, INSERT_PLATFORM_KEY, id, hash, name, hint, made_at, made_by);
        Ok(())
    }

    pub async fn set_platform_key_used(&mut self, id: PlatformKeyId, at: Timestamp) -> Result<()> {
        let long_ago = at - PlatformKeyFacts::USED_EVERY;
        execute!(self, SET_PLATFORM_KEY_USED, id, at, long_ago);
        Ok(())
    }

    /// Whether it worked until now.
    pub async fn revoke_platform_key(&mut self, id: PlatformKeyId, now: Timestamp) -> Result<bool> {
        Ok(execute!(self, REVOKE_PLATFORM_KEY, id, now) > 0)
    }
}
