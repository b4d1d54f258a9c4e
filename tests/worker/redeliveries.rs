use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portico::{
    actions::{Conflict, Context, Error, Once, redeliveries, subscriptions},
    domain::{
        account::Developer,
        audit::Change,
        id::DeliveryId,
        time::{Span, Timestamp},
    },
};

use crate::{
    processes::Process,
    support::{
        databases::{Kind, on_both},
        receiver::Reply,
        rig::{Lane, Rig, until},
    },
};

on_both!(
    what_failed_since_a_moment_is_sent_once_more,
    one_redelivery_of_an_app_runs_at_a_time,
    a_process_that_is_killed_is_taken_over_from,
    two_processes_never_double_a_step,
    an_endpoint_that_is_well_is_never_buried,
    what_waits_for_a_dead_endpoint_keeps_no_other_waiting,
);

/// Deliveries that failed for good.
async fn failed(rig: &Rig, lane: Lane, count: usize) -> Vec<DeliveryId> {
    let made = rig.publish(lane, count).await;
    give_up(rig, lane).await;
    made
}

/// As if the schedule of what waits in the lane were at its end.
async fn give_up(rig: &Rig, lane: Lane) {
    let now = rig.ctx().now().micros();
    let id = rig.world.database.literal(&lane.id);
    let failed = format!("status = 'failed', next_at = null, attempts = 1, tries = 1, finished_at = {now}");
    rig.world
        .database
        .run(&format!("update deliveries set {failed} where lane_id = {id} and next_at is not null"))
        .await;
}

async fn begin(rig: &Rig, since: Timestamp) -> Result<Once<u64>, Error> {
    let (acting, form) = (rig.world.acting::<Developer>(&rig.owner), rig.world.form(&rig.owner));
    redeliveries::begin(rig.ctx(), &acting, &rig.app, since, form).await
}

async fn finish(ctx: &Context) {
    while redeliveries::go_on(ctx).await.expect("a step") {}
}

/// Done, of how many, and whether it is over.
async fn progress(rig: &Rig) -> (u64, u64, bool) {
    let acting = rig.world.acting::<Developer>(&rig.owner);
    let of_app = redeliveries::of_app(rig.ctx(), &acting, &rig.app).await.expect("read").expect("one");
    (of_app.done, of_app.total, of_app.finished_at.is_some())
}

async fn what_failed_since_a_moment_is_sent_once_more(kind: Kind) {
    let rig = Rig::new(kind).await;
    let (lane, gone) = (rig.lane("/hook").await, rig.lane("/gone").await);
    let old = failed(&rig, lane, 2).await;
    rig.world.clock.advance(Span::hours(1));
    let since = rig.ctx().now();
    let young = failed(&rig, lane, 250).await;
    let lost = failed(&rig, gone, 3).await;
    let good = rig.publish(lane, 1).await;
    rig.turn().await;
    let developer = rig.world.acting::<Developer>(&rig.owner);
    subscriptions::delete(rig.ctx(), &developer, &rig.app, gone.subscription).await.expect("deleted");
    rig.world.clock.advance(Span::minutes(1));
    assert_eq!(begin(&rig, since).await.expect("it begins"), Once::Now(250));
    // What fails after it was asked for is not what was asked for.
    rig.world.clock.advance(Span::minutes(1));
    let later = failed(&rig, lane, 1).await;
    assert!(redeliveries::go_on(rig.ctx()).await.expect("a step"));
    // Among the first two hundred are some that are not made again.
    let (done, total, is_over) = progress(&rig).await;
    assert!((197..=200).contains(&done) && total == 250 && !is_over, "{done} of {total}");
    finish(rig.ctx()).await;
    assert_eq!(progress(&rig).await, (250, 250, true));
    assert_eq!(rig.states(&young).await, vec!["waiting after 1"; 250]);
    rig.turn().await;
    assert_eq!(rig.states(&young).await, vec!["succeeded after 2"; 250]);
    assert_eq!(rig.states(&good).await, ["succeeded after 1"]);
    for untouched in [old, lost, later] {
        assert_eq!(rig.states(&untouched).await, vec!["failed after 1"; untouched.len()]);
    }
    let mut sent: Vec<String> = rig
        .receiver
        .received()
        .iter()
        .map(|received| received.header("webhook-id").expect("an id").to_owned())
        .collect();
    sent.sort_unstable();
    let mut expected: Vec<String> = young.iter().chain(&good).map(ToString::to_string).collect();
    expected.sort_unstable();
    assert_eq!(sent, expected, "each of them once, under the id it had");
    let told =
        rig.world.database.texts("select detail from audit_log where action = 'failed_redelivered'").await;
    let (_, detail) = Change::FailedRedelivered { since: since.iso(), deliveries: 250 }.parts();
    let [told] = &told[..] else { panic!("one row: {told:?}") };
    assert_eq!(*told, detail);
}

async fn one_redelivery_of_an_app_runs_at_a_time(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let since = rig.ctx().now();
    assert_eq!(begin(&rig, since).await.expect("nothing to do"), Once::Now(0));
    failed(&rig, lane, 3).await;
    let (one, other) = tokio::join!(begin(&rig, since), begin(&rig, since));
    let refused =
        |result: &Result<Once<u64>, Error>| matches!(result, Err(Error::Conflict(Conflict::Redelivering)));
    assert_eq!([&one, &other].into_iter().filter(|result| refused(result)).count(), 1, "{one:?} {other:?}");
    assert!([one, other].into_iter().flatten().eq([Once::Now(3)]));
    finish(rig.ctx()).await;
    give_up(&rig, lane).await;
    // Those have failed again since, and can be asked for anew.
    assert_eq!(begin(&rig, since).await.expect("it begins"), Once::Now(3));
    finish(rig.ctx()).await;
    assert_eq!(progress(&rig).await, (3, 3, true));
}

