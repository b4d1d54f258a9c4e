//! The authorization server, as programs ask it.

mod access;
mod assertions;
mod errors;
mod introspect;
mod revoke;
mod secrets;
mod token;

use reqwest::Method;
use serde_json::Value;

use crate::{
    apps::Flow,
    support::{client::Page, clients::ClientApp, databases::Kind},
};

/// A portal with an owner, and an active Server-to-Server app of hers.
struct Server {
    flow: Flow,
    app: ClientApp,
}

const SCOPES: &[&str] = &["meeting:read", "meeting:write", "user:read"];

async fn server(kind: Kind) -> Server {
    let flow = Flow::new(kind).await;
    let app = flow.portal.world.server_app(&flow.ada, "Ledger", SCOPES).await;
    Server { flow, app }
}

impl Server {
    /// A post of its client, which authenticates by the header.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        post_as(&self.flow, path, &self.app, fields).await
    }

    async fn token(&self) -> String {
        let page = self.post("/oauth/token", &[("grant_type", "client_credentials")]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        json_of(&page)["access_token"].as_str().expect("a token").to_owned()
    }

    async fn authorize(&self, path: &str, token: &str) -> Page {
        self.flow.portal.client().get_as(path, token).await
    }
}

async fn post_as(flow: &Flow, path: &str, app: &ClientApp, fields: &[(&str, &str)]) -> Page {
    let request = flow.portal.client().request(Method::POST, path);
    flow.portal.client().send(request.basic_auth(&app.id, Some(&app.secret)).form(fields)).await
}

async fn post(flow: &Flow, path: &str, fields: &[(&str, &str)]) -> Page {
    flow.portal.client().send(flow.portal.client().request(Method::POST, path).form(fields)).await
}

fn json_of(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("JSON, not {}", page.body))
}

/// Status and error code, after a look at what every refusal has (RFC 6749 §5.2).
fn refusal(page: &Page) -> (u16, String) {
    assert_eq!((page.header("cache-control"), page.header("pragma")), ("no-store", "no-cache"));
    assert_eq!(page.header("content-type"), "application/json");
    assert!(page.header("set-cookie").is_empty());
    let answer = json_of(page);
    let description = answer["error_description"].as_str().expect("a description");
    let fits = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    assert!(!description.is_empty() && description.chars().all(fits), "{description}");
    let status = page.status.as_u16();
    assert_eq!(page.header("www-authenticate").is_empty(), status != 401, "{status}");
    (status, answer["error"].as_str().expect("an error").to_owned())
}

fn refused(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}
