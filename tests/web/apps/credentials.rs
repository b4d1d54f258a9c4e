//! `/apps/{app}/credentials`: reveal, regenerate, revoke

use futures_util::future::join_all;
use portico::domain::{
    account::{Developer, Role},
    app::App,
    jwt,
    time::Span,
};
use reqwest::Method;

use super::{Flow, at, only_error};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
    world::{PASSWORD, Person},
};

on_both!(
    a_secret_is_masked_until_it_is_revealed_and_that_is_written_down,
    a_page_with_a_secret_is_not_compressed,
    script_may_ask_for_the_secret_alone,
    a_viewer_never_sees_a_secret,
    an_old_sign_in_asks_for_the_password_before_a_secret,
    the_old_secret_verifies_as_long_as_was_chosen,
    keeping_nothing_stops_every_old_secret_at_once,
    three_old_secrets_are_the_most_and_one_can_be_revoked,
    a_regeneration_sent_twice_makes_one_secret,
    all_jwt_apps_of_an_account_show_one_pair_and_no_other_account_does,
    a_key_with_the_secret_of_another_account_is_refused,
    a_webhook_app_has_no_credentials,
);

/// What the page shows in the slot of the secret.
fn slot(page: &Page) -> String {
    page.texts("#secret").join("")
}

pub(super) async fn reveal(flow: &Flow, app: &App) -> String {
    let page = flow.client.fill(&at(app, "/credentials"), &at(app, "/credentials/reveal"), &[]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    slot(&page)
}

async fn regenerate(flow: &Flow, app: &App, keep: &str) -> Page {
    let action = at(app, "/credentials/regenerate");
    flow.client.fill(&at(app, "/credentials"), &action, &[("keep_old_for", keep)]).await
}

/// What the API answers to a token of the app signed with this secret now.
async fn answer(flow: &Flow, app: &App, secret: &str) -> u16 {
    let key =
        flow.portal.world.database.read().await.api_key(app.account).await.expect("a read").expect("a key");
    let now = flow.portal.world.ctx.now();
    let secret = secret.parse().expect("a secret");
    let token = jwt::sign(&key, &secret, &app.id.to_string(), now, now + Span::hours(1)).expect("a token");
    let request = flow.portal.client().request(Method::GET, "/api/v1/me").bearer_auth(token);
    flow.client.send(request).await.status.as_u16()
}

async fn a_secret_is_masked_until_it_is_revealed_and_that_is_written_down(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    assert!(slot(&page).starts_with("as_•••"), "{}", slot(&page));
    let page = flow.client.fill(&at(&app, "/credentials"), &at(&app, "/credentials/reveal"), &[]).await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"));
    let secret = slot(&page);
    assert_eq!((secret.len(), secret.get(..3)), (52, Some("as_")), "{secret}");
    assert!(!flow.client.visit(&at(&app, "/credentials")).await.body.contains(&secret), "it is masked again");
    assert_eq!(answer(&flow, &app, &secret).await, 200, "its text as shown is the key");
    let database = &flow.portal.world.database;
    assert_eq!(database.audited("secret_revealed").await, 1);
    assert!(flow.client.visit(&at(&app, "")).await.says("API secret revealed by ada@meridian.example"));
}

async fn a_page_with_a_secret_is_not_compressed(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let encoding = async |request: reqwest::RequestBuilder| {
        let answer = request.header("accept-encoding", "br, gzip").send().await.expect("an answer");
        let encoding =
            answer.headers().get("content-encoding").map(|value| value.to_str().expect("text").to_owned());
        encoding.unwrap_or_default()
    };
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    assert_eq!(encoding(flow.client.request(Method::GET, &at(&app, "/credentials"))).await, "br");
    for (verb, more) in [("reveal", None), ("token", Some(("expires_in", "1h")))] {
        let form = page.form(&at(&app, &format!("/credentials/{verb}")));
        let form = more.into_iter().fold(form, |form, (name, value)| form.with(name, value));
        let request = flow.client.request(Method::POST, &form.action).form(form.fields());
        // Its length would tell of what stands in it.
        assert!(["", "identity"].contains(&encoding(request).await.as_str()), "{verb}");
    }
}

async fn script_may_ask_for_the_secret_alone(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = flow.client.visit(&at(&app, "/credentials")).await.form(&at(&app, "/credentials/reveal"));
    let request = flow.client.request(Method::POST, &form.action).header("accept", "application/json");
    let page = flow.client.send(request.form(form.fields())).await;
    assert_eq!((page.header("content-type"), page.header("cache-control")), ("application/json", "no-store"));
    let json: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!(json, serde_json::json!({ "value": reveal(&flow, &app).await }));
    assert_eq!(flow.portal.world.database.audited("secret_revealed").await, 2);
    // The secret is not a page to be fetched.
    assert_eq!(flow.client.get(&at(&app, "/credentials/reveal")).await.status, 405);
}

async fn a_viewer_never_sees_a_secret(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    regenerate(&flow, &app, "7d").await;
    let viewer = flow.portal.world.colleague("viewer@meridian.example", &flow.ada).await;
    let viewer = flow.portal.world.with_role(viewer, Role::Viewer).await;
    let client = flow.portal.signed_in(&viewer).await;
    let page = client.visit(&at(&app, "/credentials")).await;
    assert!(!page.has("#secret") && !page.has("main form[method=post]"), "{}", page.text());
    assert!(
        page.says("Developers and owners of ada@meridian.example can see the API secret"),
        "{}",
        page.text()
    );
    assert!(page.texts("#key")[0].starts_with("ak_"));
    let csrf = page.attribute("input[name=csrf]", "value").expect("a value");
    for verb in ["reveal", "token", "regenerate"] {
        let request = client.request(Method::POST, &at(&app, &format!("/credentials/{verb}")));
        let request = request.header("accept", "application/json");
        let page = client
            .send(request.form(&[("csrf", csrf.as_str()), ("expires_in", "1h"), ("keep_old_for", "0")]))
            .await;
        assert_eq!(page.status, 404, "{verb}");
    }
    assert_eq!(flow.portal.world.database.audited("secret_revealed").await, 0);
}

async fn an_old_sign_in_asks_for_the_password_before_a_secret(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let world = &flow.portal.world;
    let sub = world.subscription(&flow.ada, &app).await;
    world.clock.advance(Span::minutes(59));
    reveal(&flow, &app).await;
    world.clock.advance(Span::minutes(1));
    let credentials = at(&app, "/credentials");
    let editor = at(&app, &format!("/subscriptions/{sub}"));
    let before = world.database.dump().await;
    for (page, action, fields) in [
        (&credentials, at(&app, "/credentials/reveal"), &[][..]),
        (&credentials, at(&app, "/credentials/token"), &[("expires_in", "1h")]),
        (&credentials, at(&app, "/credentials/regenerate"), &[("keep_old_for", "0")]),
        (&editor, format!("{editor}/reveal"), &[]),
        (&editor, format!("{editor}/rotate"), &[("keep_old_for", "0")]),
    ] {
        let door = flow.client.fill(page, &action, fields).await.location();
        let next: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
        assert_eq!(door, format!("/confirm?next={next}"), "{action}");
    }
    let door = flow.client.get(&at(&app, "/subscriptions/new")).await.location();
    assert!(door.starts_with("/confirm?next="), "{door}");
    let mut after = world.database.dump().await;
    after.insert(String::from("sessions"), before["sessions"].clone());
    assert_eq!(before, after, "nothing was made");

    let back = flow.client.fill(&door, "/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(back.location(), at(&app, "/subscriptions/new"));
    reveal(&flow, &app).await;
}

async fn the_old_secret_verifies_as_long_as_was_chosen(kind: Kind) {
    let mut flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    for (keep, lasts) in [("1h", Span::hours(1)), ("24h", Span::hours(24)), ("7d", Span::days(7))] {
        flow.client = flow.portal.signed_in(&flow.ada).await;
        let old = reveal(&flow, &app).await;
        let page = regenerate(&flow, &app, keep).await;
        let page = flow.client.follow(&page).await;
        assert!(page.says("There is a new API secret."), "{}", page.text());
        let hint = old.get(42..46).expect("four characters");
        assert_eq!(page.texts("#old ~ table tbody th"), [format!("as_…{hint}")]);
        let new = reveal(&flow, &app).await;
        assert_ne!(old, new);
        flow.portal.world.clock.advance(Span::seconds(lasts.as_seconds() - 1));
        assert_eq!((answer(&flow, &app, &old).await, answer(&flow, &app, &new).await), (200, 200), "{keep}");
        flow.portal.world.clock.advance(Span::seconds(1));
        assert_eq!((answer(&flow, &app, &old).await, answer(&flow, &app, &new).await), (401, 200), "{keep}");
        flow.client = flow.portal.signed_in(&flow.ada).await;
        assert!(!flow.client.visit(&at(&app, "/credentials")).await.has("#old"));
    }
    let page = regenerate(&flow, &app, "forever").await;
    assert_eq!(
        only_error(&page),
        (String::from("keep_old_for"), String::from("Choose how long the old secret goes on."))
    );
}

async fn keeping_nothing_stops_every_old_secret_at_once(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let mut secrets = vec![reveal(&flow, &app).await];
    for keep in ["7d", "7d", "0"] {
        assert_eq!(regenerate(&flow, &app, keep).await.status, 303);
        secrets.push(reveal(&flow, &app).await);
    }
    let mut answers = Vec::new();
    for secret in &secrets {
        answers.push(answer(&flow, &app, secret).await);
    }
    assert_eq!(answers, [401, 401, 401, 200]);
    assert!(!flow.client.visit(&at(&app, "/credentials")).await.has("#old"));
    assert_eq!(flow.portal.world.database.audited("secret_regenerated").await, 3);
}

async fn three_old_secrets_are_the_most_and_one_can_be_revoked(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let path = at(&app, "/credentials");
    let mut secrets = vec![reveal(&flow, &app).await];
    for _ in 0..3 {
        assert_eq!(regenerate(&flow, &app, "7d").await.status, 303);
        secrets.push(reveal(&flow, &app).await);
    }
    let page = flow.client.visit(&path).await;
    assert_eq!(page.texts("#old ~ table tbody th").len(), 3);
    assert!(page.says("Three old secrets still verify: revoke one first"), "{}", page.text());
    let full = regenerate(&flow, &app, "1h").await;
    assert_eq!(full.status, 422);
    assert_eq!(
        full.errors()["keep_old_for"],
        "Three old secrets still work. Revoke one before you make another."
    );
    assert_eq!(reveal(&flow, &app).await, secrets[3], "the current one stays");

    let hint = format!("as_…{}", &secrets[1][42..46]);
    let row = page.html();
    let rows = scraper::Selector::parse("#old ~ table tbody tr").expect("a selector");
    let form = scraper::Selector::parse("form").expect("a selector");
    let row = row.select(&rows).find(|row| row.text().collect::<String>().contains(&hint)).expect("its row");
    let revoke =
        row.select(&form).next().and_then(|form| form.value().attr("action")).expect("a button").to_owned();
    let done = flow.client.submit(&page.form(&revoke)).await;
    assert!(flow.client.follow(&done).await.says("The old secret is revoked."));
    let mut answers = Vec::new();
    for secret in &secrets {
        answers.push(answer(&flow, &app, secret).await);
    }
    assert_eq!(answers, [200, 401, 200, 200]);
    assert_eq!(flow.client.submit(&page.form(&revoke)).await.status, 404, "it is gone");
    // The current secret is no old one.
    let current = flow
        .portal
        .world
        .database
        .read()
        .await
        .api_secrets(app.account, flow.portal.world.ctx.now())
        .await
        .expect("secrets");
    let current =
        current.iter().find(|secret| secret.facts.retires_at.is_none()).expect("a current one").facts.id;
    let csrf = page.form(&revoke).value("csrf").expect("a value").to_owned();
    let request =
        flow.client.request(Method::POST, &at(&app, &format!("/credentials/secrets/{current}/revoke")));
    assert_eq!(flow.client.send(request.form(&[("csrf", csrf)])).await.status, 404);
    assert_eq!(answer(&flow, &app, &secrets[3]).await, 200);
    assert_eq!(regenerate(&flow, &app, "1h").await.status, 303, "there is room again");
}

async fn a_regeneration_sent_twice_makes_one_secret(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let action = at(&app, "/credentials/regenerate");
    let form = flow.client.visit(&at(&app, "/credentials")).await.form(&action).with("keep_old_for", "24h");
    for page in join_all((0..6).map(|_| flow.client.submit(&form))).await {
        assert_eq!(page.location(), at(&app, "/credentials"));
    }
    let again = flow.client.submit(&form).await;
    let page = flow.client.follow(&again).await;
    assert!(page.says("This form was sent twice."), "{}", page.text());
    assert_eq!(page.texts("#old ~ table tbody th").len(), 1);
    assert_eq!(flow.portal.world.database.audited("secret_regenerated").await, 1);
}

async fn all_jwt_apps_of_an_account_show_one_pair_and_no_other_account_does(kind: Kind) {
    let flow = Flow::new(kind).await;
    let (relay, ferry) = (flow.active_app("Relay").await, flow.active_app("Ferry").await);
    let page = flow.client.visit(&at(&relay, "/credentials")).await;
    assert!(page.says("2 JWT apps of ada@meridian.example share it"), "{}", page.text());
    assert!(page.says("Changes it for all 2 JWT apps of the account: "), "{}", page.text());
    assert_eq!(page.texts("#key"), flow.client.visit(&at(&ferry, "/credentials")).await.texts("#key"));
    let secret = reveal(&flow, &relay).await;
    assert_eq!(reveal(&flow, &ferry).await, secret);
    regenerate(&flow, &ferry, "0").await;
    assert_eq!((answer(&flow, &relay, &secret).await, answer(&flow, &ferry, &secret).await), (401, 401));
    assert_eq!(reveal(&flow, &relay).await, reveal(&flow, &ferry).await);

    let theirs = other(&flow).await;
    assert_ne!(theirs.client.visit(&at(&theirs.app, "/credentials")).await.texts("#key"), page.texts("#key"));
    assert_ne!(theirs.secret, reveal(&flow, &relay).await);
}

struct Other {
    client: crate::support::client::Client,
    app: App,
    secret: String,
}

/// Somebody else with an active app.
async fn other(flow: &Flow) -> Other {
    let world = &flow.portal.world;
    let bob: Person = world.user("bob@harbour.example").await;
    let app = world.jwt_app(&bob, "Theirs").await;
    let app = world.activate(&bob, &app).await;
    let acting = world.acting::<Developer>(&bob);
    let secret = portico::actions::credentials::reveal(&world.ctx, &acting, &app).await.expect("a secret");
    Other { client: flow.portal.signed_in(&bob).await, app, secret: secret.expose().to_owned() }
}

async fn a_key_with_the_secret_of_another_account_is_refused(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let theirs = other(&flow).await;
    assert_eq!(answer(&flow, &app, &theirs.secret).await, 401, "S34");
    let own = reveal(&flow, &app).await;
    assert_eq!(answer(&flow, &theirs.app, &own).await, 401);
    assert_eq!(answer(&flow, &theirs.app, &theirs.secret).await, 200);
}

async fn a_webhook_app_has_no_credentials(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.portal.world.webhook_app(&flow.ada, "Listener").await;
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    assert!(page.says("A Webhook Only app has no API credentials"), "{}", page.text());
    assert!(!page.has("#key") && !page.has("#secret") && !page.has("main form[method=post]"));
    let csrf = page.attribute("input[name=csrf]", "value").expect("a value");
    for verb in ["reveal", "token", "regenerate"] {
        let request = flow.client.request(Method::POST, &at(&app, &format!("/credentials/{verb}")));
        let page = flow
            .client
            .send(request.form(&[("csrf", csrf.as_str()), ("expires_in", "1h"), ("keep_old_for", "0")]))
            .await;
        assert_eq!(page.status, 404, "{verb}");
    }
}
