//! What is written many at once: events, deliveries, and what became of them.

use std::collections::{BTreeSet, HashSet};

use portico::{
    actions::{queue, subscriptions},
    domain::{
        account::Developer,
        app::App,
        delivery::{
            DeliveryKind, NewDelivery, Stage,
            attempt::{Attempt, Next, Outcome},
            failure::{Failed, Failure},
            timing::Timing,
        },
        event::{Environment, Event},
        event_type::EventTypeName,
        id::{AccountId, DeliveryId, LaneId, SubscriptionId},
        lane::LaneKind,
        time::Span,
    },
    store::{Audience, Made},
};

use crate::support::{
    databases::{Kind, on_both},
    world::{Person, World, parsed},
};

on_both!(
    more_than_one_statement_takes_is_written_to_the_last_row,
    deliveries_of_a_lane_that_is_gone_are_not_made,
    an_attempt_is_recorded_once_under_its_number,
    what_was_cancelled_or_asked_for_again_meanwhile_stays_so,
    attempts_are_read_as_they_were_written,
    receivers_are_told_by_the_place_of_who_asks,
);

/// An active app with a subscription, and the lane of its production events.
struct Sent {
    world: World,
    ada: Person,
    app: App,
    subscription: SubscriptionId,
    lane: LaneId,
}

impl Sent {
    async fn new(kind: Kind) -> Self {
        let world = World::new(kind).await;
        let ada = world.user("ada@meridian.example").await;
        let app = world.webhook_app(&ada, "Relay").await;
        let app = world.activate(&ada, &app).await;
        let subscription = world.subscription(&ada, &app).await;
        let mut tx = world.database.begin().await;
        let lane = tx.ensure_lane(world.ctx.new_id(), subscription, LaneKind::Production).await;
        tx.commit().await.expect("it holds");
        Self { lane: lane.expect("a lane"), world, ada, app, subscription }
    }

