//! `/apps/{app}/subscriptions/{subscription}/test` and `…/validate`

use futures_util::future::join_all;
use portico::{
    actions::queue,
    domain::{
        account::Role,
        app::App,
        delivery::{
            DeliveryKind,
            attempt::{Attempt, Next, Outcome},
            failure::Failure,
        },
        id::{DeliveryId, SubscriptionId},
        lane::{Lane, LaneKind},
        time::Span,
    },
};

use super::{Flow, at, deliveries::attempt, only_error};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
    world::{Person, parsed},
};

on_both!(
    a_test_begins_with_an_example_and_waits_until_it_is_sent,
    a_result_is_told_in_words,
    a_refused_test_keeps_what_was_typed,
    as_much_is_sent_as_an_event_may_have,
    a_form_sent_twice_sends_one_test,
    ten_a_minute_are_sent_however_many_are_asked_for_at_once,
    a_test_that_is_redelivered_counts_too,
    a_validation_waits_beside_each_url_and_then_says_what_came_of_it,
    viewers_see_results_and_send_nothing,
    a_suspended_app_sends_nothing,
);

struct Scene {
    flow: Flow,
    app: App,
    sub: SubscriptionId,
    page: String,
}

impl Scene {
    async fn new(kind: Kind) -> Self {
        let flow = Flow::new(kind).await;
        let app = flow.jwt_app("Relay").await;
        let sub = flow.portal.world.subscription(&flow.ada, &app).await;
        let page = at(&app, &format!("/subscriptions/{sub}"));
        Self { flow, app, sub, page }
    }

    fn to(&self, verb: &str) -> String {
        format!("{}/{verb}", self.page)
    }

    async fn visit(&self) -> Page {
        self.flow.client.visit(&self.page).await
    }

    /// Sends the form of a test with these fields.
    async fn send(&self, fields: &[(&str, &str)]) -> Page {
        self.flow.client.fill(&self.page, &self.to("test"), fields).await
    }

    async fn deliveries(&self, condition: &str) -> usize {
        self.flow.portal.world.database.count("deliveries", condition).await
    }

    /// The ids of what waits, by kind and environment.
    async fn waiting(&self) -> Vec<(DeliveryKind, String, DeliveryId)> {
        let world = &self.flow.portal.world;
        let mut read = world.database.read().await;
        let mut found = Vec::new();
        for kind in [DeliveryKind::Test, DeliveryKind::Probe, DeliveryKind::ForgedProbe] {
            let checks = read.checks_of(self.flow.ada.account, self.sub, kind, 50).await.expect("deliveries");
            let waiting = checks.into_iter().filter(|one| one.next_at.is_some());
            found.extend(waiting.map(|one| (kind, one.environment.to_string(), one.id)));
        }
        found
    }

    /// Writes down what came of everything that waits, as the worker does.
    async fn ends(&self, of: impl Fn(DeliveryKind) -> Attempt) {
        let world = &self.flow.portal.world;
        let sender = world.ctx.new_id();
        let mut tx = world.database.begin().await;
        let lane = tx.ensure_lane(world.ctx.new_id(), self.sub, LaneKind::Checks).await.expect("a lane");
        let lane: Lane = tx.lane(lane).await.expect("a lane").expect("a lane");
        tx.commit().await.expect("it holds");
        let lane = std::sync::Arc::new(lane);
        let record = |(kind, _, delivery)| {
            let attempt = Attempt { delivery, ..of(kind) };
            let next = if kind.is_fulfilled_by(attempt.outcome) { Next::Succeeded } else { Next::Failed };
            queue::Record { lane: lane.clone(), kind, tries: 0, attempt, next, health: None, turns_off: None }
        };
        let records: Vec<_> = self.waiting().await.into_iter().map(record).collect();
        queue::record(&world.ctx, sender, &records).await.expect("written down");
    }

    fn now(&self) -> portico::domain::time::Timestamp {
        self.flow.portal.world.ctx.now()
    }

    async fn viewer(&self) -> Person {
        let world = &self.flow.portal.world;
        let viewer = world.colleague("eve@meridian.example", &self.flow.ada).await;
        world.with_role(viewer, Role::Viewer).await
    }
}

/// An attempt of whatever delivery.
fn ended(scene: &Scene, outcome: Outcome) -> Attempt {
    attempt(scene.flow.portal.world.ctx.new_id(), 1, scene.now(), outcome)
}

fn value(page: &Page, css: &str) -> String {
    page.texts(css).join("").trim().to_owned()
}

/// The text of a field as it stands there. The line break after its tag is no part of it.
fn exact(page: &Page, css: &str) -> String {
    let css = scraper::Selector::parse(css).expect("a selector");
    let text: String = page.html().select(&css).flat_map(|element| element.text()).collect();
    text.strip_prefix('\n').map(str::to_owned).unwrap_or(text)
}

