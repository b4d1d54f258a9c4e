//! How much a first visit takes over the wire

use std::collections::BTreeSet;

use reqwest::Method;
use scraper::{Html, Selector};

use crate::{
    apps::Flow,
    support::{client::Client, databases::Kind, pages::pages},
};

const MOST_BYTES: usize = 40 * 1_024;
const MOST_REQUESTS: usize = 6;

/// What a page is made of does not depend on the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_first_visit_to_any_page_takes_40_kb_and_six_requests_at_most() {
    let flow = Flow::new(Kind::Sqlite).await;
    let root = flow.portal.world.admin("root@meridian.example").await;
    let admin = flow.portal.signed_in(&root).await;
    for page in pages(&flow.portal.world, &flow.ada).await {
        for client in [&flow.client, &flow.portal.client(), &admin] {
            let mut bytes = over_the_wire(client, &page).await;
            let parts = parts(&client.get(&page).await.html());
            for part in &parts {
                bytes += over_the_wire(client, part).await;
            }
            assert!(bytes <= MOST_BYTES, "{page}: {bytes} bytes with {parts:?}");
            assert!(parts.len() < MOST_REQUESTS, "{page}: {parts:?}");
        }
    }
}

/// How many bytes of a body come to a browser, compressed as it asks for.
async fn over_the_wire(client: &Client, path: &str) -> usize {
    let request = client.request(Method::GET, path).header("accept-encoding", "gzip, deflate, br");
    request.send().await.expect("an answer").bytes().await.expect("a body").len()
}

/// What a browser fetches by itself for a page.
fn parts(page: &Html) -> BTreeSet<String> {
    let selector =
        Selector::parse("link[rel~=stylesheet], link[rel~=icon], link[rel~=preload], script[src], img[src]");
    let address = |part: scraper::ElementRef<'_>| {
        let part = part.value();
        part.attr("href").or_else(|| part.attr("src")).map(str::to_owned)
    };
    page.select(&selector.expect("a selector")).filter_map(address).collect()
}
