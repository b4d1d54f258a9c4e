use portico::{
    actions::Policy,
    domain::{delivery::schedule::Schedule, time::Span},
};

use crate::support::{
    databases::{Kind, on_both},
    receiver::Reply,
    rig::Rig,
    world::policy,
};

on_both!(
    a_delivery_is_tried_by_the_schedule_and_then_fails,
    the_operator_sets_another_schedule,
    an_endpoint_that_is_busy_is_left_alone_for_as_long_as_it_asks,
    a_delivery_that_fails_does_not_hold_up_others,
    an_endpoint_that_asks_for_time_gets_nothing_else_meanwhile,
);

async fn a_delivery_is_tried_by_the_schedule_and_then_fails(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer("/hook", Reply::status(500));
    let [delivery] = rig.publish(rig.lane("/hook").await, 1).await[..] else { panic!("one") };
    let waits = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (number, wait) in (1..).zip(waits) {
        rig.turn().await;
        assert_eq!(rig.state(delivery).await, format!("waiting after {number}"));
        let due_in = rig.due_in(delivery).await;
        assert!((wait * 4 / 5..=wait * 6 / 5).contains(&due_in), "{due_in} instead of {wait}");
        // A moment before and nothing happens.
        rig.world.clock.advance(Span::seconds(due_in - 1));
        rig.turn().await;
        assert_eq!(rig.state(delivery).await, format!("waiting after {number}"));
        rig.world.clock.advance(Span::seconds(2));
    }
    rig.turn().await;
    assert_eq!(rig.state(delivery).await, "failed after 10");
    rig.world.clock.advance(Span::days(30));
    rig.turn().await;
    let received = rig.receiver.received();
    assert_eq!(received.len(), 10);
    let id = delivery.to_string();
    assert!(received.iter().all(|one| one.header("webhook-id") == Some(&id)), "the same on every retry");
    let times: Vec<_> = received.iter().filter_map(|one| one.header("webhook-timestamp")).collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "of the attempt: {times:?}");
}

async fn the_operator_sets_another_schedule(kind: Kind) {
    let seconds = [0, 0, 60].map(Span::seconds);
    let schedule = Schedule::new(seconds.to_vec()).expect("a schedule");
    let rig = Rig::under(kind, Policy { retry_schedule: schedule, ..policy() }).await;
    rig.receiver.answer("/hook", Reply::status(500));
    let [delivery] = rig.publish(rig.lane("/hook").await, 1).await[..] else { panic!("one") };
    rig.turn().await;
    assert_eq!(rig.state(delivery).await, "waiting after 2");
    rig.world.clock.advance(Span::seconds(72));
    rig.turn().await;
    assert_eq!(rig.state(delivery).await, "failed after 3");
}

async fn an_endpoint_that_is_busy_is_left_alone_for_as_long_as_it_asks(kind: Kind) {
    let rig = Rig::new(kind).await;
    for (path, status, asked, least, most) in [
        ("/busy", 503, "120", 120, 120),
        ("/many", 429, "120", 120, 120),
        ("/week", 503, "604800", 86_400, 86_400),
        ("/soon", 503, "1", 4, 6),
        ("/error", 500, "120", 4, 6),
        ("/date", 503, "Tue, 24 Nov 2026 07:25:00 GMT", 300, 300),
    ] {
        rig.receiver.answer(path, Reply::status(status).with("retry-after", asked));
        let [delivery] = rig.publish(rig.lane(path).await, 1).await[..] else { panic!("one") };
        rig.turn().await;
        let due_in = rig.due_in(delivery).await;
        assert!((least..=most).contains(&due_in), "{path}: {due_in}");
    }
}

async fn a_delivery_that_fails_does_not_hold_up_others(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer_in_turn("/hook", [Reply::status(400), Reply::status(204)]);
    let made = rig.publish(rig.lane("/hook").await, 40).await;
    rig.turn().await;
    let states = rig.states(&made).await;
    assert_eq!(states.iter().filter(|state| *state == "waiting after 1").count(), 1, "{states:?}");
    assert_eq!(states.iter().filter(|state| *state == "succeeded after 1").count(), 39);
}

async fn an_endpoint_that_asks_for_time_gets_nothing_else_meanwhile(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer("/hook", Reply::status(429).with("retry-after", "120"));
    let made = rig.publish(rig.lane("/hook").await, 40).await;
    rig.turn().await;
    let asked = rig.receiver.received().len();
    assert!((1..=16).contains(&asked), "what was on its way alone: {asked}");
    rig.world.clock.advance(Span::seconds(119));
    rig.turn().await;
    assert_eq!(rig.receiver.received().len(), asked);
    rig.receiver.answer("/hook", Reply::status(204));
    rig.world.clock.advance(Span::seconds(2));
    rig.turn().await;
    assert!(rig.states(&made).await.iter().all(|state| state.starts_with("succeeded")));
}
