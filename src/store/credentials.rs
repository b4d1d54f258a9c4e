//! API keys, and secrets under seal: those of accounts, and those of subscriptions.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional},
    statements::statements,
};
use crate::domain::{
    credential::{ApiKey, SecretFacts},
    id::{AccountId, SecretId, SubscriptionId, UserId},
    time::Timestamp,
};

statements! {
    /// An account's key.
    API_KEY = "select api_key from api_keys where account_id = $1";
    /// The account of a key.
    ACCOUNT_OF_KEY = "select account_id from api_keys where api_key = $1";
    /// A new key.
    INSERT_API_KEY = "insert into api_keys (account_id, api_key) values ($1, $2)";
    /// An account's secrets that work, the current one first, then the newest.
    API_SECRETS = "select id, secret_sealed, hint, made_at, made_by, retires_at from api_secrets
        where account_id = $1 and (retires_at is null or retires_at > $2)
        order by case when retires_at is null then 0 else 1 end, made_at desc, id desc";
    /// A new current secret.
    INSERT_API_SECRET = "insert into api_secrets (id, account_id, secret_sealed, hint, made_at, made_by)
        values ($1, $2, $3, $4, $5, $6)";
    /// The current secret works until a moment.
    RETIRE_API_SECRET = "update api_secrets set retires_at = $2 where account_id = $1 and retires_at is null";
    /// An old secret stops now.
    DELETE_OLD_API_SECRET = "delete from api_secrets where account_id = $1 and id = $2 and retires_at is not null";
    /// Every secret stops now.
    DELETE_API_SECRETS = "delete from api_secrets where account_id = $1";
    /// Secrets that have stopped are wiped.
    DELETE_ENDED_API_SECRETS = "delete from api_secrets where retires_at <= $1";
    /// A subscription's secrets that sign, the current one first, then the newest.
    SIGNING_SECRETS = "select x.id, x.secret_sealed, x.hint, x.made_at, x.made_by, x.retires_at
        from signing_secrets x join subscriptions s on s.id = x.subscription_id join apps a on a.id = s.app_id
        where a.account_id = $1 and x.subscription_id = $2 and (x.retires_at is null or x.retires_at > $3)
        order by case when x.retires_at is null then 0 else 1 end, x.made_at desc, x.id desc";
    /// When the oldest signing secret of each subscription of an account was made that signs now.
    SIGNING_SINCE = "select x.subscription_id, min(x.made_at)
        from signing_secrets x join subscriptions s on s.id = x.subscription_id join apps a on a.id = s.app_id
        where a.account_id = $1 and (x.retires_at is null or x.retires_at > $2) group by x.subscription_id";
    /// A new current signing secret.
    INSERT_SIGNING_SECRET = "insert into signing_secrets (id, subscription_id, secret_sealed, hint, made_at, made_by)
        values ($1, $2, $3, $4, $5, $6)";
    /// The current signing secret signs until a moment.
    RETIRE_SIGNING_SECRET = "update signing_secrets set retires_at = $2 where subscription_id = $1 and retires_at is null";
    /// Every signing secret of a subscription stops now.
    DELETE_SIGNING_SECRETS = "delete from signing_secrets where subscription_id = $1";
    /// Signing secrets that have stopped are wiped.
    DELETE_ENDED_SIGNING_SECRETS = "delete from signing_secrets where retires_at <= $1";
}

/// A secret as it is stored.
#[derive(Clone, Debug)]
pub struct SealedSecret {
    pub facts: SecretFacts,
    pub sealed: Vec<u8>,
}

#[derive(FromRow)]
struct SecretRow {
    id: SecretId,
    secret_sealed: Vec<u8>,
    hint: String,
    made_at: Timestamp,
    made_by: Option<UserId>,
    retires_at: Option<Timestamp>,
}

impl From<SecretRow> for SealedSecret {
    fn from(row: SecretRow) -> Self {
        let SecretRow { id, secret_sealed, hint, made_at, made_by, retires_at } = row;
        Self { facts: SecretFacts { id, hint, made_at, made_by, retires_at }, sealed: secret_sealed }
    }
}

