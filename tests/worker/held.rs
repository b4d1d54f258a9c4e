use portico::{
    actions::{activation, admin, queue, subscriptions},
    domain::{
        account::Developer,
        lane::Waiting,
        subscription::{Endpoints, EventTypes, NewSubscription},
        time::Span,
    },
};

use crate::support::{
    databases::{Kind, on_both},
    receiver::Reply,
    rig::{Lane, Rig, run, until},
    world::parsed,
};

on_both!(
    what_waits_for_an_app_that_is_stopped_is_held_until_it_is_woken,
    a_worker_that_sends_stops_within_a_moment_of_a_deactivation,
    what_was_overlooked_is_found_and_what_is_held_stays_held,
    another_url_begins_anew,
    failures_before_a_deactivation_are_forgotten,
    what_is_due_sooner_than_its_lane_is_found,
    what_waits_for_an_app_or_account_that_is_reinstated_is_sent,
    what_waits_for_an_account_that_is_approved_is_sent,
);

async fn reactivate(rig: &Rig) {
    let acting = rig.world.acting::<Developer>(&rig.owner);
    activation::reactivate(rig.ctx(), &acting, rig.app.id, Waiting::Send).await.expect("active again");
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
    subscriptions::toggle(rig.ctx(), &acting, &rig.app, true).await.expect("on");
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 1"]);
}

/// What is published while nothing may be sent is held, and sent once something lifts that.
async fn sent_after(rig: &Rig, lane: Lane, lift: impl AsyncFnOnce()) {
    let before = rig.receiver.received().len();
    let made = rig.publish(lane, 2).await;
    rig.turn().await;
    assert_eq!(rig.of_lane(lane, "due_at").await, "-", "nobody looks at it");
    assert_eq!(rig.receiver.received().len(), before);
    lift().await;
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 1"; 2]);
}

async fn what_waits_for_an_app_or_account_that_is_reinstated_is_sent(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let root = rig.world.admin("root@portico.example").await;
    let root = rig.world.as_admin(&root).await;
    let (ctx, reason) = (rig.ctx(), parsed("Too many complaints."));
    admin::apps::suspend(ctx, &root, rig.app.id, &reason).await.expect("suspended");
    sent_after(&rig, lane, async || {
        admin::apps::reinstate(ctx, &root, rig.app.id, Some(reason.as_str())).await.expect("reinstated");
    })
    .await;
    admin::accounts::suspend(ctx, &root, rig.app.account, &reason).await.expect("suspended");
    sent_after(&rig, lane, async || {
        let seen = Some(reason.as_str());
        admin::accounts::reinstate(ctx, &root, rig.app.account, seen).await.expect("reinstated");
    })
    .await;
}

async fn what_waits_for_an_account_that_is_approved_is_sent(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let root = rig.world.admin("root@portico.example").await;
    let root = rig.world.as_admin(&root).await;
    rig.world.database.set("accounts", &rig.app.account, "standing = 'pending'").await;
    sent_after(&rig, lane, async || {
        admin::accounts::approve(rig.ctx(), &root, rig.app.account).await.expect("approved");
    })
    .await;
}

async fn another_url_begins_anew(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/old").await;
    rig.receiver.answer("/old", Reply::status(410));
    let made = rig.publish(lane, 1).await;
    rig.turn().await;
    assert_eq!(rig.of_lane(lane, "turned_off_cause").await, "gone");
    let acting = rig.world.acting::<Developer>(&rig.owner);
    let url = |path: &str| Some(parsed(&rig.receiver.url(path)));
    let mut new = NewSubscription {
        name: Some(parsed("Relay")),
        endpoints: Endpoints::new(url("/old-dev"), url("/old")).expect("URLs"),
        event_types: EventTypes::new(vec![parsed("meeting.started")]).expect("a type"),
    };
    let save = async |new: &NewSubscription| {
        subscriptions::save(rig.ctx(), &acting, &rig.app, lane.subscription, new).await.expect("saved");
    };
    save(&new).await;
    assert_eq!(rig.of_lane(lane, "turned_off_cause").await, "gone", "a name is no endpoint");
    new.endpoints = Endpoints::new(url("/old-dev"), url("/new")).expect("URLs");
    save(&new).await;
    assert_eq!(rig.of_lane(lane, "turned_off_cause").await, "-");
    assert_eq!(rig.of_lane(lane, "failures").await, "0");
    rig.world.clock.advance(Span::seconds(10));
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 2"]);
}

async fn failures_before_a_deactivation_are_forgotten(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    rig.receiver.answer("/hook", Reply::status(500));
    rig.publish(lane, 1).await;
    rig.turn().await;
    let acting = rig.world.acting::<Developer>(&rig.owner);
    activation::deactivate(rig.ctx(), &acting, rig.app.id).await.expect("stopped");
    assert_eq!(rig.of_lane(lane, "failures").await, "1");
    reactivate(&rig).await;
    assert_eq!(rig.of_lane(lane, "failures").await, "0");
    assert_eq!(rig.of_lane(lane, "failing_since").await, "-");
}

async fn what_is_due_sooner_than_its_lane_is_found(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let made = rig.publish(lane, 1).await;
    let tomorrow = (rig.ctx().now() + Span::days(1)).micros();
    rig.world.database.set("lanes", &lane.id, &format!("due_at = {tomorrow}")).await;
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["waiting after 0"]);
    assert_eq!(queue::wake_lost(rig.ctx()).await.expect("sought"), 1);
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 1"]);
    assert_eq!(queue::wake_lost(rig.ctx()).await.expect("sought"), 0);
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
