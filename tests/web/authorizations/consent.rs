//! The consent page: what it says, whom it lets decide, and what it remembers.

use portico::{
    actions,
    domain::{account::Role, time::Span},
};
use reqwest::Method;

use crate::{
    authorizations::Scene,
    support::{
        databases::{Kind, on_both},
        oauth::{CALLBACK, Proof, answer, decide},
        world::PASSWORD,
    },
};

on_both!(
    the_page_says_who_asks_for_what_and_whom,
    nothing_frames_the_page_and_its_form_leads_to_the_app_alone,
    allowing_gives_a_code_and_says_who_gave_it,
    denying_gives_access_denied_and_nothing_else,
    a_post_without_the_forms_own_value_does_nothing,
    consent_is_remembered_for_confidential_clients_and_the_same_scopes,
    asking_for_the_head_alone_gives_no_code,
    a_public_client_asks_each_time,
    the_account_is_one_of_the_users_own,
    accounts_that_are_not_approved_cannot_be_chosen,
    an_address_is_proven_first,
    what_was_read_is_what_is_agreed_to,
    whoever_signs_in_again_comes_back_to_the_page,
);

async fn the_page_says_who_asks_for_what_and_whom(kind: Kind) {
    let scene = Scene::new(kind).await;
    let page = scene.client.visit(&scene.atlas.asking(&Proof::new("a"), &[("scope", "meeting:read")])).await;
    for words in [
        "Allow Atlas?",
        "Meridian GmbH",
        "Passes meetings on",
        "ada@meridian.example",
        "See meetings: when they are, what they are about and who is invited",
        "meeting:read",
        "You will go back to atlas.example",
        "Ada Lovelace",
    ] {
        assert!(page.says(words), "{words}: {}", page.text());
    }
    assert!(!page.says("user:read") && !page.says("meeting:write"), "{}", page.text());
    // Ada owns the account, so events come with it.
    assert!(page.says("A meeting was scheduled") && !page.says("Somebody joined"), "{}", page.text());
    let world = &scene.portal.world;
    let viewer = world.colleague("viewer@meridian.example", &scene.ada).await;
    let viewer = world.with_role(viewer, Role::Viewer).await;
    let page = scene.portal.signed_in(&viewer).await.visit(&scene.atlas.asking(&Proof::new("a"), &[])).await;
    // Who owns none is told what comes if they ever do: the grant is then an owner's.
    assert!(page.says("For an account that you own, now or later"), "{}", page.text());
}

async fn nothing_frames_the_page_and_its_form_leads_to_the_app_alone(kind: Kind) {
    let scene = Scene::new(kind).await;
    let page = scene.client.visit(&scene.atlas.asking(&Proof::new("a"), &[])).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' https://atlas.example;"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(matches!(page.header("content-encoding"), "" | "identity"));
    let loopback = [("redirect_uri", "http://127.0.0.1:7777/callback")];
    let page = scene.client.visit(&scene.atlas.asking(&Proof::new("a"), &loopback)).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:7777;"), "{policy}");
    let other = scene.client.visit("/settings").await;
    assert!(other.header("content-security-policy").contains("form-action 'self';"));
}

async fn allowing_gives_a_code_and_says_who_gave_it(kind: Kind) {
    let scene = Scene::new(kind).await;
    let page = scene.client.visit(&scene.atlas.asking(&Proof::new("a"), &[])).await;
    let back = decide(&scene.client, &page, "allow").await;
    assert!(back.location().starts_with(&format!("{CALLBACK}?code=")), "{}", back.location());
    let answer = answer(&back);
    assert_eq!(answer["state"], "xyz");
    assert_eq!(answer["iss"], scene.portal.site.url);
    assert_eq!(answer.len(), 3, "{answer:?}");
    let dump = format!("{:?}", scene.portal.world.database.dump().await);
    assert!(!dump.contains(&answer["code"]), "only a hash of the code is kept");
    let page = scene.client.visit("/account/audit").await;
    assert!(page.says("App authorised") && page.says("Atlas"), "{}", page.text());
}

