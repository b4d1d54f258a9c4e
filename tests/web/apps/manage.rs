//! `/apps`: the list, its search, filters and pages

use std::collections::BTreeSet;

use portico::domain::{account::Role, time::Span};

use super::{Flow, at};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
};

on_both!(
    an_empty_account_is_told_what_an_app_is_for,
    thirty_apps_stand_on_two_pages_each_once,
    a_search_finds_names_in_any_case_and_ids_and_takes_no_wildcards,
    type_and_state_filter_and_the_count_follows,
    apps_of_another_account_are_not_found_by_anything,
    what_is_not_understood_in_the_address_filters_nothing,
    the_key_stands_there_once_a_jwt_app_uses_it,
    a_viewer_is_offered_nothing_to_build,
);

fn names(page: &Page) -> Vec<String> {
    page.texts("tbody th a")
}

async fn an_empty_account_is_told_what_an_app_is_for(kind: Kind) {
    let flow = Flow::new(kind).await;
    let page = flow.client.visit("/apps").await;
    assert!(page.says("No apps yet") && page.has("a[href='/apps/new']"), "{}", page.text());
    assert_eq!(page.title().split(':').next(), Some("Apps"), "{}", page.title());
}

async fn thirty_apps_stand_on_two_pages_each_once(kind: Kind) {
    let flow = Flow::new(kind).await;
    for n in 0..31 {
        flow.jwt_app(&format!("App {n:02}")).await;
        // Some are made at the same moment.
        if n % 3 == 0 {
            flow.portal.world.clock.advance(Span::minutes(1));
        }
    }
    let first = flow.client.visit("/apps").await;
    assert!(first.says("31 apps"), "{}", first.text());
    assert_eq!(names(&first).len(), 25);
    let latest = ["App 28", "App 29", "App 30"];
    assert!(latest.contains(&names(&first)[0].as_str()), "the latest come first: {:?}", names(&first));
    assert!(!first.has("a[rel=first]"));
    let next = first.attribute("a[rel=next]", "href").expect("a next page");
    // An app that is made meanwhile moves nothing.
    flow.jwt_app("Latecomer").await;
    let second = flow.client.visit(&next).await;
    assert_eq!(names(&second).len(), 6);
    assert!(second.says("The end of the list"), "{}", second.text());
    assert_eq!(second.attribute("a[rel=first]", "href").as_deref(), Some("/apps"));
    let all: BTreeSet<String> = [names(&first), names(&second)].concat().into_iter().collect();
    assert_eq!(all, (0..31).map(|n| format!("App {n:02}")).collect());
    // A filter goes along to the next page.
    let filtered = flow.client.visit("/apps?q=app&type=jwt").await;
    let next = filtered.attribute("a[rel=next]", "href").expect("a next page");
    assert!(next.starts_with("/apps?q=app&type=jwt&after="), "{next}");
    assert_eq!(names(&flow.client.visit(&next).await).len(), 6);
}

async fn a_search_finds_names_in_any_case_and_ids_and_takes_no_wildcards(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Straße 100%").await;
    flow.jwt_app("Ledger_Bridge").await;
    flow.jwt_app("LedgerXBridge").await;
    let id = app.id.to_string();
    for (search, found) in [
        ("strasse", &["Straße 100%"][..]),
        ("STRASSE++100", &["Straße 100%"]),
        ("%25", &["Straße 100%"]),
        ("ledger_", &["Ledger_Bridge"]),
        ("ledger", &["LedgerXBridge", "Ledger_Bridge"]),
        ("%5C", &[]),
        ("%27%22--", &[]),
        (id.as_str(), &["Straße 100%"]),
        ("app_00000000000000000000000000", &[]),
    ] {
        let page = flow.client.visit(&format!("/apps?q={search}")).await;
        let mut names = names(&page);
        names.sort();
        assert_eq!(names, found, "{search}");
        let count = found.len();
        let words = if count == 1 { String::from("1 app found") } else { format!("{count} apps found") };
        assert!(page.says(if count == 0 { "No app fits" } else { &words }), "{search}: {}", page.text());
    }
    let page = flow.client.visit("/apps?q=%22%3E%3Cscript%3E").await;
    assert_eq!(page.attribute("#q", "value").as_deref(), Some("\"><script>"));
}

