//! How the log of deliveries is read among very many.

use portico::{
    domain::delivery::Stage,
    store::{DeliveryFilter, statement},
};

use crate::support::{
    databases::{Kind, TestDatabase, on_both},
    world::World,
};

on_both!(looking_ends_where_not_all_that_an_index_has_fits,);

/// SQLite chooses by the statement alone, whatever is in the tables.
#[tokio::test]
async fn each_statement_of_the_log_is_found_by_its_index() {
    let database = TestDatabase::new(Kind::Sqlite).await;
    let of = |names: [&'static str; 3], index: &'static str| names.map(|name| (name, index));
    let expected = [
        of(["DELIVERIES", "COUNT_ALL", "END_ALL"], "deliveries_by_app"),
        of(["DELIVERIES_FAILED", "COUNT_FAILED", "END_FAILED"], "deliveries_failed"),
        of(["DELIVERIES_CANCELLED", "COUNT_CANCELLED", "END_CANCELLED"], "deliveries_cancelled"),
        of(["DELIVERIES_DROPPED", "COUNT_DROPPED", "END_DROPPED"], "deliveries_dropped"),
        of(["DELIVERIES_TO", "COUNT_TO", "END_TO"], "deliveries_by_subscription"),
    ];
    let of_event = ["DELIVERIES_OF", "COUNT_OF"].map(|name| (name, "deliveries_once"));
    for (name, index) in expected.into_iter().flatten().chain(of_event) {
        let text = statement(name).unwrap_or_else(|| panic!("there is no {name}"));
        let plan = database.plan(text).await.join("\n");
        assert!(plan.contains(&format!("INDEX {index} ")), "{name}:\n{plan}");
        let sorts = plan.contains("TEMP B-TREE");
        assert_eq!(sorts, name == "DELIVERIES_OF", "{name}, of which there are few:\n{plan}");
    }
}

async fn looking_ends_where_not_all_that_an_index_has_fits(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let app = world.webhook_app(&ada, "Relay").await;
    let subscription = world.subscription(&ada, &app).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        world.clock.advance(portico::domain::time::Span::seconds(1));
        made.push(world.delivery(&ada, &app, subscription).await);
    }
    let mut read = world.database.read().await;
    let all = DeliveryFilter::default();
    let waiting = DeliveryFilter { stage: Some(Stage::Waiting), ..all.clone() };
    let failed = DeliveryFilter { stage: Some(Stage::Failed), ..all.clone() };
    for (filter, looks_at, expected) in [
        (all.clone(), 3, None),
        (failed, 3, None),
        (waiting.clone(), 3, Some(made[2])),
        (waiting.clone(), 5, Some(made[0])),
        (waiting.clone(), 6, None),
        (DeliveryFilter { after: Some(made[2]), ..waiting.clone() }, 2, Some(made[0])),
        (DeliveryFilter { after: Some(made[2]), ..waiting.clone() }, 3, None),
        (DeliveryFilter { subscription: Some(subscription), ..waiting.clone() }, 3, Some(made[2])),
        (DeliveryFilter { subscription: Some(subscription), ..all }, 3, None),
    ] {
        let end = read.delivery_end(ada.account, app.id, &filter, looks_at).await.expect("asked");
        assert_eq!(end, expected, "{filter:?}, {looks_at}");
    }
    let some = DeliveryFilter { until: Some(made[2]), ..waiting };
    let log = read.delivery_log(ada.account, app.id, &some, 50).await.expect("read");
    let log: Vec<_> = log.iter().map(|one| one.id).collect();
    assert_eq!(log, [made[4], made[3], made[2]]);
    let after = DeliveryFilter { after: Some(made[4]), ..some };
    assert_eq!(read.delivery_count(ada.account, app.id, &after, 50).await.expect("counted"), 2);
}
