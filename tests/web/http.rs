//! What holds of HTTP itself: methods, and how programs are refused.

use reqwest::Method;

use crate::support::{
    databases::{Kind, on_both},
    site::Portal,
};

on_both!(
    head_is_answered_as_get_is_without_the_body,
    a_wrong_method_is_told_which_are_right,
    programs_are_refused_with_problems_and_without_cookies,
    a_query_that_says_two_things_is_refused_with_a_page,
);

async fn head_is_answered_as_get_is_without_the_body(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    for path in ["/", "/apps", "/docs", "/settings", "/healthz", "/readyz", "/nothing", "/api/v1/me"] {
        let got = client.get(path).await;
        let head = client.send(client.request(Method::HEAD, path)).await;
        assert_eq!(head.status, got.status, "{path}");
        assert_eq!(head.header("content-type"), got.header("content-type"), "{path}");
        assert_eq!(head.body, "", "{path}");
    }
}

async fn a_wrong_method_is_told_which_are_right(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    let table = [
        ("/", "GET, HEAD"),
        ("/sign-in", "GET, HEAD, POST"),
        ("/sign-out", "POST"),
        ("/healthz", "GET, HEAD"),
        ("/api/v1/me", "GET, HEAD, OPTIONS"),
    ];
    for (path, allow) in table {
        let page = client.send(client.request(Method::DELETE, path)).await;
        assert_eq!((page.status.as_u16(), page.header("allow")), (405, allow), "{path}");
    }
}

async fn programs_are_refused_with_problems_and_without_cookies(kind: Kind) {
    let portal = Portal::new(kind).await;
    let client = portal.client();
    let asked = [
        (Method::GET, "/api", 404),
        (Method::GET, "/api/v1/nothing", 404),
        (Method::POST, "/api/v1/nothing", 404),
        (Method::POST, "/api/v1/me", 405),
        (Method::GET, "/api/v1/me", 401),
    ];
    for (method, path, status) in asked {
        let request = client.request(method.clone(), path).header("sec-fetch-site", "cross-site");
        let answer = client.send(request).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        assert_eq!(answer.header("set-cookie"), "", "{method} {path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{method} {path}");
        assert_ne!(answer.header("x-request-id"), "", "{method} {path}");
        let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("a problem");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["code"], answer.header("x-portico-error"), "{problem}");
    }
    let beside = client.get("/apiary").await;
    assert!(beside.status == 404 && beside.has("main h1"), "{}", beside.body);
}

async fn a_query_that_says_two_things_is_refused_with_a_page(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.client();
    for path in ["/sign-in?next=a&next=b", "/verify-email?token=a&token=b", "/password/reset?token=a&token=b"]
    {
        let page = client.get(path).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(page.has("main h1"), "{path}: {}", page.body);
    }
    let page = portal.signed_in(&ada).await.get("/confirm?next=a&next=b").await;
    assert!(page.status == 400 && page.has("main h1"), "{}", page.body);
}
