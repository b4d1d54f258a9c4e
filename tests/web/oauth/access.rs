//! Access tokens at `/authorize` and `/api/v1/me`: what they open, and how soon they stop.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portico::{
    actions::{activation, apps},
    domain::{
        access_token::{AccessToken, Kind as TokenKind, TokenId},
        account::{Developer, Owner},
        calls::SignedWith,
        lane::Waiting,
        time::Span,
    },
    tally::Counted,
};
use reqwest::Method;

use super::{Server, server};
use crate::support::{
    client::{Client, Page},
    databases::{Kind, on_both},
    site::{Site, free_address},
};

on_both!(
    a_pass_says_who_calls_and_with_which_scopes,
    a_scope_that_the_token_lacks_is_refused_on_exactly_authorize,
    no_byte_of_a_token_can_be_changed,
    a_change_holds_for_the_very_next_request,
    a_change_made_by_another_process_holds_once_the_log_is_read,
    a_scope_that_is_taken_away_is_granted_no_more,
    a_token_is_good_for_its_own_kind_of_app,
    a_token_opens_no_session_and_stands_in_its_header_alone,
    calls_are_counted_for_the_app,
    what_cannot_be_known_is_not_answered_yes,
);

fn code(page: &Page) -> (u16, &str) {
    (page.status.as_u16(), page.header("x-portico-error"))
}