async fn a_test_begins_with_an_example_and_waits_until_it_is_sent(kind: Kind) {
    let scene = Scene::new(kind).await;
    let page = scene.visit().await;
    assert_eq!(page.attribute("#event_type option[selected]", "value").as_deref(), Some("meeting.started"));
    assert!(exact(&page, "#data").contains("\"started_at\": \"2026-12-01T10:00:12Z\""));
    assert_eq!(page.attribute("input[name=environment][checked]", "value").as_deref(), Some("production"));
    let asked = format!("{}?test=recording.deleted&environment=development", scene.page);
    let page = scene.flow.client.visit(&asked).await;
    assert!(exact(&page, "#data").contains("r_9Qe5"), "{}", page.text());
    assert_eq!(page.attribute("input[name=environment][checked]", "value").as_deref(), Some("development"));
    let unknown = scene.flow.client.visit(&format!("{}?test=nonsense&environment=x", scene.page)).await;
    assert_eq!(
        unknown.attribute("#event_type option[selected]", "value").as_deref(),
        Some("meeting.started")
    );

    let example = scene.send(&[("event_type", "user.created"), ("example", "1"), ("data", "{}")]).await;
    assert_eq!(example.location(), format!("{}?test=user.created&environment=production#test", scene.page));
    assert_eq!(scene.deliveries("kind = 'test'").await, 0, "asking for an example sends nothing");

    let sent = scene.send(&[("event_type", "user.created"), ("data", "{ \"a\": [1.50] }")]).await;
    assert_eq!(sent.location(), format!("{}#test", scene.page));
    let page = scene.flow.client.follow(&sent).await;
    assert!(page.says("The test event is on its way.") && page.says("Waiting"), "{}", page.text());
    assert!(page.says("user.created to the production URL") && page.has("#tests[data-live]"));
    let waits = "kind = 'test' and environment = 'production' and status = 'waiting' and next_at is not null";
    assert_eq!(scene.deliveries(waits).await, 1);
    let database = &scene.flow.portal.world.database;
    assert_eq!(database.count("lanes", "kind = 'checks' and due_at is not null").await, 1);
    let body = database.texts("select body from events").await.join("");
    assert!(
        body.contains("\"type\":\"user.created\"") && body.ends_with("\"data\":{\"a\":[1.50]}}"),
        "{body}"
    );
    let log = scene.flow.client.visit(&at(&scene.app, "/deliveries")).await;
    assert!(log.says("a test"), "{}", log.text());
    assert_eq!(database.count("audit_log", "action like '%test%'").await, 0, "nothing of the app changed");
}

async fn a_result_is_told_in_words(kind: Kind) {
    let scene = Scene::new(kind).await;
    for (outcome, words) in [
        (Outcome::Answered(204), &["204 No Content in 5.19 s"][..]),
        (Outcome::Answered(404), &["404 Not Found", "Nothing answers at this path of the endpoint."]),
        (Outcome::Answered(410), &["410 Gone", "An event that it answers so turns it off."]),
        (Outcome::Failed(Failure::ConnectRefused.into()), &["Connection refused", "nothing listens"]),
        (Outcome::Failed(Failure::Blocked.into()), &["Address blocked", "Portico does not send to."]),
    ] {
        scene.send(&[]).await;
        let [(_, _, id)] = scene.waiting().await[..] else { panic!("one") };
        let blocked = outcome == Outcome::Failed(Failure::Blocked.into());
        let timing = ended(&scene, outcome).timing.filter(|_| !blocked);
        scene.ends(|_| Attempt { timing, ..ended(&scene, outcome) }).await;
        let page = scene.visit().await;
        let first = page.texts("#tests li:first-child").join("");
        for words in words {
            assert!(first.contains(words), "{words}: {first}");
        }
        assert_eq!(first.contains(" in 5.19 s"), !blocked, "{first}");
        assert!(page.has(&format!("#tests a[href$='/deliveries/{id}']")) && !page.has("[data-live]"));
        scene.flow.portal.world.clock.advance(Span::minutes(1));
    }
    assert_eq!(scene.visit().await.texts("#tests li").len(), 3, "the last ones");
}

