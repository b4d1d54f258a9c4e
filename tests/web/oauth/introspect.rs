//! What a token is worth, for those who may ask (RFC 7662).

use portico::domain::time::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Server, json_of, post, post_as, refusal, refused, server};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
};

on_both!(
    the_platform_is_told_of_any_token,
    a_client_is_told_of_its_own_tokens_alone,
    of_what_would_be_refused_nothing_is_told,
    whoever_asks_must_prove_who_it_is,
);

async fn as_platform(server: &Server, key: &str, token: &str) -> Page {
    let client = server.flow.portal.client();
    let request = client.request(Method::POST, "/oauth/introspect").bearer_auth(key);
    client.send(request.form(&[("token", token)])).await
}

fn inactive() -> Value {
    json!({ "active": false })
}

async fn the_platform_is_told_of_any_token(kind: Kind) {
    let server = server(kind).await;
    let world = &server.flow.portal.world;
    let (_, key) = world.platform_key("Gateway").await;
    let token = server.token().await;
    let page = as_platform(&server, key.expose(), &token).await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"));
    let mut told = json_of(&page);
    let jti = told.as_object_mut().expect("an object").remove("jti").expect("its id");
    assert!(jti.as_str().is_some_and(|jti| jti.len() == 16), "{jti}");
    let now = world.ctx.now().seconds();
    let url = server.flow.portal.site.url.as_str();
    let account = json!({
        "id": server.flow.ada.account.to_string(), "name": "ada@meridian.example", "external_id": null,
    });
    let expected = json!({
        "active": true, "scope": "meeting:read meeting:write user:read", "client_id": server.app.id,
        "token_type": "Bearer", "exp": now + 3_600, "iat": now, "sub": server.app.app.id.to_string(),
        "aud": url, "iss": url, "account": account,
        "app": {"id": server.app.app.id.to_string(), "name": "Ledger", "type": "server_to_server"},
    });
    assert_eq!(told, expected);
    // And of what apps sign by themselves.
    let app = server.flow.active_app("Relay").await;
    let jwt = world.token(&server.flow.ada, &app).await;
    let told = json_of(&as_platform(&server, key.expose(), &jwt).await);
    assert_eq!(
        (&told["active"], &told["scope"], &told["sub"]),
        (&json!(true), &json!("*"), &json!(app.id.to_string()))
    );
    assert_eq!(told["iss"], told["client_id"]);
    assert_eq!((&told["exp"], &told["iat"]), (&json!(now + 3_600), &json!(now)));
}

async fn a_client_is_told_of_its_own_tokens_alone(kind: Kind) {
    let server = server(kind).await;
    let world = &server.flow.portal.world;
    let token = server.token().await;
    let told = json_of(&server.post("/oauth/introspect", &[("token", &token)]).await);
    assert_eq!((&told["active"], &told["client_id"]), (&json!(true), &json!(server.app.id)));
    let other = world.server_app(&server.flow.ada, "Other", &[]).await;
    let told = json_of(&post_as(&server.flow, "/oauth/introspect", &other, &[("token", &token)]).await);
    assert_eq!(told, inactive());
    let app = server.flow.active_app("Relay").await;
    let jwt = world.token(&server.flow.ada, &app).await;
    assert_eq!(json_of(&server.post("/oauth/introspect", &[("token", &jwt)]).await), inactive());
}

async fn of_what_would_be_refused_nothing_is_told(kind: Kind) {
    let server = server(kind).await;
    let world = &server.flow.portal.world;
    let (_, key) = world.platform_key("Gateway").await;
    let (token, revoked) = (server.token().await, server.token().await);
    server.post("/oauth/revoke", &[("token", &revoked)]).await;
    for unknown in
        [revoked.as_str(), "x", "at_x", "eyJhbGciOiJIUzI1NiJ9.e30.x", &server.app.secret, key.expose()]
    {
        assert_eq!(json_of(&as_platform(&server, key.expose(), unknown).await), inactive(), "{unknown}");
        let page = server.post("/oauth/introspect", &[("token", unknown)]).await;
        assert_eq!(json_of(&page), inactive(), "{unknown}");
    }
    world.database.set("apps", &server.app.app.id, "state = 'deactivated'").await;
    world.hear_of(server.flow.ada.account).await;
    assert_eq!(json_of(&as_platform(&server, key.expose(), &token).await), inactive());
    world.database.set("apps", &server.app.app.id, "state = 'active'").await;
    world.hear_of(server.flow.ada.account).await;
    assert_eq!(json_of(&as_platform(&server, key.expose(), &token).await)["active"], true);
    world.clock.advance(Span::hours(1));
    assert_eq!(json_of(&as_platform(&server, key.expose(), &token).await), inactive());
}

async fn whoever_asks_must_prove_who_it_is(kind: Kind) {
    let server = server(kind).await;
    let token = server.token().await;
    for fields in [
        vec![("token", token.as_str())],
        vec![("token", &token), ("client_id", &server.app.id)],
        vec![("token", &token), ("client_id", &server.app.id), ("client_secret", "x")],
    ] {
        let page = post(&server.flow, "/oauth/introspect", &fields).await;
        assert_eq!(refusal(&page), refused(401, "invalid_client"));
    }
    let unknown = portico::domain::credential::PlatformKey::from_random([9; 32]);
    for key in [unknown.expose(), "pk_x", &token, &server.app.secret] {
        let page = as_platform(&server, key, &token).await;
        assert_eq!(refusal(&page), refused(401, "invalid_client"), "{key}");
        assert!(page.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
    }
    let page = server.post("/oauth/introspect", &[]).await;
    assert_eq!(refusal(&page), refused(400, "invalid_request"));
    let page = server.post(&format!("/oauth/introspect?token={token}"), &[]).await;
    assert_eq!(refusal(&page), refused(400, "invalid_request"));
}
