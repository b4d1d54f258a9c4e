//! Deliveries in a browser: every state for axe, and pages that keep up with what waits.

use std::collections::BTreeMap;

use portico::{
    actions::{redeliveries, subscriptions},
    domain::{
        account::Developer,
        app::App,
        calls::Hour,
        delivery::{
            attempt::{Attempt, Next, Outcome},
            health::Attempts,
            timing::Timing,
        },
        id::{DeliveryId, SubscriptionId},
        time::Span,
    },
    store::Made,
};

use crate::{
    accessibility::look_over,
    browser::{Look, Scheme, Script},
    person::signed_in,
    support::{
        databases::Kind,
        site::Portal,
        world::{Person, World, parsed},
    },
};

pub(crate) struct Sent<'a> {
    pub(crate) world: &'a World,
    pub(crate) owner: &'a Person,
    pub(crate) app: &'a App,
    pub(crate) to: SubscriptionId,
}

impl Sent<'_> {
    /// A delivery of a second later than the one before.
    pub(crate) async fn made(&self) -> DeliveryId {
        self.world.clock.advance(Span::seconds(1));
        self.world.delivery(self.owner, self.app, self.to).await
    }

    /// One more attempt of it, answered with an excerpt.
    pub(crate) async fn answered(
        &self,
        delivery: DeliveryId,
        number: u32,
        status: u16,
        said: &str,
        next: Next,
    ) {
        let now = self.world.ctx.now();
        let span = |micros| Some(Span::from_micros(micros));
        let timing = Timing {
            dns: span(2_000),
            connect: span(18_000),
            tls: span(31_000),
            first_byte: span(940_000),
            total: Span::from_micros(995_000),
        };
        let attempt = Attempt {
            delivery,
            number,
            at: now,
            url: parsed("https://meridian.example/hook"),
            outcome: Outcome::Answered(status),
            timing: Some(timing),
            head: vec![(String::from("x-said"), said.to_owned())],
            excerpt: said.as_bytes().to_vec(),
            excerpt_is_cut: false,
        };
        let mut tx = self.world.database.begin().await;
        let made = Made { attempt: &attempt, next, tries: number - 1 };
        assert_eq!(tx.record_attempts(&[made], now).await.expect("recorded").len(), 1);
        tx.commit().await.expect("it holds");
    }

    pub(crate) async fn failed(&self, said: &str) -> DeliveryId {
        let id = self.made().await;
        self.answered(id, 1, 500, said, Next::Failed).await;
        id
    }

    async fn counted(&self) {
        let mut tx = self.world.database.begin().await;
        let mut hours = BTreeMap::new();
        for day in 0..28_u32 {
            let (succeeded, failed) = (u64::from(300 + day * 37 % 200), u64::from(day * 7 % 11));
            let total =
                Span::from_micros(i64::from(day * 9_100 % 70_000 + 80_000) * i64::from(300 + day * 37 % 200));
            let attempts = Attempts { succeeded, failed, total, slowest: Span::from_micros(2_000_000) };
            let hour = Hour::of(self.world.ctx.now() - Span::days(day.into()));
            hours.insert((self.app.id, hour), attempts);
        }
        tx.add_delivery_hours(&hours).await.expect("counted");
        tx.commit().await.expect("it holds");
    }
}

