use portico::domain::time::Span;

use crate::support::{
    databases::{Kind, on_both},
    receiver::Reply,
    rig::Rig,
};

on_both!(
    a_row_of_failures_opens_the_circuit_and_a_probe_closes_it,
    an_endpoint_that_is_gone_is_turned_off,
    five_days_of_failing_turn_an_endpoint_off,
);

async fn a_row_of_failures_opens_the_circuit_and_a_probe_closes_it(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer("/hook", Reply::status(500));
    let lane = rig.lane("/hook").await;
    let made = rig.publish(lane, 100).await;
    rig.turn().await;
    let tried = rig.receiver.received().len();
    // Sixteen at once while it was well, then one by one.
    assert!((20..36).contains(&tried), "{tried}");
    rig.turn().await;
    assert_eq!(rig.receiver.received().len(), tried, "open");
    let untried = async |state: &str| rig.states(&made).await.iter().filter(|one| *one == state).count();
    assert_eq!(untried("waiting after 0").await, 100 - tried, "they use up no attempt");

    rig.world.clock.advance(Span::seconds(61));
    rig.turn().await;
    assert_eq!(rig.receiver.received().len(), tried + 1, "one probe");
    rig.receiver.answer("/hook", Reply::status(204));
    rig.world.clock.advance(Span::seconds(61));
    rig.turn().await;
    assert_eq!(rig.of_lane(lane, "failures").await, "0");
    rig.world.clock.advance(Span::minutes(6));
    rig.turn().await;
    assert!(rig.states(&made).await.iter().all(|state| state.starts_with("succeeded")));
}

/// What was mailed to owners and written down of a lane's end.
async fn told(rig: &Rig) -> (usize, Vec<String>) {
    let database = &rig.world.database;
    let mails = database.texts("select cast(created_at as text) from outbox").await.len();
    let audited = "select actor || ' ' || detail from audit_log where action = 'subscription_turned_off'";
    (mails, database.texts(audited).await)
}

async fn an_endpoint_that_is_gone_is_turned_off(kind: Kind) {
    let rig = Rig::new(kind).await;
    let before = told(&rig).await.0;
    rig.receiver.answer("/hook", Reply::status(410));
    let (lane, other) = (rig.lane("/hook").await, rig.lane("/other").await);
    let made = rig.publish(lane, 60).await;
    let others = rig.publish(other, 1).await;
    rig.turn().await;
    let tried = rig.receiver.received().iter().filter(|one| one.path == "/hook").count();
    assert!((1..=16).contains(&tried), "only what was on its way: {tried}");
    assert_eq!(rig.of_lane(lane, "turned_off_cause").await, "gone");
    assert_eq!(rig.of_lane(lane, "due_at").await, "-");
    assert_eq!(rig.states(&others).await, ["succeeded after 1"]);
    let (mails, audited) = told(&rig).await;
    assert_eq!(mails - before, 1, "the owner is written to once");
    let [audited] = &audited[..] else { panic!("once: {audited:?}") };
    assert!(audited.starts_with("system ") && audited.contains("\"cause\":\"gone\""), "{audited}");

    rig.receiver.answer("/hook", Reply::status(204));
    rig.world.clock.advance(Span::hours(1));
    rig.publish(lane, 1).await;
    rig.turn().await;
    assert!(rig.states(&made).await.iter().all(|state| state.starts_with("waiting")), "held");
    let mut tx = rig.world.database.begin().await;
    tx.turn_on_lanes(lane.subscription, rig.ctx().now()).await.expect("on");
    tx.commit().await.expect("it holds");
    rig.turn().await;
    assert!(rig.states(&made).await.iter().all(|state| state.starts_with("succeeded")), "resumed");
}

async fn five_days_of_failing_turn_an_endpoint_off(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer("/hook", Reply::status(500));
    let lane = rig.lane("/hook").await;
    for day in 0..5 {
        rig.publish(lane, 1).await;
        rig.turn().await;
        assert_eq!(rig.of_lane(lane, "turned_off_cause").await, "-", "day {day}");
        rig.world.clock.advance(Span::days(1));
    }
    rig.turn().await;
    assert_eq!(rig.of_lane(lane, "turned_off_cause").await, "failing");
    let (_, audited) = told(&rig).await;
    assert!(audited.len() == 1 && audited[0].contains("\"cause\":\"failing\""), "{audited:?}");
}
