//! Clients of OAuth: what is registered of them, their secrets, and the scopes that they ask for.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    client::{Client, ClientId, JwkSet, RedirectUri, RedirectUris},
    credential::SecretFacts,
    id::{AccountId, AppId, SecretId, UserId},
    scope::{ScopeName, WhyNeeded},
    time::Timestamp,
};

statements! {
    /// The client of an app.
    CLIENT_OF_APP = "select c.app_id, c.client_id, c.is_public, c.jwks, a.account_id
        from clients c join apps a on a.id = c.app_id where a.account_id = $1 and c.app_id = $2";
    /// A client by its id, with the account that owns its app.
    CLIENT_BY_ID = "select c.app_id, c.client_id, c.is_public, c.jwks, a.account_id
        from clients c join apps a on a.id = c.app_id where c.client_id = $1";
    /// The client ids of an account's apps.
    CLIENT_IDS = "select c.app_id, c.client_id from clients c join apps a on a.id = c.app_id where a.account_id = $1";
    /// The clients of an account's apps.
    CLIENTS_OF_ACCOUNT = "select c.app_id, c.client_id, c.is_public, c.jwks, a.account_id
        from clients c join apps a on a.id = c.app_id where a.account_id = $1";
    /// Where their users may be sent back to, in their developers' order.
    REDIRECT_URIS_OF_ACCOUNT = "select u.app_id, u.uri from client_redirect_uris u join apps a on a.id = u.app_id
        where a.account_id = $1 order by u.app_id, u.position";
    /// The scopes that an account's apps ask for, in the order of their names.
    SCOPES_OF_ACCOUNT = "select s.app_id, s.scope, s.why from app_scopes s join apps a on a.id = s.app_id
        where a.account_id = $1 order by s.app_id, s.scope";
    /// Where a client's users may be sent back to, in its developers' order.
    REDIRECT_URIS = "select uri from client_redirect_uris where app_id = $1 order by position";
    /// A new client.
    INSERT_CLIENT = "insert into clients (app_id, client_id, is_public) values ($1, $2, false)";
    /// How a client authenticates, but for its secrets.
    UPDATE_CLIENT = "update clients set is_public = $2, jwks = $3 where app_id = $1";
    /// No redirect URI is left.
    DELETE_REDIRECT_URIS = "delete from client_redirect_uris where app_id = $1";
    /// One redirect URI more.
    INSERT_REDIRECT_URI = "insert into client_redirect_uris (app_id, position, uri) values ($1, $2, $3)";
    /// A client's secrets that work, the current one first, then the newest.
    CLIENT_SECRETS = "select x.id, x.secret_hash, x.hint, x.made_at, x.made_by, x.retires_at
        from client_secrets x join apps a on a.id = x.app_id
        where a.account_id = $1 and x.app_id = $2 and (x.retires_at is null or x.retires_at > $3)
        order by case when x.retires_at is null then 0 else 1 end, x.made_at desc, x.id desc";
    /// A new current secret.
    INSERT_CLIENT_SECRET = "insert into client_secrets (id, app_id, secret_hash, hint, made_at, made_by)
        values ($1, $2, $3, $4, $5, $6)";
    /// The current secret works until a moment.
    RETIRE_CLIENT_SECRET = "update client_secrets set retires_at = $2 where app_id = $1 and retires_at is null";
    /// An old secret stops now.
    DELETE_OLD_CLIENT_SECRET = "delete from client_secrets where app_id = $1 and id = $2 and retires_at is not null";
    /// Every secret of a client stops now.
    DELETE_CLIENT_SECRETS = "delete from client_secrets where app_id = $1";
    /// Access tokens of before a moment are over.
    END_TOKENS = "update clients set tokens_from = $2 where app_id = $1";
    /// Secrets that have stopped are wiped.
    DELETE_ENDED_CLIENT_SECRETS = "delete from client_secrets where retires_at <= $1";
    /// The scopes that an app asks for, in the order of their names.
    APP_SCOPES = "select s.scope, s.why from app_scopes s join apps a on a.id = s.app_id
        where a.account_id = $1 and s.app_id = $2 order by s.scope";
    /// An app asks for no scope any more.
    DELETE_APP_SCOPES = "delete from app_scopes where app_id = $1";
    /// A scope more that an app asks for.
    INSERT_APP_SCOPE = "insert into app_scopes (app_id, scope, why) values ($1, $2, $3)";
    /// How many users have let an app act for them.
    AUDIENCE_OF_APP = "select count(*) from (select distinct g.user_id from grants g
        join apps a on a.id = g.app_id where a.account_id = $1 and g.app_id = $2 limit $3) users";
}

