//! `/apps/{app}/deliveries`: the log

use portico::{
    actions::subscriptions,
    domain::{
        account::Developer,
        app::App,
        delivery::{
            attempt::{Attempt, Next, Outcome},
            failure::Failure,
            timing::Timing,
        },
        id::{DeliveryId, Id as _, SubscriptionId},
        lane::{LaneKind, TurnedOff},
        time::{Span, Timestamp},
    },
    store::Made,
};

use super::{Flow, at};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
    world::parsed,
};

on_both!(
    an_app_that_was_sent_nothing_says_what_the_page_is_for,
    deliveries_stand_in_the_log_with_what_became_of_them,
    the_log_is_filtered_by_its_address,
    the_log_goes_on_behind_its_last_delivery,
    a_page_looks_at_so_many_deliveries_and_goes_on_behind_them,
);

/// An active app with a subscription, with Event Subscriptions on.
pub(super) struct Log {
    pub(super) flow: Flow,
    pub(super) app: App,
    pub(super) sub: SubscriptionId,
}

impl Log {
    pub(super) async fn new(kind: Kind) -> Self {
        let flow = Flow::new(kind).await;
        let app = flow.active_app("Relay").await;
        let sub = flow.portal.world.subscription(&flow.ada, &app).await;
        let log = Self { flow, app, sub };
        log.toggle(true).await;
        log
    }

    pub(super) async fn toggle(&self, on: bool) {
        let world = &self.flow.portal.world;
        let developer = world.acting::<Developer>(&self.flow.ada);
        subscriptions::toggle(&world.ctx, &developer, &self.app, on).await.expect("toggled");
    }

    /// A delivery, a second after the one before.
    pub(super) async fn made(&self) -> DeliveryId {
        let world = &self.flow.portal.world;
        world.clock.advance(Span::seconds(1));
        world.delivery(&self.flow.ada, &self.app, self.sub).await
    }

    pub(super) async fn attempted(&self, attempt: &Attempt, next: Next) {
        let world = &self.flow.portal.world;
        let id = world.database.literal(&attempt.delivery);
        let tries = format!("select cast(tries as text) from deliveries where id = {id}");
        let tries = parsed(&world.database.texts(&tries).await.join(""));
        let mut tx = world.database.begin().await;
        let made = Made { attempt, next, tries };
        assert_eq!(tx.record_attempts(&[made], world.ctx.now()).await.expect("recorded").len(), 1);
        tx.commit().await.expect("it holds");
    }

    /// A delivery after one attempt.
    pub(super) async fn answered(&self, status: u16) -> DeliveryId {
        let id = self.made().await;
        let next = if status < 300 { Next::Succeeded } else { Next::Failed };
        self.attempted(&attempt(id, 1, self.now(), Outcome::Answered(status)), next).await;
        id
    }

    pub(super) fn now(&self) -> Timestamp {
        self.flow.portal.world.ctx.now()
    }

    pub(super) async fn list(&self, query: &str) -> Page {
        self.flow.client.visit(&at(&self.app, &format!("/deliveries{query}"))).await
    }

    pub(super) async fn one(&self, id: DeliveryId) -> Page {
        self.flow.client.visit(&self.path(id)).await
    }

    pub(super) fn path(&self, id: DeliveryId) -> String {
        at(&self.app, &format!("/deliveries/{id}"))
    }

    pub(super) async fn turn_off(&self, cause: TurnedOff) {
        let world = &self.flow.portal.world;
        let mut tx = world.database.begin().await;
        let lane = tx.ensure_lane(world.ctx.new_id(), self.sub, LaneKind::Production).await.expect("a lane");
        assert!(tx.turn_off_lane(lane, self.now(), cause).await.expect("turned off"));
        tx.commit().await.expect("it holds");
    }
}

pub(super) fn attempt(delivery: DeliveryId, number: u32, at: Timestamp, outcome: Outcome) -> Attempt {
    let span = |micros| Some(Span::from_micros(micros));
    Attempt {
        delivery,
        number,
        at,
        url: parsed("https://meridian.example/hook"),
        outcome,
        timing: Some(Timing {
            dns: span(2_000),
            connect: span(18_000),
            tls: span(31_000),
            first_byte: span(5_140_000),
            total: Span::from_micros(5_195_000),
        }),
        head: Vec::new(),
        excerpt: Vec::new(),
        excerpt_is_cut: false,
    }
}

fn rows(page: &Page) -> Vec<String> {
    page.texts("main tbody tr")
}

/// The ids of the deliveries that a page lists, in its order.
pub(super) fn ids(page: &Page) -> Vec<String> {
    let html = page.html();
    let link = scraper::Selector::parse("main tbody th a").expect("a selector");
    let id = |href: &str| href.rsplit('/').next().unwrap_or_default().to_owned();
    html.select(&link).filter_map(|link| link.value().attr("href")).map(id).collect()
}

