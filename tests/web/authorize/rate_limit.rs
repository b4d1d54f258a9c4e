//! `PORTICO_API_RATE_LIMIT`: what an account has left, and what it is told when that is nothing.

use portico::{
    domain::{credential::ApiSecret, jwt, time::Span},
    limiter::Limiter,
};
use reqwest::Method;

use super::{ask, calls_of};
use crate::support::{
    databases::{Kind, on_both},
    site::Portal,
    world::{at_most, policy},
};

on_both!(
    calls_past_the_limit_are_refused_and_told_when_to_come_back,
    what_a_stranger_sends_takes_nothing,
    asking_for_the_words_of_a_refusal_takes_nothing,
    a_call_that_was_refused_for_another_reason_is_not_one_too_many,
    without_a_limit_nothing_is_said_of_one,
);

async fn limited(kind: Kind, a_minute: u32) -> Portal {
    let limiter = Limiter::per_minute(at_most(a_minute));
    Portal::with(kind, policy(), |ctx| ctx.limiter = Some(limiter.into())).await
}

async fn calls_past_the_limit_are_refused_and_told_when_to_come_back(kind: Kind) {
    let calls = calls_of(limited(kind, 3).await).await;
    let (client, token) = (calls.portal.client(), calls.token());
    for (path, remaining) in [("/authorize", 2), ("/api/v1/me", 1), ("/authorize/v1/rooms", 0)] {
        let page = ask(&client, Method::GET, path, &token).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("ratelimit-policy"), "\"account\";q=3;w=60");
        let left = page.header("ratelimit").to_owned();
        assert!(left.starts_with(&format!("\"account\";r={remaining};t=")), "{path}: {left}");
    }
    // nginx takes no other refusal than 401 and 403; a client of the API is told 429 (RFC 6585).
    for (path, status) in [("/authorize", 403), ("/api/v1/me", 429)] {
        let page = ask(&client, Method::GET, path, &token).await;
        assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (status, "rate_limited"));
        let problem: serde_json::Value = serde_json::from_str(&page.body).expect("a problem");
        assert_eq!(
            (problem["status"].as_u64(), problem["code"].as_str()),
            (Some(status.into()), Some("rate_limited"))
        );
        let wait: u64 = page.header("retry-after").parse().expect("seconds");
        assert!((1..=20).contains(&wait), "{wait}");
        assert_eq!(page.header("ratelimit"), "\"account\";r=0;t=60");
        assert_eq!(page.header("www-authenticate"), "", "nothing is wrong with the token");
    }
    // Another account has a limit of its own.
    let other = calls.portal.world.user("bo@other.example").await;
    let app = calls.portal.world.jwt_app(&other, "Other").await;
    let app = calls.portal.world.activate(&other, &app).await;
    let token = calls.portal.world.token(&other, &app).await;
    assert_eq!(ask(&client, Method::GET, "/authorize", &token).await.status, 200);
}

async fn what_a_stranger_sends_takes_nothing(kind: Kind) {
    let calls = calls_of(limited(kind, 1).await).await;
    let client = calls.portal.client();
    let now = calls.ctx().now();
    let forged = jwt::sign(&calls.key, &ApiSecret::from_random([1; 32]), "app_x", now, now + Span::hours(1));
    for _ in 0..5 {
        let page = ask(&client, Method::GET, "/authorize", forged.as_deref().expect("a token")).await;
        assert_eq!(page.header("x-portico-error"), "invalid_token");
        assert_eq!(page.header("ratelimit"), "");
    }
    assert_eq!(ask(&client, Method::GET, "/authorize", &calls.token()).await.status, 200);
}

/// A gateway asks again after each refusal, and by then the next call may be allowed.
async fn asking_for_the_words_of_a_refusal_takes_nothing(kind: Kind) {
    let calls = calls_of(limited(kind, 2).await).await;
    for _ in 0..5 {
        let page = calls.explained(&calls.token(), "rate_limited").await;
        assert_eq!((page.status.as_u16(), page.header("x-portico-error")), (403, "rate_limited"));
        assert_eq!((page.header("retry-after"), page.header("ratelimit")), ("30", "\"account\";r=0;t=60"));
        assert!(page.body.contains("may make 2 calls a minute"), "{}", page.body);
    }
    for status in [200, 200, 403] {
        assert_eq!(
            ask(&calls.portal.client(), Method::GET, "/authorize", &calls.token()).await.status,
            status
        );
    }
}

/// However full or empty the bucket is.
async fn a_call_that_was_refused_for_another_reason_is_not_one_too_many(kind: Kind) {
    let calls = calls_of(limited(kind, 1).await).await;
    for status in [200, 403] {
        for (said, answered) in [
            ("unavailable", (503, "unavailable")),
            ("app_deactivated", (403, "app_deactivated")),
            ("token_not_yet_valid", (401, "token_not_yet_valid")),
            ("1", (503, "unavailable")),
        ] {
            let page = calls.explained(&calls.token(), said).await;
            assert_eq!((page.status.as_u16(), page.header("x-portico-error")), answered, "{said}");
            assert!(page.body.contains("holds no longer"), "{said}: {}", page.body);
            assert!(!page.body.contains("calls a minute"), "{said}: {}", page.body);
            assert_eq!(page.header("ratelimit"), "", "{said}");
        }
        let page = ask(&calls.portal.client(), Method::GET, "/authorize", &calls.token()).await;
        assert_eq!(page.status.as_u16(), status);
    }
}

async fn without_a_limit_nothing_is_said_of_one(kind: Kind) {
    let calls = calls_of(Portal::new(kind).await).await;
    let page = ask(&calls.portal.client(), Method::GET, "/api/v1/me", &calls.token()).await;
    assert_eq!((page.header("ratelimit"), page.header("ratelimit-policy")), ("", ""));
}
