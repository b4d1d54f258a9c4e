//! A Server-to-Server app with its client.

use portico::{
    actions::installation,
    crypto::{self, token::TokenHash},
    domain::{
        account::Standing,
        app::{AppType, StateKind},
        client::ClientId,
        credential::{ClientSecret, SecretFacts},
        id::{AccountId, AppId, Id as _, SecretId},
        secret::Secret,
    },
    store::{Database, HashedSecret, Store, WantedScope},
};

use crate::{
    Result,
    common::{now, parsed},
    server::KEY,
};

/// What a client authenticates with.
pub(crate) struct Machine {
    pub(crate) client_id: String,
    pub(crate) secret: String,
}

/// Writes an active app that asks for two scopes.
pub(crate) async fn write(database: &Database) -> Result<Machine> {
    let store = Store::open(database).await?;
    store.migrate().await?;
    installation::unlock(&store, &Secret::new(KEY)).await?;
    let now = now();
    let (account, app) = (AccountId::generate(now, crypto::random()), AppId::generate(now, crypto::random()));
    let client = ClientId::from_random(crypto::random());
    let secret = ClientSecret::from_random(crypto::random());
    let id = SecretId::generate(now, crypto::random());
    let facts = SecretFacts { id, hint: secret.hint(), made_at: now, made_by: None, retires_at: None };
    let hash = TokenHash::of_secret(&secret).as_bytes().to_vec();
    let mut scopes = Vec::new();
    for name in ["meeting:read", "user:read"] {
        scopes.push(WantedScope { scope: parsed(name)?, why: None });
    }
    let mut tx = store.begin().await?;
    tx.insert_account(account, &parsed("An account of the benchmark")?, Standing::Approved, now).await?;
    tx.insert_app(app, account, AppType::ServerToServer, &parsed("A machine")?, now).await?;
    tx.insert_client(account, app, &client).await?;
    tx.insert_client_secret(account, app, &HashedSecret { facts, hash }).await?;
    tx.set_app_scopes(account, app, &scopes).await?;
    tx.set_app_state(account, app, StateKind::Active, Some(now)).await?;
    tx.commit().await?;
    store.close().await;
    Ok(Machine { client_id: client.to_string(), secret: secret.expose().to_owned() })
}
