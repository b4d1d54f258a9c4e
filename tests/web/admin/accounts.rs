//! `/admin/accounts`: the list of all accounts, its search, filter and pages

use super::Console;
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
};

on_both!(a_search_finds_names_ids_and_keys_and_the_standing_filters, thirty_accounts_stand_on_two_pages);

fn names(page: &Page) -> Vec<String> {
    let mut names = page.texts("tbody th a");
    names.sort_unstable();
    names
}

async fn a_search_finds_names_ids_and_keys_and_the_standing_filters(kind: Kind) {
    let console = Console::new(kind).await;
    let (ada, root) = ("ada@meridian.example", "root@platform.example");
    let world = &console.portal.world;
    world.database.set("accounts", &console.ada.account, "external_id = 'CRM-7'").await;
    console.unapprove().await;
    console.active_draft().await;
    world.colleague("dev@meridian.example", &console.ada).await;
    let key = world.database.read().await.api_key(console.ada.account).await.expect("a read").expect("a key");
    for (query, found) in [
        (String::new(), [ada, root].as_slice()),
        ("?q=MERIDIAN".to_owned(), &[ada]),
        ("?q=CRM-7".to_owned(), &[ada]),
        ("?q=CRM".to_owned(), &[]),
        (format!("?q={}", console.root.account), &[root]),
        (format!("?q={key}"), &[ada]),
        ("?standing=pending".to_owned(), &[ada]),
        ("?standing=approved".to_owned(), &[root]),
        ("?standing=suspended".to_owned(), &[]),
        ("?standing=nonsense&after=x".to_owned(), &[ada, root]),
    ] {
        let page = console.client.visit(&format!("/admin/accounts{query}")).await;
        assert_eq!(names(&page), found, "{query}: {}", page.text());
    }
    let page = console.client.visit("/admin/accounts").await;
    assert!(page.says("1 account waits for approval."), "{}", page.text());
    let row = page.texts("tbody tr").into_iter().find(|row| row.contains(ada)).expect("its row");
    for words in ["CRM-7", "Waiting for approval", "24 Nov 2026"] {
        assert!(row.contains(words), "{words}: {row}");
    }
    // Two members and one app.
    assert!(row.ends_with("24 Nov 202621"), "{row}");
}

impl Console {
    async fn active_draft(&self) {
        self.portal.world.jwt_app(&self.ada, "Relay").await;
    }
}

async fn thirty_accounts_stand_on_two_pages(kind: Kind) {
    let console = Console::new(kind).await;
    let world = &console.portal.world;
    for n in 0..28 {
        if n % 10 == 9 {
            // Past the limit of what one user may make at a time.
            world.clock.advance(portico::domain::time::Span::minutes(16));
        }
        let by = world.acting::<portico::domain::account::Owner>(&console.ada).by();
        let name = crate::support::world::parsed(&format!("Account {n:02}"));
        let form = world.form(&console.ada);
        let made = portico::actions::accounts::create(&world.ctx, &by, console.ada.id, form, name).await;
        made.expect("an account");
    }
    let first = console.client.visit("/admin/accounts").await;
    assert!(first.says("30 accounts"), "{}", first.text());
    let next = first.attribute("a[rel=next]", "href").expect("a next page");
    let second = console.client.visit(&next).await;
    assert_eq!((names(&first).len(), names(&second).len()), (25, 5));
    assert!(names(&first).iter().all(|name| !names(&second).contains(name)));
    assert_eq!(second.attribute("a[rel=first]", "href").as_deref(), Some("/admin/accounts"));
}