impl Conn {
    pub async fn api_key(&mut self, account: AccountId) -> Result<Option<ApiKey>> {
        let row: Option<(ApiKey,)> = optional!(self, API_KEY, account);
        Ok(row.map(|(key,)| key))
    }

    pub async fn account_of_key(&mut self, key: &ApiKey) -> Result<Option<AccountId>> {
        let row: Option<(AccountId,)> = optional!(self, ACCOUNT_OF_KEY, key);
        Ok(row.map(|(account,)| account))
    }

    /// The secrets that work now: the current one, if there is one, then old ones in their overlap.
    pub async fn api_secrets(&mut self, account: AccountId, now: Timestamp) -> Result<Vec<SealedSecret>> {
        let rows: Vec<SecretRow> = all!(self, API_SECRETS, account, now);
        Ok(rows.into_iter().map(SealedSecret::from).collect())
    }

    /// As [`Conn::api_secrets`], of a subscription.
    pub async fn signing_secrets(
        &mut self,
        account: AccountId,
        subscription: SubscriptionId,
        now: Timestamp,
    ) -> Result<Vec<SealedSecret>> {
        let rows: Vec<SecretRow> = all!(self, SIGNING_SECRETS, account, subscription, now);
        Ok(rows.into_iter().map(SealedSecret::from).collect())
    }

    /// When the oldest secret of each subscription was made that signs now.
    pub async fn signing_since(
        &mut self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<HashMap<SubscriptionId, Timestamp>> {
        let rows: Vec<(SubscriptionId, Timestamp)> = all!(self, SIGNING_SINCE, account, now);
        Ok(rows.into_iter().collect())
    }
}

impl Tx {
    pub async fn insert_api_key(&mut self, account: AccountId, key: &ApiKey) -> Result<()> {
        self.touch(account);
        execute!(self, INSERT_API_KEY, account, key);
        Ok(())
    }

    /// # Errors
    /// [`super::StoreError::Duplicate`] while another one is current.
    pub async fn insert_api_secret(&mut self, account: AccountId, secret: &SealedSecret) -> Result<()> {
        self.touch(account);
        let SealedSecret { facts, sealed } = secret;
        execute!(
            self,
            INSERT_API_SECRET,
            facts.id,
            account,
            sealed,
            &facts.hint,
            facts.made_at,
            facts.made_by
        );
        Ok(())
    }

    pub async fn retire_api_secret(&mut self, account: AccountId, retires_at: Timestamp) -> Result<()> {
        self.touch(account);
        execute!(self, RETIRE_API_SECRET, account, retires_at);
        Ok(())
    }

    /// Whether there was such an old secret.
    pub async fn delete_old_api_secret(&mut self, account: AccountId, id: SecretId) -> Result<bool> {
        self.touch(account);
        Ok(execute!(self, DELETE_OLD_API_SECRET, account, id) > 0)
    }

    pub async fn delete_api_secrets(&mut self, account: AccountId) -> Result<()> {
        self.touch(account);
        execute!(self, DELETE_API_SECRETS, account);
        Ok(())
    }

    /// As [`Tx::insert_api_secret`], of a subscription.
    pub async fn insert_signing_secret(
        &mut self,
        subscription: SubscriptionId,
        secret: &SealedSecret,
    ) -> Result<()> {
        let SealedSecret { facts, sealed } = secret;
        execute!(
            self,
            INSERT_SIGNING_SECRET,
            facts.id,
            subscription,
            sealed,
            &facts.hint,
            facts.made_at,
            facts.made_by
        );
        Ok(())
    }

    pub async fn retire_signing_secret(
        &mut self,
        subscription: SubscriptionId,
        retires_at: Timestamp,
    ) -> Result<()> {
        execute!(self, RETIRE_SIGNING_SECRET, subscription, retires_at);
        Ok(())
    }

    pub async fn delete_signing_secrets(&mut self, subscription: SubscriptionId) -> Result<()> {
        execute!(self, DELETE_SIGNING_SECRETS, subscription);
        Ok(())
    }

    /// Wipes secrets of both kinds that have stopped working.
    pub async fn delete_ended_secrets(&mut self, now: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_ENDED_API_SECRETS, now) + execute!(self, DELETE_ENDED_SIGNING_SECRETS, now))
    }
}
