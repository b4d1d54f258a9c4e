//! What authorisation must know of accounts, read for memory: those of some keys, some accounts, or
//! a stretch of all.

use sqlx::FromRow;

use super::{
    Conn, Result,
    db::all,
    dialect::memory::{ACCOUNTS_OF_KEYS, ACCOUNTS_WITH_KEYS, JWT_APPS_OF_ACCOUNTS, SECRETS_OF_ACCOUNTS},
    rows,
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
    /// A stretch of all accounts, by id.
    KEYED_ACCOUNTS = "select a.id, a.name, a.external_id, a.standing, k.api_key
        from accounts a join api_keys k on k.account_id = a.id where a.id > $1 order by a.id limit $2";
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
    /// Keys that nobody has are left out.
    pub async fn accounts_of_keys(&mut self, keys: &[ApiKey]) -> Result<Vec<KeyedAccount>> {
        let sql = self.text(ACCOUNTS_OF_KEYS);
        Ok(all!(self, sql, rows::json(keys.iter().map(ApiKey::as_str))))
    }

    /// Those of the accounts that are there.
    pub async fn accounts_with_keys(&mut self, accounts: &[AccountId]) -> Result<Vec<KeyedAccount>> {
        let sql = self.text(ACCOUNTS_WITH_KEYS);
        Ok(all!(self, sql, rows::ids(accounts)))
    }

    /// At most `limit` accounts whose ids come after `after`.
    pub async fn keyed_accounts(&mut self, after: AccountId, limit: i64) -> Result<Vec<KeyedAccount>> {
        Ok(all!(self, KEYED_ACCOUNTS, after, limit))
    }

    pub async fn secrets_of_accounts(
        &mut self,
        accounts: &[AccountId],
        now: Timestamp,
    ) -> Result<Vec<AccountSecret>> {
        let sql = self.text(SECRETS_OF_ACCOUNTS);
        Ok(all!(self, sql, rows::ids(accounts), now))
    }

    pub async fn jwt_apps_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<AccountApp>> {
        let sql = self.text(JWT_APPS_OF_ACCOUNTS);
        Ok(all!(self, sql, rows::ids(accounts)))
    }
}