/// A client's secret as it is stored: its hash alone.
#[derive(Clone, Debug)]
pub struct HashedSecret {
    pub facts: SecretFacts,
    pub hash: Vec<u8>,
}

/// A scope that an app asks for, and why.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct WantedScope {
    pub scope: ScopeName,
    pub why: Option<WhyNeeded>,
}

#[derive(FromRow)]
struct ClientRow {
    app_id: AppId,
    client_id: ClientId,
    is_public: bool,
    jwks: Option<JwkSet>,
    account_id: AccountId,
}

#[derive(FromRow)]
struct SecretRow {
    id: SecretId,
    secret_hash: Vec<u8>,
    hint: String,
    made_at: Timestamp,
    made_by: Option<UserId>,
    retires_at: Option<Timestamp>,
}

impl From<SecretRow> for HashedSecret {
    fn from(row: SecretRow) -> Self {
        let SecretRow { id, secret_hash, hint, made_at, made_by, retires_at } = row;
        Self { facts: SecretFacts { id, hint, made_at, made_by, retires_at }, hash: secret_hash }
    }
}

impl Conn {
    /// The client of an app, if the app is one and the account owns it.
    pub async fn client_of_app(&mut self, account: AccountId, app: AppId) -> Result<Option<Client>> {
        let row: Option<ClientRow> = optional!(self, CLIENT_OF_APP, account, app);
        match row {
            Some(row) => Ok(Some(self.whole_client(row).await?.1)),
            None => Ok(None),
        }
    }

    /// The client ids of the account's apps.
    pub async fn client_ids(&mut self, account: AccountId) -> Result<Vec<(AppId, ClientId)>> {
        Ok(all!(self, CLIENT_IDS, account))
    }

    /// The clients of the account's apps, and what each app asks for, in the order of the names.
    pub async fn clients_of_account(
        &mut self,
        account: AccountId,
    ) -> Result<Vec<(Client, Vec<WantedScope>)>> {
        let rows: Vec<ClientRow> = all!(self, CLIENTS_OF_ACCOUNT, account);
        let mut uris: HashMap<AppId, Vec<RedirectUri>> = HashMap::new();
        let of_apps: Vec<(AppId, RedirectUri)> = all!(self, REDIRECT_URIS_OF_ACCOUNT, account);
        for (app, uri) in of_apps {
            uris.entry(app).or_default().push(uri);
        }
        let mut scopes: HashMap<AppId, Vec<WantedScope>> = HashMap::new();
        let of_apps: Vec<(AppId, ScopeName, Option<WhyNeeded>)> = all!(self, SCOPES_OF_ACCOUNT, account);
        for (app, scope, why) in of_apps {
            scopes.entry(app).or_default().push(WantedScope { scope, why });
        }
        let mut clients = Vec::with_capacity(rows.len());
        for ClientRow { app_id: app, client_id, is_public, jwks, .. } in rows {
            let redirect_uris = uris.remove(&app).unwrap_or_default().into_iter().collect();
            let client = Client { app, client_id, is_public, redirect_uris, jwks };
            clients.push((client, scopes.remove(&app).unwrap_or_default()));
        }
        Ok(clients)
    }

    /// The client of an id, and the account that owns its app.
    pub async fn client_by_id(&mut self, id: &ClientId) -> Result<Option<(AccountId, Client)>> {
        let row: Option<ClientRow> = optional!(self, CLIENT_BY_ID, id);
        match row {
            Some(row) => Ok(Some(self.whole_client(row).await?)),
            None => Ok(None),
        }
    }

    async fn whole_client(&mut self, row: ClientRow) -> Result<(AccountId, Client)> {
        let ClientRow { app_id: app, client_id, is_public, jwks, account_id } = row;
        let uris: Vec<(RedirectUri,)> = all!(self, REDIRECT_URIS, app);
        let redirect_uris = uris.into_iter().map(|(uri,)| uri).collect();
        Ok((account_id, Client { app, client_id, is_public, redirect_uris, jwks }))
    }