async fn type_and_state_filter_and_the_count_follows(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    flow.active_app("Active").await;
    flow.jwt_app("Draft").await;
    world.webhook_app(&flow.ada, "Listener").await;
    let stopped = flow.active_app("Stopped").await;
    flow.client.fill(&at(&stopped, ""), &at(&stopped, "/deactivate"), &[]).await;
    let spam = flow.jwt_app("Spam").await;
    flow.suspend(&spam, "It sends spam").await;
    for (query, found) in [
        ("type=jwt", &["Active", "Draft", "Spam", "Stopped"][..]),
        ("type=webhook", &["Listener"]),
        ("state=draft", &["Draft", "Listener"]),
        ("state=active", &["Active"]),
        ("state=deactivated", &["Stopped"]),
        ("state=suspended", &["Spam"]),
        ("type=webhook&state=active", &[]),
        ("q=s&type=jwt&state=suspended", &["Spam"]),
    ] {
        let page = flow.client.visit(&format!("/apps?{query}")).await;
        let mut names = names(&page);
        names.sort();
        assert_eq!(names, found, "{query}");
        assert!(page.has("a[href='/apps']"), "the way back to all of them");
    }
    let page = flow.client.visit("/apps?state=deactivated").await;
    assert_eq!(page.texts(".badge.deactivated"), ["Deactivated"]);
    assert_eq!(page.attribute("#state option[selected]", "value").as_deref(), Some("deactivated"));
}

async fn apps_of_another_account_are_not_found_by_anything(kind: Kind) {
    let flow = Flow::new(kind).await;
    flow.jwt_app("Own").await;
    let bob = flow.portal.world.user("bob@harbour.example").await;
    let theirs = flow.portal.world.jwt_app(&bob, "Theirs").await;
    for path in [String::from("/apps"), String::from("/apps?q=theirs"), format!("/apps?q={}", theirs.id)] {
        let page = flow.client.visit(&path).await;
        assert!(!names(&page).contains(&String::from("Theirs")), "{path}");
    }
    // Their row as the beginning of a page leads to nothing of theirs either.
    let path = format!("/apps?after=9999999999999999.{}", theirs.id);
    assert_eq!(names(&flow.client.visit(&path).await), ["Own"]);
    for page in ["", "/information", "/credentials", "/features", "/activation", "/subscriptions/new"] {
        assert_eq!(flow.client.get(&at(&theirs, page)).await.status, 404, "{page}");
    }
}

async fn what_is_not_understood_in_the_address_filters_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    flow.jwt_app("Own").await;
    for query in [
        "type=oauth2",
        "state=Active",
        "after=x",
        "after=1.app_x",
        "q=",
        "q=+",
        "nonsense",
        "type=jwt&type=jwt",
        "&&==",
        "q[]=x",
    ] {
        let page = flow.client.visit(&format!("/apps?{query}")).await;
        assert_eq!(names(&page), ["Own"], "{query}");
    }
    let page = flow.client.get(&format!("/apps?q={}", "x".repeat(5_000))).await;
    assert_eq!(page.status, 200);
    assert!(page.says("No app fits"));
}

async fn the_key_stands_there_once_a_jwt_app_uses_it(kind: Kind) {
    let flow = Flow::new(kind).await;
    flow.portal.world.webhook_app(&flow.ada, "Listener").await;
    assert!(!flow.client.visit("/apps").await.has("#key"));
    let app = flow.jwt_app("Relay").await;
    let page = flow.client.visit("/apps").await;
    let keys = page.texts("#key");
    assert!(keys.len() == 1 && keys[0].starts_with("ak_"), "{keys:?}");
    assert!(page.has(&format!("a[href='{}']", at(&app, "/credentials"))));
    assert_eq!(flow.client.visit(&at(&app, "/credentials")).await.texts("#key"), keys);
}

async fn a_viewer_is_offered_nothing_to_build(kind: Kind) {
    let flow = Flow::new(kind).await;
    flow.jwt_app("Relay").await;
    let world = &flow.portal.world;
    let viewer = world.colleague("viewer@meridian.example", &flow.ada).await;
    let viewer = world.with_role(viewer, Role::Viewer).await;
    let page = flow.portal.signed_in(&viewer).await.visit("/apps").await;
    assert_eq!(names(&page), ["Relay"]);
    assert!(
        !page.has("main a[href='/apps/new']") && !page.has("main a[href$='/credentials']"),
        "{}",
        page.text()
    );
}