async fn an_app(portal: &Portal) -> (Person, App, SubscriptionId) {
    let ada = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&ada, "Recording Archiver").await;
    let app = portal.world.activate(&ada, &app).await;
    let sub = portal.world.subscription(&ada, &app).await;
    let developer = portal.world.acting::<Developer>(&ada);
    subscriptions::toggle(&portal.world.ctx, &developer, &app, true).await.expect("toggled");
    (ada, app, sub)
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_in_every_state() {
    let portal = Portal::new(Kind::Sqlite).await;
    let (ada, app, to) = an_app(&portal).await;
    let sent = Sent { world: &portal.world, owner: &ada, app: &app, to };
    let browser = signed_in(&portal, &ada, Look::default()).await;
    let list = format!("/apps/{}/deliveries", app.id);
    for path in [list.as_str(), &format!("/apps/{}", app.id)] {
        browser.visit(path).await;
        look_over(&browser).await;
    }
    let good = sent.made().await;
    sent.answered(good, 1, 204, "", Next::Succeeded).await;
    let failed = sent.failed(&"a long answer ".repeat(40)).await;
    let retried = sent.made().await;
    let later = Next::Again(portal.world.ctx.now() + Span::minutes(5));
    sent.answered(retried, 1, 503, "busy", later).await;
    let waits = sent.made().await;
    sent.counted().await;
    let one = |id: DeliveryId| format!("{list}/{id}");
    for path in [
        list.clone(),
        format!("{list}?failed_since=2026-11-24T07:00"),
        format!("{list}?failed_since=2026-12-24T07:00"),
        one(good),
        one(failed),
        one(retried),
        one(waits),
        format!("/apps/{}", app.id),
    ] {
        browser.visit(&path).await;
        look_over(&browser).await;
    }
    let developer = portal.world.acting::<Developer>(&ada);
    let form = portal.world.form(&ada);
    let since = portal.world.ctx.now() - Span::hours(1);
    redeliveries::begin(&portal.world.ctx, &developer, &app, since, form).await.expect("it begins");
    browser.visit(&list).await;
    browser.sees("0 of 1").await;
    look_over(&browser).await;
    browser.close().await;
    let root = portal.world.admin("root@platform.example").await;
    let browser = signed_in(&portal, &root, Look::default()).await;
    for path in [String::from("/admin"), format!("/admin/apps/{}", app.id)] {
        browser.visit(&path).await;
        look_over(&browser).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_keep_up_and_leave_alone_what_is_in_use() {
    let portal = Portal::new(Kind::Sqlite).await;
    let (ada, app, to) = an_app(&portal).await;
    let sent = Sent { world: &portal.world, owner: &ada, app: &app, to };
    let browser = signed_in(&portal, &ada, Look::default()).await;
    browser.appear(1280, 800, Scheme::Light).await;
    let list = format!("/apps/{}/deliveries", app.id);
    let (first, second) = (sent.made().await, sent.made().await);
    browser.visit(&list).await;
    browser.fill("Event id", "evt_half typed").await;
    sent.answered(first, 1, 204, "", Next::Succeeded).await;
    browser.sees("Delivered").await;
    let typed = browser.driver().execute("return document.activeElement.value", vec![]).await;
    assert_eq!(typed.expect("the field").json(), "evt_half typed");
    browser.visit(&format!("{list}/{second}")).await;
    let later = Next::Again(portal.world.ctx.now() + Span::minutes(5));
    sent.answered(second, 1, 503, "busy", later).await;
    browser.sees("503 Service Unavailable").await;
    // What is opened stays open, and what has the focus is not taken away.
    browser
        .driver()
        .execute("document.querySelector('#response-1').open = true", vec![])
        .await
        .expect("open");
    sent.answered(second, 2, 200, "", Next::Succeeded).await;
    browser.sees("Delivered").await;
    assert!(browser.has("#response-1[open]").await && !browser.has("[data-live]").await);
    let said =
        browser.driver().execute("return document.querySelector('[data-say]').textContent", vec![]).await;
    assert_eq!(said.expect("what is said").json(), "Delivered, 2 attempts");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_redelivered_with_and_without_script() {
    for script in [Script::On, Script::Off] {
        let portal = Portal::new(Kind::Sqlite).await;
        let (ada, app, to) = an_app(&portal).await;
        let sent = Sent { world: &portal.world, owner: &ada, app: &app, to };
        sent.failed("no").await;
        sent.failed("no").await;
        let browser = signed_in(&portal, &ada, Look { script, ..Look::default() }).await;
        let list = format!("/apps/{}/deliveries", app.id);
        browser.visit(&list).await;
        browser.select("Made since", "24 hours ago: 2 failed").await;
        browser.press("Redeliver").await;
        browser.sees("0 of 2").await;
        while redeliveries::go_on(&portal.world.ctx).await.expect("a step") {}
        match script {
            Script::On => {}
            Script::Off => browser.visit(&list).await,
        }
        browser.sees("2 failed deliveries are in the queue again").await;
        browser.close().await;
    }
}
