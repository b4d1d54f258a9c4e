//! What a token must say, and how (RFC 7519, RFC 7515, RFC 8725; S29, S30, S31)

use portico::domain::time::Span;
use serde_json::json;

use super::{code, json_of, me, refused, tokens::Maker};
use crate::{
    apps::Flow,
    support::{
        client::Page,
        databases::{Kind, on_both},
    },
};

on_both!(
    a_token_is_read_by_the_letter,
    times_are_judged_with_a_minutes_leeway,
    the_audience_is_this_portal_if_one_is_named,
);

async fn a_token_is_read_by_the_letter(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let maker = Maker::of(&flow, &app).await;
    let good = json!({"iss": maker.key, "sub": app.id.to_string(), "exp": maker.now + 900}).to_string();
    for header in [
        r#"{"alg":"HS256"}"#,
        r#"{"typ":"jwt","alg":"HS256"}"#,
        r#"{"alg":"HS256","kid":"../../etc/passwd","jku":"https://evil.example/"}"#,
    ] {
        assert_eq!(me(&flow, &maker.raw(header, &good)).await.status, 200, "{header}");
    }
    let said = |page: &Page| json_of(page)["detail"].as_str().unwrap_or_default().to_owned();
    for (header, words) in [
        (r#"{"alg":"none"}"#, "alg must be HS256."),
        (r#"{"alg":"None"}"#, "alg must be HS256."),
        (r#"{"alg":"HS512"}"#, "alg must be HS256."),
        (r#"{"alg":"RS256"}"#, "alg must be HS256."),
        (r#"{"alg":"hs256"}"#, "alg must be HS256."),
        (r#"{"typ":"JWT"}"#, "alg must be HS256."),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, "typ must be JWT or be left out."),
        (r#"{"alg":"HS256","crit":["exp"],"exp":1}"#, "crit is not supported"),
        (r#"{"alg":"HS256","alg":"none"}"#, "named twice"),
        ("[]", "The header must be a JSON object."),
        ("", "The header is not acceptable JSON"),
    ] {
        let page = me(&flow, &maker.raw(header, &good)).await;
        assert_eq!(code(&page), refused(401, "invalid_token"), "{header}");
        assert!(said(&page).contains(words), "{header}: {}", said(&page));
    }
    for (token, words) in [
        (String::from("x"), "three parts"),
        (format!("{}.x", maker.token()), "three parts"),
        (format!("{}=", maker.token()), "base64url without padding"),
        (maker.token().replace('.', ". "), "base64url without padding"),
        ("a.".repeat(5_000), "longer than 8 KiB"),
        (maker.signed(&json!({"iss": maker.key})), "exp is missing"),
        (maker.signed(&json!({"exp": maker.now + 900})), "iss is missing"),
        (
            maker.signed(&json!({"iss": maker.key, "exp": (maker.now + 900) * 1_000})),
            "exp is in milliseconds",
        ),
        (
            maker.signed(&json!({"iss": maker.key, "exp": (maker.now + 900).to_string()})),
            "exp must be a number",
        ),
        (maker.signed(&json!({"iss": [maker.key], "exp": maker.now + 900})), "iss must be a string"),
    ] {
        let page = me(&flow, &token).await;
        assert_eq!(code(&page), refused(401, "invalid_token"), "{words}");
        assert!(said(&page).contains(words), "{words}: {}", said(&page));
    }
}

async fn times_are_judged_with_a_minutes_leeway(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let maker = Maker::of(&flow, &app).await;
    let now = maker.now;
    let year = 365 * 86_400;
    for (claims, expected) in [
        (json!({"exp": now - 59}), (200, "")),
        (json!({"exp": now - 60}), (401, "token_expired")),
        (json!({"exp": now + year + 60}), (200, "")),
        (json!({"exp": now + year + 61}), (401, "invalid_token")),
        (json!({"exp": now + 60, "nbf": now + 60, "iat": now + 60}), (200, "")),
        (json!({"exp": now + 60, "nbf": now + 61}), (401, "token_not_yet_valid")),
        (json!({"exp": now + 60, "iat": now + 61}), (401, "token_not_yet_valid")),
        (json!({"exp": now as f64 + 60.5}), (200, "")),
    ] {
        let mut whole = claims.clone();
        whole["iss"] = json!(maker.key);
        let page = me(&flow, &maker.signed(&whole)).await;
        assert_eq!(code(&page), refused(expected.0, expected.1), "{claims}");
    }
    let token = maker.token();
    flow.portal.world.clock.advance(Span::hours(2));
    assert_eq!(code(&me(&flow, &token).await), refused(401, "token_expired"));
}

async fn the_audience_is_this_portal_if_one_is_named(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let maker = Maker::of(&flow, &app).await;
    let own = flow.portal.site.url.clone();
    for (aud, status) in [
        (json!(own), 200),
        (json!(["https://other.example", own]), 200),
        (json!("https://other.example"), 401),
        (json!(format!("{own}/")), 401),
        (json!([]), 401),
        (json!(1), 401),
    ] {
        let page =
            me(&flow, &maker.signed(&json!({"iss": maker.key, "exp": maker.now + 60, "aud": aud}))).await;
        assert_eq!(page.status, status, "{aud}: {}", page.body);
    }
}