async fn denying_gives_access_denied_and_nothing_else(kind: Kind) {
    let scene = Scene::new(kind).await;
    let page = scene.client.visit(&scene.atlas.asking(&Proof::new("a"), &[])).await;
    let answer = answer(&decide(&scene.client, &page, "deny").await);
    assert_eq!(answer["error"], "access_denied");
    assert_eq!((answer["state"].as_str(), answer["iss"].as_str()), ("xyz", scene.portal.site.url.as_str()));
    let page = scene.client.visit("/settings/authorizations").await;
    assert!(page.says("No app yet"), "{}", page.text());
}

async fn a_post_without_the_forms_own_value_does_nothing(kind: Kind) {
    let scene = Scene::new(kind).await;
    let page = scene.client.visit(&scene.atlas.asking(&Proof::new("a"), &[])).await;
    let form = page.form("/oauth/authorize").with("decision", "allow");
    let refused = scene.client.submit(&form.clone().without("csrf")).await;
    assert_eq!(refused.status, 403);
    let eve = scene.portal.world.user("eve@evil.example").await;
    let refused = scene.portal.signed_in(&eve).await.submit(&form).await;
    assert_eq!(refused.status, 403, "another's form");
    let unclear = scene.client.submit(&form.with("decision", "maybe")).await;
    assert_eq!(unclear.status, 400);
    let page = scene.client.visit("/settings/authorizations").await;
    assert!(page.says("No app yet"), "{}", page.text());
}

async fn consent_is_remembered_for_confidential_clients_and_the_same_scopes(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let asks = async |scope: &str| {
        let page = scene.client.get(&scene.atlas.asking(&proof, &[("scope", scope)])).await;
        page.status.as_u16()
    };
    scene.atlas.code(&scene.client, &proof, &[("scope", "user:read meeting:read")]).await;
    assert_eq!(asks("user:read meeting:read").await, 303);
    assert_eq!(asks("meeting:read").await, 303, "fewer");
    assert_eq!(asks("user:read meeting:write").await, 200, "more");
    // Now there are two accounts it might be for.
    let page = scene.client.fill("/accounts/new", "/accounts/new", &[("name", "Second")]).await;
    assert_eq!(page.status, 303, "{}", page.text());
    assert_eq!(asks("meeting:read").await, 303, "it was allowed for one of them");
    let page = scene.client.visit("/settings/authorizations").await;
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a form");
    scene.client.submit(&page.form(&revoke)).await;
    assert_eq!(asks("meeting:read").await, 200, "taken back");
}

async fn asking_for_the_head_alone_gives_no_code(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    scene.atlas.code(&scene.client, &proof, &[]).await;
    let world = &scene.portal.world;
    let codes = world.database.count("authorization_codes", "true").await;
    let asking = scene.atlas.asking(&proof, &[]);
    let head = scene.client.send(scene.client.request(Method::HEAD, &asking)).await;
    assert_eq!((head.status.as_u16(), head.header("location")), (200, ""));
    assert_eq!(world.database.count("authorization_codes", "true").await, codes);
    assert_eq!(scene.client.get(&asking).await.status, 303, "consent is remembered");
    assert_eq!(world.database.count("authorization_codes", "true").await, codes + 1);
}

async fn a_public_client_asks_each_time(kind: Kind) {
    let scene = Scene::new(kind).await;
    let proof = Proof::new("a");
    let device = scene.portal.world.public_app(&scene.atlas.owner, "Pocket", "user:read").await;
    for _ in 0..2 {
        let page = scene.client.visit(&device.asking(&proof, &[])).await;
        let back = decide(&scene.client, &page, "allow").await;
        assert!(answer(&back).contains_key("code"));
    }
}

async fn the_account_is_one_of_the_users_own(kind: Kind) {
    let scene = Scene::new(kind).await;
    let eve = scene.portal.world.user("eve@evil.example").await;
    let page = scene.client.visit(&scene.atlas.asking(&Proof::new("a"), &[])).await;
    let form = page.form("/oauth/authorize").with("decision", "allow");
    for account in [eve.account.to_string(), String::from("nonsense")] {
        let page = scene.client.submit(&form.clone().with("account", &account)).await;
        assert_eq!(page.status, 422, "{}", page.text());
        assert!(page.says("Choose one of your accounts."), "{}", page.text());
    }
    let page = scene.client.submit(&form.without("account")).await;
    assert!(answer(&page).contains_key("code"), "the only one need not be chosen");
}

