//! `/apps/{app}/features`: the toggle and the list

use super::{Flow, at};
use crate::support::databases::{Kind, on_both};

on_both!(events_are_off_until_they_are_switched_on, the_list_tells_what_each_subscription_lacks);

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
