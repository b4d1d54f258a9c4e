//! Tokens for a Server-to-Server app.

use portico::domain::time::Span;
use reqwest::Method;
use serde_json::json;

use super::{SCOPES, json_of, post, server};
use crate::support::databases::{Kind, on_both};

on_both!(
    a_server_to_server_app_gets_a_token_for_an_hour,
    it_gets_what_it_asks_for_of_its_apps_scopes,
    a_new_token_ends_no_older_one,
    the_secret_may_come_in_the_body_or_the_header,
    what_the_server_can_do_stands_in_its_metadata,
    scripts_of_any_site_may_ask_and_send_no_cookies,
    nothing_is_written_for_a_token,
);

async fn a_server_to_server_app_gets_a_token_for_an_hour(kind: Kind) {
    let server = server(kind).await;
    let page = server.post("/oauth/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!((page.header("cache-control"), page.header("pragma")), ("no-store", "no-cache"));
    assert_eq!(page.header("content-type"), "application/json");
    let answer = json_of(&page);
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"], &answer["scope"]),
        (&json!("Bearer"), &json!(3600), &json!(SCOPES.join(" ")))
    );
    assert_eq!(answer.as_object().expect("an object").len(), 4, "and no refresh token");
    let token = answer["access_token"].as_str().expect("a token");
    assert!(token.starts_with("at_"));
    let me = server.authorize("/api/v1/me", token).await;
    let expected = json!({
        "account": {
            "id": server.flow.ada.account.to_string(), "name": "ada@meridian.example", "external_id": null,
        },
        "app": {"id": server.app.app.id.to_string(), "name": "Ledger", "type": "server_to_server"},
        "user": null,
        "scopes": SCOPES,
        "token": {"expires_at": "2026-11-24T08:20:00Z"},
    });
    assert_eq!(json_of(&me), expected);
}

async fn it_gets_what_it_asks_for_of_its_apps_scopes(kind: Kind) {
    let server = server(kind).await;
    for (asked, got) in [
        ("user:read", "user:read"),
        ("user:read meeting:read", "meeting:read user:read"),
        ("user:read user:read", "user:read"),
        ("", "meeting:read meeting:write user:read"),
    ] {
        let fields = [("grant_type", "client_credentials"), ("scope", asked)];
        let answer = json_of(&server.post("/oauth/token", &fields).await);
        assert_eq!(answer["scope"], got, "{asked}");
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        let pass = server.authorize("/authorize", &token).await;
        assert_eq!((pass.status.as_u16(), pass.header("x-portico-scopes")), (200, got));
    }
    let world = &server.flow.portal.world;
    world.set_scopes(&server.flow.ada, &server.app.app, &[]).await;
    let answer = json_of(&server.post("/oauth/token", &[("grant_type", "client_credentials")]).await);
    assert_eq!(answer["scope"], "", "an app may have none");
}

async fn a_new_token_ends_no_older_one(kind: Kind) {
    let server = server(kind).await;
    let (first, second) = (server.token().await, server.token().await);
    assert_ne!(first, second);
    for token in [&first, &second] {
        assert_eq!(server.authorize("/authorize", token).await.status, 200);
    }
    server.flow.portal.world.clock.advance(Span::minutes(59));
    let third = server.token().await;
    assert_eq!(server.authorize("/authorize", &first).await.status, 200);
    server.flow.portal.world.clock.advance(Span::minutes(1));
    assert_eq!(server.authorize("/authorize", &first).await.header("x-portico-error"), "token_expired");
    assert_eq!(server.authorize("/authorize", &third).await.status, 200);
}

async fn the_secret_may_come_in_the_body_or_the_header(kind: Kind) {
    let server = server(kind).await;
    let grant = ("grant_type", "client_credentials");
    let (id, secret) = (server.app.id.as_str(), server.app.secret.as_str());
    let fields = [grant, ("client_id", id), ("client_secret", secret)];
    assert_eq!(post(&server.flow, "/oauth/token", &fields).await.status, 200);
    // Naming oneself beside the header is no second way.
    assert_eq!(server.post("/oauth/token", &[grant, ("client_id", id)]).await.status, 200);
    // Each half is encoded as a form's value before base64 (RFC 6749 §2.3.1).
    let encoded: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let client = server.flow.portal.client();
    let request = client.request(Method::POST, "/oauth/token").basic_auth(id, Some(encoded));
    assert_eq!(client.send(request.form(&[grant])).await.status, 200);
}

async fn what_the_server_can_do_stands_in_its_metadata(kind: Kind) {
    let server = server(kind).await;
    let page = server.flow.portal.client().visit("/.well-known/oauth-authorization-server").await;
    assert_eq!(page.header("content-type"), "application/json");
    assert_eq!(page.header("access-control-allow-origin"), "*");
    let (metadata, url) = (json_of(&page), &server.flow.portal.site.url);
    assert_eq!(metadata["issuer"], url.as_str());
    for (name, path) in [
        ("token_endpoint", "/oauth/token"),
        ("revocation_endpoint", "/oauth/revoke"),
        ("introspection_endpoint", "/oauth/introspect"),
    ] {
        assert_eq!(metadata[name], format!("{url}{path}"));
        // What is announced is there.
        assert_eq!(post(&server.flow, path, &[]).await.status, 401, "{name}");
    }
    let methods = json!(["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]);
    assert_eq!(metadata["revocation_endpoint_auth_methods_supported"], methods);
    assert!(
        metadata["grant_types_supported"]
            .as_array()
            .is_some_and(|grants| grants.contains(&json!("client_credentials")))
    );
}

async fn scripts_of_any_site_may_ask_and_send_no_cookies(kind: Kind) {
    let server = server(kind).await;
    for path in ["/oauth/token", "/oauth/revoke"] {
        let client = server.flow.portal.client();
        let request = client.request(Method::OPTIONS, path).header("origin", "https://app.example");
        let page = client.send(request.header("access-control-request-method", "POST")).await;
        assert_eq!((page.status.as_u16(), page.header("access-control-allow-origin")), (204, "*"), "{path}");
        assert_eq!(page.header("access-control-allow-methods"), "POST");
        assert!(page.header("access-control-allow-credentials").is_empty());
        for page in [post(&server.flow, path, &[]).await, server.post(path, &[("token", "x")]).await] {
            assert_eq!(page.header("access-control-allow-origin"), "*");
            assert!(page.header("access-control-allow-credentials").is_empty());
        }
    }
    let page = server.post("/oauth/introspect", &[("token", "x")]).await;
    assert!(page.header("access-control-allow-origin").is_empty(), "services have no origin");
}

async fn nothing_is_written_for_a_token(kind: Kind) {
    let server = server(kind).await;
    server.token().await;
    // From memory: it goes on while there is no table to read.
    server.flow.portal.world.database.run("alter table client_secrets rename to gone").await;
    let token = server.token().await;
    assert_eq!(server.authorize("/authorize", &token).await.status, 200);
    server.flow.portal.world.database.run("alter table gone rename to client_secrets").await;
}
