use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};

use portico::{
    actions::{
        Context,
        queue::{self, Wanted},
        subscriptions,
    },
    domain::{
        delivery::attempt::{Attempt, Next, Outcome},
        id::{DeliveryId, LaneId, SecretId, SenderId},
        time::Span,
    },
    store::Made,
};

use crate::support::{
    databases::{Kind, on_both},
    receiver::Reply,
    rig::{Rig, another_worker, insert, insert_due, run, until},
    world::parsed,
};

on_both!(
    the_lanes_of_a_worker_that_died_pass_on_within_half_a_minute,
    two_workers_never_get_the_same_lane,
    an_attempt_is_written_down_once,
    what_is_asked_for_again_during_an_attempt_is_sent_again,
    nothing_is_left_waiting_for_a_subscription_that_is_deleted_meanwhile,
    a_worker_that_is_killed_loses_nothing,
    a_worker_that_stops_gives_its_lanes_back,
    a_lane_that_nobody_sends_from_passes_on_though_others_are_renewed,
    a_lane_that_was_left_for_an_error_is_sent_when_it_is_mended,
    what_is_committed_late_is_sent_although_the_lane_is_busy,
);

async fn claim(ctx: &Context, by: SenderId, limit: usize) -> Vec<LaneId> {
    let wanted = Wanted { limit, each: limit, held: &HashMap::new() };
    let claimed = queue::claim(ctx, by, wanted).await.expect("claimed");
    claimed.into_iter().map(|(lane, _)| lane).collect()
}

async fn the_lanes_of_a_worker_that_died_pass_on_within_half_a_minute(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let made = rig.publish(lane, 2).await;
    let dead: SenderId = rig.ctx().new_id();
    assert_eq!(claim(rig.ctx(), dead, 10).await, [lane.id]);
    rig.world.clock.advance(Span::seconds(19));
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["waiting after 0"; 2], "it may still live");
    assert_eq!(queue::renew(rig.ctx(), dead, &[lane.id]).await.expect("it does"), [lane.id]);
    rig.world.clock.advance(Span::seconds(19));
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["waiting after 0"; 2]);
    rig.world.clock.advance(Span::seconds(2));
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 1"; 2]);
}

async fn two_workers_never_get_the_same_lane(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut lanes = BTreeSet::new();
    for number in 0..10 {
        let lane = rig.lane(&format!("/{number}")).await;
        rig.publish(lane, 1).await;
        lanes.insert(lane.id);
    }
    let claims = (0..8).map(|_| {
        let ctx = rig.ctx().clone();
        tokio::spawn(async move {
            let (mut claimed, sender) = (Vec::new(), ctx.new_id::<SenderId>());
            for _ in 0..10 {
                claimed.extend(claim(&ctx, sender, 2).await);
            }
            claimed
        })
    });
    let mut claimed = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        claimed.extend(claim.await.expect("no panic"));
    }
    assert_eq!(claimed.len(), 10, "each once");
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), lanes);
}

async fn an_attempt_is_written_down_once(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let [delivery] = rig.publish(lane, 1).await[..] else { panic!("one") };
    let attempt = |status| answered(&rig, delivery, status);
    let again = Next::Again(rig.ctx().now() + Span::seconds(5));
    let mut tx = rig.world.database.begin().await;
    let now = rig.ctx().now();
    let (first, second) = (attempt(204), attempt(500));
    let made = |attempt, next| [Made { attempt, next, tries: 0 }];
    let written = tx.record_attempts(&made(&first, Next::Succeeded), now).await.expect("written");
    assert_eq!(written, HashSet::from([delivery]));
    assert!(tx.record_attempts(&made(&second, again), now).await.expect("not written").is_empty());
    tx.commit().await.expect("it holds");
    assert_eq!(rig.state(delivery).await, "succeeded after 1");
}

async fn what_is_asked_for_again_during_an_attempt_is_sent_again(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let [delivery] = rig.publish(lane, 1).await[..] else { panic!("one") };
    let attempt = answered(&rig, delivery, 500);
    let mut tx = rig.world.database.begin().await;
    // When the attempt began, nine had been made; since then somebody has asked for more.
    let made = [Made { attempt: &attempt, next: Next::Failed, tries: 9 }];
    assert_eq!(tx.record_attempts(&made, rig.ctx().now()).await.expect("written").len(), 1);
    tx.commit().await.expect("it holds");
    assert_eq!(rig.state(delivery).await, "waiting after 1");
    assert_eq!(rig.due_in(delivery).await, 0);
}

async fn nothing_is_left_waiting_for_a_subscription_that_is_deleted_meanwhile(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let mut publishing = rig.world.database.begin().await;
    let early = insert(&mut publishing, rig.ctx(), lane).await;
    let (ctx, acting) = (rig.ctx().clone(), rig.world.acting(&rig.owner));
    let app = rig.app.clone();
    let deleting = tokio::spawn(async move {
        subscriptions::delete(&ctx, &acting, &app, lane.subscription).await.expect("deleted");
    });
    // Long enough for it to see that nothing waits, if it does not wait itself.
    tokio::time::sleep(Duration::from_millis(200)).await;
    publishing.commit().await.expect("it holds");
    deleting.await.expect("no panic");
    assert_eq!(rig.state(early).await, "cancelled after 0");
    let mut late = rig.world.database.begin().await;
    insert(&mut late, rig.ctx(), lane).await;
    late.commit().await.expect("it holds");
    let waiting = rig.world.database.texts("select status from deliveries where next_at is not null").await;
    assert!(waiting.is_empty(), "{waiting:?}");
}

