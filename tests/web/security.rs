//! What holds on every page, whatever it is for

mod headers;
mod outages;
mod proxies;
mod secrets;
mod slow_posts;
mod unasked;
mod weight;

use reqwest::Method;

use crate::{
    apps::Flow,
    support::{
        databases::{Kind, on_both},
        pages::{PAGES, pages},
    },
};

on_both!(reading_changes_nothing);

#[test]
fn every_page_of_the_table_of_routes_is_looked_at() {
    let source = std::fs::read_to_string("src/web/routes.rs").expect("the table of routes");
    for piece in source.split("page(\"").skip(1) {
        let (path, rest) = piece.split_once('"').expect("a path");
        let rest = rest.split("page(\"").next().unwrap_or_default();
        let known = PAGES.iter().any(|page| page.split('?').next() == Some(path));
        assert!(known || !rest.contains(".get("), "{path} is not among PAGES");
    }
}

async fn reading_changes_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let pages = pages(&flow.portal.world, &flow.ada).await;
    let stranger = flow.portal.client();
    let root = flow.portal.world.admin("root@meridian.example").await;
    let admin = flow.portal.signed_in(&root).await;
    let before = flow.portal.world.database.dump().await;
    for page in &pages {
        for client in [&flow.client, &stranger, &admin] {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                let answer = client.send(client.request(method.clone(), page)).await;
                assert!(answer.status.as_u16() < 500, "{method} {page}: {}", answer.status);
            }
        }
    }
    let after = flow.portal.world.database.dump().await;
    for (table, rows) in &before {
        assert_eq!(Some(rows), after.get(table), "{table}");
    }
}
