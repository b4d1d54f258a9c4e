//! Access tokens that were ended before their time, and what clients signed to authenticate.

use super::{
    Conn, Result, Tx,
    db::{all, execute, value},
    statements::statements,
};
use crate::domain::{
    access_token::TokenId,
    id::{AccountId, AppId, UserId},
    time::Timestamp,
};

statements! {
    /// A token ends now.
    INSERT_REVOKED_TOKEN = "insert into revoked_tokens (token_id, app_id, expires_at) values ($1, $2, $3)
        on conflict (app_id, token_id) do nothing";
    /// How many tokens of an app were ended before a time that is still to come.
    REVOKED_COUNT = "select count(*) from revoked_tokens where app_id = $1 and expires_at > $2";
    /// Some of the tokens that would have expired by now.
    DELETE_EXPIRED_REVOCATIONS = "delete from revoked_tokens where (app_id, token_id) in
        (select app_id, token_id from revoked_tokens where expires_at <= $1 order by expires_at limit $2)";
    /// The accounts that a user lets apps act in.
    ACCOUNTS_GRANTED_BY = "select distinct account_id from grants where user_id = $1";
    /// An assertion is used, unless it was before.
    USE_ASSERTION = "insert into used_assertions (app_id, jti_hash, expires_at) values ($1, $2, $3)
        on conflict (app_id, jti_hash) do nothing";
    /// Some of the assertions that nobody would take any more.
    DELETE_EXPIRED_ASSERTIONS = "delete from used_assertions where (app_id, jti_hash) in
        (select app_id, jti_hash from used_assertions where expires_at <= $1 order by expires_at limit $2)";
}

impl Conn {
    /// How many tokens of an app are remembered as ended.
    pub async fn revoked_count(&mut self, app: AppId, now: Timestamp) -> Result<i64> {
        Ok(value!(self, REVOKED_COUNT, app, now))
    }
}

impl Tx {
    /// Whether apps may act for the user is about to change.
    pub(super) async fn touch_grants_of(&mut self, user: UserId) -> Result<()> {
        let accounts: Vec<(AccountId,)> = all!(self, ACCOUNTS_GRANTED_BY, user);
        accounts.into_iter().for_each(|(account,)| self.touch(account));
        Ok(())
    }

    /// Ends a token of an app. `account` owns the app.
    pub async fn insert_revoked_token(
        &mut self,
        account: AccountId,
        app: AppId,
        token: TokenId,
        expires_at: Timestamp,
    ) -> Result<()> {
        self.touch(account);
        execute!(self, INSERT_REVOKED_TOKEN, token, app, expires_at);
        Ok(())
    }

    /// At most so many.
    pub async fn delete_expired_revocations(&mut self, now: Timestamp, limit: i64) -> Result<u64> {
        Ok(execute!(self, DELETE_EXPIRED_REVOCATIONS, now, limit))
    }

    /// Whether the assertion was not used before, by the hash of its `jti`.
    pub async fn use_assertion(
        &mut self,
        app: AppId,
        jti_hash: &[u8],
        expires_at: Timestamp,
    ) -> Result<bool> {
        Ok(execute!(self, USE_ASSERTION, app, jti_hash, expires_at) > 0)
    }

    /// At most so many.
    pub async fn delete_expired_assertions(&mut self, now: Timestamp, limit: i64) -> Result<u64> {
        Ok(execute!(self, DELETE_EXPIRED_ASSERTIONS, now, limit))
    }
}
