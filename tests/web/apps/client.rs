//! `/apps/{app}/credentials` of an app that uses OAuth: its client, its secret, `POST …/credentials`

use portico::domain::{
    account::Role,
    app::{App, AppType},
    credential::ClientSecret,
    time::Span,
};
use reqwest::Method;

use super::{Flow, at, only_error, refusal};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
    world::PASSWORD,
};

on_both!(
    a_first_secret_is_made_once_and_shown_once,
    a_secret_is_replaced_with_an_overlap_and_the_old_one_can_be_revoked,
    three_old_client_secrets_are_the_most,
    redirect_uris_are_named_by_their_lines_and_kept_as_typed,
    a_public_client_has_no_secret_and_its_page_says_what_that_stops,
    keys_may_stand_for_a_secret_and_private_ones_are_refused,
    a_server_to_server_app_sends_nobody_anywhere,
    developers_make_secrets_and_viewers_see_none,
    an_old_sign_in_asks_for_the_password_before_a_client_secret,
    nobody_of_another_account_finds_a_client,
    credentials_say_how_to_get_a_token_and_how_long_it_lasts,
    an_app_is_shown_with_its_client_id_and_found_by_it,
);

const CALLBACK: &str = "https://calendar.example/callback";

/// The secret that the page shows, if it shows one.
fn shown(page: &Page) -> Option<ClientSecret> {
    page.texts("code#client-secret").first().and_then(|text| text.parse().ok())
}

async fn make(flow: &Flow, app: &App, keep: &str) -> Page {
    let action = at(app, "/credentials/regenerate");
    flow.client.fill(&at(app, "/credentials"), &action, &[("keep_old_for", keep)]).await
}

async fn save(flow: &Flow, app: &App, fields: &[(&str, &str)]) -> Page {
    flow.client.fill(&at(app, "/credentials"), &at(app, "/credentials"), fields).await
}

async fn a_first_secret_is_made_once_and_shown_once(kind: Kind) {
    let flow = Flow::new(kind).await;
    for app in [flow.app(AppType::Oauth, "Calendar").await, flow.app(AppType::ServerToServer, "Robot").await]
    {
        let page = flow.client.visit(&at(&app, "/credentials")).await;
        assert!(page.texts("#client-id")[0].starts_with("cid_") && shown(&page).is_none());
        assert!(page.says("None yet.") && !page.says("Regenerate the client secret"), "{}", page.text());
        let form = page.form(&at(&app, "/credentials/regenerate"));
        let made = flow.client.submit(&form).await;
        assert_eq!((made.status.as_u16(), made.header("cache-control")), (200, "no-store"));
        let secret = shown(&made).expect("it is shown");
        assert!(made.says("Copy the client secret now: it is shown this once."), "{}", made.text());
        let page = flow.client.visit(&at(&app, "/credentials")).await;
        assert!(!page.body.contains(secret.expose()) && page.body.contains(&secret.hint()));
        assert!(page.says("Made 24 Nov 2026, 07:20 UTC by ada@meridian.example."), "{}", page.text());
        // Sent twice it made one, and says so.
        let again = flow.client.submit(&form).await;
        let told = flow.client.follow(&again).await;
        assert!(told.says("This form was sent twice.") && shown(&told).is_none(), "{}", told.text());
    }
    let database = &flow.portal.world.database;
    assert_eq!(database.audited("client_secret_made").await, 2);
    let details = database.texts("select detail from audit_log").await.join(" ");
    assert!(!details.contains("cs_"), "{details}");
}

async fn a_secret_is_replaced_with_an_overlap_and_the_old_one_can_be_revoked(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::ServerToServer, "Robot").await;
    let first = shown(&make(&flow, &app, "0").await).expect("a secret");
    flow.portal.world.clock.advance(Span::minutes(1));
    let page = make(&flow, &app, "24h").await;
    assert!(shown(&page).is_some_and(|second| second.expose() != first.expose()));
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    assert!(page.says("Old secrets that still work") && page.body.contains(&first.hint()), "{}", page.text());
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a button");
    let revoked = flow.press(&at(&app, "/credentials"), &revoke, &[]).await;
    assert!(revoked.says("The old secret is revoked."), "{}", revoked.text());
    assert!(!revoked.says("Old secrets that still work"));
    assert_eq!(flow.portal.world.database.audited("client_secret_revoked").await, 1);
}

