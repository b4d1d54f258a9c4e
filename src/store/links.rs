//! One-time links, by the hash of what the URL holds.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{execute, optional, value},
    statements::statements,
};
use crate::domain::{
    email::Email,
    id::{LinkId, UserId},
    time::Timestamp,
    user::LinkKind,
};

statements! {
    /// A link that still works.
    LINK = "select id, user_id, email, expires_at from links
        where token_hash = $1 and kind = $2 and used_at is null and expires_at > $3";
    /// Whether a link of a kind still works.
    WAITING_LINKS = "select count(*) from links where kind = $1 and used_at is null and expires_at > $2";
    /// A new link.
    INSERT_LINK = "insert into links (id, token_hash, kind, user_id, email, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    /// The link has done its work. Two that come at once find one row to change.
    USE_LINK = "update links set used_at = $2 where id = $1 and used_at is null";
    /// Links of a kind to a user that wait are void.
    VOID_LINKS = "update links set used_at = $3 where user_id = $1 and kind = $2 and used_at is null";
    /// Drops links that have ended.
    DELETE_ENDED_LINKS = "delete from links where expires_at < $1";
}

/// A link that still works.
#[derive(Debug, FromRow)]
pub struct Link {
    pub id: LinkId,
    #[sqlx(rename = "user_id")]
    pub user: Option<UserId>,
    pub email: Option<Email>,
    pub expires_at: Timestamp,
}

impl Conn {
    pub async fn link(&mut self, token_hash: &[u8], kind: LinkKind, now: Timestamp) -> Result<Option<Link>> {
        Ok(optional!(self, LINK, token_hash, kind, now))
    }

    pub async fn has_waiting_link(&mut self, kind: LinkKind, now: Timestamp) -> Result<bool> {
        let count: i64 = value!(self, WAITING_LINKS, kind, now);
        Ok(count > 0)
    }
}

impl Tx {
    pub async fn insert_link(
        &mut self,
        link: &Link,
        kind: LinkKind,
        token_hash: &[u8],
        now: Timestamp,
    ) -> Result<()> {
        execute!(
            self,
            INSERT_LINK,
            link.id,
            token_hash,
            kind,
            link.user,
            link.email.as_ref(),
            now,
            link.expires_at
        );
        Ok(())
    }

    /// Whether it was not used before.
    pub async fn use_link(&mut self, id: LinkId, now: Timestamp) -> Result<bool> {
        Ok(execute!(self, USE_LINK, id, now) > 0)
    }

    pub async fn void_links(&mut self, user: UserId, kind: LinkKind, now: Timestamp) -> Result<()> {
        execute!(self, VOID_LINKS, user, kind, now);
        Ok(())
    }

    pub async fn delete_ended_links(&mut self, before: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_ENDED_LINKS, before))
    }
}
