//! An endpoint is tried out: a test event and a validation, waiting first, then with what came of
//! them, with script, which looks again by itself, and without.

use portico::{
    actions::{self, Policy},
    delivery::Worker,
    domain::{
        address::AllowedNets,
        credential::SigningSecret,
        delivery::signature::{SigningKey, signature},
        id::SubscriptionId,
        subscription::{Endpoints, NewSubscription},
        validation::{PlainToken, encrypted},
    },
    outbound::Limits,
};
use serde_json::Value;

use crate::{
    accessibility::look_over,
    browser::{Browser, Look, Script},
    person::signed_in,
    support::{
        databases::Kind,
        receiver::{Received, Receiver, Reply},
        rig::{active_app, outbound, run},
        site::Portal,
        world::{Person, parsed, policy, subscribing_to},
    },
};

struct Scene {
    portal: Portal,
    ada: Person,
    receiver: Receiver,
    page: String,
    sub: SubscriptionId,
}

fn nets() -> AllowedNets {
    AllowedNets::new(vec![parsed("127.0.0.0/8")])
}

impl Scene {
    async fn new() -> Self {
        let portal = Portal::under(Kind::Sqlite, Policy { webhook_nets: nets(), ..policy() }).await;
        let world = &portal.world;
        let ada = world.user("ada@meridian.example").await;
        let app = active_app(world, &ada, "Relay").await;
        let receiver = Receiver::start();
        let url = |path: &str| Some(parsed(&receiver.url(path)));
        let endpoints = Endpoints::new(url("/dev"), url("/hook")).expect("URLs");
        let new = NewSubscription { endpoints, ..subscribing_to(&["meeting.started"]) };
        let acting = world.acting(&ada);
        let made = actions::subscriptions::create(&world.ctx, &acting, &app, world.form(&ada), &new).await;
        let sub = made.expect("the subscription is made").into_inner();
        let page = format!("/apps/{}/subscriptions/{sub}", app.id);
        let secret = actions::subscriptions::reveal(&world.ctx, &acting, &app, sub).await.expect("a secret");
        receiver.answer("/hook", endpoint(secret));
        receiver.answer("/dev", Reply::status(404));
        Self { portal, ada, receiver, page, sub }
    }

    fn worker(&self) -> Worker {
        let limits = Limits { probe: std::time::Duration::from_secs(60), ..Limits::default() };
        Worker::new(self.portal.world.ctx.clone(), outbound(&self.receiver, nets(), limits))
    }

    async fn browser(&self, script: Script) -> Browser {
        let browser = signed_in(&self.portal, &self.ada, Look { script, ..Look::default() }).await;
        browser.visit(&self.page).await;
        browser
    }
}

/// Checks signatures, and answers a validation.
fn endpoint(secret: SigningSecret) -> Reply {
    Reply::by(move |received: &Received| {
        let header = |name| received.header(name).expect("a header");
        let at = parsed::<i64>(header("webhook-timestamp"));
        let keys = [SigningKey::of(&secret).expect("a key")];
        if header("webhook-signature") != signature(&keys, parsed(header("webhook-id")), at, &received.body) {
            return Reply::status(401);
        }
        let message: Value = serde_json::from_slice(&received.body).expect("JSON");
        let Some(token) = message["data"]["plain_token"].as_str() else { return Reply::status(204) };
        let encrypted = encrypted(&parsed::<PlainToken>(token), &secret);
        Reply::body(200, serde_json::json!({"plain_token": token, "encrypted_token": encrypted}).to_string())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_tried_out_and_the_page_looks_again_by_itself() {
    let scene = Scene::new().await;
    let browser = scene.browser(Script::On).await;
    browser.sees("Not validated").await;
    look_over(&browser).await;
    browser.fill("Payload", "{").await;
    browser.press("Send test event").await;
    browser.sees("The payload is not JSON").await;
    look_over(&browser).await;

    browser.visit(&scene.page).await;
    browser.press("Validate").await;
    browser.sees("The endpoint is being asked.").await;
    browser.press("Send test event").await;
    browser.sees("It is on its way.").await;
    look_over(&browser).await;

    // Asked while nobody sends: what comes now is seen without another visit.
    browser.visit(&scene.page).await;
    let running = run(scene.worker());
    browser.sees("204 No Content").await;
    browser.sees("It knows the signing secret and refuses a wrong signature.").await;
    browser.sees("It answered 404. Nothing answers at this path of the endpoint.").await;
    assert!(!browser.has("[data-live]").await);
    look_over(&browser).await;
    for _ in 0..2 {
        browser.visit(&scene.page).await;
        browser.press("Validate").await;
    }
    browser.sees("At most 10 tests and probes are sent for an app in a minute.").await;
    look_over(&browser).await;
    running.stop().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_tried_out_without_script() {
    let scene = Scene::new().await;
    let browser = scene.browser(Script::Off).await;
    browser.select("Event type", "recording.deleted").await;
    browser.press("Load example of this event type").await;
    assert!(browser.text_of("#data").await.contains("r_9Qe5"), "the example of {}", scene.sub);
    browser.press("Send test event").await;
    browser.sees("It is on its way.").await;
    let worker = scene.worker();
    worker.turn().await.expect("the queue is there");
    worker.finish().await;
    browser.sees("It is on its way.").await;
    browser.follow("Check again").await;
    browser.sees("204 No Content").await;
    browser.sees("recording.deleted to the production URL.").await;
    browser.close().await;
}
