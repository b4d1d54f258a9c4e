//! `POST /apps/{app}/delete`

use portico::domain::time::Span;

use super::{Flow, at, only_error};
use crate::support::databases::{Kind, on_both};

on_both!(
    deleting_needs_the_name_typed,
    an_app_goes_with_all_that_is_its_own_and_the_log_stays,
    the_name_of_an_app_that_was_active_is_kept_for_thirty_days,
    a_token_of_a_deleted_app_is_refused,
);

async fn deleting_needs_the_name_typed(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Straße & Co").await;
    for wrong in ["", "Straße", "Straße & Co.", "app"] {
        let page = flow.client.fill(&at(&app, ""), &at(&app, "/delete"), &[("name", wrong)]).await;
        let sentence = "Type the app's name, “Straße & Co”, to delete it.";
        assert_eq!(only_error(&page), (String::from("name"), sentence.to_owned()), "{wrong:?}");
        assert_eq!(page.form(&at(&app, "/delete")).value("name"), Some(wrong));
    }
    let page = flow.press(&at(&app, ""), &at(&app, "/delete"), &[("name", " STRASSE &  co ")]).await;
    assert!(page.says("The app is deleted.") && page.says("No apps yet"), "{}", page.text());
}

async fn an_app_goes_with_all_that_is_its_own_and_the_log_stays(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    flow.portal.world.subscription(&flow.ada, &app).await;
    let form = flow.client.visit(&at(&app, "")).await.form(&at(&app, "/delete")).with("name", "Relay");
    assert_eq!(flow.client.submit(&form).await.location(), "/apps");
    assert_eq!(flow.client.submit(&form).await.status, 404, "it is gone");
    assert_eq!(flow.client.get(&at(&app, "")).await.status, 404);
    let dump = flow.portal.world.database.dump().await;
    for table in ["apps", "subscriptions", "subscription_event_types", "signing_secrets"] {
        assert!(dump[table].is_empty(), "{table}: {:?}", dump[table]);
    }
    let database = &flow.portal.world.database;
    for action in ["app_created", "app_activated", "subscription_created", "app_deleted"] {
        assert_eq!(database.audited(action).await, 1, "{action}");
    }
}

async fn the_name_of_an_app_that_was_active_is_kept_for_thirty_days(kind: Kind) {
    let mut flow = Flow::new(kind).await;
    let (draft, active) = (flow.jwt_app("Draft").await, flow.active_app("Active").await);
    for (app, name) in [(&draft, "Draft"), (&active, "Active")] {
        flow.client.fill(&at(app, ""), &at(app, "/delete"), &[("name", name)]).await;
    }
    let create = async |flow: &Flow, name: &str| {
        flow.client.fill("/apps/new", "/apps", &[("app_type", "jwt"), ("name", name)]).await
    };
    assert_eq!(create(&flow, "draft").await.status, 303, "a draft was known to nobody");
    let page = create(&flow, "ACTIVE").await;
    let sentence = "An app called “ACTIVE” already exists on Meridian. Choose another name.";
    assert_eq!(only_error(&page), (String::from("name"), sentence.to_owned()));
    flow.portal.world.clock.advance(Span::seconds(30 * 86_400 - 1));
    flow.client = flow.portal.signed_in(&flow.ada).await;
    assert_eq!(create(&flow, "Active").await.status, 422);
    flow.portal.world.clock.advance(Span::seconds(1));
    assert_eq!(create(&flow, "Active").await.status, 303);
}

async fn a_token_of_a_deleted_app_is_refused(kind: Kind) {
    let flow = Flow::new(kind).await;
    let (app, other) = (flow.active_app("Relay").await, flow.active_app("Other").await);
    let page = flow
        .client
        .fill(&at(&app, "/credentials"), &at(&app, "/credentials/token"), &[("expires_in", "1d")])
        .await;
    let token = page.texts("#token").join("");
    let me = async || {
        let request = flow.portal.client().request(reqwest::Method::GET, "/api/v1/me").bearer_auth(&token);
        flow.client.send(request).await
    };
    assert_eq!(me().await.status, 200);
    flow.client.fill(&at(&app, ""), &at(&app, "/delete"), &[("name", "Relay")]).await;
    let answer = me().await;
    assert_eq!((answer.status.as_u16(), answer.header("x-portico-error")), (401, "invalid_token"));
    assert_eq!(other.information.name.as_str(), "Other");
}
