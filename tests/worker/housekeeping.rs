use std::fs;

use portico::{
    actions::{queue, retention},
    domain::time::Span,
    store::Database,
};

use crate::support::{
    databases::{Kind, TestDatabase, on_both},
    receiver::Reply,
    rig::Rig,
};

on_both!(what_is_older_than_it_is_kept_goes_and_what_waits_stays, the_depth_of_the_queue_is_known,);

async fn count(database: &TestDatabase, table: &str) -> usize {
    database.texts(&format!("select 'row' from {table}")).await.len()
}

async fn what_is_older_than_it_is_kept_goes_and_what_waits_stays(kind: Kind) {
    let rig = Rig::new(kind).await;
    let (lane, off) = (rig.lane("/hook").await, rig.lane("/off").await);
    rig.world.database.set("lanes", &off.id, "turned_off_at = 1, turned_off_cause = 'gone'").await;
    let held = rig.publish(off, 3).await;
    rig.publish(lane, 250).await;
    rig.turn().await;
    rig.world.clock.advance(Span::days(29));
    let young = rig.publish(lane, 2).await;
    rig.turn().await;
    assert_eq!(retention::drop_old(rig.ctx()).await.expect("looked"), 0);
    rig.world.clock.advance(Span::days(2));
    assert_eq!(retention::drop_old(rig.ctx()).await.expect("dropped"), 250);
    let database = &rig.world.database;
    assert_eq!((count(database, "events").await, count(database, "deliveries").await), (5, 5));
    assert_eq!(count(database, "attempts").await, 2);
    assert_eq!(count(database, "delivery_hours").await, 1);
    assert_eq!(rig.states(&held).await, ["waiting after 0"; 3]);
    assert_eq!(rig.states(&young).await, ["succeeded after 1"; 2]);
}

/// Pages that were freed are used again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sqlite_file_stops_growing() {
    let rig = Rig::new(Kind::Sqlite).await;
    let lane = rig.lane("/hook").await;
    let Database::Sqlite(path) = &rig.world.database.database else { panic!("SQLite") };
    let mut sizes = Vec::new();
    for _ in 0..4 {
        rig.publish(lane, 1_000).await;
        rig.turn().await;
        rig.world.clock.advance(Span::days(31));
        retention::drop_old(rig.ctx()).await.expect("dropped");
        rig.world.database.run("pragma wal_checkpoint(truncate)").await;
        sizes.push(fs::metadata(path).expect("the file").len());
    }
    assert!(sizes[3] <= sizes[1] + sizes[1] / 10, "{sizes:?}");
}

async fn the_depth_of_the_queue_is_known(kind: Kind) {
    let rig = Rig::new(kind).await;
    assert_eq!(queue::depth(rig.ctx()).await.expect("read"), queue::Depth::default());
    let (lane, off) = (rig.lane("/hook").await, rig.lane("/off").await);
    rig.publish(off, 2).await;
    rig.world.database.set("lanes", &off.id, "due_at = null").await;
    rig.world.clock.advance(Span::seconds(100));
    rig.publish(lane, 3).await;
    rig.world.clock.advance(Span::seconds(7));
    let depth = queue::depth(rig.ctx()).await.expect("read");
    assert_eq!((depth.waiting, depth.behind), (5, Span::seconds(7)));
    rig.receiver.answer("/hook", Reply::status(500));
    rig.turn().await;
    let depth = queue::depth(rig.ctx()).await.expect("read");
    assert_eq!((depth.waiting, depth.behind), (5, Span::seconds(0)), "later is not behind");
}
