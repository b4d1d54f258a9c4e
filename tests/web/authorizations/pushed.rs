//! `/oauth/par`: requests that clients send ahead (RFC 9126).

use portico::domain::time::Span;
use reqwest::Method;

use crate::{
    authorizations::Scene,
    support::{
        client::Page,
        databases::{Kind, on_both},
        oauth::{CALLBACK, OauthApp, Proof, answer, decide, error, tokens},
    },
};

on_both!(
    a_request_that_was_sent_ahead_is_answered_once,
    a_request_that_was_sent_ahead_is_its_clients_and_lasts_ten_minutes,
    what_is_wrong_with_it_is_said_at_once,
);

async fn push(scene: &Scene, app: &OauthApp, proof: &Proof, changes: &[(&str, &str)]) -> Page {
    let asking = app.asking(proof, changes);
    let (_, body) = asking.split_once('?').expect("a query");
    let request = scene.program.request(Method::POST, "/oauth/par");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned());
    scene.program.send(request.basic_auth(&app.client_id, app.secret.as_ref())).await
}

fn request_uri(page: &Page) -> String {
    assert_eq!(page.status, 201, "{}", page.body);
    let answer: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!(answer["expires_in"], 600);
    answer["request_uri"].as_str().expect("a request_uri").to_owned()
}

fn asking(app: &OauthApp, uri: &str) -> String {
    let pairs = [("client_id", app.client_id.as_str()), ("request_uri", uri)];
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/oauth/authorize?{query}")
}

async fn a_request_that_was_sent_ahead_is_answered_once(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let pushed = push(&scene, &scene.atlas, &proof, &[("scope", "user:read")]).await;
    assert!(pushed.header("cache-control").contains("no-store"));
    let uri = request_uri(&pushed);
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"), "{uri}");
    let asking = asking(&scene.atlas, &uri);
    // To look at the page uses nothing up; parameters beside it are passed over.
    scene.client.visit(&asking).await;
    let page =
        scene.client.visit(&format!("{asking}&scope=meeting:write&redirect_uri=https://evil.example")).await;
    assert!(page.says("user:read") && !page.says("meeting:write"), "{}", page.text());
    let again = scene.client.visit(&asking).await;
    let answer = answer(&decide(&scene.client, &page, "allow").await);
    assert_eq!(answer["state"], "xyz");
    tokens(&scene.atlas.redeem(&scene.program, &answer["code"], &proof).await);
    let late = scene.client.submit(&again.form("/oauth/authorize").with("decision", "allow")).await;
    assert_eq!(late.status, 400, "{}", late.text());
    assert_eq!(scene.client.get(&asking).await.status, 400, "used up");
}

async fn a_request_that_was_sent_ahead_is_its_clients_and_lasts_ten_minutes(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let other = scene.portal.world.oauth_app(&scene.atlas.owner, "Other", "user:read").await;
    let uri = request_uri(&push(&scene, &scene.atlas, &proof, &[]).await);
    assert_eq!(scene.client.get(&asking(&other, &uri)).await.status, 400);
    scene.portal.world.clock.advance(Span::seconds(599));
    assert_eq!(scene.client.get(&asking(&scene.atlas, &uri)).await.status, 200);
    scene.portal.world.clock.advance(Span::seconds(1));
    assert_eq!(scene.client.get(&asking(&scene.atlas, &uri)).await.status, 400);
}

async fn what_is_wrong_with_it_is_said_at_once(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    for (changes, expected) in [
        (&[("redirect_uri", "https://evil.example/callback")][..], "invalid_request"),
        (&[("redirect_uri", "-")], "invalid_request"),
        (&[("redirect_uri", CALLBACK), ("redirect_uri", CALLBACK)], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("scope", "recording:read")], "invalid_scope"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("request_uri", "urn:ietf:params:oauth:request_uri:x")], "invalid_request"),
        (&[("request", "eyJhbGciOiJub25lIn0.e30.")], "request_not_supported"),
    ] {
        let page = push(&scene, &scene.atlas, &proof, changes).await;
        assert_eq!(error(&page), (400, expected.to_owned()), "{changes:?}: {}", page.body);
    }
    let stranger = OauthApp { secret: Some(String::from("cs_wrong")), ..scene.atlas.clone() };
    let page = push(&scene, &stranger, &proof, &[]).await;
    assert_eq!(error(&page), (401, String::from("invalid_client")));
}
