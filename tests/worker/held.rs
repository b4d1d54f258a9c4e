use portico::{
    actions::{activation, queue, subscriptions},
    domain::{account::Developer, lane::Waiting},
};

use crate::{
    support::databases::{Kind, on_both},
    support::rig::{Rig, run, until},
};

on_both!(
    what_waits_for_an_app_that_is_stopped_is_held_until_it_is_woken,
    a_worker_that_sends_stops_within_a_moment_of_a_deactivation,
    what_was_overlooked_is_found_and_what_is_held_stays_held,
);

async fn reactivate(rig: &Rig) {
    let acting = rig.world.acting::<Developer>(&rig.owner);
    activation::reactivate(rig.ctx(), &acting, rig.app.id, Waiting::Send).await.expect("active again");
    let mut tx = rig.world.database.begin().await;
    tx.wake_lanes(rig.app.id, rig.ctx().now()).await.expect("woken");
    tx.commit().await.expect("it holds");
}

async fn what_waits_for_an_app_that_is_stopped_is_held_until_it_is_woken(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let acting = rig.world.acting::<Developer>(&rig.owner);
    let made = rig.publish(lane, 3).await;
    activation::deactivate(rig.ctx(), &acting, rig.app.id).await.expect("stopped");
    rig.turn().await;
    assert_eq!(rig.receiver.received().len(), 0);
    assert_eq!(rig.of_lane(lane, "due_at").await, "-", "nobody looks at it");
    assert_eq!(rig.of_lane(lane, "leased_until").await, "-");
    reactivate(&rig).await;
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 1"; 3]);

    subscriptions::toggle(rig.ctx(), &acting, &rig.app, false).await.expect("off");
    let made = rig.publish(lane, 1).await;
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["waiting after 0"]);
}

async fn a_worker_that_sends_stops_within_a_moment_of_a_deactivation(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let worker = run(rig.worker());
    rig.publish(lane, 1).await;
    rig.receiver.wait_for(1).await;
    let acting = rig.world.acting::<Developer>(&rig.owner);
    let big = rig.publish(lane, 2_000).await;
    rig.receiver.wait_for(20).await;
    activation::deactivate(rig.ctx(), &acting, rig.app.id).await.expect("stopped");
    until("a lane that is given back", async || rig.of_lane(lane, "leased_until").await == "-").await;
    let sent = rig.receiver.received().len();
    let made = rig.publish(lane, 1).await;
    until("a lane that is held", async || rig.of_lane(lane, "due_at").await == "-").await;
    assert_eq!(rig.states(&made).await, ["waiting after 0"]);
    assert_eq!(rig.receiver.received().len(), sent);
    reactivate(&rig).await;
    let all = [big, made].concat();
    rig.receiver.wait_for(all.len() + 1).await;
    worker.stop().await;
    assert_eq!(rig.receiver.received().len(), all.len() + 1, "each once");
    assert!(rig.states(&all).await.iter().all(|state| state == "succeeded after 1"));
}

async fn what_was_overlooked_is_found_and_what_is_held_stays_held(kind: Kind) {
    let rig = Rig::new(kind).await;
    let (lane, off) = (rig.lane("/hook").await, rig.lane("/off").await);
    let made = rig.publish(lane, 1).await;
    rig.publish(off, 1).await;
    rig.world.database.set("lanes", &lane.id, "due_at = null").await;
    rig.world
        .database
        .set("lanes", &off.id, "due_at = null, turned_off_at = 1, turned_off_cause = 'gone'")
        .await;
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["waiting after 0"]);
    assert_eq!(queue::wake_lost(rig.ctx()).await.expect("sought"), 1);
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 1"]);
    assert!(rig.receiver.received().iter().all(|one| one.path == "/hook"));
}
