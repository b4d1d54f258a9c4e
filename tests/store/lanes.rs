//! Lanes: made, due, and made due.

use std::{collections::BTreeSet, fs, path::Path};

use portico::domain::{
    id::{Id as _, LaneId, SubscriptionId},
    lane::LaneKind,
    time::{Span, Timestamp},
};

use crate::support::{
    databases::{Kind, TestDatabase, on_both},
    world::World,
};

on_both!(subscriptions_of_before_the_lanes_have_them, lanes_are_made_due_unless_they_are_sooner,);

async fn subscriptions_of_before_the_lanes_have_them(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let app = world.webhook_app(&ada, "Relay").await;
    let subscriptions = [world.subscription(&ada, &app).await, world.subscription(&ada, &app).await];
    let database = &world.database;
    for table in [
        "attempts",
        "deliveries",
        "events",
        "lanes",
        "delivery_hours",
        "redeliveries",
        "remains",
        "validations",
    ] {
        database.run(&format!("drop table {table}")).await;
    }
    let folder = match kind {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgres",
    };
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder).join("0014_deliveries.sql");
    database.run(&fs::read_to_string(file).expect("the migration")).await;

    let mut ids = BTreeSet::new();
    for subscription in subscriptions {
        for kind in LaneKind::ALL {
            let mut tx = database.begin().await;
            let new: LaneId = world.ctx.new_id();
            let lane = tx.ensure_lane(new, subscription, *kind).await.expect("a lane");
            assert_ne!(lane, new, "the {kind} lane was there");
            assert_eq!(lane.uuid().get_version_num(), 7);
            let began = |id: uuid::Uuid| id.as_u128() >> 80;
            assert_eq!(began(lane.uuid()), began(subscription.uuid()), "it is as old");
            ids.insert(lane);
        }
    }
    assert_eq!(ids.len(), 6);
}

/// A production lane of a new subscription.
async fn lane(database: &TestDatabase, subscription: SubscriptionId) -> LaneId {
    let mut tx = database.begin().await;
    let id = LaneId::generate(Timestamp::from_micros(0), [0; 10]);
    let lane = tx.ensure_lane(id, subscription, LaneKind::Production).await.expect("a lane");
    tx.commit().await.expect("it holds");
    lane
}

async fn lanes_are_made_due_unless_they_are_sooner(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let app = world.webhook_app(&ada, "Relay").await;
    let database = &world.database;
    let now = world.ctx.now();
    let at = |seconds| (now + Span::seconds(seconds)).micros();
    let mut lanes = Vec::new();
    let table = [
        (String::from("due_at = null"), Some(0)),
        (format!("due_at = {}", at(60)), Some(0)),
        (format!("due_at = {}", at(-60)), Some(-60)),
        (format!("due_at = null, opens_at = {}", at(30)), Some(30)),
        (format!("due_at = {}, opens_at = {0}", at(30)), Some(30)),
        (format!("due_at = {}, opens_at = {}", at(60), at(30)), Some(30)),
        (format!("due_at = null, opens_at = {}", at(-30)), Some(0)),
        (String::from("due_at = null"), None),
    ];
    for (was, _) in &table {
        let lane = lane(database, world.subscription(&ada, &app).await).await;
        database.set("lanes", &lane, was).await;
        lanes.push(lane);
    }
    let told = &lanes[..7];
    let mut tx = database.begin().await;
    let later: BTreeSet<LaneId> = tx.due_later(told, now).await.expect("asked").into_iter().collect();
    assert_eq!(later, [0, 1, 3, 5, 6].map(|n| lanes[n]).into());
    tx.due_lanes(told, now).await.expect("made due");
    assert!(tx.due_later(told, now).await.expect("asked").is_empty());
    tx.due_lanes(&[], now).await.expect("nothing to do");
    tx.commit().await.expect("it holds");
    for ((was, due), lane) in table.iter().zip(&lanes) {
        let read = database.read().await.lane(*lane).await.expect("read").expect("the lane");
        assert_eq!(read.due_at.map(|due_at| due_at.since(now).as_seconds()), *due, "{was}");
    }
}
