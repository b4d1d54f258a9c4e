//! `POST /api/v1/events`

mod judged;

use std::collections::BTreeSet;

use portico::{
    actions::{activation, subscriptions},
    domain::{
        account::Developer, app::App, credential::PlatformKey, event::Environment, event_type::EventTypeName,
        lane::Waiting, time::Span,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    apps::{Flow, at},
    support::{
        client::Page,
        databases::{Kind, on_both},
        world::parsed,
    },
};

on_both!(
    an_event_is_stored_with_a_delivery_for_every_subscription_that_holds_its_type,
    an_array_is_published_in_its_order,
    only_a_platform_key_publishes,
    what_is_wrong_is_said_and_nothing_of_the_request_is_published,
    sizes_have_their_limits,
    an_id_of_the_platform_is_published_once,
    a_request_with_a_key_does_its_work_once,
    requests_at_one_time_with_one_id_make_one_event,
    events_go_to_those_who_receive_them_now,
    deactivating_holds_what_waits_and_reactivating_sends_or_drops_it,
    deleting_a_subscription_cancels_what_waits,
);

struct Publisher {
    flow: Flow,
    key: PlatformKey,
    app: App,
}

impl Publisher {
    /// A platform with a key, and an active app that subscribes to `meeting.started`.
    async fn new(kind: Kind) -> Self {
        let flow = Flow::new(kind).await;
        let (_, key) = flow.portal.world.platform_key("Meetings").await;
        let app = flow.active_app("Relay").await;
        flow.portal.world.subscription(&flow.ada, &app).await;
        let publisher = Self { flow, key, app };
        publisher.toggle(true).await;
        publisher
    }

    async fn toggle(&self, on: bool) {
        let world = &self.flow.portal.world;
        let developer = world.acting::<Developer>(&self.flow.ada);
        subscriptions::toggle(&world.ctx, &developer, &self.app, on).await.expect("toggled");
    }

    fn event(&self) -> Value {
        json!({"type": "meeting.started", "account": self.flow.ada.account.to_string(), "data": {"n": 1}})
    }

    async fn publish(&self, body: &Value) -> Page {
        self.send(&[], body.to_string()).await
    }

    async fn send(&self, headers: &[(&str, &str)], body: String) -> Page {
        let request = self.flow.portal.client().request(Method::POST, "/api/v1/events");
        let mut request = request.bearer_auth(self.key.expose()).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.flow.client.send(request.body(body)).await
    }

    async fn deliveries(&self, status: &str) -> usize {
        self.flow.portal.world.database.count("deliveries", &format!("status = '{status}'")).await
    }

    async fn events(&self) -> usize {
        self.flow.portal.world.database.count("events", "true").await
    }
}

fn answered(page: &Page) -> Value {
    assert_eq!(page.status, 202, "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    let answer: Value = serde_json::from_str(&page.body).expect("JSON");
    answer["events"].clone()
}

fn refused(page: &Page) -> (u16, String) {
    assert_eq!(page.header("content-type"), "application/problem+json", "{}", page.body);
    let problem: Value = serde_json::from_str(&page.body).expect("JSON");
    (page.status.as_u16(), problem["code"].as_str().expect("a code").to_owned())
}

async fn an_event_is_stored_with_a_delivery_for_every_subscription_that_holds_its_type(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let world = &publisher.flow.portal.world;
    world.subscription(&publisher.flow.ada, &publisher.app).await;
    let answer = answered(&publisher.publish(&publisher.event()).await);
    let id = answer[0]["id"].as_str().expect("an id");
    assert!(id.starts_with("evt_") && answer == json!([{"id": id, "duplicate": false}]), "{answer}");
    assert_eq!((publisher.events().await, publisher.deliveries("waiting").await), (1, 2));
    let due = world.database.count("lanes", "due_at is not null and kind = 'production'").await;
    assert_eq!(due, 2);
    let mut ended = publisher.event();
    ended["type"] = json!("meeting.ended");
    answered(&publisher.publish(&ended).await);
    assert_eq!((publisher.events().await, publisher.deliveries("waiting").await), (2, 2));
}

async fn an_array_is_published_in_its_order(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let named = |id: &str| {
        let mut event = publisher.event();
        event["id"] = json!(id);
        event
    };
    let answer =
        answered(&publisher.publish(&json!([named("b"), named("a"), publisher.event(), named("b")])).await);
    let duplicates: Vec<_> =
        answer.as_array().expect("an array").iter().map(|one| one["duplicate"] == true).collect();
    assert_eq!(duplicates, [false, false, false, true]);
    assert_eq!(answer[0]["id"], answer[3]["id"]);
    assert_eq!((publisher.events().await, publisher.deliveries("waiting").await), (3, 3));
}

async fn only_a_platform_key_publishes(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let world = &publisher.flow.portal.world;
    let token = world.token(&publisher.flow.ada, &publisher.app).await;
    let unknown = PlatformKey::from_random([7; 32]);
    let post = |token: Option<String>| {
        let request = publisher.flow.client.request(Method::POST, "/api/v1/events");
        let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
        publisher.flow.client.send(request.body(publisher.event().to_string()))
    };
    for (token, code) in [
        (None, "missing_token"),
        (Some(token), "invalid_token"),
        (Some(unknown.expose().to_owned()), "invalid_token"),
        (Some(String::from("pk_short")), "invalid_token"),
    ] {
        let page = post(token).await;
        assert_eq!(refused(&page), (401, String::from(code)));
        assert!(page.header("www-authenticate").starts_with("Bearer"));
    }
    assert_eq!(publisher.events().await, 0);
}

async fn what_is_wrong_is_said_and_nothing_of_the_request_is_published(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let with = |name: &str, value: Value| {
        let mut event = publisher.event();
        event[name] = value;
        event
    };
    for (wrong, status, code, said) in [
        (with("type", json!("meeting.nothing")), 422, "unknown_event_type", "meeting.nothing"),
        (with("type", json!("app.deauthorized")), 422, "unknown_event_type", "Portico itself makes"),
        (
            json!(["meeting.started", null, null, null, {}, null, null]),
            422,
            "invalid_event",
            "must be an object",
        ),
        (with("account", json!("acc_00000000000000000000000000")), 422, "unknown_account", "no such account"),
        (with("account_external_id", json!("x")), 422, "invalid_event", "send one of the two"),
        (with("data", json!([1])), 422, "invalid_event", "[1].data must be an object."),
        (with("environment", json!("test")), 422, "invalid_event", "development"),
    ] {
        let page = publisher.publish(&json!([publisher.event(), wrong])).await;
        assert_eq!(refused(&page), (status, String::from(code)));
        assert!(page.body.contains(said), "{} does not say {said}", page.body);
    }
    assert_eq!(
        refused(&publisher.send(&[], String::from("{")).await),
        (400, String::from("invalid_request"))
    );
    assert_eq!((publisher.events().await, publisher.deliveries("waiting").await), (0, 0));
}

async fn sizes_have_their_limits(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let sized = |bytes: usize| {
        let mut event = publisher.event();
        event["data"] = json!({"text": ""});
        let room = bytes - event.to_string().len();
        event["data"] = json!({"text": "x".repeat(room)});
        event
    };
    answered(&publisher.publish(&sized(256 * 1024)).await);
    let too_large = (413, String::from("too_large"));
    assert_eq!(refused(&publisher.publish(&sized(256 * 1024 + 1)).await), too_large);
    assert_eq!(refused(&publisher.publish(&Value::Array(vec![sized(200 * 1024); 21])).await), too_large);
    let many = |n: usize| Value::Array(vec![publisher.event(); n]);
    assert_eq!(refused(&publisher.publish(&many(101)).await), (422, String::from("invalid_event")));
    assert_eq!(answered(&publisher.publish(&many(100)).await).as_array().expect("an array").len(), 100);
}

async fn an_id_of_the_platform_is_published_once(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let mut event = publisher.event();
    event["id"] = json!("meeting-41-started");
    let first = answered(&publisher.publish(&event).await);
    let again = answered(&publisher.publish(&event).await);
    assert_eq!(again, json!([{"id": first[0]["id"], "duplicate": true}]));
    assert_eq!(publisher.events().await, 1);
    publisher.flow.portal.world.clock.advance(Span::days(31));
    let later = answered(&publisher.publish(&event).await);
    assert_eq!(later[0]["duplicate"], false);
    assert_ne!(later[0]["id"], first[0]["id"]);
}

async fn a_request_with_a_key_does_its_work_once(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let key = [("idempotency-key", "req-1")];
    let body = publisher.event().to_string();
    let first = answered(&publisher.send(&key, body.clone()).await);
    assert_eq!(answered(&publisher.send(&key, body.clone()).await), first);
    assert_eq!(publisher.events().await, 1);
    let other = publisher.send(&key, format!(" {body}")).await;
    assert_eq!(refused(&other), (422, String::from("idempotency_key_reused")));
    let bad = publisher.send(&[("idempotency-key", "")], body.clone()).await;
    assert_eq!(refused(&bad), (400, String::from("invalid_request")));

    // A refused request is not remembered; one that never ended is, for a minute.
    let second = [("idempotency-key", "req-2")];
    assert_eq!(refused(&publisher.send(&second, String::from("{}")).await).0, 422);
    let mut unknown = publisher.event();
    unknown["type"] = json!("meeting.nothing");
    assert_eq!(refused(&publisher.send(&second, unknown.to_string()).await).0, 422);
    answered(&publisher.send(&second, body.clone()).await);
    let world = &publisher.flow.portal.world;
    world.database.run("update idempotency_keys set answer = '' where idempotency_key = 'req-2'").await;
    let running = publisher.send(&second, body.clone()).await;
    assert_eq!(refused(&running), (409, String::from("idempotency_key_running")));
    world.clock.advance(Span::seconds(61));
    answered(&publisher.send(&second, body.clone()).await);
    assert_eq!(publisher.events().await, 3);

    world.clock.advance(Span::hours(24));
    assert_ne!(answered(&publisher.send(&key, body).await), first, "a key is forgotten after a day");
}

async fn requests_at_one_time_with_one_id_make_one_event(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let batch = |ids: [&str; 3]| {
        let named = |id: &str| {
            let mut event = publisher.event();
            event["id"] = json!(id);
            event
        };
        ids.map(named)
    };
    let requests = (0..12).map(|n| {
        let body = json!(if n % 2 == 0 { batch(["a", "b", "c"]) } else { batch(["c", "b", "a"]) });
        let publisher = &publisher;
        async move { answered(&publisher.publish(&body).await) }
    });
    let answers = futures_util::future::join_all(requests).await;
    let made = answers.iter().flat_map(|answer| answer.as_array().expect("an array"));
    assert_eq!(made.filter(|one| one["duplicate"] == false).count(), 3);
    assert_eq!(publisher.events().await, 3);
}

async fn events_go_to_those_who_receive_them_now(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let world = &publisher.flow.portal.world;
    let receivers = async |environment| {
        let started: EventTypeName = parsed("meeting.started");
        let mut read = world.database.read().await;
        let found = read.receivers(&[(publisher.flow.ada.account, started.clone(), environment)]).await;
        found.expect("receivers").iter().map(|(_, receiver)| receiver.app).collect::<BTreeSet<_>>()
    };
    let (production, development) = (Environment::Production, Environment::Development);
    let app = publisher.app.id;
    let draft = publisher.flow.jwt_app("Draft").await;
    world.subscription(&publisher.flow.ada, &draft).await;
    world.database.set("apps", &draft.id, "events_on = true").await;
    assert_eq!(receivers(production).await, BTreeSet::from([app]));
    assert_eq!(receivers(development).await, BTreeSet::from([app, draft.id]));
    let account = publisher.flow.ada.account;
    for (change, back) in [
        (
            String::from("update apps set state = 'deactivated' where name = 'Relay'"),
            "update apps set state = 'active' where name = 'Relay'",
        ),
        (String::from("update apps set events_on = false"), "update apps set events_on = true"),
        (
            String::from("update accounts set standing = 'suspended'"),
            "update accounts set standing = 'approved'",
        ),
        (String::from("update lanes set turned_off_at = 1"), "update lanes set turned_off_at = null"),
        (
            String::from("update subscriptions set production_url = null"),
            "update subscriptions set production_url = 'https://meridian.example/hook'",
        ),
    ] {
        world.database.run(&change).await;
        assert!(receivers(production).await.is_empty(), "{change} of {account}");
        world.database.run(back).await;
    }
    assert_eq!(receivers(production).await, BTreeSet::from([app]));

    let stranger = world.user("eve@other.example").await;
    let theirs = world.jwt_app(&stranger, "Theirs").await;
    world.subscription(&stranger, &theirs).await;
    assert_eq!(receivers(development).await, BTreeSet::from([app, draft.id]));
}

async fn deactivating_holds_what_waits_and_reactivating_sends_or_drops_it(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let (flow, world) = (&publisher.flow, &publisher.flow.portal.world);
    let developer = world.acting::<Developer>(&flow.ada);
    answered(&publisher.publish(&publisher.event()).await);
    activation::deactivate(&world.ctx, &developer, publisher.app.id).await.expect("deactivated");
    answered(&publisher.publish(&publisher.event()).await);
    assert_eq!(publisher.deliveries("waiting").await, 1, "nothing is queued for an app that is stopped");
    let page = flow.client.visit(&at(&publisher.app, "")).await;
    assert!(page.says("One event waits from before the app was deactivated"), "{}", page.text());

    // As the worker leaves a lane that is held.
    world.database.run("update lanes set due_at = null").await;
    activation::reactivate(&world.ctx, &developer, publisher.app.id, Waiting::Send)
        .await
        .expect("reactivated");
    assert_eq!(world.database.count("lanes", "due_at is not null").await, 1);
    activation::deactivate(&world.ctx, &developer, publisher.app.id).await.expect("deactivated");
    let reactivate = at(&publisher.app, "/reactivate");
    let page = flow.press(&at(&publisher.app, ""), &reactivate, &[("waiting", "drop")]).await;
    assert!(page.says("active again"), "{}", page.text());
    assert_eq!((publisher.deliveries("waiting").await, publisher.deliveries("dropped").await), (0, 1));
}

async fn deleting_a_subscription_cancels_what_waits(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let world = &publisher.flow.portal.world;
    let second = world.subscription(&publisher.flow.ada, &publisher.app).await;
    answered(&publisher.publish(&publisher.event()).await);
    let developer = world.acting::<Developer>(&publisher.flow.ada);
    subscriptions::delete(&world.ctx, &developer, &publisher.app, second).await.expect("deleted");
    assert_eq!((publisher.deliveries("waiting").await, publisher.deliveries("cancelled").await), (1, 1));
}