async fn accounts_that_are_not_approved_cannot_be_chosen(kind: Kind) {
    let scene = Scene::new(kind).await;
    let asking = scene.atlas.asking(&Proof::new("a"), &[]);
    let before = scene.client.visit(&asking).await.form("/oauth/authorize").with("decision", "allow");
    scene.portal.world.database.set("accounts", &scene.ada.account, "standing = 'pending'").await;
    let page = scene.client.visit(&asking).await;
    assert!(page.says("awaits approval") && !page.has("button[value=allow]"), "{}", page.text());
    assert_eq!(scene.client.submit(&before).await.status, 422);
    assert_eq!(answer(&decide(&scene.client, &page, "deny").await)["error"], "access_denied");
}

async fn an_address_is_proven_first(kind: Kind) {
    let scene = Scene::new(kind).await;
    let asking = scene.atlas.asking(&Proof::new("a"), &[]);
    let before = scene.client.visit(&asking).await.form("/oauth/authorize").with("decision", "allow");
    scene.portal.world.database.set("users", &scene.ada.id, "proven_at = null").await;
    let page = scene.client.visit(&asking).await;
    assert!(page.says("Prove your address first") && !page.has("button[value=allow]"), "{}", page.text());
    assert_eq!(scene.client.submit(&before).await.status, 409);
}

async fn what_was_read_is_what_is_agreed_to(kind: Kind) {
    let scene = Scene::new(kind).await;
    // Without a scope all of the app's are meant, and the app asks for one more meanwhile.
    let page = scene.client.visit(&scene.atlas.asking(&Proof::new("a"), &[])).await;
    let world = &scene.portal.world;
    let wanted = ["meeting:read", "meeting:write", "user:read", "user:write"].iter();
    let wanted = wanted.map(|scope| actions::clients::WantedScope {
        scope: crate::support::world::parsed(scope),
        why: None,
    });
    let maker = world.acting(&scene.atlas.owner);
    let saved = actions::clients::set_scopes(&world.ctx, &maker, scene.atlas.app.id, wanted.collect());
    saved.await.expect("the scopes are saved");
    let again = scene.client.submit(&page.form("/oauth/authorize").with("decision", "allow")).await;
    assert_eq!(again.status, 422, "{}", again.text());
    assert!(again.says("has changed meanwhile") && again.says("user:write"), "{}", again.text());
    let back = scene.client.submit(&again.form("/oauth/authorize").with("decision", "allow")).await;
    assert!(answer(&back).contains_key("code"));
}

async fn whoever_signs_in_again_comes_back_to_the_page(kind: Kind) {
    let scene = Scene::new(kind).await;
    let asking = scene.atlas.asking(&Proof::new("a"), &[]);
    let form = scene.client.visit(&asking).await.form("/oauth/authorize").with("decision", "allow");
    scene.portal.world.clock.advance(Span::hours(13));
    let post = async |referer: &str| {
        let request = scene.client.request(Method::POST, "/oauth/authorize").header("referer", referer);
        scene.client.send(request.form(form.fields())).await.location()
    };
    let site = &scene.portal.site.url;
    let door = post(&format!("{site}{asking}")).await;
    let fields = [("email", scene.ada.email.as_str()), ("password", PASSWORD)];
    // The answer to a post has no address to come back to, and nobody is led off the site (S25).
    for referer in [&format!("{site}/oauth/authorize"), "https://evil.example//evil.example/x", "about:blank"]
    {
        let client = scene.portal.client();
        let door = post(referer).await;
        assert_eq!(client.fill(&door, "/sign-in", &fields).await.location(), "/apps", "{referer}");
    }
    let back = scene.client.fill(&door, "/sign-in", &fields).await;
    assert_eq!(back.location(), asking);
    assert!(scene.client.follow(&back).await.says("Allow Atlas?"));
}