/// A rig whose clock stands a minute behind the machine's, which is that of processes: what is
/// older than it is kept would go, and what is yet to come would wait.
#[expect(clippy::disallowed_methods, reason = "processes have no other clock")]
async fn of_late(kind: Kind) -> Rig {
    let rig = Rig::new(kind).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros();
    let now = Timestamp::from_micros(i64::try_from(now).expect("before the year 294,000"));
    rig.world.clock.advance(now.since(rig.ctx().now() + Span::minutes(1)));
    rig
}

async fn all_arrived(rig: &Rig, made: &[DeliveryId]) {
    until("all of them delivered", async || {
        let waiting = "select cast(count(*) as text) from deliveries where status <> 'succeeded'";
        rig.world.database.texts(waiting).await == ["0"]
    })
    .await;
    let over = "select cast(done as text) || ' of ' || total from redeliveries where finished_at is not null";
    until("its end", async || !rig.world.database.texts(over).await.is_empty()).await;
    assert_eq!(rig.world.database.texts(over).await, [format!("{0} of {0}", made.len())]);
}

async fn a_process_that_is_killed_is_taken_over_from(kind: Kind) {
    const MADE: usize = 2_000;
    let rig = of_late(kind).await;
    let lane = rig.lane("/hook").await;
    let since = rig.ctx().now();
    let made = failed(&rig, lane, MADE).await;
    begin(&rig, since).await.expect("it begins");
    // It comes to a stop in the middle: the endpoint answers nothing, and no more is added than
    // what may be due.
    rig.receiver.answer("/hook", Reply::Hang);
    let process = Process::start(&rig);
    let some = "select app_id from redeliveries where done > 0 and finished_at is null";
    until("a step", async || !rig.world.database.texts(&some.replace("app_id", "'one'")).await.is_empty())
        .await;
    drop(process);
    let (done, total, is_over) = progress(&rig).await;
    assert!(done > 0 && done < total && !is_over, "{done} of {total}");
    let waiting = "select cast(count(*) as text) from deliveries where status = 'waiting'";
    assert_eq!(rig.world.database.texts(waiting).await, [done.to_string()], "not one between");
    rig.receiver.answer("/hook", Reply::status(204));
    let _survivor = Process::start(&rig);
    all_arrived(&rig, &made).await;
}

async fn two_processes_never_double_a_step(kind: Kind) {
    const MADE: usize = 1_000;
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    // So that they race: what is held is set waiting without a pause.
    rig.world.database.set("lanes", &lane.id, "turned_off_at = 1, turned_off_cause = 'gone'").await;
    let since = rig.ctx().now();
    let made = failed(&rig, lane, MADE).await;
    begin(&rig, since).await.expect("it begins");
    let other = rig.world.another_process().await;
    let run = |ctx: Context| tokio::spawn(async move { finish(&ctx).await });
    let (one, two) = (run(rig.ctx().clone()), run(other));
    one.await.expect("it ends");
    two.await.expect("it ends");
    assert_eq!(progress(&rig).await, (MADE as u64, MADE as u64, true));
    assert_eq!(rig.states(&made).await, vec!["waiting after 1"; MADE]);
}

async fn an_endpoint_that_is_well_is_never_buried(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let since = rig.ctx().now();
    failed(&rig, lane, 1_500).await;
    begin(&rig, since).await.expect("it begins");
    finish(rig.ctx()).await;
    let (done, _, is_over) = progress(&rig).await;
    assert!((401..=600).contains(&done) && !is_over, "{done}");
    // What is published now has those before it and no others.
    rig.world.clock.advance(Span::seconds(1));
    let new = rig.publish(lane, 1).await.remove(0).to_string();
    while !progress(&rig).await.2 {
        rig.turn().await;
        rig.world.clock.advance(Span::seconds(1));
        finish(rig.ctx()).await;
    }
    rig.turn().await;
    let received = rig.receiver.received();
    let place = received.iter().position(|one| one.header("webhook-id") == Some(new.as_str()));
    let place = place.expect("it came");
    // Sixteen at once arrive in any order.
    assert!(u64::try_from(place).expect("a place") <= done + 16, "{place} of {}", received.len());
    assert_eq!(received.len(), 1_501);
}

async fn what_waits_for_a_dead_endpoint_keeps_no_other_waiting(kind: Kind) {
    let rig = Rig::new(kind).await;
    let (dead, well) = (rig.lane("/dead").await, rig.lane("/well").await);
    let since = rig.ctx().now();
    failed(&rig, dead, 700).await;
    let made = failed(&rig, well, 5).await;
    rig.world.database.set("lanes", &dead.id, "failures = 30, failing_since = 1").await;
    begin(&rig, since).await.expect("it begins");
    tokio::time::timeout(Duration::from_secs(60), finish(rig.ctx())).await.expect("it ends");
    assert_eq!(progress(&rig).await, (705, 705, true));
    assert_eq!(rig.states(&made).await, vec!["waiting after 1"; 5]);
}
