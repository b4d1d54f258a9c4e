use std::fs;

use portico::{
    actions::{activation, apps, audit::HowMany, deletion, queue, remains, retention, subscriptions},
    domain::{
        account::{Developer, Owner},
        lane::Waiting,
        text::Count,
        time::Span,
    },
    store::Database,
};

use crate::support::{
    databases::{Kind, TestDatabase, on_both},
    receiver::Reply,
    rig::{Rig, active_app},
};

on_both!(
    what_is_older_than_it_is_kept_goes_and_what_is_tried_stays,
    what_is_held_for_longer_than_it_is_kept_goes_with_its_event,
    what_is_left_of_an_app_or_an_account_goes_some_at_a_time,
    of_a_deleted_subscription_everything_is_cancelled,
    very_much_that_waits_is_dropped_with_a_reactivation,
    the_depth_of_the_queue_is_known,
);

async fn count(database: &TestDatabase, table: &str) -> usize {
    database.texts(&format!("select 'row' from {table}")).await.len()
}

async fn what_is_older_than_it_is_kept_goes_and_what_is_tried_stays(kind: Kind) {
    let rig = Rig::new(kind).await;
    let (lane, fails) = (rig.lane("/hook").await, rig.lane("/fails").await);
    // Nobody has looked at it since: it is not held all the same.
    let tried = rig.publish(fails, 3).await;
    rig.world.database.set("lanes", &fails.id, "due_at = null").await;
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
    assert_eq!(rig.states(&tried).await, ["waiting after 0"; 3]);
    assert_eq!(rig.states(&young).await, ["succeeded after 1"; 2]);
}

async fn what_is_held_for_longer_than_it_is_kept_goes_with_its_event(kind: Kind) {
    let rig = Rig::new(kind).await;
    let acting = rig.world.acting::<Developer>(&rig.owner);
    let (off, stopped) = (rig.lane("/off").await, rig.lane("/stopped").await);
    rig.world.database.set("lanes", &off.id, "turned_off_at = 1, turned_off_cause = 'gone'").await;
    let old = [rig.publish(off, 2).await, rig.publish(stopped, 501).await].concat();
    activation::deactivate(rig.ctx(), &acting, rig.app.id).await.expect("stopped");
    rig.turn().await;
    rig.world.clock.advance(Span::days(29));
    let young = rig.publish(stopped, 1).await;
    rig.turn().await;
    assert_eq!(retention::drop_old(rig.ctx()).await.expect("looked"), 0);
    assert!(rig.states(&old).await.iter().all(|state| state == "waiting after 0"));
    // An event of which something else is still tried stays for that, and its log says the rest.
    let other = active_app(&rig.world, &rig.owner, "Other").await;
    let other = rig.lane_of(&rig.owner, &other, "/other").await;
    let beside = rig.beside(old[0], other).await;
    rig.world.clock.advance(Span::days(2));
    assert_eq!(retention::drop_old(rig.ctx()).await.expect("dropped"), 502);
    assert_eq!(
        rig.states(&[old[0], beside, young[0]]).await,
        ["dropped after 0", "waiting after 0", "waiting after 0"]
    );
    assert_eq!(count(&rig.world.database, "events").await, 2);
}

async fn what_is_left_of_an_app_or_an_account_goes_some_at_a_time(kind: Kind) {
    let rig = Rig::new(kind).await;
    let database = &rig.world.database;
    let owner = rig.world.acting::<Owner>(&rig.owner);
    let lane = rig.lane("/hook").await;
    rig.publish(lane, 450).await;
    apps::delete(rig.ctx(), &owner, rig.app.id, "Relay").await.expect("deleted");
    rig.turn().await;
    assert_eq!(rig.receiver.received().len(), 0, "nothing is sent for it any more");
    for left in [250, 50, 0] {
        assert_eq!(remains::go_on(rig.ctx()).await.expect("a step"), left > 0);
        assert_eq!(count(database, "deliveries").await, left);
    }
    let account = rig.world.database.texts("select name from accounts").await.join("");
    deletion::delete_account(rig.ctx(), &owner, &account).await.expect("deleted");
    while remains::go_on(rig.ctx()).await.expect("a step") {}
    assert_eq!(count(database, "events").await, 0);
    assert_eq!(count(database, "remains").await, 2, "something may come late");
    rig.world.clock.advance(Span::seconds(61));
    assert!(!remains::go_on(rig.ctx()).await.expect("a step"));
    assert_eq!(count(database, "remains").await, 0);
}

async fn of_a_deleted_subscription_everything_is_cancelled(kind: Kind) {
    let rig = Rig::new(kind).await;
    let acting = rig.world.acting::<Developer>(&rig.owner);
    let (lane, other) = (rig.lane("/hook").await, rig.lane("/other").await);
    let made = rig.publish(lane, 750).await;
    let others = rig.publish(other, 1).await;
    let cancelled =
        async || rig.states(&made).await.iter().filter(|state| *state == "cancelled after 0").count();
    subscriptions::delete(rig.ctx(), &acting, &rig.app, lane.subscription).await.expect("deleted");
    assert_eq!(cancelled().await, 500, "the first at once");
    while remains::go_on(rig.ctx()).await.expect("a step") {}
    assert_eq!(cancelled().await, 750);
    rig.turn().await;
    assert_eq!(rig.states(&others).await, ["succeeded after 1"]);
    assert_eq!(rig.receiver.received().len(), 1);
}

async fn very_much_that_waits_is_dropped_with_a_reactivation(kind: Kind) {
    let rig = Rig::new(kind).await;
    let acting = rig.world.acting::<Developer>(&rig.owner);
    let lanes = [rig.lane("/hook").await, rig.lane("/other").await];
    let made = [rig.publish(lanes[0], 1_000).await, rig.publish(lanes[1], 600).await].concat();
    activation::deactivate(rig.ctx(), &acting, rig.app.id).await.expect("stopped");
    activation::reactivate(rig.ctx(), &acting, rig.app.id, Waiting::Drop).await.expect("active again");
    rig.turn().await;
    assert!(rig.states(&made).await.iter().all(|state| state == "dropped after 0"));
    assert_eq!(rig.receiver.received().len(), 0);
    let told =
        rig.world.database.texts("select detail from audit_log where action = 'app_reactivated'").await;
    assert!(told.join("").contains("1600"), "{told:?}");
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
    let glance = queue::glance(rig.ctx()).await.expect("read");
    assert_eq!((glance.waiting, glance.behind), (HowMany::Exactly(Count(5)), Span::seconds(7)));
    let mut read = rig.world.database.read().await;
    assert_eq!(read.waiting_deliveries(3).await.expect("a count"), 3, "no further");
    drop(read);
    rig.receiver.answer("/hook", Reply::status(500));
    rig.turn().await;
    let depth = queue::depth(rig.ctx()).await.expect("read");
    assert_eq!((depth.waiting, depth.behind), (5, Span::seconds(0)), "later is not behind");
}