async fn an_app_that_was_sent_nothing_says_what_the_page_is_for(kind: Kind) {
    let log = Log::new(kind).await;
    let page = log.list("").await;
    assert!(page.says("Nothing was sent yet") && page.says("Kept for 30 days"), "{}", page.text());
    assert!(!page.has("main table") && page.has("nav a[aria-current=page][href$='/deliveries']"));
    let draft = log.flow.jwt_app("Draft").await;
    let page = log.flow.client.visit(&at(&draft, "/deliveries")).await;
    assert!(page.says("Draft has none yet") && page.has("main a[href$='/features']"), "{}", page.text());
    assert!(log.list("?status=failed").await.says("No delivery fits"));
}

async fn deliveries_stand_in_the_log_with_what_became_of_them(kind: Kind) {
    let log = Log::new(kind).await;
    log.answered(204).await;
    log.answered(500).await;
    let refused = log.made().await;
    let outcome = Outcome::Failed(Failure::ConnectRefused.into());
    let next = Next::Again(log.now() + Span::seconds(5));
    log.attempted(&attempt(refused, 1, log.now(), outcome), next).await;
    log.made().await;
    let page = log.list("").await;
    let subscription = "Unnamed, made 24 Nov 2026";
    let row = |status: &str, attempts: u8, last: &str| {
        format!("meeting.started{subscription}{status}24 Nov 2026, 07:20 UTC{attempts}{last}")
    };
    let expected = [
        row("Waiting", 0, "None yet"),
        row("Retrying", 1, "Connection refused"),
        row("Failed", 1, "500"),
        row("Delivered", 1, "204"),
    ];
    assert_eq!(rows(&page), expected);
    assert!(page.says("4 deliveries"), "{}", page.text());
    let gone = log.flow.portal.world.subscription(&log.flow.ada, &log.app).await;
    let delivery = log.flow.portal.world.delivery(&log.flow.ada, &log.app, gone).await;
    let developer = log.flow.portal.world.acting::<Developer>(&log.flow.ada);
    subscriptions::delete(&log.flow.portal.world.ctx, &developer, &log.app, gone).await.expect("deleted");
    let page = log.list("?status=cancelled").await;
    assert!(rows(&page).concat().contains("A deleted subscriptionCancelled"), "{}", page.text());
    let page = log.one(delivery).await;
    assert!(page.says("A deleted subscription") && !page.has("form[action$='/redeliver']"));
}

async fn the_log_is_filtered_by_its_address(kind: Kind) {
    let log = Log::new(kind).await;
    let (failed, good) = (log.answered(500).await, log.answered(200).await);
    let world = &log.flow.portal.world;
    let second = world.subscription(&log.flow.ada, &log.app).await;
    world.clock.advance(Span::hours(2));
    let other = world.delivery(&log.flow.ada, &log.app, second).await;
    let retried = log.made().await;
    let next = Next::Again(log.now() + Span::hours(1));
    log.attempted(&attempt(retried, 1, log.now(), Outcome::Answered(503)), next).await;
    let mut read = world.database.read().await;
    let event = read.logged_delivery(log.flow.ada.account, log.app.id, good).await.expect("a row");
    let event = event.expect("the delivery").event;
    let (all, none): (&[DeliveryId], &[DeliveryId]) = (&[retried, other, good, failed], &[]);
    for (query, expected) in [
        (String::new(), all),
        (String::from("?status=failed"), &[failed]),
        (String::from("?status=succeeded"), &[good]),
        (String::from("?status=waiting"), &[other]),
        (String::from("?status=retrying"), &[retried]),
        (String::from("?status=nonsense"), all),
        (String::from("?type=meeting.started"), all),
        (String::from("?type=meeting.ended"), none),
        (format!("?subscription={second}"), &[other]),
        (format!("?subscription={second}&status=failed"), none),
        (format!("?subscription={}&status=failed&type=meeting.started", log.sub), &[failed]),
        (format!("?event={event}"), &[good]),
        (String::from("?since=1h"), &[retried, other]),
        (String::from("?since=2026-11-24T09:20:03Z&status=retrying"), &[retried]),
        (String::from("?since=2026-11-25"), none),
    ] {
        let page = log.list(&query).await;
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(ids(&page), expected, "{query}");
    }
    let page = log.list(&format!("?status=failed&subscription={}&since=24h", log.sub)).await;
    assert!(page.says("1 delivery found"), "{}", page.text());
    for (select, value) in [("status", "failed"), ("subscription", &log.sub.to_string()), ("since", "24h")] {
        let chosen = page.attribute(&format!("#{select} option[selected]"), "value");
        assert_eq!(chosen.as_deref(), Some(value));
    }
    // What is no filter is said, and all is listed.
    for wrong in ["event=evt_1", "status=nonsense", "since=yesterday", "event=%3Cb%3E"] {
        let page = log.list(&format!("?{wrong}")).await;
        let value = wrong.split_once('=').expect("a value").1.replace("%3Cb%3E", "<b>");
        assert!(page.says(&format!("Not filtered by “{value}”.")), "{wrong}: {}", page.text());
        assert_eq!(ids(&page).len(), all.len(), "{wrong}");
    }
    assert!(!log.list("?status=failed").await.says("Not filtered by"));
    let stranger = world.user("eve@evil.example").await;
    let theirs = world.jwt_app(&stranger, "Theirs").await;
    let client = log.flow.portal.signed_in(&stranger).await;
    let page = client.visit(&at(&theirs, &format!("/deliveries?event={event}"))).await;
    assert!(page.says("No delivery fits"), "another account finds nothing: {}", page.text());
}