async fn a_refused_test_keeps_what_was_typed(kind: Kind) {
    let scene = Scene::new(kind).await;
    for (field, typed, words) in [
        ("data", "", "Enter the payload, a JSON object"),
        ("data", "[1]", "The payload must be a JSON object"),
        ("data", "{\"a\": 1,}", "The payload is not JSON"),
        ("data", "{\"a\": 1, \"a\": 2}", "The payload is not JSON"),
        ("event_type", "nobody.knows", "Choose an event type from the list."),
        ("environment", "staging", "Choose which of the two URLs it is sent to."),
    ] {
        let good = [("event_type", "meeting.ended"), ("environment", "development"), ("data", "{\"x\":  1}")];
        let fields: Vec<_> =
            good.map(|(name, value)| (name, if name == field { typed } else { value })).to_vec();
        let page = scene.send(&fields).await;
        let (at, sentence) = only_error(&page);
        assert_eq!(at, field);
        assert!(sentence.starts_with(words), "{sentence}");
        assert!(page.text().contains("Nothing was sent. What you typed is still here."), "{}", page.text());
        let data = if field == "data" { typed } else { "{\"x\":  1}" };
        assert_eq!(exact(&page, "#data"), data);
        let chosen = page.attribute("#event_type option[selected]", "value");
        assert_eq!(chosen.as_deref(), (field != "event_type").then_some("meeting.ended"));
        let to = page.attribute("input[name=environment][checked]", "value");
        assert_eq!(to.as_deref(), (field != "environment").then_some("development"));
    }
    let world = &scene.flow.portal.world;
    world.database.set("subscriptions", &scene.sub, "development_url = null").await;
    let (field, sentence) = only_error(&scene.send(&[("environment", "development")]).await);
    assert_eq!(field, "environment");
    assert_eq!(sentence, "This subscription has no development URL. Choose the other one.");
    assert_eq!(scene.deliveries("true").await, 0);
}

async fn as_much_is_sent_as_an_event_may_have(kind: Kind) {
    let scene = Scene::new(kind).await;
    // Each of these bytes takes three in a form.
    let of = |bytes: usize| format!("{{\"a\":\"{}\"}}", "%".repeat(bytes - 8));
    assert_eq!(scene.send(&[("data", &of(262_144))]).await.status, 303);
    let page = scene.send(&[("data", &of(262_145))]).await;
    let (field, sentence) = only_error(&page);
    assert_eq!(field, "data");
    assert_eq!(sentence, "The payload must be at most 262,144 bytes without white space; it has 262,145.");
    assert_eq!(exact(&page, "#data"), of(262_145));
    assert_eq!(scene.send(&[("data", &of(600_000))]).await.status, 413);
    assert_eq!(scene.deliveries("true").await, 1);
}

async fn a_form_sent_twice_sends_one_test(kind: Kind) {
    let scene = Scene::new(kind).await;
    let client = &scene.flow.client;
    for verb in ["test", "validate"] {
        let form = scene.visit().await.form(&scene.to(verb));
        let answers = join_all((0..4).map(|_| client.submit(&form))).await;
        assert!(answers.iter().all(|page| page.status == 303));
        let again = client.follow(&client.submit(&form).await).await;
        assert!(again.says("This form was sent twice."), "{}", again.text());
    }
    assert_eq!(scene.deliveries("kind = 'test'").await, 1);
    assert_eq!(scene.deliveries("kind = 'probe'").await, 2);
    assert_eq!(scene.deliveries("kind = 'forged_probe'").await, 2);
}

async fn ten_a_minute_are_sent_however_many_are_asked_for_at_once(kind: Kind) {
    let scene = Scene::new(kind).await;
    let client = &scene.flow.client;
    let typed = "{\"typed\":  true}";
    let form = scene.visit().await.form(&scene.to("test")).without("once").with("data", typed);
    let answers = join_all((0..20).map(|_| client.submit(&form))).await;
    let sent = answers.iter().filter(|page| page.status == 303).count();
    let refused: Vec<_> = answers.iter().filter(|page| page.status == 429).collect();
    assert_eq!((sent, refused.len()), (10, 10));
    assert_eq!(scene.deliveries("kind = 'test'").await, 10);
    let page = refused[0];
    let words = "At most 10 tests and probes are sent for an app in a minute. Try again in";
    assert_eq!(page.errors().keys().collect::<Vec<_>>(), ["send"]);
    assert!(page.says(words), "{}", page.text());
    let wait: i64 = parsed(page.header("retry-after"));
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(exact(page, "#data"), typed);
    let page = client.fill(&scene.page, &scene.to("validate"), &[]).await;
    assert_eq!(page.status, 429);
    assert_eq!(page.errors().keys().collect::<Vec<_>>(), ["validate"]);
    assert_eq!(scene.deliveries("kind <> 'test'").await, 0);
    let other = scene.flow.jwt_app("Other").await;
    let sub = scene.flow.portal.world.subscription(&scene.flow.ada, &other).await;
    let there = at(&other, &format!("/subscriptions/{sub}"));
    assert_eq!(
        client.fill(&there, &format!("{there}/test"), &[]).await.status,
        303,
        "an app has its own ten"
    );
    scene.flow.portal.world.clock.advance(Span::seconds(wait));
    // Four probes are of ten, and so are eight; twelve would be too many.
    for status in [303, 303, 429] {
        assert_eq!(client.fill(&scene.page, &scene.to("validate"), &[]).await.status, status);
    }
}

