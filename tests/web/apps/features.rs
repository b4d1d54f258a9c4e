//! `/apps/{app}/features`: the toggle and the list

use portico::domain::app::AppType;

use super::{Flow, at};
use crate::support::databases::{Kind, on_both};

on_both!(
    events_are_off_until_they_are_switched_on,
    the_list_tells_what_each_subscription_lacks,
    an_oauth_app_is_told_whose_events_come_and_what_each_type_needs,
);

async fn events_are_off_until_they_are_switched_on(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let path = at(&app, "/features");
    let page = flow.client.visit(&path).await;
    assert_eq!(page.form(&path).value("enabled"), None);
    assert!(page.says("No event subscriptions yet"), "{}", page.text());
    flow.portal.world.subscription(&flow.ada, &app).await;

    let on = flow.press(&path, &path, &[("enabled", "1")]).await;
    assert!(on.says("Event subscriptions are on."), "{}", on.text());
    assert_eq!(on.form(&path).value("enabled"), Some("1"));
    flow.press(&path, &path, &[("enabled", "1")]).await;

    let form = on.form(&path).without("enabled");
    let off = flow.client.submit(&form).await;
    let off = flow.client.follow(&off).await;
    assert!(off.says("Event subscriptions are off. They are kept, and nothing is sent."), "{}", off.text());
    assert_eq!(off.form(&path).value("enabled"), None);
    assert!(off.says("1 of 10 subscriptions"), "they are kept: {}", off.text());
    // What changes nothing is not written down.
    assert_eq!(flow.portal.world.database.audited("events_toggled").await, 2);
}

async fn the_list_tells_what_each_subscription_lacks(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let path = at(&app, "/subscriptions");
    for fields in [
        [
            ("name", "Room calendars"),
            ("development_url", "https://dev.example.com/a"),
            ("production_url", ""),
        ],
        [("name", ""), ("development_url", ""), ("production_url", "https://hooks.example.com/b")],
    ] {
        let form = flow.client.visit(&format!("{path}/new")).await.form(&path);
        let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
        let page = flow
            .client
            .submit(&form.and("event_types", "user.created").and("event_types", "user.deleted"))
            .await;
        assert_eq!(page.status, 303, "{}", page.text());
    }
    let page = flow.client.visit(&at(&app, "/features")).await;
    let rows = page.texts("tbody tr");
    assert_eq!(rows.len(), 2);
    let calendars = rows.iter().find(|row| row.contains("Room calendars")).expect("its row");
    assert!(
        calendars.contains("dev.example.com/a")
            && calendars.contains("Development only")
            && calendars.contains("Missing"),
        "{calendars}"
    );
    let unnamed = rows.iter().find(|row| row.contains("Unnamed, made 24 Nov 2026")).expect("its row");
    assert!(
        unnamed.contains("hooks.example.com/b") && unnamed.contains('2') && unnamed.contains("Given"),
        "{unnamed}"
    );
}

async fn an_oauth_app_is_told_whose_events_come_and_what_each_type_needs(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.app(AppType::Oauth, "Calendar").await;
    let form = flow.client.visit(&at(&app, "/scopes")).await.form(&at(&app, "/scopes"));
    flow.client.submit(&form.and("scopes", "meeting:read")).await;
    let whose = "Events of an account come once an owner of it allows this app";
    let features = flow.client.visit(&at(&app, "/features")).await;
    assert!(features.says(whose) && features.has(&format!("main p a[href='{}']", at(&app, "/scopes"))));
    let editor = flow.client.visit(&at(&app, "/subscriptions/new")).await;
    assert!(editor.says(whose), "{}", editor.text());
    let told = |name: &str| {
        let rows = editor.texts(".events label");
        rows.into_iter().find(|row| row.starts_with(name)).unwrap_or_else(|| panic!("no {name}"))
    };
    assert!(told("meeting.started").ends_with("Needs meeting:read"), "{}", told("meeting.started"));
    let unasked = "Needs user:read, which this app does not ask for";
    assert!(told("user.created").ends_with(unasked), "{}", told("user.created"));
    assert!(!told("app.deauthorized").contains("OAuth"), "it comes without any scope");
    flow.portal.world.database.run("update event_types set scope = null where name = 'user.created'").await;
    let editor = flow.client.visit(&at(&app, "/subscriptions/new")).await;
    assert!(editor.says("Never sent to OAuth apps"), "{}", editor.text());
    // Whoever asks no users gets the events of their own account.
    for app_type in [AppType::Jwt, AppType::ServerToServer, AppType::Webhook] {
        let app = flow.app(app_type, app_type.label()).await;
        assert!(!flow.client.visit(&at(&app, "/features")).await.says("allows this app"), "{app_type:?}");
        let editor = flow.client.visit(&at(&app, "/subscriptions/new")).await;
        let rows = editor.texts(".events label");
        assert!(!rows.iter().any(|row| row.contains("Needs") || row.contains("Never sent")), "{rows:?}");
        assert!(!rows.iter().any(|row| row.starts_with("app.deauthorized")), "{rows:?}");
    }
}
