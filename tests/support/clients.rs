//! Apps that are clients of OAuth, with what their developers have in hand.

#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use portico::{
    actions::{
        self, Acting,
        clients::{self, Made, NewClient, WantedScope},
        registrations,
    },
    domain::{
        account::Developer,
        app::{App, AppType},
        client::RedirectUris,
        overlap::KeepOld,
    },
};

use super::world::{Person, World, parsed};

/// An app with its client id, and the secret that was shown once.
pub struct ClientApp {
    pub app: App,
    pub id: String,
    pub secret: String,
}

impl World {
    /// An active Server-to-Server app that asks for these scopes.
    pub async fn server_app(&self, owner: &Person, name: &str, scopes: &[&str]) -> ClientApp {
        let draft = self.client_app(owner, AppType::ServerToServer, name, scopes).await;
        let app = self.activate(owner, &draft.app).await;
        ClientApp { app, ..draft }
    }

    /// A draft of a type that has a client, with a secret.
    pub async fn client_app(
        &self,
        owner: &Person,
        app_type: AppType,
        name: &str,
        scopes: &[&str],
    ) -> ClientApp {
        let app = self.app(owner, app_type, name).await;
        self.set_scopes(owner, &app, scopes).await;
        let registered = clients::of_app(&self.ctx, &self.acting::<Developer>(owner), app.id).await;
        let id = registered.expect("a client").client.client_id.to_string();
        let secret = self.new_client_secret(owner, &app, KeepOld::No).await;
        ClientApp { app, id, secret }
    }

    pub async fn set_scopes(&self, owner: &Person, app: &App, scopes: &[&str]) {
        let wanted = scopes.iter().map(|name| WantedScope { scope: parsed(name), why: None }).collect();
        let set = clients::set_scopes(&self.ctx, &self.acting::<Developer>(owner), app.id, wanted).await;
        set.expect("the scopes are set");
    }

    pub async fn new_client_secret(&self, owner: &Person, app: &App, keep: KeepOld) -> String {
        let acting = self.acting::<Developer>(owner);
        match clients::regenerate(&self.ctx, &acting, app.id, self.form(owner), keep).await {
            Ok(Made::Now(secret)) => secret.expose().to_owned(),
            other => panic!("a secret, not {other:?}"),
        }
    }

    /// Has an app that is a client a secret and a redirect URI, where it lacks them.
    pub(super) async fn register(&self, acting: &Acting<Developer>, app: &App) {
        let Some(known) = registrations::of_app(&self.ctx, acting, app).await.expect("a client") else {
            return;
        };
        let client = known.client;
        if app.app_type == AppType::Oauth && client.redirect_uris.is_empty() {
            let redirect_uris = RedirectUris::parse("", "https://client.example/callback").expect("a URI");
            let new = NewClient { redirect_uris, is_public: client.is_public, jwks: client.jwks.clone() };
            clients::save(&self.ctx, acting, app.id, new).await.expect("it is saved");
        }
        if !client.is_public && client.jwks.is_none() && !known.has_secret {
            let form = actions::FormValue::of_visitor("");
            clients::regenerate(&self.ctx, acting, app.id, form, KeepOld::No).await.expect("a secret");
        }
    }
}