    /// The secrets that work now: the current one, if there is one, then old ones in their overlap.
    pub async fn client_secrets(
        &mut self,
        account: AccountId,
        app: AppId,
        now: Timestamp,
    ) -> Result<Vec<HashedSecret>> {
        let rows: Vec<SecretRow> = all!(self, CLIENT_SECRETS, account, app, now);
        Ok(rows.into_iter().map(HashedSecret::from).collect())
    }

    /// The scopes that an app asks for, in the order of their names.
    pub async fn app_scopes(&mut self, account: AccountId, app: AppId) -> Result<Vec<WantedScope>> {
        Ok(all!(self, APP_SCOPES, account, app))
    }

    /// How many users have let the app act for them, counted up to a number.
    pub async fn audience_of_app(&mut self, account: AccountId, app: AppId, most: i64) -> Result<i64> {
        Ok(value!(self, AUDIENCE_OF_APP, account, app, most))
    }
}

/// All of these take the account that owns the app, whose authorisation changes by them.
impl Tx {
    /// A client that is confidential and has neither secret nor keys yet.
    pub async fn insert_client(&mut self, account: AccountId, app: AppId, id: &ClientId) -> Result<()> {
        self.touch(account);
        execute!(self, INSERT_CLIENT, app, id);
        Ok(())
    }

    /// Sets what its developers register of a client.
    pub async fn update_client(
        &mut self,
        account: AccountId,
        app: AppId,
        redirect_uris: &RedirectUris,
        is_public: bool,
        jwks: Option<&JwkSet>,
    ) -> Result<()> {
        self.touch(account);
        execute!(self, UPDATE_CLIENT, app, is_public, jwks);
        execute!(self, DELETE_REDIRECT_URIS, app);
        for (position, uri) in (1_i64..).zip(redirect_uris.iter()) {
            execute!(self, INSERT_REDIRECT_URI, app, position, uri);
        }
        Ok(())
    }

    /// # Errors
    /// [`super::StoreError::Duplicate`] while another one is current.
    pub async fn insert_client_secret(
        &mut self,
        account: AccountId,
        app: AppId,
        secret: &HashedSecret,
    ) -> Result<()> {
        self.touch(account);
        let HashedSecret { facts, hash } = secret;
        execute!(self, INSERT_CLIENT_SECRET, facts.id, app, hash, &facts.hint, facts.made_at, facts.made_by);
        Ok(())
    }

    pub async fn retire_client_secret(
        &mut self,
        account: AccountId,
        app: AppId,
        retires_at: Timestamp,
    ) -> Result<()> {
        self.touch(account);
        execute!(self, RETIRE_CLIENT_SECRET, app, retires_at);
        Ok(())
    }

    /// Whether there was such an old secret.
    pub async fn delete_old_client_secret(
        &mut self,
        account: AccountId,
        app: AppId,
        id: SecretId,
    ) -> Result<bool> {
        self.touch(account);
        Ok(execute!(self, DELETE_OLD_CLIENT_SECRET, app, id) > 0)
    }

    pub async fn delete_client_secrets(&mut self, account: AccountId, app: AppId) -> Result<()> {
        self.touch(account);
        execute!(self, DELETE_CLIENT_SECRETS, app);
        Ok(())
    }

    /// Ends the access tokens that the client was given before a moment.
    pub async fn end_tokens(&mut self, account: AccountId, app: AppId, before: Timestamp) -> Result<()> {
        self.touch(account);
        execute!(self, END_TOKENS, app, before);
        Ok(())
    }

    /// Wipes secrets that have stopped working.
    pub async fn delete_ended_client_secrets(&mut self, now: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_ENDED_CLIENT_SECRETS, now))
    }

    /// The app asks for these scopes and no others.
    ///
    /// # Errors
    /// [`super::StoreError::Dangling`] if the catalog does not have one of them.
    pub async fn set_app_scopes(
        &mut self,
        account: AccountId,
        app: AppId,
        scopes: &[WantedScope],
    ) -> Result<()> {
        self.touch(account);
        execute!(self, DELETE_APP_SCOPES, app);
        for WantedScope { scope, why } in scopes {
            execute!(self, INSERT_APP_SCOPE, app, scope, why);
        }
        Ok(())
    }
}