    fn event(&self, n: usize) -> Event {
        let now = self.world.ctx.now();
        Event {
            id: self.world.ctx.new_id(),
            account: self.ada.account,
            event_type: parsed("meeting.started"),
            environment: Environment::Production,
            body: format!(r#"{{"n":{n},"text":"Zoë \"quoted\" \\ 'it'"}}"#),
            occurred_at: now,
            created_at: now,
        }
    }

    fn delivery(&self, event: &Event) -> NewDelivery {
        NewDelivery {
            id: self.world.ctx.new_id(),
            event: event.id,
            app: self.app.id,
            subscription: self.subscription,
            lane: self.lane,
            kind: DeliveryKind::Event,
            environment: event.environment,
            event_type: event.event_type.clone(),
            created_at: event.created_at,
        }
    }

    /// As many that wait.
    async fn waiting(&self, count: usize) -> Vec<DeliveryId> {
        let events: Vec<Event> = (0..count).map(|n| self.event(n)).collect();
        let deliveries: Vec<NewDelivery> = events.iter().map(|event| self.delivery(event)).collect();
        let mut tx = self.world.database.begin().await;
        tx.insert_events(&events).await.expect("events");
        tx.insert_deliveries(&deliveries).await.expect("deliveries");
        tx.commit().await.expect("they hold");
        deliveries.into_iter().map(|delivery| delivery.id).collect()
    }

    fn attempt(&self, delivery: DeliveryId, number: u32) -> Attempt {
        Attempt {
            delivery,
            number,
            at: self.world.ctx.now(),
            url: parsed("https://meridian.example/hook"),
            outcome: Outcome::Answered(500),
            timing: None,
            head: Vec::new(),
            excerpt: Vec::new(),
            excerpt_is_cut: false,
        }
    }

    /// Records one attempt, with so many before it since the delivery was last asked for; says
    /// whether it was new.
    async fn record(&self, attempt: &Attempt, next: Next, tries: u32) -> bool {
        let mut tx = self.world.database.begin().await;
        let made = [Made { attempt, next, tries }];
        let recorded = tx.record_attempts(&made, self.world.ctx.now()).await.expect("recorded");
        tx.commit().await.expect("it holds");
        recorded.contains(&attempt.delivery)
    }

    /// Where a delivery has got to, its attempts, and whether it waits.
    async fn state(&self, id: DeliveryId) -> (Stage, u32, bool) {
        let mut read = self.world.database.read().await;
        let read = read.logged_delivery(self.ada.account, self.app.id, id).await.expect("read");
        let read = read.expect("the delivery");
        (read.stage, read.attempts, read.next_at.is_some())
    }

    async fn attempts(&self, id: DeliveryId) -> Vec<Attempt> {
        self.world.database.read().await.attempts_of(self.ada.account, id, 50).await.expect("attempts")
    }
}

async fn more_than_one_statement_takes_is_written_to_the_last_row(kind: Kind) {
    let sent = Sent::new(kind).await;
    let made = sent.waiting(1_001).await;
    let database = &sent.world.database;
    assert_eq!(database.count("events", "true").await, 1_001);
    assert_eq!(database.count("deliveries", "next_at = created_at and attempts = 0").await, 1_001);
    for n in [0, 499, 500, 1_000] {
        let mut read = database.read().await;
        let body = read.body_of_delivery(sent.ada.account, made[n]).await.expect("read");
        assert_eq!(body, Some(sent.event(n).body));
    }
    let attempts: Vec<Attempt> = made.iter().map(|id| sent.attempt(*id, 1)).collect();
    let all: Vec<Made<'_>> =
        attempts.iter().map(|attempt| Made { attempt, next: Next::Succeeded, tries: 0 }).collect();
    let mut tx = database.begin().await;
    let recorded = tx.record_attempts(&all, sent.world.ctx.now()).await.expect("recorded");
    tx.commit().await.expect("it holds");
    assert_eq!(recorded, made.into_iter().collect::<HashSet<_>>());
    assert_eq!(database.count("attempts", "number = 1").await, 1_001);
    let ended = "status = 'succeeded' and next_at is null and finished_at is not null and tries = 1";
    assert_eq!(database.count("deliveries", ended).await, 1_001);
}

async fn deliveries_of_a_lane_that_is_gone_are_not_made(kind: Kind) {
    let sent = Sent::new(kind).await;
    let events = [sent.event(0), sent.event(1)];
    let [here, gone] = [sent.delivery(&events[0]), sent.delivery(&events[1])];
    let gone = NewDelivery { lane: sent.world.ctx.new_id(), ..gone };
    let mut tx = sent.world.database.begin().await;
    tx.insert_events(&events).await.expect("events");
    tx.insert_deliveries(&[gone, here.clone()]).await.expect("those that can be");
    tx.insert_events(&[]).await.expect("nothing to do");
    tx.commit().await.expect("they hold");
    let mut read = sent.world.database.read().await;
    let due =
        read.due_deliveries(sent.lane, sent.world.ctx.now(), queue::beginning(), 10).await.expect("read");
    assert_eq!(due.iter().map(|due| due.id).collect::<Vec<_>>(), [here.id]);
    assert_eq!(due[0].size_bytes(), events[0].body.len());
    assert_eq!(sent.world.database.count("deliveries", "true").await, 1);
}

async fn an_attempt_is_recorded_once_under_its_number(kind: Kind) {
    let sent = Sent::new(kind).await;
    let [id] = sent.waiting(1).await[..] else { panic!("one") };
    let again = Next::Again(sent.world.ctx.now() + Span::seconds(5));
    assert!(!sent.record(&sent.attempt(id, 2), again, 1).await, "the first is missing");
    assert!(sent.record(&sent.attempt(id, 1), again, 0).await);
    assert!(!sent.record(&sent.attempt(id, 1), Next::Succeeded, 0).await, "another process made it too");
    assert_eq!(sent.state(id).await, (Stage::Retrying, 1, true));
    assert!(sent.record(&sent.attempt(id, 2), Next::Failed, 1).await);
    assert_eq!(sent.state(id).await, (Stage::Failed, 2, false));
    assert!(!sent.record(&sent.attempt(id, 3), Next::Succeeded, 2).await, "nothing waits any more");
    assert_eq!(sent.attempts(id).await.len(), 2);
}

async fn what_was_cancelled_or_asked_for_again_meanwhile_stays_so(kind: Kind) {
    let sent = Sent::new(kind).await;
    let [cancelled, again] = sent.waiting(2).await[..] else { panic!("two") };
    let mut tx = sent.world.database.begin().await;
    tx.cancel_delivery(cancelled, sent.world.ctx.now()).await.expect("cancelled");
    tx.commit().await.expect("it holds");
    assert!(sent.record(&sent.attempt(cancelled, 1), Next::Succeeded, 0).await, "it was on its way");
    assert_eq!(sent.state(cancelled).await, (Stage::Cancelled, 1, false));
    assert!(!sent.record(&sent.attempt(cancelled, 1), Next::Succeeded, 0).await);

    let later = Next::Again(sent.world.ctx.now() + Span::seconds(5));
    assert!(sent.record(&sent.attempt(again, 1), later, 0).await);
    let mut tx = sent.world.database.begin().await;
    assert!(tx.redeliver(again, sent.world.ctx.now()).await.expect("asked"));
    tx.commit().await.expect("it holds");
    // The second attempt was on its way when it was asked for again.
    assert!(sent.record(&sent.attempt(again, 2), Next::Failed, 1).await);
    assert_eq!(sent.state(again).await, (Stage::Waiting, 2, true), "it begins anew");
}

async fn attempts_are_read_as_they_were_written(kind: Kind) {
    let sent = Sent::new(kind).await;
    let made = sent.waiting(4).await;
    let span = |micros| Some(Span::from_micros(micros));
    let whole = Timing {
        dns: span(1),
        connect: span(2),
        tls: span(3),
        first_byte: span(4),
        total: Span::from_micros(10),
    };
    let head = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expired = Failed { why: Failure::CertificateExpired, certificate_at: Some(sent.world.ctx.now()) };
    let attempts = [
        Attempt {
            outcome: Outcome::Answered(204),
            timing: Some(whole),
            head: vec![head("x-trace", "é \"quoted\""), head("…", "2 more")],
            excerpt: (0..=255).collect(),
            excerpt_is_cut: true,
            ..sent.attempt(made[0], 1)
        },
        Attempt { timing: Some(Timing::default()), ..sent.attempt(made[1], 1) },
        Attempt { outcome: Outcome::Failed(expired), ..sent.attempt(made[2], 1) },
        Attempt { outcome: Outcome::Failed(Failure::Blocked.into()), ..sent.attempt(made[3], 1) },
    ];
    let all: Vec<Made<'_>> =
        attempts.iter().map(|attempt| Made { attempt, next: Next::Failed, tries: 0 }).collect();
    let mut tx = sent.world.database.begin().await;
    tx.record_attempts(&all, sent.world.ctx.now()).await.expect("recorded");
    tx.commit().await.expect("it holds");
    for attempt in attempts {
        assert_eq!(sent.attempts(attempt.delivery).await, [attempt]);
    }
}

async fn receivers_are_told_by_the_place_of_who_asks(kind: Kind) {
    let sent = Sent::new(kind).await;
    let world = &sent.world;
    let toggle = async |owner: &Person, app: &App| {
        let acting = world.acting::<Developer>(owner);
        subscriptions::toggle(&world.ctx, &acting, app, true).await.expect("on");
    };
    toggle(&sent.ada, &sent.app).await;
    let second = world.subscription(&sent.ada, &sent.app).await;
    let bo = world.user("bo@other.example").await;
    let other = world.webhook_app(&bo, "Other").await;
    let theirs = world.subscription(&bo, &other).await;
    toggle(&bo, &other).await;
    let (started, created): (EventTypeName, EventTypeName) =
        (parsed("meeting.started"), parsed("user.created"));
    let (production, development) = (Environment::Production, Environment::Development);
    let nobody: AccountId = world.ctx.new_id();
    let asked: [Audience; 6] = [
        (bo.account, started.clone(), production),
        (sent.ada.account, started.clone(), production),
        (sent.ada.account, created, production),
        (nobody, started.clone(), production),
        (bo.account, started.clone(), development),
        (sent.ada.account, started, development),
    ];
    let mut read = world.database.read().await;
    let found = read.receivers(&asked).await.expect("receivers");
    assert!(found.is_sorted_by_key(|(place, _)| *place), "{found:?}");
    let lanes: BTreeSet<LaneId> = found.iter().map(|(_, one)| one.lane).collect();
    assert_eq!(lanes.len(), 5);
    let found: BTreeSet<_> = found.iter().map(|(place, one)| (*place, one.app, one.subscription)).collect();
    let (own, first) = (sent.app.id, sent.subscription);
    // A draft gets what is of development alone.
    let expected =
        [(1, own, first), (1, own, second), (4, other.id, theirs), (5, own, first), (5, own, second)];
    assert_eq!(found, expected.into());
    assert!(read.receivers(&[]).await.expect("nobody").is_empty());
}
