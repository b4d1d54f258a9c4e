//! Every page of the table of routes, opened (S22)

use crate::{
    browser::{Browser, Look},
    person::signed_in,
    support::{databases::Kind, pages::pages, site::Portal},
};

#[tokio::test(flavor = "multi_thread")]
async fn no_page_has_what_the_policy_refuses() {
    let portal = Portal::new(Kind::Sqlite).await;
    // Of her own apps, and of the console.
    let root = portal.world.admin("root@meridian.example").await;
    let pages = pages(&portal.world, &root).await;
    let known = signed_in(&portal, &root, Look::default()).await;
    let stranger = Browser::open(&portal.site.url, Look::default()).await;
    for browser in [known, stranger] {
        for page in pages.iter().filter(|page| is_shown(page)) {
            browser.visit(page).await;
            browser.assert_quiet_console().await;
        }
        browser.close().await;
    }
}

/// Not an export, which is saved, nor what programs read, which names no icon for the tab.
fn is_shown(page: &str) -> bool {
    !page.contains("format=") && !["/healthz", "/readyz", "/api/"].iter().any(|plain| page.starts_with(plain))
}
