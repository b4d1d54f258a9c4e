//! Tokens that came of one authorisation and end together, and what refreshes them.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{execute, optional},
    statements::statements,
};
use crate::domain::{
    id::{AccountId, FamilyId, GrantId},
    scope::ScopeSet,
    time::Timestamp,
};

statements! {
    /// A family and one of its refresh tokens, by the hash of the token.
    REFRESH_TOKEN = "select f.id, f.grant_id, f.scopes, f.expires_at, t.used_at
        from refresh_tokens t join token_families f on f.id = t.family_id where t.token_hash = $1";
    /// A new family.
    INSERT_FAMILY = "insert into token_families (id, grant_id, scopes, created_at, expires_at)
        values ($1, $2, $3, $4, $5)";
    /// Something that refreshes a family.
    INSERT_REFRESH_TOKEN = "insert into refresh_tokens (token_hash, family_id, made_at) values ($1, $2, $3)";
    /// It did so, once.
    USE_REFRESH_TOKEN = "update refresh_tokens set used_at = $2 where token_hash = $1 and used_at is null";
    /// When a family got the last of its refresh tokens but so many, since a moment.
    NTH_REFRESH = "select made_at from refresh_tokens where family_id = $1 and made_at > $2
        order by made_at desc limit 1 offset $3";
    /// A family ends.
    DELETE_FAMILY = "delete from token_families where id = $1";
    /// Some refresh tokens of families that ended by themselves go.
    DELETE_OLD_REFRESH_TOKENS = "delete from refresh_tokens where token_hash in (select t.token_hash
        from token_families f join refresh_tokens t on t.family_id = f.id
        where f.expires_at < $1 order by f.expires_at limit $2)";
    /// Some of those families go, once they have none.
    DELETE_OLD_FAMILIES = "delete from token_families where id in (select f.id from token_families f
        where f.expires_at < $1 and not exists (select 1 from refresh_tokens t where t.family_id = f.id)
        order by f.expires_at limit $2)";
}

/// A refresh token that was given out, with its family.
#[derive(Clone, Debug, FromRow)]
pub struct StoredRefresh {
    #[sqlx(rename = "id")]
    pub family: FamilyId,
    #[sqlx(rename = "grant_id")]
    pub grant: GrantId,
    pub scopes: ScopeSet,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

impl Conn {
    pub async fn refresh_token(&mut self, hash: &[u8]) -> Result<Option<StoredRefresh>> {
        Ok(optional!(self, REFRESH_TOKEN, hash))
    }
}

impl Tx {
    pub async fn insert_family(
        &mut self,
        id: FamilyId,
        grant: GrantId,
        scopes: &ScopeSet,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()> {
        execute!(self, INSERT_FAMILY, id, grant, scopes, now, expires_at);
        Ok(())
    }

    pub async fn insert_refresh_token(
        &mut self,
        hash: &[u8],
        family: FamilyId,
        now: Timestamp,
    ) -> Result<()> {
        execute!(self, INSERT_REFRESH_TOKEN, hash, family, now);
        Ok(())
    }

    /// Whether it was not used before.
    pub async fn use_refresh_token(&mut self, hash: &[u8], now: Timestamp) -> Result<bool> {
        Ok(execute!(self, USE_REFRESH_TOKEN, hash, now) > 0)
    }

    /// Whether there was such a family, granted for the account. None of its tokens works any more.
    pub async fn end_family(&mut self, id: FamilyId, account: AccountId) -> Result<bool> {
        let was = execute!(self, DELETE_FAMILY, id) > 0;
        if was {
            self.touch(account);
        }
        Ok(was)
    }

    /// When the family got its `n`th refresh token, counted back from the last, if that was since a
    /// moment.
    pub async fn nth_refresh(
        &mut self,
        family: FamilyId,
        since: Timestamp,
        n: u16,
    ) -> Result<Option<Timestamp>> {
        let row: Option<(Timestamp,)> =
            optional!(self, NTH_REFRESH, family, since, i64::from(n.saturating_sub(1)));
        Ok(row.map(|(at,)| at))
    }

    /// Drops up to so many refresh tokens of families that ended by themselves before a moment.
    pub async fn delete_old_refresh_tokens(&mut self, before: Timestamp, limit: i64) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_REFRESH_TOKENS, before, limit))
    }

    /// Drops up to so many of those families that have none left.
    pub async fn delete_old_families(&mut self, before: Timestamp, limit: i64) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_FAMILIES, before, limit))
    }
}
