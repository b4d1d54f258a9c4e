//! Authorization codes, and requests that were sent ahead, by the hashes of what is shown.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{execute, optional},
    statements::statements,
};
use crate::domain::{
    id::{AppId, FamilyId, GrantId},
    oauth::pkce::Challenge,
    scope::ScopeSet,
    time::Timestamp,
};

statements! {
    /// The code of a hash.
    CODE = "select grant_id, family_id, redirect_uri, challenge, scopes, expires_at, used_at
        from authorization_codes where code_hash = $1";
    /// A new code.
    INSERT_CODE = "insert into authorization_codes (code_hash, grant_id, family_id, redirect_uri, challenge, scopes, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    /// The code did its work.
    USE_CODE = "update authorization_codes set used_at = $2 where code_hash = $1 and used_at is null";
    /// Some codes of old go, unless something that came of them goes on: then one that comes again is
    /// known.
    DELETE_OLD_CODES = "delete from authorization_codes where code_hash in (select c.code_hash
        from authorization_codes c where c.expires_at < $1
        and not exists (select 1 from token_families f where f.id = c.family_id)
        order by c.expires_at limit $2)";
    /// What a client sent ahead, while it lasts.
    PUSHED_REQUEST = "select parameters from pushed_requests where request_hash = $1 and app_id = $2 and expires_at > $3";
    /// A request is sent ahead.
    INSERT_PUSHED_REQUEST = "insert into pushed_requests (request_hash, app_id, parameters, expires_at)
        values ($1, $2, $3, $4)";
    /// It came to something.
    DELETE_PUSHED_REQUEST = "delete from pushed_requests where request_hash = $1 and app_id = $2 and expires_at > $3";
    /// Some of those that came to nothing go.
    DELETE_OLD_PUSHED_REQUESTS = "delete from pushed_requests where request_hash in
        (select request_hash from pushed_requests where expires_at < $1 order by expires_at limit $2)";
}

/// A code that was given out.
#[derive(Clone, Debug, FromRow)]
pub struct StoredCode {
    #[sqlx(rename = "grant_id")]
    pub grant: GrantId,
    /// What it becomes when it is redeemed.
    #[sqlx(rename = "family_id")]
    pub family: FamilyId,
    /// As the request gave it; empty if it gave none.
    pub redirect_uri: String,
    pub challenge: Challenge,
    pub scopes: ScopeSet,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

impl Conn {
    pub async fn code(&mut self, hash: &[u8]) -> Result<Option<StoredCode>> {
        Ok(optional!(self, CODE, hash))
    }

    /// The parameters that the app's client sent ahead.
    pub async fn pushed_request(
        &mut self,
        hash: &[u8],
        app: AppId,
        now: Timestamp,
    ) -> Result<Option<String>> {
        let row: Option<(String,)> = optional!(self, PUSHED_REQUEST, hash, app, now);
        Ok(row.map(|(parameters,)| parameters))
    }
}

impl Tx {
    pub async fn insert_code(&mut self, hash: &[u8], code: &StoredCode) -> Result<()> {
        execute!(
            self,
            INSERT_CODE,
            hash,
            code.grant,
            code.family,
            &code.redirect_uri,
            &code.challenge,
            &code.scopes,
            code.expires_at,
        );
        Ok(())
    }

    /// Whether it was not used before.
    pub async fn use_code(&mut self, hash: &[u8], now: Timestamp) -> Result<bool> {
        Ok(execute!(self, USE_CODE, hash, now) > 0)
    }

    pub async fn insert_pushed_request(
        &mut self,
        hash: &[u8],
        app: AppId,
        parameters: &str,
        expires_at: Timestamp,
    ) -> Result<()> {
        execute!(self, INSERT_PUSHED_REQUEST, hash, app, parameters, expires_at);
        Ok(())
    }

    /// Whether it was there still: of two who use it one does.
    pub async fn use_pushed_request(&mut self, hash: &[u8], app: AppId, now: Timestamp) -> Result<bool> {
        Ok(execute!(self, DELETE_PUSHED_REQUEST, hash, app, now) > 0)
    }

    /// Drops up to so many codes that ended before a moment.
    pub async fn delete_old_codes(&mut self, before: Timestamp, limit: i64) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_CODES, before, limit))
    }

    /// Drops up to so many requests that ended before a moment.
    pub async fn delete_old_pushed_requests(&mut self, before: Timestamp, limit: i64) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_PUSHED_REQUESTS, before, limit))
    }
}
