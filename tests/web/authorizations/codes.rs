//! Codes: once, for a minute, for whoever asked for them.

use futures_util::future::join_all;
use portico::{actions, domain::time::Span};

use crate::{
    authorizations::Scene,
    support::{
        databases::{Kind, on_both},
        oauth::{CALLBACK, Proof, error, tokens},
        world::parsed,
    },
};

on_both!(
    a_code_gives_tokens_that_know_app_account_user_and_scopes,
    a_code_lasts_a_minute,
    a_code_used_twice_ends_what_it_gave,
    of_fifty_who_redeem_a_code_at_once_one_gets_tokens,
    a_code_is_good_for_its_client_address_and_verifier_alone,
    a_code_outlives_a_pause_of_the_app,
    what_is_not_a_code_is_refused,
);

fn grant(code: &'static str) -> (u16, String) {
    (400, code.to_owned())
}

async fn a_code_gives_tokens_that_know_app_account_user_and_scopes(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let code = scene.atlas.code(&scene.client, &proof, &[("scope", "meeting:read")]).await;
    let page = scene.atlas.redeem(&scene.program, &code, &proof).await;
    let (access, _) = tokens(&page);
    assert!(page.header("cache-control").contains("no-store"));
    let answer: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!((answer["token_type"].as_str(), answer["expires_in"].as_i64()), (Some("Bearer"), Some(3_600)));
    assert_eq!(answer["scope"], "meeting:read");
    let (status, me) = scene.me(&access).await;
    assert_eq!(status, 200, "{me}");
    assert_eq!(me["app"]["id"], scene.atlas.app.id.to_string());
    assert_eq!(me["account"]["id"], scene.ada.account.to_string(), "the account it was granted for");
    assert_eq!(me["user"]["id"], scene.ada.id.to_string());
    assert_eq!(me["scopes"], serde_json::json!(["meeting:read"]));
}

async fn a_code_lasts_a_minute(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let early = scene.atlas.code(&scene.client, &proof, &[]).await;
    let late = scene.atlas.code(&scene.client, &proof, &[]).await;
    scene.portal.world.clock.advance(Span::seconds(59));
    tokens(&scene.atlas.redeem(&scene.program, &early, &proof).await);
    scene.portal.world.clock.advance(Span::seconds(1));
    assert_eq!(error(&scene.atlas.redeem(&scene.program, &late, &proof).await), grant("invalid_grant"));
}

async fn a_code_used_twice_ends_what_it_gave(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let code = scene.atlas.code(&scene.client, &proof, &[]).await;
    let (access, refresh) = tokens(&scene.atlas.redeem(&scene.program, &code, &proof).await);
    let other = scene.atlas.code(&scene.client, &proof, &[]).await;
    let (others, _) = tokens(&scene.atlas.redeem(&scene.program, &other, &proof).await);
    assert_eq!(scene.me(&access).await.0, 200);
    // Long after it has ended by itself, too.
    scene.portal.world.clock.advance(Span::minutes(10));
    assert_eq!(error(&scene.atlas.redeem(&scene.program, &code, &proof).await), grant("invalid_grant"));
    assert_eq!(scene.me(&access).await.0, 401);
    assert_eq!(error(&scene.atlas.refresh(&scene.program, &refresh).await), grant("invalid_grant"));
    assert_eq!(scene.me(&others).await.0, 200, "what came of another code goes on");
    let maker = scene.portal.signed_in(&scene.atlas.owner).await;
    let page = maker.visit("/account/audit").await;
    assert!(page.says("Authorisation code used twice"), "{}", page.text());
}

async fn of_fifty_who_redeem_a_code_at_once_one_gets_tokens(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let code = scene.atlas.code(&scene.client, &proof, &[]).await;
    let all = join_all((0..50).map(|_| scene.atlas.redeem(&scene.program, &code, &proof))).await;
    let given: Vec<_> = all.iter().filter(|page| page.status == 200).collect();
    assert_eq!(given.len(), 1);
    for page in all.iter().filter(|page| page.status != 200) {
        assert_eq!(error(page), grant("invalid_grant"), "{}", page.body);
    }
    // The others used it again, which ends what the first one got.
    let (access, _) = tokens(given[0]);
    assert_eq!(scene.me(&access).await.0, 401);
}

async fn a_code_is_good_for_its_client_address_and_verifier_alone(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let world = &scene.portal.world;
    let other = world.oauth_app(&scene.atlas.owner, "Other", "user:read").await;
    let code = scene.atlas.code(&scene.client, &proof, &[]).await;
    assert_eq!(error(&other.redeem(&scene.program, &code, &proof).await), grant("invalid_grant"));
    let wrong = Proof::new("b");
    assert_eq!(error(&scene.atlas.redeem(&scene.program, &code, &wrong).await), grant("invalid_grant"));
    let plain = Proof { verifier: proof.challenge.clone(), ..proof.clone() };
    assert_eq!(error(&scene.atlas.redeem(&scene.program, &code, &plain).await), grant("invalid_grant"));
    let right = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", proof.verifier.as_str()),
    ];
    for (name, value, expected) in [
        ("redirect_uri", None, "invalid_grant"),
        ("redirect_uri", Some("http://127.0.0.1/callback"), "invalid_grant"),
        ("code_verifier", None, "invalid_request"),
        ("code_verifier", Some("short"), "invalid_grant"),
        ("code", None, "invalid_request"),
    ] {
        let kept = right.iter().copied().filter(|(one, _)| *one != name);
        let fields: Vec<_> = kept.chain(value.map(|value| (name, value))).collect();
        let page = scene.atlas.token(&scene.program, &fields).await;
        assert_eq!(error(&page), grant(expected), "{name} {value:?}: {}", page.body);
    }
    // None of this used it up.
    tokens(&scene.atlas.redeem(&scene.program, &code, &proof).await);
}

async fn a_code_outlives_a_pause_of_the_app(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let world = &scene.portal.world;
    let code = scene.atlas.code(&scene.client, &proof, &[]).await;
    let maker = world.acting(&scene.atlas.owner);
    actions::activation::deactivate(&world.ctx, &maker, scene.atlas.app.id).await.expect("it stops");
    assert_eq!(error(&scene.atlas.redeem(&scene.program, &code, &proof).await), grant("invalid_grant"));
    let send = parsed("send");
    actions::activation::reactivate(&world.ctx, &maker, scene.atlas.app.id, send).await.expect("it goes on");
    tokens(&scene.atlas.redeem(&scene.program, &code, &proof).await);
}

async fn what_is_not_a_code_is_refused(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let code = scene.atlas.code(&scene.client, &proof, &[]).await;
    let (_, refresh) = scene.atlas.tokens(&scene.client, &[]).await;
    for wrong in ["nonsense", &format!("{code}x"), &code[1..], &refresh] {
        let page = scene.atlas.redeem(&scene.program, wrong, &proof).await;
        assert_eq!(error(&page), grant("invalid_grant"), "{wrong}");
    }
}
