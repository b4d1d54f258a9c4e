//! `/admin/platform-keys`, `/admin/platform-keys/{key}/revoke`

use portico::{
    actions::{calls::flush, platform_keys::authenticate},
    domain::{
        credential::PlatformKey,
        time::{Clock, Span},
    },
};

use super::Console;
use crate::{
    apps::only_error,
    support::{
        client::Page,
        databases::{Kind, on_both},
        world::{PASSWORD, parsed},
    },
};

on_both!(
    a_key_is_shown_once_and_works,
    a_key_needs_a_name,
    making_a_key_asks_for_the_password_after_an_hour,
    a_form_sent_twice_makes_one_key_and_shows_it_once,
    a_revoked_key_is_refused_at_the_next_request,
    the_list_says_who_made_a_key_and_when_it_was_used,
);

const PAGE: &str = "/admin/platform-keys";

async fn make(console: &Console, name: &str) -> (Page, PlatformKey) {
    let page = console.client.fill(PAGE, PAGE, &[("name", name)]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let key = parsed(&page.texts("#platform-key").join(""));
    (page, key)
}

async fn a_key_is_shown_once_and_works(kind: Kind) {
    let console = Console::new(kind).await;
    let empty = console.client.visit(PAGE).await;
    assert!(empty.says("None yet.") && !empty.has("#platform-key"), "{}", empty.text());
    let (page, key) = make(&console, "  Event   publisher ").await;
    assert_eq!((page.header("cache-control"), page.header("content-encoding")), ("no-store", "identity"));
    assert!(page.has("[data-copy=platform-key]"));
    assert!(page.says("Event publisher") && page.says("1 key works"), "{}", page.text());
    authenticate(&console.portal.world.ctx, &key).await.expect("it works");

    let again = console.client.visit(PAGE).await;
    assert!(!again.body.contains(key.expose()), "it is shown once");
    assert!(again.says(&format!("pk_…{}", key.hint())), "{}", again.text());
    let database = &console.portal.world.database;
    assert_eq!(database.audited("platform_key_made").await, 1);
    let detail = database.texts("select detail from audit_log where action = 'platform_key_made'").await;
    assert!(detail[0].contains("Event publisher") && !detail[0].contains(key.expose()), "{detail:?}");
}

async fn a_key_needs_a_name(kind: Kind) {
    let console = Console::new(kind).await;
    for (name, sentence) in [
        ("", "Enter the name.".to_owned()),
        (&"x".repeat(101), String::from("The name must be at most 100 characters; it has 101.")),
    ] {
        let refused = console.client.fill(PAGE, PAGE, &[("name", name)]).await;
        assert_eq!(only_error(&refused), ("name".to_owned(), sentence));
        assert_eq!(refused.attribute("#name", "value").unwrap_or_default(), name);
    }
    assert_eq!(console.portal.world.database.audited("platform_key_made").await, 0);
    make(&console, &"x".repeat(100)).await;
}

async fn making_a_key_asks_for_the_password_after_an_hour(kind: Kind) {
    let console = Console::new(kind).await;
    console.portal.world.clock.advance(Span::minutes(59));
    make(&console, "Publisher").await;
    console.portal.world.clock.advance(Span::minutes(1));
    let door = console.client.fill(PAGE, PAGE, &[("name", "Second")]).await.location();
    assert_eq!(door, "/confirm?next=%2Fadmin%2Fplatform-keys");
    assert_eq!(console.portal.world.database.audited("platform_key_made").await, 1);
    let back = console.client.fill(&door, "/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(back.location(), PAGE);
    make(&console, "Second").await;
}

async fn a_form_sent_twice_makes_one_key_and_shows_it_once(kind: Kind) {
    let console = Console::new(kind).await;
    let form = console.client.visit(PAGE).await.form(PAGE).with("name", "Publisher");
    assert_eq!(console.client.submit(&form).await.status, 200);
    let again = console.client.submit(&form).await;
    assert_eq!((again.status.as_u16(), again.location().as_str()), (303, PAGE));
    let page = console.client.follow(&again).await;
    assert!(page.says("This form was sent twice.") && page.says("1 key works"), "{}", page.text());
    assert!(!page.has("#platform-key"));
}

async fn a_revoked_key_is_refused_at_the_next_request(kind: Kind) {
    let console = Console::new(kind).await;
    let (id, key) = console.portal.world.platform_key("Publisher").await;
    let action = format!("{PAGE}/{id}/revoke");
    let late = console.client.visit(PAGE).await.form(&action);
    let page = console.press(PAGE, &action, &[]).await;
    assert!(page.says("The key is revoked.") && page.says("0 keys work, 1 revoked"), "{}", page.text());
    assert!(authenticate(&console.portal.world.ctx, &key).await.is_err());
    assert!(!page.has("form[action$='/revoke']"));
    let told = console.client.submit(&late).await;
    assert_eq!(told.status, 409);
    assert!(told.says("somebody else was quicker"), "{}", told.text());
    let database = &console.portal.world.database;
    assert_eq!(database.audited("platform_key_revoked").await, 1);
    let csrf = late.value("csrf").expect("a value");
    for unknown in ["key_00000000000000000000000000", "key_x", &console.ada.account.to_string()] {
        let path = format!("{PAGE}/{unknown}/revoke");
        let request = console.client.request(reqwest::Method::POST, &path).form(&[("csrf", csrf)]);
        assert_eq!(console.client.send(request).await.status, 404, "{unknown}");
    }
}

async fn the_list_says_who_made_a_key_and_when_it_was_used(kind: Kind) {
    let console = Console::new(kind).await;
    console.portal.world.platform_key("By command").await;
    let (page, key) = make(&console, "By page").await;
    let rows = page.texts("tbody tr");
    let row = |name: &str| rows.iter().find(|row| row.contains(name)).cloned().unwrap_or_default();
    assert!(row("By command").contains("by the operator"), "{rows:?}");
    assert!(row("By page").contains("by root@platform.example"), "{rows:?}");
    assert!(rows.iter().all(|row| row.contains("Never")), "{rows:?}");
    console.portal.world.clock.advance(Span::minutes(10));
    authenticate(&console.portal.world.ctx, &key).await.expect("it works");
    flush(&console.portal.world.ctx).await.expect("written");
    let page = console.client.visit(PAGE).await;
    let used = page.attribute("td[data-label='Last used'] time", "datetime");
    assert_eq!(used, Some(console.portal.world.clock.now().iso()));
}