/// The first attempt at a delivery.
fn answered(rig: &Rig, delivery: DeliveryId, status: u16) -> Attempt {
    Attempt {
        delivery,
        number: 1,
        at: rig.ctx().now(),
        url: parsed("https://hooks.example.com/"),
        outcome: Outcome::Answered(status),
        timing: None,
        head: Vec::new(),
        excerpt: Vec::new(),
        excerpt_is_cut: false,
    }
}

async fn a_worker_that_is_killed_loses_nothing(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer("/hook", Reply::Hang);
    let lane = rig.lane("/hook").await;
    let made = rig.publish(lane, 40).await;
    let first = run(rig.worker());
    rig.receiver.wait_for(16).await;
    first.kill().await;
    rig.receiver.answer("/hook", Reply::status(204));
    let second = run(another_worker(&rig).await);
    rig.world.clock.advance(Span::seconds(30));
    let all_done = async || rig.states(&made).await.iter().all(|state| state == "succeeded after 1");
    until("every delivery", all_done).await;
    second.stop().await;
    let sent = rig.receiver.received().len();
    // Those that were on their way come twice, and no others.
    assert_eq!(sent, 40 + 16);
}

async fn a_worker_that_stops_gives_its_lanes_back(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let made = rig.publish(lane, 3_000).await;
    let first = run(rig.worker());
    rig.receiver.wait_for(50).await;
    first.stop().await;
    assert_eq!(rig.of_lane(lane, "leased_until").await, "-");
    let sent = rig.receiver.received().len();
    let recorded = rig.states(&made).await.iter().filter(|state| *state == "succeeded after 1").count();
    assert_eq!(sent, recorded, "what was on its way is written down");
    let second = run(another_worker(&rig).await);
    rig.receiver.wait_for(3_000).await;
    second.stop().await;
    assert_eq!(rig.receiver.received().len(), 3_000, "each once");
}

async fn a_lane_that_nobody_sends_from_passes_on_though_others_are_renewed(kind: Kind) {
    let rig = Rig::new(kind).await;
    let (busy, left) = (rig.lane("/busy").await, rig.lane("/left").await);
    let held = rig.publish(busy, 1).await;
    let made = rig.publish(left, 1).await;
    let sender: SenderId = rig.ctx().new_id();
    assert_eq!(claim(rig.ctx(), sender, 10).await.len(), 2);
    rig.world.clock.advance(Span::seconds(15));
    assert_eq!(queue::renew(rig.ctx(), sender, &[busy.id]).await.expect("renewed"), [busy.id]);
    rig.world.clock.advance(Span::seconds(15));
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 1"]);
    assert_eq!(rig.states(&held).await, ["waiting after 0"]);
    let another: SenderId = rig.ctx().new_id();
    assert_eq!(queue::renew(rig.ctx(), another, &[busy.id]).await.expect("none"), [], "not its own");
}

async fn a_lane_that_was_left_for_an_error_is_sent_when_it_is_mended(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let made = rig.publish(lane, 1).await;
    let mut read = rig.world.database.read().await;
    let secrets = read.signing_secrets(lane.account, lane.subscription, rig.ctx().now()).await;
    drop(read);
    let secret: SecretId = secrets.expect("secrets").first().expect("one").facts.id;
    let other: SecretId = rig.ctx().new_id();
    let database = &rig.world.database;
    // A secret opens in its own row alone.
    database.set("signing_secrets", &secret, &format!("id = {}", database.literal(&other))).await;
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["waiting after 0"]);
    assert_eq!(rig.of_lane(lane, "leased_until").await, "-", "it is given back");
    database.set("signing_secrets", &other, &format!("id = {}", database.literal(&secret))).await;
    rig.world.clock.advance(Span::seconds(6));
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["succeeded after 1"]);
}

async fn what_is_committed_late_is_sent_although_the_lane_is_busy(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer_in_turn("/hook", [Reply::Hang, Reply::status(204)]);
    let lane = rig.lane("/hook").await;
    rig.world.clock.advance(Span::seconds(1));
    rig.publish(lane, 1).await;
    // As long as this attempt hangs, the lane is busy.
    let worker = run(rig.worker());
    rig.receiver.wait_for(1).await;
    let mut tx = rig.world.database.begin().await;
    let late = insert_due(&mut tx, rig.ctx(), lane, rig.ctx().now() - Span::seconds(1)).await;
    tx.commit().await.expect("it holds");
    queue::announce(rig.ctx(), &[lane.id]).await.expect("told");
    until("a delivery that was due before", async || rig.state(late).await == "succeeded after 1").await;
    worker.kill().await;
}
