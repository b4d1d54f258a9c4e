//! Requests with an `Idempotency-Key`, and what publishing writes many of at once.

use std::sync::Arc;

use portico::{
    actions::events::{self, Published, Request, Unpublished},
    domain::{
        id::{ClaimId, PlatformKeyId},
        platform_key::PlatformService,
        publication::{self, IdempotencyKey, Weighed},
        time::{Clock, Span, Timestamp},
    },
    store::{Claim, Tx},
};

use crate::{
    races::at_once,
    support::{
        databases::{Kind, on_both},
        world::{TestClock, World, parsed},
    },
};

on_both!(
    a_request_is_ended_and_forgotten_by_whoever_holds_its_claim,
    of_repeats_that_take_over_from_each_other_one_publishes,
);

const HASH: [u8; 32] = [3; 32];

/// Begins a request, with one minute until another takes over; says whether the claim holds.
async fn begin(tx: &mut Tx, claim: Claim<'_>, now: Timestamp) -> bool {
    let before = [now - Span::minutes(1), now - Span::hours(24)];
    tx.begin_request(claim, &HASH, now, before).await.expect("asked")
}

async fn a_request_is_ended_and_forgotten_by_whoever_holds_its_claim(kind: Kind) {
    let world = World::new(kind).await;
    let (key, _) = world.platform_key("Meetings").await;
    let idempotency: IdempotencyKey = parsed("req-1");
    let claim = |id| Claim { key, idempotency: &idempotency, id };
    let (first, second): (ClaimId, ClaimId) = (world.ctx.new_id(), world.ctx.new_id());
    let now = world.ctx.now();
    let mut tx = world.database.begin().await;
    assert!(begin(&mut tx, claim(first), now).await);
    assert!(!begin(&mut tx, claim(second), now + Span::minutes(1)).await, "it may still end");
    let late = now + Span::seconds(61);
    assert!(begin(&mut tx, claim(second), late).await, "nobody waits longer");
    assert!(!tx.end_request(claim(first), "late").await.expect("asked"), "its claim is lost");
    tx.forget_request(claim(first)).await.expect("asked");
    assert!(tx.end_request(claim(second), "[]").await.expect("asked"));
    assert!(!tx.end_request(claim(second), "[1]").await.expect("asked"), "it is answered once");
    tx.forget_request(claim(second)).await.expect("asked");
    let kept = tx.request(key, &idempotency).await.expect("asked").expect("what is answered is kept");
    assert_eq!((kept.request_hash, kept.answer), (HASH.to_vec(), String::from("[]")));
    assert!(!begin(&mut tx, claim(first), late + Span::hours(24)).await);
    assert!(begin(&mut tx, claim(first), late + Span::hours(25)).await, "after a day it is forgotten");
    tx.forget_request(claim(first)).await.expect("asked");
    assert!(tx.request(key, &idempotency).await.expect("asked").is_none(), "refused, it may come again");
}

/// Each time it is read two minutes have passed: nobody is in time.
#[derive(Debug)]
struct Leaps(TestClock);

impl Clock for Leaps {
    fn now(&self) -> Timestamp {
        self.0.advance(Span::minutes(2));
        self.0.now()
    }
}

async fn of_repeats_that_take_over_from_each_other_one_publishes(kind: Kind) {
    let mut world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let (key, _) = world.platform_key("Meetings").await;
    let service = service(&world, key).await;
    let body = format!(r#"{{"type":"meeting.started","account":"{}","data":{{}}}}"#, ada.account);
    world.ctx.clock = Arc::new(Leaps(TestClock::new()));
    let answers: Vec<Result<Vec<Published>, Unpublished>> = at_once(16, |_| {
        let ctx = world.ctx.clone();
        let weighed = Weighed::new(body.as_bytes()).expect("small");
        let events = publication::parse(weighed).expect("an event");
        let idempotency = Some((parsed("req-1"), publication::fingerprint(body.as_bytes())));
        async move { events::publish(&ctx, &Request { service, events, idempotency }).await }
    })
    .await;
    assert_eq!(world.database.count("events", "true").await, 1);
    let mut published = Vec::new();
    for answer in answers {
        match answer {
            Ok(events) => published.extend(events),
            Err(Unpublished::StillRunning) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(!published.is_empty(), "somebody was answered");
    let first = published[0].clone();
    assert!(published.iter().all(|one| *one == first && !one.duplicate), "{published:?}");
}

async fn service(world: &World, key: PlatformKeyId) -> PlatformService {
    let facts = world.database.read().await.platform_key(key).await.expect("read").expect("it is there");
    PlatformService::prove(&facts).expect("it works")
}
