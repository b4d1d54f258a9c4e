//! `GET /api/v1/me`: who is let in, and what everybody else is told

mod claims;
mod tokens;

use portico::{
    crypto,
    domain::credential::{ApiKey, ApiSecret},
};
use reqwest::Method;
use serde_json::{Value, json};

use self::tokens::Maker;
use crate::{
    apps::{Flow, at},
    support::{
        client::Page,
        databases::{Kind, on_both},
    },
};

on_both!(
    a_token_of_an_active_app_is_let_in,
    without_a_token_the_challenge_is_bare,
    every_refusal_has_its_status_challenge_and_problem,
    an_unknown_key_and_a_wrong_secret_read_the_same,
    sub_says_which_app_is_calling,
    without_sub_every_app_of_the_account_must_be_active,
    a_token_counts_in_its_header_alone_and_cookies_count_nothing,
    scripts_of_any_site_may_ask,
    what_cannot_be_known_is_not_answered_yes,
);

async fn me(flow: &Flow, token: &str) -> Page {
    flow.client.send(flow.portal.client().request(Method::GET, "/api/v1/me").bearer_auth(token)).await
}

fn code(page: &Page) -> (u16, String) {
    (page.status.as_u16(), page.header("x-portico-error").to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn json_of(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("JSON, not {}", page.body))
}

async fn a_token_of_an_active_app_is_let_in(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let maker = Maker::of(&flow, &app).await;
    let page = me(&flow, &maker.token()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!((page.header("content-type"), page.header("cache-control")), ("application/json", "no-store"));
    assert!(page.header("www-authenticate").is_empty() && page.header("x-portico-error").is_empty());
    let expected = json!({
        "account": {"id": flow.ada.account.to_string(), "name": "ada@meridian.example", "external_id": null},
        "app": {"id": app.id.to_string(), "name": "Relay", "type": "jwt"},
        "user": null,
        "scopes": ["*"],
        "token": {"expires_at": "2026-11-24T08:20:00Z"},
    });
    assert_eq!(json_of(&page), expected);
    flow.portal.world.database.set("accounts", &flow.ada.account, "external_id = 'crm-7'").await;
    flow.portal.world.hear_of(flow.ada.account).await;
    assert_eq!(json_of(&me(&flow, &maker.token()).await)["account"]["external_id"], "crm-7");
}

async fn without_a_token_the_challenge_is_bare(kind: Kind) {
    let flow = Flow::new(kind).await;
    let client = flow.portal.client();
    let get = || client.request(Method::GET, "/api/v1/me");
    for (what, request) in [
        ("nothing", get()),
        ("another scheme", get().basic_auth("ada", Some("secret"))),
        ("the scheme alone", get().header("authorization", "Bearer")),
        ("no scheme", get().header("authorization", "eyJ.e30.x")),
        ("bytes", get().header("authorization", &b"Bearer \xff\xfe"[..])),
    ] {
        let page = client.send(request).await;
        assert_eq!(code(&page), refused(401, "missing_token"), "{what}");
        assert_eq!(page.header("www-authenticate"), "Bearer", "{what}");
        assert_eq!(page.header("content-type"), "application/problem+json", "{what}");
    }
    let expected = json!({
        "type": format!("{}/docs/refusals#missing_token", flow.portal.site.url),
        "title": "No token was sent",
        "status": 401,
        "code": "missing_token",
        "detail": "Send the token in the header: Authorization: Bearer followed by the token.",
    });
    assert_eq!(json_of(&client.get("/api/v1/me").await), expected);
    // The scheme is a word in any case (RFC 9110 §11.1).
    let app = flow.active_app("Relay").await;
    let token = Maker::of(&flow, &app).await.token();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let request = get().header("authorization", format!("{scheme} {token}"));
        assert_eq!(client.send(request).await.status, 200, "{scheme}");
    }
    let page = client.send(get().bearer_auth(&token).bearer_auth(&token)).await;
    assert_eq!(code(&page), refused(401, "invalid_token"), "one is enough");
}

/// Everything about a refusal but its code and sentence follows from the code.
fn is_whole(flow: &Flow, page: &Page, status: u16, refusal: &str, title: &str, detail: &str) {
    assert_eq!(code(page), refused(status, refusal), "{}", page.body);
    let expected = json!({
        "type": format!("{}/docs/refusals#{refusal}", flow.portal.site.url),
        "title": title,
        "status": status,
        "code": refusal,
        "detail": detail,
    });
    assert_eq!(json_of(page), expected);
    assert_eq!(page.header("content-type"), "application/problem+json");
    assert_eq!(page.header("cache-control"), "no-store");
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{detail}\"");
    assert_eq!(page.header("www-authenticate"), challenge);
}

