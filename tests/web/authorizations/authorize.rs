//! What is wrong with what a client asks, and where that is said.

use crate::{
    authorizations::Scene,
    support::{
        databases::{Kind, on_both},
        oauth::{CALLBACK, Proof, answer, decide},
        world::{PASSWORD, parsed},
    },
};
use portico::{actions, domain::account::Standing};

on_both!(
    what_is_not_proven_to_be_the_clients_is_said_on_a_page,
    every_other_mistake_goes_back_to_the_client_with_its_code,
    nobody_is_sent_on_before_they_are_known,
    whoever_is_signed_out_signs_in_and_comes_back_with_the_whole_request,
    an_app_that_is_not_active_asks_nobody,
);

async fn what_is_not_proven_to_be_the_clients_is_said_on_a_page(kind: Kind) {
    let scene = Scene::new(kind).await;
    let internal = scene.portal.world.jwt_app(&scene.ada, "Relay").await;
    assert_eq!(internal.app_type.as_str(), "jwt");
    let proof = Proof::new("a");
    let twice = ("client_id", scene.atlas.client_id.as_str());
    for changes in [
        &[("client_id", "-")][..],
        &[("client_id", "")],
        &[("client_id", "nonsense")],
        &[("client_id", "cid_0000000000000000000000")],
        &[twice, twice],
        &[("redirect_uri", "-")],
        &[("redirect_uri", "https://evil.example/callback")],
        &[("redirect_uri", "https://atlas.example/callback/")],
        &[("redirect_uri", "https://atlas.example/callback?x=1")],
        &[("redirect_uri", "https://atlas.example/callback#x")],
        &[("redirect_uri", "https://atlas.example@evil.example/callback")],
        &[("redirect_uri", "http://127.0.0.1:7777/other")],
        &[("redirect_uri", CALLBACK), ("redirect_uri", CALLBACK)],
        &[("request_uri", "https://evil.example/request")],
        &[("request_uri", "urn:ietf:params:oauth:request_uri:nonsense")],
    ] {
        for client in [&scene.client, &scene.program] {
            let page = client.get(&scene.atlas.asking(&proof, changes)).await;
            assert_eq!(page.status, 400, "{changes:?}: {}", page.text());
            assert_eq!(page.header("location"), "", "{changes:?}");
            assert!(page.says("This app cannot be let in"), "{changes:?}: {}", page.text());
        }
    }
}

async fn every_other_mistake_goes_back_to_the_client_with_its_code(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let issuer = scene.portal.site.url.clone();
    let long = "s".repeat(2_049);
    for (changes, error) in [
        (&[("response_type", "-")][..], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_type", "code"), ("response_type", "code")], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("code_challenge", "-")], "invalid_request"),
        (&[("code_challenge", "-"), ("code_challenge_method", "-")], "invalid_request"),
        (&[("code_challenge", "too-short")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "-")], "invalid_request"),
        (&[("scope", "recording:read")], "invalid_scope"),
        (&[("scope", "user:read unknown:scope")], "invalid_scope"),
        (&[("scope", "user:read,meeting:read")], "invalid_scope"),
        (&[("scope", "openid user:read")], "invalid_scope"),
        (&[("scope", "user:read"), ("scope", "user:read")], "invalid_request"),
        (&[("request", "eyJhbGciOiJub25lIn0.e30.")], "request_not_supported"),
        (&[("state", "a"), ("state", "b")], "invalid_request"),
        (&[("state", &long)], "invalid_request"),
    ] {
        let page = scene.client.get(&scene.atlas.asking(&proof, changes)).await;
        assert!(page.location().starts_with(&format!("{CALLBACK}?")), "{changes:?}");
        let answer = answer(&page);
        assert_eq!(answer["error"], error, "{changes:?}: {answer:?}");
        assert_eq!(answer["iss"], issuer, "{changes:?}");
        assert!(answer.contains_key("error_description") && !answer.contains_key("code"), "{changes:?}");
        let names_it = answer["error_description"] == "There is no scope openid here.";
        assert_eq!(names_it, changes.contains(&("scope", "openid user:read")), "{changes:?}");
        let has_state = !changes.iter().any(|(name, _)| *name == "state");
        assert_eq!(answer.get("state").map(String::as_str), has_state.then_some("xyz"), "{changes:?}");
    }
    let codes = scene.portal.world.database.dump().await.remove("authorization_codes");
    assert!(codes.is_none_or(|rows| rows.is_empty()), "none of this made a code");
}

async fn nobody_is_sent_on_before_they_are_known(kind: Kind) {
    let scene = Scene::new(kind).await;
    let page = scene.program.get(&scene.atlas.asking(&Proof::new("a"), &[("scope", "x:y")])).await;
    assert!(page.location().starts_with("/sign-in?next="), "{}", page.location());
}

async fn whoever_is_signed_out_signs_in_and_comes_back_with_the_whole_request(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let state: String = "s &=%\"<>+/".chars().cycle().take(2_048).collect();
    let asking = scene.atlas.asking(&proof, &[("state", &state), ("scope", "user:read")]);
    let client = scene.portal.client();
    let door = client.get(&asking).await.location();
    let form = client.visit(&door).await.form("/sign-in");
    let form = form.with("email", scene.ada.email.as_str()).with("password", PASSWORD);
    let back = client.submit(&form).await;
    let consent = client.follow(&back).await;
    assert!(consent.says("Allow Atlas?"), "{}", consent.text());
    assert_eq!(answer(&decide(&client, &consent, "allow").await)["state"], state);
}

async fn an_app_that_is_not_active_asks_nobody(kind: Kind) {
    let scene = Scene::new(kind).await;
    let asking = scene.atlas.asking(&Proof::new("a"), &[]);
    let consent = scene.client.visit(&asking).await;
    let world = &scene.portal.world;
    let maker = world.acting(&scene.atlas.owner);
    actions::activation::deactivate(&world.ctx, &maker, scene.atlas.app.id).await.expect("it stops");
    for page in [
        scene.client.get(&asking).await,
        scene.client.submit(&consent.form("/oauth/authorize").with("decision", "allow")).await,
    ] {
        assert_eq!(page.status, 400, "{}", page.text());
        assert!(page.says("This app is not active now"), "{}", page.text());
    }
    let waiting = parsed("send");
    actions::activation::reactivate(&world.ctx, &maker, scene.atlas.app.id, waiting)
        .await
        .expect("it goes on");
    let standing = format!("standing = '{}'", Standing::Suspended);
    world.database.set("accounts", &scene.atlas.owner.account, &standing).await;
    let page = scene.client.get(&asking).await;
    assert_eq!(page.status, 400, "{}", page.text());
}