async fn three_old_client_secrets_are_the_most(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    make(&flow, &app, "0").await;
    for _ in 0..3 {
        flow.portal.world.clock.advance(Span::minutes(1));
        assert_eq!(make(&flow, &app, "7d").await.status, 200);
    }
    let refused = make(&flow, &app, "7d").await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.errors()["keep_old_for"],
        "Three old secrets still work. Revoke one before you make another."
    );
    let forever = make(&flow, &app, "forever").await;
    let sentence = "Choose how long the old secret goes on.";
    assert_eq!(only_error(&forever), ("keep_old_for".to_owned(), sentence.to_owned()));
    assert_eq!(make(&flow, &app, "0").await.status, 200, "it stops them all");
    assert!(!flow.client.visit(&at(&app, "/credentials")).await.says("Old secrets"));
}

async fn redirect_uris_are_named_by_their_lines_and_kept_as_typed(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    let typed =
        "https://a.example/cb\r\nhttps://b.example/#here\r\n\r\nhttp://c.example/\r\nhttps://*.d.example/";
    let refused = save(&flow, &app, &[("redirect_uris", typed)]).await;
    assert_eq!(refused.status, 422);
    let said = refusal(&refused);
    let expected = [
        "The redirect URI on line 2 must not contain a fragment",
        "The redirect URI on line 4 must begin with https://",
        "The redirect URI on line 5 must not contain a wildcard",
    ];
    assert_eq!(said.len(), expected.len(), "{said:?}");
    for ((field, sentence), words) in said.iter().zip(expected) {
        assert!(field == "redirect_uris" && sentence.starts_with(words), "{sentence}");
    }
    let kept = refused.form(&at(&app, "/credentials")).value("redirect_uris").unwrap_or_default().to_owned();
    assert_eq!(kept.replace('\r', ""), typed.replace('\r', ""));
    let empty = save(&flow, &app, &[("redirect_uris", " ")]).await;
    assert!(only_error(&empty).1.starts_with("Enter at least one redirect URI"));

    let two = format!(" {CALLBACK} \nhttp://127.0.0.1:3000/cb");
    let saved = save(&flow, &app, &[("redirect_uris", &two), ("then", "continue")]).await;
    assert!(saved.location().ends_with("/scopes"), "{}", saved.location());
    assert!(flow.client.follow(&saved).await.says("Credentials saved."));
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    let shown = page.form(&at(&app, "/credentials")).value("redirect_uris").unwrap_or_default().to_owned();
    assert_eq!(shown, format!("{CALLBACK}\nhttp://127.0.0.1:3000/cb"));
    // Saved as it is: nothing to write down.
    assert_eq!(save(&flow, &app, &[]).await.status, 303);
    assert_eq!(flow.portal.world.database.audited("client_changed").await, 1);
}

async fn a_public_client_has_no_secret_and_its_page_says_what_that_stops(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    make(&flow, &app, "0").await;
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    let form = page.form(&at(&app, "/credentials/regenerate"));
    assert!(page.says("Switched on, its client secret stops working at once"), "{}", page.text());
    let saved = save(&flow, &app, &[("redirect_uris", CALLBACK), ("public", "1")]).await;
    let page = flow.client.follow(&saved).await;
    assert!(page.says("a public client keeps no secret") && page.has("#public[checked]"), "{}", page.text());
    assert!(!page.has("form[action$='/regenerate']"));
    assert!(page.says("-d client_id=cid_"), "it needs no secret for a token: {}", page.text());
    assert_eq!(flow.client.submit(&form).await.status, 409);
    // And back: without the field it is off.
    let form = flow.client.visit(&at(&app, "/credentials")).await.form(&at(&app, "/credentials"));
    let page = flow.client.follow(&flow.client.submit(&form.without("public")).await).await;
    assert!(page.has("form[action$='/regenerate']") && !page.has("#public[checked]"));
    assert_eq!(
        flow.portal.world.database.count("client_secrets", "true").await,
        0,
        "none comes back to life"
    );
}

const PUBLIC_KEY: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"one","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

