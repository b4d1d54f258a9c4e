//! A client of OAuth as authorisation sees it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    Directory, EntryApp, Holder,
    shelf::{Kept, Read, Shelf},
};
use crate::{
    crypto::token::TokenHash,
    domain::{
        access_token::{AccessToken, TokenId},
        client::{ClientId, JwkSet},
        id::{AccountId, AppId, SecretId},
        scope::ScopeSet,
        time::Timestamp,
    },
    store::{Conn, KnownClient, StoreError},
    tally::{AccountSeats, Seat},
};

/// A client of OAuth as authorisation sees it.
#[derive(Debug)]
pub struct Client {
    pub client_id: ClientId,
    pub app: EntryApp,
    /// The account that owns the app.
    pub owner: Holder,
    pub seats: AccountSeats,
    pub is_public: bool,
    pub jwks: Option<JwkSet>,
    /// What the app asks for at most.
    pub scopes: ScopeSet,
    /// As text, which is what most tokens of it say.
    pub scopes_text: Arc<str>,
    secrets: Box<[ClientSecretEntry]>,
    /// Access tokens that it was given before are over.
    pub tokens_from: Option<Timestamp>,
    /// Tokens that were ended before their time.
    revoked: HashSet<TokenId>,
}

/// A secret of a [`Client`].
#[derive(Debug)]
pub struct ClientSecretEntry {
    pub id: SecretId,
    pub hash: TokenHash,
    /// Until when it works, if it was replaced.
    pub retires_at: Option<Timestamp>,
}

impl Client {
    /// The secrets that work at this moment, the current one first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &ClientSecretEntry> {
        self.secrets.iter().filter(move |secret| secret.retires_at.is_none_or(|ends| now < ends))
    }

    /// Whether the token was ended before its time, by itself or with all of before a moment.
    #[must_use]
    pub fn has_revoked(&self, token: &AccessToken) -> bool {
        self.revoked.contains(&token.id) || self.tokens_from.is_some_and(|from| token.issued_at < from)
    }
}

impl Kept for Client {
    type Key = ClientId;

    fn shelf(directory: &Directory) -> &Shelf<Self> {
        &directory.clients
    }

    fn account(&self) -> AccountId {
        self.owner.id
    }

    async fn read(
        directory: &Directory,
        conn: &mut Conn,
        ids: &[ClientId],
    ) -> Result<Vec<Read<Self>>, StoreError> {
        let accounts = conn.accounts_of_clients(ids).await?;
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let clients = of_accounts(conn, &accounts, directory.clock.now()).await?;
        Ok(clients.into_iter().map(|client| (client.client_id, Ok(client))).collect())
    }
}

/// The clients of some accounts.
pub(super) async fn of_accounts(
    conn: &mut Conn,
    accounts: &[AccountId],
    now: Timestamp,
) -> Result<Vec<Arc<Client>>, StoreError> {
    let clients = conn.clients_of_accounts(accounts).await?;
    if clients.is_empty() {
        return Ok(Vec::new());
    }
    let mut secrets_of: HashMap<AppId, Vec<ClientSecretEntry>> = HashMap::new();
    for (app, id, hash, retires_at) in conn.client_secrets_of_accounts(accounts, now).await? {
        // A hash that is none fits nothing, as if there were no secret.
        if let Some(hash) = TokenHash::stored(&hash) {
            secrets_of.entry(app).or_default().push(ClientSecretEntry { id, hash, retires_at });
        }
    }
    let mut scopes_of: HashMap<AppId, Vec<_>> = HashMap::new();
    for (app, scope) in conn.scopes_of_accounts(accounts).await? {
        scopes_of.entry(app).or_default().push(scope);
    }
    let mut revoked_of: HashMap<AppId, HashSet<_>> = HashMap::new();
    for (app, token) in conn.revoked_of_accounts(accounts, now).await? {
        revoked_of.entry(app).or_default().insert(token);
    }
    let client = |row: KnownClient| {
        let app = row.app_id;
        let scopes: ScopeSet = scopes_of.remove(&app).unwrap_or_default().into_iter().collect();
        Arc::new(Client {
            client_id: row.client_id,
            app: EntryApp {
                id: app,
                app_type: row.app_type,
                name: row.app_name.as_str().into(),
                state: row.state,
                seat: Seat::default(),
            },
            owner: Holder {
                id: row.account_id,
                name: row.account_name.into(),
                external_id: row.external_id.map(Into::into),
                standing: row.standing,
            },
            seats: AccountSeats::default(),
            is_public: row.is_public,
            jwks: row.jwks,
            tokens_from: row.tokens_from,
            scopes_text: scopes.to_string().into(),
            scopes,
            secrets: secrets_of.remove(&app).unwrap_or_default().into(),
            revoked: revoked_of.remove(&app).unwrap_or_default(),
        })
    };
    Ok(clients.into_iter().map(client).collect())
}
