//! What authorisation must know of clients and of what users granted them, read for memory: the
//! clients of a stretch of accounts, and one family of tokens.

use sqlx::FromRow;

use super::{
    Conn, Result,
    db::{all, optional},
    statements::statements,
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

statements! {
    /// The account that owns a client's app.
    ACCOUNT_OF_CLIENT = "select a.account_id from clients c join apps a on a.id = c.app_id where c.client_id = $1";
    /// The clients of a stretch of accounts.
    CLIENTS_BETWEEN = "select c.app_id, c.client_id, c.is_public, c.jwks, c.tokens_from, a.app_type, a.name as app_name, a.state,
        a.account_id, o.name as account_name, o.external_id, o.standing
        from clients c join apps a on a.id = c.app_id join accounts o on o.id = a.account_id
        where a.account_id >= $1 and a.account_id <= $2";
    /// Their secrets that work, the current one of each first.
    CLIENT_SECRETS_BETWEEN = "select x.app_id, x.id, x.secret_hash, x.retires_at
        from client_secrets x join apps a on a.id = x.app_id
        where a.account_id >= $1 and a.account_id <= $2 and (x.retires_at is null or x.retires_at > $3)
        order by x.app_id, x.retires_at desc nulls first";
    /// The scopes that their apps ask for.
    SCOPES_BETWEEN = "select s.app_id, s.scope from app_scopes s join apps a on a.id = s.app_id
        where a.account_id >= $1 and a.account_id <= $2";
    /// Their tokens that were ended before their time, until it comes.
    REVOKED_BETWEEN = "select r.app_id, r.token_id from revoked_tokens r join apps a on a.id = r.app_id
        where a.account_id >= $1 and a.account_id <= $2 and r.expires_at > $3";
    /// A family of tokens with whoever it speaks for.
    FAMILY_FOR_MEMORY = "select f.id, f.grant_id, f.scopes, f.expires_at, g.app_id, g.account_id,
        o.name as account_name, o.external_id, o.standing,
        g.user_id, u.name as user_name, u.disabled_at, m.user_id as member
        from token_families f join grants g on g.id = f.grant_id join accounts o on o.id = g.account_id
        join users u on u.id = g.user_id
        left join memberships m on m.account_id = g.account_id and m.user_id = g.user_id
        where f.id = $1";
}

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
    pub async fn account_of_client(&mut self, id: &ClientId) -> Result<Option<AccountId>> {
        let row: Option<(AccountId,)> = optional!(self, ACCOUNT_OF_CLIENT, id);
        Ok(row.map(|(account,)| account))
    }

    /// Of the accounts from `first` to `last`, both included.
    pub async fn clients_between(&mut self, first: AccountId, last: AccountId) -> Result<Vec<KnownClient>> {
        Ok(all!(self, CLIENTS_BETWEEN, first, last))
    }

    /// As [`Conn::clients_between`]: the app of each, its id, its hash, and when it stops.
    pub async fn client_secrets_between(
        &mut self,
        first: AccountId,
        last: AccountId,
        now: Timestamp,
    ) -> Result<Vec<SecretRow>> {
        Ok(all!(self, CLIENT_SECRETS_BETWEEN, first, last, now))
    }

    /// As [`Conn::clients_between`].
    pub async fn scopes_between(
        &mut self,
        first: AccountId,
        last: AccountId,
    ) -> Result<Vec<(AppId, ScopeName)>> {
        Ok(all!(self, SCOPES_BETWEEN, first, last))
    }

    /// As [`Conn::clients_between`].
    pub async fn revoked_between(
        &mut self,
        first: AccountId,
        last: AccountId,
        now: Timestamp,
    ) -> Result<Vec<(AppId, TokenId)>> {
        Ok(all!(self, REVOKED_BETWEEN, first, last, now))
    }

    pub async fn family_for_memory(&mut self, id: FamilyId) -> Result<Option<KnownFamily>> {
        Ok(optional!(self, FAMILY_FOR_MEMORY, id))
    }
}