async fn keys_may_stand_for_a_secret_and_private_ones_are_refused(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::ServerToServer, "Robot").await;
    let private =
        PUBLIC_KEY.replace("\"kid\"", "\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\",\"kid\"");
    for (typed, words) in [
        (private.as_str(), "The JWK set must hold public keys alone; key 1 is private."),
        ("{}", "The JWK set must be"),
        ("keys", "The JWK set must be"),
    ] {
        let refused = save(&flow, &app, &[("jwks", typed)]).await;
        let (field, sentence) = only_error(&refused);
        assert!(field == "jwks" && sentence.starts_with(words), "{sentence}");
    }
    let saved = save(&flow, &app, &[("jwks", PUBLIC_KEY)]).await;
    let page = flow.client.follow(&saved).await;
    let kept = page.form(&at(&app, "/credentials")).value("jwks").unwrap_or_default().to_owned();
    assert!(kept.contains("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), "{kept}");
    let activation = flow.client.visit(&at(&app, "/activation")).await;
    assert!(!activation.says("A client secret"), "{}", activation.text());
    // Emptied, it is gone.
    save(&flow, &app, &[("jwks", " ")]).await;
    assert!(flow.client.visit(&at(&app, "/activation")).await.says("A client secret, or a JWK set"));
}

async fn a_server_to_server_app_sends_nobody_anywhere(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::ServerToServer, "Robot").await;
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    assert!(!page.has("#redirect_uris") && !page.has("#public"), "{}", page.text());
    for field in [("redirect_uris", CALLBACK), ("public", "1")] {
        let refused = save(&flow, &app, &[field]).await;
        assert_eq!(refused.status, 422, "{field:?}: {}", refused.text());
    }
    assert_eq!(flow.portal.world.database.audited("client_changed").await, 0);
    for app in [flow.jwt_app("Relay").await, flow.portal.world.webhook_app(&flow.ada, "Siren").await] {
        let csrf = page.attribute("input[name=csrf]", "value").expect("a value");
        for path in ["/credentials", "/scopes"] {
            let request = flow.client.request(Method::POST, &at(&app, path)).form(&[("csrf", &csrf)]);
            assert_eq!(flow.client.send(request).await.status, 404, "a type without a client: {path}");
        }
        assert_eq!(flow.client.get(&at(&app, "/scopes")).await.status, 404);
    }
}

async fn developers_make_secrets_and_viewers_see_none(kind: Kind) {
    let mut flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    let secret = shown(&make(&flow, &app, "0").await).expect("a secret");
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    let colleague = flow.portal.world.colleague("dev@meridian.example", &flow.ada).await;
    flow.client = flow.portal.signed_in(&colleague).await;
    let second = shown(&make(&flow, &app, "24h").await).expect("a developer may");
    let viewer = flow.portal.world.with_role(colleague, Role::Viewer).await;
    flow.client = flow.portal.signed_in(&viewer).await;
    let seen = flow.client.visit(&at(&app, "/credentials")).await;
    assert!(!seen.has("main form[method=post]"), "{}", seen.text());
    assert!(seen.texts("#client-id")[0].starts_with("cid_"));
    assert!(!seen.body.contains(secret.expose()) && !seen.body.contains(second.expose()));
    let csrf = seen.attribute("input[name=csrf]", "value").expect("a value");
    for action in ["/credentials", "/credentials/regenerate", "/scopes"] {
        let request = flow.client.request(Method::POST, &at(&app, action));
        // Whose it is comes before what it says.
        for csrf in [csrf.as_str(), ""] {
            let form = [("csrf", csrf), ("keep_old_for", "0"), ("redirect_uris", CALLBACK)];
            let request = request.try_clone().expect("a request").form(&form);
            assert_eq!(flow.client.send(request).await.status, 404, "{action}");
        }
    }
    assert!(page.has("form[action$='/regenerate']"));
    assert_eq!(flow.portal.world.database.audited("client_secret_made").await, 2);
}

async fn an_old_sign_in_asks_for_the_password_before_a_client_secret(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    flow.portal.world.clock.advance(Span::minutes(61));
    let asked = make(&flow, &app, "0").await;
    assert!(asked.location().starts_with("/confirm?next="), "{}", asked.location());
    assert_eq!(flow.portal.world.database.audited("client_secret_made").await, 0);
    let page = flow.client.follow(&asked).await;
    let form = page.form("/confirm").with("password", PASSWORD);
    let confirmed = flow.client.submit(&form).await;
    assert!(confirmed.location().ends_with("/credentials"), "{}", confirmed.location());
    assert_eq!(make(&flow, &app, "0").await.status, 200);
    // What is no secret needs none.
    flow.portal.world.clock.advance(Span::minutes(61));
    assert_eq!(save(&flow, &app, &[("redirect_uris", CALLBACK)]).await.status, 303);
}

