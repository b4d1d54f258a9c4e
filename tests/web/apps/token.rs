//! *View JWT Token* on `/apps/{app}/credentials`

use portico::domain::{app::App, time::Span};
use reqwest::Method;

use super::{Flow, at, only_error};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
};

on_both!(
    a_token_lets_its_app_in_and_the_page_explains_it,
    each_expiration_time_is_what_it_says,
    a_moment_of_ones_own_is_read_in_its_zone,
    a_moment_that_cannot_be_is_refused_and_kept,
    a_token_of_a_draft_is_shown_and_refused,
);

async fn ask(flow: &Flow, app: &App, fields: &[(&str, &str)]) -> Page {
    flow.client.fill(&at(app, "/credentials"), &at(app, "/credentials/token"), fields).await
}

async fn me(flow: &Flow, token: &str) -> Page {
    flow.client.send(flow.portal.client().request(Method::GET, "/api/v1/me").bearer_auth(token)).await
}

/// The end that a page shows of its token, in seconds, and that the API agrees with.
async fn end(flow: &Flow, page: &Page) -> i64 {
    assert_eq!(page.status, 200, "{}", page.text());
    let shown = page.texts(".claims div:last-of-type dd code").join("");
    let answer: serde_json::Value =
        serde_json::from_str(&me(flow, &page.texts("#token").join("")).await.body).expect("JSON");
    let told = answer["token"]["expires_at"].as_str().expect("a moment").to_owned();
    let seconds: i64 = shown.parse().unwrap_or_else(|_| panic!("{shown:?} on {}", page.text()));
    assert_eq!(told, portico::domain::time::Timestamp::from_seconds(seconds).iso());
    seconds
}