async fn the_log_goes_on_behind_its_last_delivery(kind: Kind) {
    let log = Log::new(kind).await;
    let mut made = Vec::new();
    for _ in 0..53 {
        made.push(log.made().await.to_string());
    }
    made.reverse();
    let page = log.list("?type=meeting.started").await;
    assert_eq!(ids(&page), made[..50]);
    assert!(page.says("53 deliveries found"), "{}", page.text());
    let next = page.attribute("a[rel=next]", "href").expect("a next page");
    log.made().await;
    let page = log.flow.client.visit(&next).await;
    assert_eq!(ids(&page), made[50..], "whatever was made meanwhile");
    assert!(page.has("a[rel=first][href$='/deliveries?type=meeting.started']"));
    assert!(!page.has("a[rel=next]"));
}

/// As many that were delivered since one was made, past the rules.
async fn delivered_since(log: &Log, first: DeliveryId, count: usize) {
    let database = &log.flow.portal.world.database;
    log.flow.portal.world.clock.advance(Span::seconds(1));
    let made = DeliveryId::generate(log.now(), [0; 10]).uuid().simple().to_string();
    let id = match database.kind() {
        Kind::Sqlite => format!("unhex('{}' || printf('%016x', n))", &made[..16]),
        Kind::Postgres => format!("cast('{}' || lpad(to_hex(n), 16, '0') as uuid)", &made[..16]),
    };
    let numbers =
        format!("with recursive s(n) as (select 1 union all select n + 1 from s where n < {count})");
    let first = database.literal(&first);
    let events = format!(
        "insert into events (id, account_id, event_type, environment, body, size_bytes, occurred_at, created_at)
        {numbers} select {id}, e.account_id, e.event_type, e.environment, e.body, e.size_bytes, e.occurred_at,
            e.created_at
        from s cross join events e where e.id = (select event_id from deliveries where id = {first})"
    );
    let deliveries = format!(
        "insert into deliveries (id, event_id, app_id, subscription_id, lane_id, kind, environment, event_type,
            status, created_at, attempts, tries)
        {numbers} select {id}, {id}, d.app_id, d.subscription_id, d.lane_id, d.kind, d.environment, d.event_type,
            'succeeded', d.created_at, 1, 1
        from s cross join deliveries d where d.id = {first}"
    );
    database.run(&events).await;
    database.run(&deliveries).await;
}

async fn a_page_looks_at_so_many_deliveries_and_goes_on_behind_them(kind: Kind) {
    let log = Log::new(kind).await;
    let old = log.made().await;
    delivered_since(&log, old, 20_000).await;
    for query in [String::from("?status=waiting"), format!("?status=waiting&subscription={}", log.sub)] {
        let page = log.list(&query).await;
        let said = "20,000 deliveries were looked at, back to 24 Nov 2026, 07:20 UTC";
        assert!(page.says("No delivery fits so far") && page.says(said), "{}", page.text());
        let on = page.attribute(".empty a[href*='after=']", "href").expect("the way on");
        let page = log.flow.client.visit(&on).await;
        assert_eq!(ids(&page), [old.to_string()]);
        assert!(!page.has("a[rel=next]") && page.says("1 delivery found"), "{}", page.text());
    }
    let new = log.made().await;
    let page = log.list("?status=waiting").await;
    assert_eq!(ids(&page), [new.to_string()]);
    assert!(page.says("1 delivery found among 20,000, back to"), "{}", page.text());
    assert!(page.has("a[rel=next]"));
    // All that is asked for has an index of its own.
    for query in ["", "?status=failed", "?status=dropped", &format!("?subscription={}", log.sub)] {
        let page = log.list(query).await;
        assert!(!page.says("back to"), "{query}: {}", page.text());
    }
}