async fn a_pass_says_who_calls_and_with_which_scopes(kind: Kind) {
    let server = server(kind).await;
    let token = server.token().await;
    for path in ["/authorize", "/authorize/v1/rooms?scope=nothing"] {
        let page = server.authorize(path, &token).await;
        assert_eq!((page.status.as_u16(), page.body.as_str()), (200, ""), "{path}");
        assert_eq!(page.header("x-portico-account"), server.flow.ada.account.to_string());
        assert_eq!(page.header("x-portico-app"), server.app.app.id.to_string());
        assert_eq!(page.header("x-portico-app-type"), "server_to_server");
        assert_eq!(page.header("x-portico-scopes"), "meeting:read meeting:write user:read");
        for empty in ["x-portico-account-external-id", "x-portico-user"] {
            assert!(page.headers.contains_key(empty) && page.header(empty).is_empty(), "{empty}");
        }
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

async fn a_scope_that_the_token_lacks_is_refused_on_exactly_authorize(kind: Kind) {
    let server = server(kind).await;
    let token = server.token().await;
    for enough in ["user:read", "user:read+meeting:read", "user%3Aread%20meeting:read", "", "x&scope="] {
        let path = format!("/authorize?scope={enough}");
        let status = server.authorize(&path, &token).await.status.as_u16();
        assert_eq!(status, if enough.starts_with('x') { 403 } else { 200 }, "{path}");
    }
    for query in
        ["scope=recording:read", "scope=user:read+recording:read", "scope=user:read&scope=recording:read"]
    {
        let page = server.authorize(&format!("/authorize?{query}"), &token).await;
        assert_eq!(code(&page), (403, "insufficient_scope"), "{query}");
        let challenge = page.header("www-authenticate");
        assert!(challenge.starts_with("Bearer error=\"insufficient_scope\""), "{challenge}");
        assert!(challenge.contains("scope=\"") && challenge.contains("recording:read"), "{challenge}");
    }
    // Whatever it says, a challenge holds what RFC 6750 allows alone.
    let page = server.authorize("/authorize?scope=%22%0d%0aX:%20y", &token).await;
    assert_eq!(code(&page), (403, "insufficient_scope"));
    for free in
        ["/authorize/x?scope=recording:read", "/authorize/?scope=recording:read", "/api/v1/me?scope=x"]
    {
        assert_eq!(server.authorize(free, &token).await.status, 200, "{free}");
    }
    // Asked for words, it says the same.
    let client = server.flow.portal.client();
    let request = client.request(Method::GET, "/authorize?scope=recording:read").bearer_auth(&token);
    let page = client.send(request.header("x-portico-explain", "insufficient_scope")).await;
    assert_eq!(code(&page), (403, "insufficient_scope"));
    assert!(page.header("www-authenticate").contains("scope=\"recording:read\""));
    // A JWT app has every scope.
    let world = &server.flow.portal.world;
    let app = server.flow.active_app("Relay").await;
    let jwt = world.token(&server.flow.ada, &app).await;
    assert_eq!(server.authorize("/authorize?scope=recording:read", &jwt).await.status, 200);
}

async fn no_byte_of_a_token_can_be_changed(kind: Kind) {
    let server = server(kind).await;
    let token = server.token().await;
    let bytes = URL_SAFE_NO_PAD.decode(&token[3..]).expect("base64url");
    let mut answers = Vec::new();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let changed = format!("at_{}", URL_SAFE_NO_PAD.encode(changed));
        let page = server.authorize("/authorize", &changed).await;
        assert_eq!(code(&page), (401, "invalid_token"), "byte {place}");
        answers.push(page.body);
    }
    for wrong in ["at_", "at_x", &format!("{token}A"), &format!("at_{}", "A".repeat(9_000)), &token[..60]] {
        let page = server.authorize("/authorize", wrong).await;
        assert_eq!(code(&page), (401, "invalid_token"), "{wrong}");
        answers.push(page.body);
    }
    // One of a client that is nobody's, or of another installation, reads the same.
    let keys = &server.flow.portal.world.ctx.keys;
    let mut said = keys.read_access_token(&token).expect("it is read");
    said.client = portico::domain::client::ClientId::from_random([9; 16]);
    answers.push(server.authorize("/authorize", &keys.write_access_token(&said)).await.body);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}

async fn a_change_holds_for_the_very_next_request(kind: Kind) {
    let server = server(kind).await;
    let (world, token) = (&server.flow.portal.world, server.token().await);
    let (ctx, id) = (&world.ctx, server.app.app.id);
    let developer = world.acting::<Developer>(&server.flow.ada);
    let ask = async || code_of(&server.authorize("/authorize", &token).await);
    for _ in 0..5 {
        assert_eq!(ask().await.0, 200);
        activation::deactivate(ctx, &developer, id).await.expect("deactivated");
        assert_eq!(ask().await, (403, String::from("app_deactivated")));
        activation::reactivate(ctx, &developer, id, Waiting::Send).await.expect("reactivated");
    }
    assert_eq!(ask().await.0, 200, "it goes on");
    server.flow.suspend(&server.app.app, "It sends spam").await;
    assert_eq!(ask().await, (403, String::from("app_suspended")));
    world
        .database
        .set("apps", &id, "state = 'active', suspended_before = null, suspended_reason = null")
        .await;
    for standing in ["pending", "suspended"] {
        world.database.set("accounts", &server.flow.ada.account, &format!("standing = '{standing}'")).await;
        world.hear_of(server.flow.ada.account).await;
        assert_eq!(ask().await, (403, format!("account_{standing}")));
    }
    world.database.set("accounts", &server.flow.ada.account, "standing = 'approved'").await;
    world.hear_of(server.flow.ada.account).await;
    assert_eq!(ask().await.0, 200);
    let owner = world.acting::<Owner>(&server.flow.ada);
    apps::delete(ctx, &owner, id, "Ledger").await.expect("deleted");
    assert_eq!(ask().await, (401, String::from("invalid_token")));
}

fn code_of(page: &Page) -> (u16, String) {
    (page.status.as_u16(), page.header("x-portico-error").to_owned())
}

async fn a_change_made_by_another_process_holds_once_the_log_is_read(kind: Kind) {
    let server = server(kind).await;
    let other = server.flow.portal.world.another_process().await;
    let site = Site::serve(other.clone(), free_address());
    let (client, token) = (Client::new(&site.url), server.token().await);
    assert_eq!(client.get_as("/authorize", &token).await.status, 200, "never seen, and looked up");
    let world = &server.flow.portal.world;
    let developer = world.acting::<Developer>(&server.flow.ada);
    activation::deactivate(&world.ctx, &developer, server.app.app.id).await.expect("deactivated");
    // One turn of the loop that `serve` runs five times a second.
    other.directory.follow().await.expect("the log is read");
    assert_eq!(code(&client.get_as("/authorize", &token).await), (403, "app_deactivated"));
    activation::reactivate(&world.ctx, &developer, server.app.app.id, Waiting::Send).await.expect("on");
    server.post("/oauth/revoke", &[("token", &token)]).await;
    other.directory.follow().await.expect("the log is read");
    assert_eq!(code(&client.get_as("/authorize", &token).await), (401, "invalid_token"));
}

async fn a_scope_that_is_taken_away_is_granted_no_more(kind: Kind) {
    let server = server(kind).await;
    let (world, token) = (&server.flow.portal.world, server.token().await);
    world.set_scopes(&server.flow.ada, &server.app.app, &["recording:read", "user:read"]).await;
    let page = server.authorize("/authorize", &token).await;
    assert_eq!(page.header("x-portico-scopes"), "user:read", "and none that came later");
    let page = server.authorize("/authorize?scope=meeting:read", &token).await;
    assert_eq!(code(&page), (403, "insufficient_scope"));
}

async fn a_token_is_good_for_its_own_kind_of_app(kind: Kind) {
    let server = server(kind).await;
    let world = &server.flow.portal.world;
    let written = |token_kind| {
        let id = server.app.id.parse().expect("a client id");
        let scopes = "user:read".parse().expect("scopes");
        let id_of_token = TokenId::from_random([1; 8]);
        let token = AccessToken::new(id_of_token, token_kind, id, world.ctx.now(), &scopes);
        world.ctx.keys.write_access_token(&token)
    };
    assert_eq!(server.authorize("/authorize", &written(TokenKind::Client)).await.status, 200);
    let of_user = written(TokenKind::User(world.ctx.new_id()));
    assert_eq!(code(&server.authorize("/authorize", &of_user).await), (401, "invalid_token"));
    world.database.set("apps", &server.app.app.id, "app_type = 'oauth'").await;
    world.hear_of(server.flow.ada.account).await;
    for token in [written(TokenKind::Client), of_user] {
        assert_eq!(code(&server.authorize("/authorize", &token).await), (401, "invalid_token"));
    }
}

async fn a_token_opens_no_session_and_stands_in_its_header_alone(kind: Kind) {
    let server = server(kind).await;
    let token = server.token().await;
    let client = server.flow.portal.client();
    for path in ["/apps", "/settings", "/admin"] {
        assert_ne!(client.get_as(path, &token).await.status, 200, "{path}");
    }
    let events = client.request(Method::POST, "/api/v1/events").bearer_auth(&token).body("{}");
    assert_eq!(code(&client.send(events).await), (401, "invalid_token"), "it is no platform key");
    for name in ["access_token", "token"] {
        assert_eq!(client.get(&format!("/authorize?{name}={token}")).await.status, 401);
    }
    // What a JWT app signs is no access token, and an access token nothing that an app signed.
    let app = server.flow.active_app("Relay").await;
    let jwt = server.flow.portal.world.token(&server.flow.ada, &app).await;
    assert_eq!(code(&server.authorize("/authorize", &format!("at_{jwt}")).await), (401, "invalid_token"));
    assert_eq!(code(&server.authorize("/authorize", &token[3..]).await), (401, "invalid_token"));
}

async fn calls_are_counted_for_the_app(kind: Kind) {
    let server = server(kind).await;
    let token = server.token().await;
    let tally = &server.flow.portal.world.ctx.tally;
    let _ = tally.take();
    server.authorize("/authorize", &token).await;
    server.authorize("/authorize?scope=recording:read", &token).await;
    server.authorize("/authorize", "at_x").await;
    server.flow.portal.world.clock.advance(Span::hours(1));
    server.authorize("/authorize", &token).await;
    let mut refused = Vec::new();
    let (mut allowed_calls, mut refused_calls) = (0, 0);
    for counted in tally.take() {
        match counted {
            Counted::Calls(_, _, calls) => {
                allowed_calls += calls.allowed;
                refused_calls += calls.refused;
            }
            Counted::Refused(account, call) => {
                assert_eq!((account, call.app), (server.flow.ada.account, Some(server.app.app.id)));
                assert_eq!(call.signed_with, SignedWith::AccessToken);
                assert!(!call.detail.contains(&token));
                refused.push(call.code.to_string());
            }
            Counted::OldSecret(..) | Counted::PlatformKey(..) => {}
        }
    }
    assert_eq!((allowed_calls, refused_calls), (1, 2));
    assert_eq!(refused, ["insufficient_scope", "token_expired"]);
}

async fn what_cannot_be_known_is_not_answered_yes(kind: Kind) {
    let server: Server = server(kind).await;
    let (world, token) = (&server.flow.portal.world, server.token().await);
    world.database.run("alter table client_secrets rename to gone").await;
    world.hear_of(server.flow.ada.account).await;
    let page = server.authorize("/authorize", &token).await;
    assert_eq!((code(&page), page.header("retry-after")), ((503, "unavailable"), "1"));
    let page = server.post("/oauth/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after")), (503, "1"));
    world.database.run("alter table gone rename to client_secrets").await;
    assert_eq!(server.authorize("/authorize", &token).await.status, 200, "it recovers by itself");
}