async fn a_token_lets_its_app_in_and_the_page_explains_it(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let page = ask(&flow, &app, &[("expires_in", "1h")]).await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"));
    let token = page.texts("#token").join("");
    assert_eq!(token.split('.').count(), 3, "{token}");
    let answer = me(&flow, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(answer["app"], serde_json::json!({"id": app.id.to_string(), "name": "Relay", "type": "jwt"}));

    let key = page.texts("#key").join("");
    let claims = page.texts(".claims dd code");
    assert_eq!(claims, ["HS256", &key, &app.id.to_string(), "1795504800", "1795508400"]);
    assert!(page.says("Expires 24 Nov 2026, 08:20 UTC"), "{}", page.text());
    assert_eq!(page.attribute(".code time", "datetime").as_deref(), Some("2026-11-24T08:20:00Z"));
    let curl = format!("curl {}/api/v1/me \\ -H 'Authorization: Bearer {token}'", flow.portal.site.url);
    assert_eq!(page.texts("pre#curl"), [curl], "the whole command stands there");
    assert!(!page.says("only an active app may call"), "{}", page.text());
    // Made twice, it is two tokens; nothing keeps either, and each is written down by its end.
    ask(&flow, &app, &[("expires_in", "1h")]).await;
    let database = &flow.portal.world.database;
    let details = database.texts("select detail from audit_log where action = 'token_made'").await;
    assert_eq!(details, [r#"{"expires_at":"2026-11-24T08:20:00Z"}"#; 2]);
    let signature = token.rsplit('.').next().unwrap_or_default().to_owned();
    assert!(!format!("{:?}", database.dump().await).contains(&signature));
    assert!(!flow.client.visit(&at(&app, "/credentials")).await.has("#token"));
}

async fn each_expiration_time_is_what_it_says(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let now = flow.portal.world.ctx.now().seconds();
    for (choice, seconds) in [("1h", 3_600), ("1d", 86_400), ("1w", 604_800)] {
        let page = ask(&flow, &app, &[("expires_in", choice)]).await;
        assert_eq!(end(&flow, &page).await, now + seconds, "{choice}");
        assert_eq!(page.form(&at(&app, "/credentials/token")).value("expires_in"), Some(choice));
    }
    for wrong in ["", "2h", "0", "<b>"] {
        let page = ask(&flow, &app, &[("expires_in", wrong)]).await;
        assert_eq!(
            only_error(&page),
            (String::from("expires_in"), String::from("Choose an expiration time."))
        );
    }
}

async fn a_moment_of_ones_own_is_read_in_its_zone(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let custom = |at: &'static str, zone: &'static str| {
        [("expires_in", "custom"), ("expires_at", at), ("expires_zone", zone)]
    };
    // Without script the zone is UTC, as the label says.
    let page = flow.client.visit(&at(&app, "/credentials")).await;
    assert_eq!(page.form(&at(&app, "/credentials/token")).value("expires_zone"), Some("UTC"));
    for (when, zone, seconds) in [
        ("2026-11-24T07:21", "UTC", 1_795_504_860),
        ("2026-11-24T12:00", "UTC", 1_795_521_600),
        ("2026-11-24T13:00", "Europe/Berlin", 1_795_521_600),
        ("2026-11-24T21:00", "Asia/Tokyo", 1_795_521_600),
        ("2026-11-24T12:00", "", 1_795_521_600),
        // 28 March 2027, 02:30 does not happen in Berlin: clocks go from 2 to 3.
        ("2027-03-28T02:30", "Europe/Berlin", 1_806_197_400),
        ("2027-11-24T07:20", "UTC", 1_827_040_800),
    ] {
        let page = ask(&flow, &app, &custom(when, zone)).await;
        assert_eq!(end(&flow, &page).await, seconds, "{when} {zone}");
        assert_eq!(page.form(&at(&app, "/credentials/token")).value("expires_at"), Some(when));
    }
    flow.portal.world.clock.advance(Span::minutes(1));
    assert_eq!(ask(&flow, &app, &custom("2026-11-24T07:21", "UTC")).await.status, 422, "now is past");
}

async fn a_moment_that_cannot_be_is_refused_and_kept(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let past = "This time is in the past; choose one that is yet to come.";
    let far = "A token may last at most one year (365 days); choose an earlier time.";
    let form = "Enter a date and time such as 2026-11-24T07:20.";
    let zone = "This time zone is not known; enter the time in UTC.";
    for (when, zone_name, sentence) in [
        ("", "UTC", "Enter when the token should expire."),
        ("2026-11-24T07:20", "UTC", past),
        ("2026-11-24T08:20", "Europe/Berlin", past),
        ("1999-12-31T23:59", "UTC", past),
        ("2027-11-24T07:21", "UTC", far),
        ("9999-12-31T23:59", "UTC", far),
        ("tomorrow", "UTC", form),
        ("2026-13-01T00:00", "UTC", form),
        ("2026-11-24 07:30", "UTC", form),
        ("2026-12-24T07:20", "Mars/Phobos", zone),
        ("2026-12-24T07:20", "../../etc/passwd", zone),
    ] {
        let fields = [("expires_in", "custom"), ("expires_at", when), ("expires_zone", zone_name)];
        let page = ask(&flow, &app, &fields).await;
        assert_eq!(
            only_error(&page),
            (String::from("expires_at"), sentence.to_owned()),
            "{when} {zone_name}"
        );
        let kept = page.form(&at(&app, "/credentials/token"));
        assert_eq!((kept.value("expires_in"), kept.value("expires_at")), (Some("custom"), Some(when)));
        assert!(!page.has("#token"));
    }
    assert_eq!(flow.portal.world.database.audited("token_made").await, 0);
}

async fn a_token_of_a_draft_is_shown_and_refused(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let page = ask(&flow, &app, &[("expires_in", "1h")]).await;
    assert!(page.says("only an active app may call"), "{}", page.text());
    let answer = me(&flow, &page.texts("#token").join("")).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-portico-error")), (403, "app_draft"));
    // It is let in once the app is active, and refused at once when it is stopped.
    flow.portal.world.activate(&flow.ada, &app).await;
    let token = page.texts("#token").join("");
    assert_eq!(me(&flow, &token).await.status, 200);
    flow.client.fill(&at(&app, ""), &at(&app, "/deactivate"), &[]).await;
    let answer = me(&flow, &token).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-portico-error")), (403, "app_deactivated"));
    flow.client.fill(&at(&app, ""), &at(&app, "/reactivate"), &[]).await;
    assert_eq!(me(&flow, &token).await.status, 200);
}
