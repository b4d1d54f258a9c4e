//! `/admin/apps`: the list of all apps, its search, filters and pages

use std::collections::BTreeSet;

use portico::domain::calls::Calls;

use super::Console;
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
};

on_both!(
    a_search_finds_names_accounts_ids_and_keys,
    filters_narrow_the_list_and_what_is_none_does_not,
    sixty_apps_stand_on_three_pages_each_once,
);

fn names(page: &Page) -> Vec<String> {
    page.texts("tbody th a")
}

async fn a_search_finds_names_accounts_ids_and_keys(kind: Kind) {
    let console = Console::new(kind).await;
    let world = &console.portal.world;
    let eve = world.user("eve@evil.example").await;
    let relay = console.active_app("Relay Straße").await;
    world.jwt_app(&eve, "100% Bridge").await;
    console.called(&relay, Calls { allowed: 1_400, refused: 33, unnamed: 0 }).await;
    let key = world.database.read().await.api_key(eve.account).await.expect("a read").expect("a key");
    let (id, key) = (relay.id.to_string(), key.to_string());
    for (q, found) in [
        ("", ["100% Bridge", "Relay Straße"].as_slice()),
        ("STRASSE", &["Relay Straße"]),
        ("00%", &["100% Bridge"]),
        ("10", &["100% Bridge"]),
        ("0%", &[]),
        ("EVE@evil", &["100% Bridge"]),
        (id.as_str(), &["Relay Straße"]),
        (key.as_str(), &["100% Bridge"]),
        ("ak_0000000000000000000000", &[]),
        ("app_00000000000000000000000000", &[]),
        ("' or 1=1 --", &[]),
    ] {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", q).finish();
        let page = console.client.visit(&format!("/admin/apps?{query}")).await;
        let mut seen = names(&page);
        seen.sort_unstable();
        assert_eq!(seen, found, "{q}: {}", page.text());
    }
    let page = console.client.visit("/admin/apps?q=relay").await;
    let row = page.texts("tbody tr").join(" ");
    for words in ["ada@meridian.example", "JWT", "Active", "1,433", "33"] {
        assert!(row.contains(words), "{words}: {row}");
    }
}

async fn filters_narrow_the_list_and_what_is_none_does_not(kind: Kind) {
    let console = Console::new(kind).await;
    let world = &console.portal.world;
    let eve = world.user("eve@evil.example").await;
    console.active_app("Relay").await;
    world.webhook_app(&console.ada, "Listener").await;
    world.webhook_app(&eve, "Other").await;
    let account = console.ada.account;
    for (query, found) in [
        ("type=webhook".to_owned(), ["Listener", "Other"].as_slice()),
        ("state=active".to_owned(), &["Relay"]),
        (format!("account={account}"), &["Listener", "Relay"]),
        (format!("account={account}&type=webhook&state=draft&q=list"), &["Listener"]),
        ("state=asleep&type=carrier&account=acc_x&after=x".to_owned(), &["Listener", "Other", "Relay"]),
        ("q=a&q=b".to_owned(), &["Listener", "Other", "Relay"]),
    ] {
        let page = console.client.visit(&format!("/admin/apps?{query}")).await;
        let mut seen = names(&page);
        seen.sort_unstable();
        assert_eq!(seen, found, "{query}: {}", page.text());
    }
    let page = console.client.visit(&format!("/admin/apps?account={account}")).await;
    assert!(page.says("The apps of ada@meridian.example"), "{}", page.text());
    assert_eq!(page.attribute("input[name=account]", "value"), Some(account.to_string()));
    let none = console.client.visit("/admin/apps?state=suspended").await;
    assert!(none.says("No app fits"), "{}", none.text());
}

async fn sixty_apps_stand_on_three_pages_each_once(kind: Kind) {
    let console = Console::new(kind).await;
    let world = &console.portal.world;
    let eve = world.user("eve@evil.example").await;
    // All made at the same moment.
    for n in 0..60 {
        let owner = if n % 2 == 0 { &console.ada } else { &eve };
        world.webhook_app(owner, &format!("App {n:02}")).await;
    }
    let (mut path, mut seen, mut sizes) = (String::from("/admin/apps?q=app"), Vec::new(), Vec::new());
    loop {
        let page = console.client.visit(&path).await;
        assert!(page.says("60 apps found"), "{}", page.text());
        sizes.push(names(&page).len());
        seen.extend(names(&page));
        let Some(next) = page.attribute("a[rel=next]", "href") else { break };
        path = next;
    }
    assert_eq!(sizes, [25, 25, 10]);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 60);
}