async fn a_test_that_is_redelivered_counts_too(kind: Kind) {
    let scene = Scene::new(kind).await;
    scene.send(&[]).await;
    let [(_, _, id)] = scene.waiting().await[..] else { panic!("one") };
    scene.ends(|_| ended(&scene, Outcome::Answered(500))).await;
    let page = at(&scene.app, &format!("/deliveries/{id}"));
    let form = scene.flow.client.visit(&page).await.form(&format!("{page}/redeliver")).without("once");
    let answers = join_all((0..12).map(|_| scene.flow.client.submit(&form))).await;
    assert_eq!(answers.iter().filter(|page| page.status == 303).count(), 9);
    assert_eq!(answers.iter().filter(|page| page.status == 429).count(), 3);
}

async fn a_validation_waits_beside_each_url_and_then_says_what_came_of_it(kind: Kind) {
    let scene = Scene::new(kind).await;
    let page = scene.visit().await;
    assert!(page.says("Not validated"), "{}", page.text());
    let asked = scene.flow.client.fill(&scene.page, &scene.to("validate"), &[]).await;
    assert_eq!(asked.location(), format!("{}#endpoint", scene.page));
    let page = scene.flow.client.follow(&asked).await;
    for result in ["#production_url-result", "#development_url-result"] {
        assert!(value(&page, result).contains("The endpoint is being asked."), "{}", page.text());
        assert!(page.has(&format!("{result}[data-live]")));
    }
    let refused = Attempt { excerpt: b"no".to_vec(), ..ended(&scene, Outcome::Answered(401)) };
    scene.ends(|_| refused.clone()).await;
    let page = scene.visit().await;
    let result = value(&page, "#production_url-result");
    assert!(result.contains("Validation failed It answered 401. The endpoint does not let"), "{result}");
    assert!(result.contains("24 Nov 2026, 07:20 UTC") && !page.has("[data-live]"));
    let link = page.attribute("#production_url-result a", "href").expect("a link");
    let delivery = scene.flow.client.visit(&link).await;
    assert!(delivery.says("endpoint.url_validation") && delivery.says("a probe of the endpoint"));
    let log = scene.flow.client.visit(&at(&scene.app, "/deliveries?status=succeeded")).await;
    assert!(log.says("a wrongly signed probe") && log.says("Refused, as it should"), "{}", log.text());

    let database = &scene.flow.portal.world.database;
    for (probed, forged, words) in [
        ("proven", "refused", "Validated It knows the signing secret"),
        ("proven", "accepted", "Does not check signatures"),
        ("proven", "unanswered", "Validation failed It answered as it must, but not to"),
        ("old_secret", "refused", "Validation failed It uses an old signing secret."),
        ("other_token", "refused", "Validation failed The plain_token that it answered"),
        ("wrong_secret", "refused", "Validation failed The encrypted_token is not"),
        ("other_answer", "refused", "Validation failed It answered, but not with the JSON"),
    ] {
        let set = format!("update validations set probed = '{probed}', forged = '{forged}'");
        database.run(&set).await;
        let result = value(&scene.visit().await, "#production_url-result");
        assert!(result.starts_with(words), "{words}: {result}");
    }
    database.run("update validations set probed = 'unanswered'").await;
    database.run("delete from events").await;
    let page = scene.visit().await;
    let result = value(&page, "#production_url-result");
    assert!(result.starts_with("Validation failed It did not answer."), "without its delivery: {result}");
    assert!(!page.has("#production_url-result a"));
}

async fn viewers_see_results_and_send_nothing(kind: Kind) {
    let scene = Scene::new(kind).await;
    scene.send(&[]).await;
    scene.flow.client.fill(&scene.page, &scene.to("validate"), &[]).await;
    let client = scene.flow.portal.signed_in(&scene.viewer().await).await;
    let page = client.visit(&scene.page).await;
    assert!(page.says("The endpoint is being asked.") && page.has("#tests li"), "{}", page.text());
    assert!(!page.has("form[action$='/test']") && !page.has("form[action$='/validate']"));
    assert!(!page.has("main button"));
}

async fn a_suspended_app_sends_nothing(kind: Kind) {
    let scene = Scene::new(kind).await;
    let forms = ["test", "validate"].map(|verb| scene.to(verb));
    let page = scene.visit().await;
    let forms = forms.map(|action| page.form(&action));
    scene.flow.suspend(&scene.app, "It floods").await;
    for form in &forms {
        let page = scene.flow.client.submit(form).await;
        assert_eq!(page.status, 409);
        assert!(page.says("Only an admin of the platform can reinstate it."), "{}", page.text());
    }
    assert!(!scene.visit().await.has("form[action$='/test']"));
    assert_eq!(scene.deliveries("true").await, 0);
}
