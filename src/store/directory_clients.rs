//! What authorisation must know of clients and of what users granted them, read for memory: the
//! clients of some accounts, and families of tokens.

use sqlx::FromRow;

use super::{
    Conn, Result,
    db::all,
    dialect::memory::{
        ACCOUNTS_OF_CLIENTS, CLIENT_SECRETS_OF_ACCOUNTS, CLIENTS_OF_ACCOUNTS, FAMILIES_FOR_MEMORY,
        REVOKED_OF_ACCOUNTS, SCOPES_OF_ACCOUNTS,
    },
    rows,
};
use crate::domain::{
    access_token::TokenId,
    account::Standing,
    app::{AppType, StateKind, name::AppName},
    client::{ClientId, JwkSet},
    id::{AccountId, AppId, FamilyId, GrantId, SecretId, UserId},
    scope::{ScopeName, ScopeSet},
    time::Timestamp,
    user::PersonName,
};

/// A client with what decides about it, but for its secrets.
#[derive(Debug, FromRow)]
pub struct KnownClient {
    pub app_id: AppId,
    pub client_id: ClientId,
    pub is_public: bool,
    pub jwks: Option<JwkSet>,
    /// Access tokens that it was given before are over.
    pub tokens_from: Option<Timestamp>,
    pub app_type: AppType,
    pub app_name: AppName,
    pub state: StateKind,
    pub account_id: AccountId,
    pub account_name: String,
    pub external_id: Option<String>,
    pub standing: Standing,
}

/// A family of tokens with whoever it speaks for.
#[derive(Debug, FromRow)]
pub struct KnownFamily {
    pub id: FamilyId,
    pub grant_id: GrantId,
    pub scopes: ScopeSet,
    pub expires_at: Timestamp,
    pub app_id: AppId,
    pub account_id: AccountId,
    pub account_name: String,
    pub external_id: Option<String>,
    pub standing: Standing,
    pub user_id: UserId,
    pub user_name: PersonName,
    pub disabled_at: Option<Timestamp>,
    /// The user, if still a member of the account.
    pub member: Option<UserId>,
}

type SecretRow = (AppId, SecretId, Vec<u8>, Option<Timestamp>);

impl Conn {
    /// Whose the apps of the clients are.
    pub async fn accounts_of_clients(&mut self, ids: &[ClientId]) -> Result<Vec<AccountId>> {
        let sql = self.text(ACCOUNTS_OF_CLIENTS);
        let rows: Vec<(AccountId,)> = all!(self, sql, rows::json(ids.iter().map(ClientId::as_str)));
        Ok(rows.into_iter().map(|(account,)| account).collect())
    }

    pub async fn clients_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<KnownClient>> {
        let sql = self.text(CLIENTS_OF_ACCOUNTS);
        Ok(all!(self, sql, rows::ids(accounts)))
    }

    /// The app of each, its id, its hash, and when it stops.
    pub async fn client_secrets_of_accounts(
        &mut self,
        accounts: &[AccountId],
        now: Timestamp,
    ) -> Result<Vec<SecretRow>> {
        let sql = self.text(CLIENT_SECRETS_OF_ACCOUNTS);
        Ok(all!(self, sql, rows::ids(accounts), now))
    }

    pub async fn scopes_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<(AppId, ScopeName)>> {
        let sql = self.text(SCOPES_OF_ACCOUNTS);
        Ok(all!(self, sql, rows::ids(accounts)))
    }

    pub async fn revoked_of_accounts(
        &mut self,
        accounts: &[AccountId],
        now: Timestamp,
    ) -> Result<Vec<(AppId, TokenId)>> {
        let sql = self.text(REVOKED_OF_ACCOUNTS);
        Ok(all!(self, sql, rows::ids(accounts), now))
    }

    /// Those of the families that are there.
    pub async fn families_for_memory(&mut self, ids: &[FamilyId]) -> Result<Vec<KnownFamily>> {
        let sql = self.text(FAMILIES_FOR_MEMORY);
        Ok(all!(self, sql, rows::ids(ids)))
    }
}