async fn nobody_of_another_account_finds_a_client(kind: Kind) {
    let mut flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    make(&flow, &app, "0").await;
    flow.portal.world.clock.advance(Span::minutes(1));
    make(&flow, &app, "24h").await;
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    let revoke = page.attribute("form[action$='/revoke']", "action").expect("a button");
    let bob = flow.portal.world.user("bob@other.example").await;
    let own = flow.portal.world.app(&bob, AppType::Oauth, "Other").await;
    flow.client = flow.portal.signed_in(&bob).await;
    let csrf = flow.client.visit("/apps").await.attribute("input[name=csrf]", "value").expect("a value");
    let under_own = revoke.replace(&app.id.to_string(), &own.id.to_string());
    let paths = [at(&app, "/credentials"), at(&app, "/credentials/regenerate"), at(&app, "/scopes"), revoke];
    for path in paths.iter().chain([&under_own]) {
        let form = [("csrf", csrf.as_str()), ("keep_old_for", "0")];
        let request = flow.client.request(Method::POST, path).form(&form);
        assert_eq!(flow.client.send(request).await.status, 404, "{path}");
    }
    assert_eq!(flow.client.get(&at(&app, "/credentials")).await.status, 404);
    assert_eq!(flow.client.get(&at(&app, "/scopes")).await.status, 404);
    assert_eq!(flow.portal.world.database.audited("client_secret_revoked").await, 0);
}

async fn credentials_say_how_to_get_a_token_and_how_long_it_lasts(kind: Kind) {
    let flow = Flow::new(kind).await;
    let robot = flow.app(AppType::ServerToServer, "Robot").await;
    let page = flow.client.visit(&at(&robot, "/credentials")).await;
    let id = page.texts("#client-id").join("");
    let url = &flow.portal.world.ctx.policy.public_url;
    let curl = page.texts("#curl").join(" ");
    assert!(curl.contains(&format!("{url}/oauth/token")) && curl.contains(&format!("-u \"{id}:$")), "{curl}");
    assert!(page.says("An access token lasts an hour, and a new one does not end an older one."));
    assert!(
        page.says("they end at once when an old secret is revoked or let stop at once"),
        "{}",
        page.text()
    );
    let docs = flow.client.visit("/docs/server-to-server").await;
    assert!(docs.body.contains(&id), "the reader's own client id");
    assert!(flow.portal.client().visit("/docs/server-to-server").await.says("cid_YOUR_CLIENT_ID"));
    let calendar = flow.app(AppType::Oauth, "Calendar").await;
    save(&flow, &calendar, &[("redirect_uris", &format!("{CALLBACK}?from=portal&lang=en"))]).await;
    let page = flow.client.visit(&at(&calendar, "/credentials")).await;
    let address = page.texts("#authorize-url").join(" ");
    let encoded = "redirect_uri=https%3A%2F%2Fcalendar.example%2Fcallback%3Ffrom%3Dportal%26lang%3Den";
    assert!(address.contains("code_challenge_method=S256") && address.contains(encoded), "{address}");
}

async fn an_app_is_shown_with_its_client_id_and_found_by_it(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    flow.jwt_app("Relay").await;
    let id = flow.client.visit(&at(&app, "/credentials")).await.texts("#client-id").join("");
    assert!(flow.client.visit(&at(&app, "")).await.body.contains(&id));
    let root = flow.portal.world.admin("root@platform.example").await;
    let admin = flow.portal.signed_in(&root).await;
    assert!(admin.visit(&format!("/admin/apps/{}", app.id)).await.body.contains(&id));
    let other = id.chars().rev().collect::<String>();
    for (client, list) in [(&flow.client, "/apps"), (&admin, "/admin/apps")] {
        assert_eq!(client.visit(&format!("{list}?q={id}")).await.texts("tbody tr").len(), 1, "{list}");
        assert_eq!(client.visit(&format!("{list}?q={other}")).await.texts("tbody tr").len(), 0, "{list}");
    }
    let bob = flow.portal.world.user("bob@other.example").await;
    let stranger = flow.portal.signed_in(&bob).await;
    flow.portal.world.jwt_app(&bob, "Theirs").await;
    assert_eq!(stranger.visit(&format!("/apps?q={id}")).await.texts("tbody tr").len(), 0);
}