async fn every_refusal_has_its_status_challenge_and_problem(kind: Kind) {
    let flow = Flow::new(kind).await;
    let (app, other) = (flow.jwt_app("Relay").await, flow.jwt_app("Other").await);
    let maker = Maker::of(&flow, &app).await;
    let world = &flow.portal.world;
    let token = maker.token();

    let page = me(&flow, &token).await;
    let draft = "This app is a draft. Activate it on its Activation page before calling.";
    is_whole(&flow, &page, 403, "app_draft", "The app is a draft", draft);

    world.activate(&flow.ada, &app).await;
    let old = maker.signed(&json!({"iss": maker.key, "exp": maker.now - 61}));
    let detail = "The token expired 61 seconds ago. Sign a new one; if it is new, check your clock.";
    is_whole(&flow, &me(&flow, &old).await, 401, "token_expired", "The token has expired", detail);
    let early = maker.signed(&json!({"iss": maker.key, "exp": maker.now + 900, "nbf": maker.now + 61}));
    let detail = "nbf lies 61 seconds ahead. Check your clock.";
    is_whole(
        &flow,
        &me(&flow, &early).await,
        401,
        "token_not_yet_valid",
        "The token is not valid yet",
        detail,
    );
    let wrong = maker.signed(&json!({"iss": maker.key, "exp": maker.now + 900, "sub": "app_x"}));
    let detail = "sub must be the id of one of this account's JWT apps (app_…), or be left out.";
    let page = me(&flow, &wrong).await;
    assert_eq!(json_of(&page)["detail"], detail);
    assert!(page.header("www-authenticate").is_ascii(), "a header holds ASCII alone");

    world.activate(&flow.ada, &other).await;
    flow.client.fill(&at(&other, ""), &at(&other, "/deactivate"), &[]).await;
    let page = me(&flow, &maker.signed(&json!({"iss": maker.key, "exp": maker.now + 900}))).await;
    assert_eq!(code(&page), refused(401, "app_required"));
    assert!(json_of(&page)["detail"].as_str().is_some_and(|detail| detail.contains("Add sub")));

    flow.client.fill(&at(&app, ""), &at(&app, "/deactivate"), &[]).await;
    assert_eq!(code(&me(&flow, &token).await), refused(403, "app_deactivated"));
    flow.suspend(&app, "It sends spam").await;
    let page = me(&flow, &token).await;
    assert_eq!(code(&page), refused(403, "app_suspended"));
    assert!(!page.body.contains("spam"), "the reason is for its developers alone");
    for standing in ["pending", "suspended"] {
        world.database.set("accounts", &flow.ada.account, &format!("standing = '{standing}'")).await;
        world.hear_of(flow.ada.account).await;
        assert_eq!(code(&me(&flow, &token).await), refused(403, &format!("account_{standing}")));
    }
}

