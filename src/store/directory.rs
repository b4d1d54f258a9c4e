//! What authorisation must know of accounts, read for memory: one account, or a stretch of all.

use sqlx::FromRow;

use super::{
    Conn, Result,
    db::{all, optional},
    statements::statements,
};
use crate::domain::{
    account::Standing,
    app::{AppType, StateKind, name::AppName},
    credential::ApiKey,
    id::{AccountId, AppId, SecretId},
    time::Timestamp,
};

statements! {
    /// The account of an API key.
    KEYED_ACCOUNT = "select a.id, a.name, a.external_id, a.standing, k.api_key
        from api_keys k join accounts a on a.id = k.account_id where k.api_key = $1";
    /// A stretch of all accounts, by id.
    KEYED_ACCOUNTS = "select a.id, a.name, a.external_id, a.standing, k.api_key
        from accounts a join api_keys k on k.account_id = a.id where a.id > $1 order by a.id limit $2";
    /// The secrets of a stretch of accounts.
    SECRETS_BETWEEN = "select account_id, id, secret_sealed, retires_at from api_secrets
        where account_id >= $1 and account_id <= $2 and (retires_at is null or retires_at > $3)
        order by account_id, retires_at desc nulls first";
    /// The JWT apps of a stretch of accounts.
    APPS_BETWEEN = "select account_id, id, app_type, name, state from apps
        where account_id >= $1 and account_id <= $2 and app_type = 'jwt' order by account_id, created_at, id";
}

/// An account and its key.
#[derive(Clone, Debug, FromRow)]
pub struct KeyedAccount {
    pub id: AccountId,
    pub name: String,
    pub external_id: Option<String>,
    pub standing: Standing,
    pub api_key: ApiKey,
}

/// A secret that verifies for an account.
#[derive(Debug, FromRow)]
pub struct AccountSecret {
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    pub id: SecretId,
    pub secret_sealed: Vec<u8>,
    pub retires_at: Option<Timestamp>,
}

/// An app whose calls are signed with its account's secret.
#[derive(Debug, FromRow)]
pub struct AccountApp {
    #[sqlx(rename = "account_id")]
    pub account: AccountId,
    pub id: AppId,
    pub app_type: AppType,
    pub name: AppName,
    pub state: StateKind,
}

impl Conn {
    pub async fn keyed_account(&mut self, key: &ApiKey) -> Result<Option<KeyedAccount>> {
        Ok(optional!(self, KEYED_ACCOUNT, key))
    }

    /// At most `limit` accounts whose ids come after `after`.
    pub async fn keyed_accounts(&mut self, after: AccountId, limit: i64) -> Result<Vec<KeyedAccount>> {
        Ok(all!(self, KEYED_ACCOUNTS, after, limit))
    }

    /// Of the accounts from `first` to `last`, both included.
    pub async fn secrets_between(
        &mut self,
        first: AccountId,
        last: AccountId,
        now: Timestamp,
    ) -> Result<Vec<AccountSecret>> {
        Ok(all!(self, SECRETS_BETWEEN, first, last, now))
    }

    /// Of the accounts from `first` to `last`, both included.
    pub async fn jwt_apps_between(&mut self, first: AccountId, last: AccountId) -> Result<Vec<AccountApp>> {
        Ok(all!(self, APPS_BETWEEN, first, last))
    }
}
