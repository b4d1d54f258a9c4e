//! How deliveries go, on the overview of an app and in the console

use std::collections::BTreeMap;

use portico::domain::{
    calls::Hour,
    delivery::{
        attempt::{Next, Outcome},
        failure::Failure,
        health::Attempts,
    },
    time::Span,
};

use super::{
    at,
    deliveries::{Log, attempt},
};
use crate::support::databases::{Kind, on_both};

on_both!(
    the_overview_tells_how_deliveries_go,
    admins_see_how_deliveries_go_and_not_what_they_are,
    the_console_tells_of_the_queue,
);

async fn counted(log: &Log, days_ago: i64, succeeded: u64, failed: u64) {
    let world = &log.flow.portal.world;
    let millis = |count: i64| Span::from_micros(count * 1_000);
    let total = millis(150 * i64::try_from(succeeded).expect("few"));
    let slowest = if succeeded > 0 { millis(5_195) } else { Span::default() };
    let mut tx = world.database.begin().await;
    let attempts = Attempts { succeeded, failed, total, slowest };
    let hour = Hour::of(log.now() - Span::days(days_ago));
    tx.add_delivery_hours(&BTreeMap::from([((log.app.id, hour), attempts)])).await.expect("counted");
    tx.commit().await.expect("it holds");
}

async fn the_overview_tells_how_deliveries_go(kind: Kind) {
    let log = Log::new(kind).await;
    let overview = at(&log.app, "");
    let page = log.flow.client.visit(&overview).await;
    assert!(page.says("No production event was sent in the last 30 days."), "{}", page.text());
    let none = log.flow.active_app("Silent").await;
    assert!(!log.flow.client.visit(&at(&none, "")).await.has("#health"), "it subscribes to nothing");
    counted(&log, 0, 999, 1).await;
    counted(&log, 2, 0, 4).await;
    counted(&log, 31, 7, 7).await;
    let page = log.flow.client.visit(&overview).await;
    assert!(page.says("99.5 % of attempts succeeded") && page.says("150 ms on average"), "{}", page.text());
    assert_eq!(
        page.texts("section[aria-labelledby=health] svg title").first().map(String::as_str),
        Some("Attempts a day")
    );
    let rows = page.texts("section[aria-labelledby=health] tbody tr");
    assert_eq!(rows.len(), 30);
    assert_eq!(
        rows[..3],
        ["24 Nov 2026999199.9 %150 ms5.19 s", "23 Nov 202600NoneNoneNone", "22 Nov 2026040.0 %NoneNone"]
    );
}

async fn admins_see_how_deliveries_go_and_not_what_they_are(kind: Kind) {
    let log = Log::new(kind).await;
    counted(&log, 0, 1, 1).await;
    let failed = log.answered(500).await;
    let refused = log.made().await;
    log.attempted(
        &attempt(refused, 1, log.now(), Outcome::Failed(Failure::ConnectRefused.into())),
        Next::Failed,
    )
    .await;
    let root = log.flow.portal.world.admin("root@meridian.example").await;
    let client = log.flow.portal.signed_in(&root).await;
    let page = client.visit(&format!("/admin{}", at(&log.app, ""))).await;
    assert!(page.says("50.0 % of attempts succeeded"), "{}", page.text());
    let rows = page.texts("section[aria-labelledby=failed] tbody tr");
    let row = |id: &dyn ToString, last: &str| {
        format!("meeting.startedUnnamed, made 24 Nov 2026{}24 Nov 2026, 07:20 UTC1{last}", id.to_string())
    };
    assert_eq!(rows, [row(&refused, "Connection refused"), row(&failed, "500")]);
    let text = &page.body;
    assert!(!text.contains("meridian.example/hook") && !text.contains("topic"), "neither where to nor what");
    let answer = client.get(&log.path(failed)).await;
    assert_eq!(answer.status, 404, "the delivery itself is its developers'");
}

async fn the_console_tells_of_the_queue(kind: Kind) {
    let log = Log::new(kind).await;
    let root = log.flow.portal.world.admin("root@meridian.example").await;
    let client = log.flow.portal.signed_in(&root).await;
    let figures = async || client.visit("/admin").await.texts("section[aria-labelledby=deliveries] dd");
    assert_eq!(figures().await[0..3], ["0", "for their next attempt, or held", "None is due"]);
    log.made().await;
    log.made().await;
    let world = &log.flow.portal.world;
    let mut tx = world.database.begin().await;
    tx.wake_lanes(log.app.id, log.now()).await.expect("due");
    tx.commit().await.expect("it holds");
    world.clock.advance(Span::minutes(3));
    let told = figures().await;
    assert_eq!((told[0].as_str(), told[2].as_str()), ("2", "3 minutes"));
}