async fn an_unknown_key_and_a_wrong_secret_read_the_same(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let maker = Maker::of(&flow, &app).await;
    let claims = |iss: &str| json!({"iss": iss, "sub": app.id.to_string(), "exp": maker.now + 900});
    let stranger = ApiSecret::from_random(crypto::random());
    let unknown = ApiKey::from_random(crypto::random());
    let tampered = {
        let mut parts: Vec<String> = maker.token().split('.').map(str::to_owned).collect();
        parts[1] = tokens::encoded(&claims(&maker.key).to_string());
        parts.join(".")
    };
    let mut answers = Vec::new();
    for token in [
        maker.signed_with(stranger.expose(), &claims(&maker.key)),
        maker.signed_with(maker.secret.as_str(), &claims(unknown.as_str())),
        maker.signed_with(stranger.expose(), &claims("not a key at all")),
        maker.signed_with("", &claims(&maker.key)),
        tampered,
        // Of a stranger nothing is told but that: neither age nor app nor audience.
        maker.signed_with(stranger.expose(), &json!({"iss": maker.key, "exp": 1, "sub": "x", "aud": "x"})),
    ] {
        let page = me(&flow, &token).await;
        assert_eq!(code(&page), refused(401, "invalid_token"), "{token}");
        answers.push((page.body.clone(), page.header("www-authenticate").to_owned()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}

async fn sub_says_which_app_is_calling(kind: Kind) {
    let flow = Flow::new(kind).await;
    let (one, two) = (flow.active_app("One").await, flow.active_app("Two").await);
    let draft = flow.jwt_app("Draft").await;
    let listener = flow.portal.world.webhook_app(&flow.ada, "Listener").await;
    let bob = flow.portal.world.user("bob@harbour.example").await;
    let theirs = flow.portal.world.jwt_app(&bob, "Theirs").await;
    let theirs = flow.portal.world.activate(&bob, &theirs).await;
    let maker = Maker::of(&flow, &one).await;
    let named = async |sub: Value| {
        me(&flow, &maker.signed(&json!({"iss": maker.key, "exp": maker.now + 60, "sub": sub}))).await
    };
    for app in [&one, &two] {
        assert_eq!(json_of(&named(json!(app.id.to_string())).await)["app"]["id"], app.id.to_string());
    }
    assert_eq!(code(&named(json!(draft.id.to_string())).await), refused(403, "app_draft"));
    for stranger in [
        json!(listener.id.to_string()),
        json!(theirs.id.to_string()),
        json!(one.id.to_string().to_uppercase()),
        json!(flow.ada.id.to_string()),
        json!(""),
        json!("ada"),
        json!(7),
        json!(null),
    ] {
        assert_eq!(code(&named(stranger.clone()).await), refused(401, "invalid_token"), "{stranger}");
    }
    // A stopped app stops itself alone, as long as its callers say who they are.
    flow.client.fill(&at(&one, ""), &at(&one, "/deactivate"), &[]).await;
    assert_eq!(code(&named(json!(one.id.to_string())).await), refused(403, "app_deactivated"));
    assert_eq!(named(json!(two.id.to_string())).await.status, 200);
}

async fn without_sub_every_app_of_the_account_must_be_active(kind: Kind) {
    let flow = Flow::new(kind).await;
    let one = flow.jwt_app("One").await;
    let maker = Maker::of(&flow, &one).await;
    let unnamed = async || me(&flow, &maker.signed(&json!({"iss": maker.key, "exp": maker.now + 60}))).await;
    assert_eq!(code(&unnamed().await), refused(403, "app_draft"));
    flow.portal.world.activate(&flow.ada, &one).await;
    assert_eq!(json_of(&unnamed().await)["app"]["name"], "One");
    let two = flow.jwt_app("Two").await;
    assert_eq!(json_of(&unnamed().await)["app"]["name"], "One", "drafts do not count");
    flow.portal.world.activate(&flow.ada, &two).await;
    let page = unnamed().await;
    assert_eq!((page.status.as_u16(), &json_of(&page)["app"]), (200, &json!(null)), "nobody can tell which");
    flow.client.fill(&at(&two, ""), &at(&two, "/deactivate"), &[]).await;
    assert_eq!(code(&unnamed().await), refused(401, "app_required"));
    for (app, name) in [(&two, "Two"), (&one, "One")] {
        flow.client.fill(&at(app, ""), &at(app, "/delete"), &[("name", name)]).await;
    }
    assert_eq!(code(&unnamed().await), refused(401, "invalid_token"), "none is left");
}

async fn a_token_counts_in_its_header_alone_and_cookies_count_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let token = Maker::of(&flow, &app).await.token();
    for query in ["access_token", "token", "jwt", "authorization"] {
        let page = flow.client.get(&format!("/api/v1/me?{query}={token}")).await;
        assert_eq!(code(&page), refused(401, "missing_token"), "{query}");
    }
    let page = flow.client.get("/api/v1/me").await;
    assert_eq!(code(&page), refused(401, "missing_token"), "she is signed in, and that is nothing here");
    assert!(page.header("set-cookie").is_empty());
    let request = flow.client.request(Method::GET, "/api/v1/me").header("cookie", format!("portico={token}"));
    assert_eq!(code(&flow.client.send(request).await), refused(401, "missing_token"));
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let page =
            flow.client.send(flow.client.request(method.clone(), "/api/v1/me").bearer_auth(&token)).await;
        assert!(matches!(page.status.as_u16(), 404 | 405), "{method}: {}", page.status);
    }
}

async fn scripts_of_any_site_may_ask(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let maker = Maker::of(&flow, &app).await;
    for token in [maker.token(), String::from("x")] {
        let page = me(&flow, &token).await;
        assert_eq!(page.header("access-control-allow-origin"), "*");
        assert!(page.header("access-control-expose-headers").contains("RateLimit"));
        assert!(page.header("access-control-allow-credentials").is_empty(), "without cookies");
    }
    let request = flow.client.request(Method::OPTIONS, "/api/v1/me").header("origin", "https://app.example");
    let request = request
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let page = flow.client.send(request).await;
    assert_eq!(page.status, 204);
    assert_eq!(page.header("access-control-allow-origin"), "*");
    assert_eq!(
        (page.header("access-control-allow-methods"), page.header("access-control-allow-headers")),
        ("GET", "authorization")
    );
    assert!(page.header("access-control-allow-credentials").is_empty());
}

async fn what_cannot_be_known_is_not_answered_yes(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let maker = Maker::of(&flow, &app).await;
    flow.portal.world.database.run("alter table api_secrets rename to gone").await;
    let page = me(&flow, &maker.token()).await;
    assert_eq!(code(&page), refused(503, "unavailable"));
    assert_eq!(page.header("retry-after"), "1");
    assert!(page.header("www-authenticate").is_empty());
    assert!(!page.body.contains("api_secrets") && !page.body.contains("gone"), "{}", page.body);
    flow.portal.world.database.run("alter table gone rename to api_secrets").await;
    assert_eq!(me(&flow, &maker.token()).await.status, 200, "it recovers by itself");
}
