//! One delivery, and endpoints that are turned off

use portico::{
    actions::{deliveries, subscriptions},
    domain::{
        account::{Developer, Role},
        delivery::{
            attempt::{Attempt, Next, Outcome},
            failure::Failure,
        },
        lane::TurnedOff,
        time::Span,
    },
};

use super::{
    at,
    deliveries::{Log, attempt, ids},
};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
};

on_both!(
    a_delivery_tells_of_its_request_and_every_attempt,
    what_an_endpoint_answers_is_shown_as_text,
    a_blocked_address_is_told_without_address_or_time,
    redelivering_begins_anew_and_once_a_form,
    what_cannot_be_sent_yet_is_not_told_to_be_sent,
    what_waits_says_what_it_waits_for,
    viewers_read_and_do_not_redeliver,
    an_endpoint_that_is_turned_off_says_so_and_is_resumed,
);

/// The text of an element as it stands there, white space and all.
fn exact(page: &Page, css: &str) -> String {
    let css = scraper::Selector::parse(css).expect("a selector");
    page.html().select(&css).flat_map(|element| element.text()).collect()
}

async fn a_delivery_tells_of_its_request_and_every_attempt(kind: Kind) {
    let log = Log::new(kind).await;
    let id = log.made().await;
    let refused = Outcome::Failed(Failure::ConnectRefused.into());
    let first = attempt(id, 1, log.now(), refused);
    log.attempted(&first, Next::Again(log.now() + Span::seconds(5))).await;
    log.flow.portal.world.clock.advance(Span::seconds(5));
    let busy = Attempt {
        head: vec![(String::from("retry-after"), String::from("1800"))],
        excerpt: b"down for an hour".to_vec(),
        ..attempt(id, 2, log.now(), Outcome::Answered(503))
    };
    log.attempted(&busy, Next::Again(log.now() + Span::minutes(30))).await;
    let page = log.one(id).await;
    for words in [
        "Retrying after 2 attempts",
        "503 Service Unavailable in 5.19 s",
        "The endpoint says that it is not available.",
        "The next attempt follows 24 Nov 2026, 07:50 UTC.",
        "Connection refused in 5.19 s",
        "nothing listens at this address and port",
        "Response, 16 bytes",
    ] {
        assert!(page.says(words), "{words}: {}", page.text());
    }
    let texts = |css: &str| exact(&page, css);
    assert_eq!(texts("#r2"), "retry-after: 1800\n\ndown for an hour");
    assert!(!page.has("#r1"));
    let parts = page.texts(".timeline li:nth-child(2) .split li");
    assert_eq!(parts, ["DNS 2 ms", "Connect 18 ms", "TLS 31 ms", "Waiting 5.14 s", "Reading 4 ms"]);
    let headers = texts("#headers");
    for line in [
        String::from("POST https://meridian.example/hook"),
        String::from("content-type: application/json"),
        format!("webhook-id: {id}"),
        format!("webhook-timestamp: {}", log.now().seconds()),
        String::from("webhook-signature: v1,… (made anew for each attempt, and not kept)"),
    ] {
        assert!(headers.lines().any(|one| one == line), "{line}: {headers}");
    }
    let body = "{\n  \"type\": \"meeting.started\",\n  \"data\": {\n    \"topic\": \"Zoë\"\n  }\n}";
    assert_eq!(texts("#body"), body);
    let curl = texts("#curl");
    assert!(curl.starts_with("curl 'https://meridian.example/hook'"), "{curl}");
    assert!(curl.contains("v1,SIGNATURE") && curl.contains("--data-raw '{\"type\":\"meeting.started\""));
    let nobody = log.flow.client.get(&at(&log.app, "/deliveries/msg_00000000000000000000000000")).await;
    assert_eq!(nobody.status, 404);
}

async fn what_an_endpoint_answers_is_shown_as_text(kind: Kind) {
    let log = Log::new(kind).await;
    let id = log.made().await;
    let payload = "</code></pre><script>pwn()</script><img src=x onerror=pwn()>";
    let hostile = Attempt {
        head: vec![(String::from("x-<b>"), format!("{payload}\u{202e}\u{1b}[2J"))],
        excerpt: [payload.as_bytes(), b"\xff\x00\x1b[31m\"'&"].concat(),
        excerpt_is_cut: true,
        ..attempt(id, 1, log.now(), Outcome::Answered(500))
    };
    log.attempted(&hostile, Next::Failed).await;
    let page = log.one(id).await;
    let shown = exact(&page, "#r1");
    let expected =
        format!("x-<b>: {payload}\\u{{202e}}\\u{{1b}}[2J\n\n{payload}\u{fffd}\\u{{0}}\\u{{1b}}[31m\"'&");
    assert_eq!(shown, expected);
    assert!(!page.has("main script") && !page.has("main img"), "nothing but text");
    assert!(
        !page.body.contains("<script>pwn")
            && !page.body.contains('\u{202e}')
            && !page.body.contains('\u{1b}')
    );
    assert!(page.says("Response, the first 70 bytes"), "{}", page.text());
}

async fn a_blocked_address_is_told_without_address_or_time(kind: Kind) {
    let log = Log::new(kind).await;
    let id = log.made().await;
    let blocked = Outcome::Failed(Failure::Blocked.into());
    let blocked = Attempt { timing: None, ..attempt(id, 1, log.now(), blocked) };
    log.attempted(&blocked, Next::Failed).await;
    let page = log.one(id).await;
    let line = page.texts(".timeline .line").join("");
    assert_eq!(line, "Address blocked 24 Nov 2026, 07:20 UTC");
    assert!(page.says("The URL leads to an address that Portico does not send to."), "{}", page.text());
    assert!(!page.has(".split") && !page.has(".timeline details"));
}

async fn redelivering_begins_anew_and_once_a_form(kind: Kind) {
    let log = Log::new(kind).await;
    let (id, world) = (log.answered(500).await, &log.flow.portal.world);
    world.database.run("update lanes set due_at = null").await;
    let form = log.one(id).await.form(&format!("{}/redeliver", log.path(id)));
    let client = &log.flow.client;
    let page = client.follow(&client.submit(&form).await).await;
    assert!(page.says("The event is delivered again.") && page.says("Due now"), "{}", page.text());
    assert!(page.says("Waiting after 1 attempt") && !page.has("form[action$='/redeliver']"));
    let again = client.follow(&client.submit(&form).await).await;
    assert!(again.says("This form was sent twice."), "{}", again.text());
    assert_eq!(world.database.audited("delivery_redelivered").await, 1);
    let due = "due_at is not null and kind = 'production'";
    assert_eq!(world.database.count("lanes", due).await, 1);
    let anew =
        "status = 'waiting' and tries = 0 and attempts = 1 and next_at is not null and finished_at is null";
    assert_eq!(world.database.count("deliveries", anew).await, 1);
    log.attempted(&attempt(id, 2, log.now(), Outcome::Answered(200)), Next::Succeeded).await;
    let page = log.one(id).await;
    assert!(
        page.says("Delivered after 2 attempts") && page.has("form[action$='/redeliver']"),
        "{}",
        page.text()
    );

    let probe = log.answered(500).await;
    world.database.set("deliveries", &probe, "kind = 'probe'").await;
    assert!(!log.one(probe).await.has("form[action$='/redeliver']"));
    let developer = world.acting::<Developer>(&log.flow.ada);
    let refused =
        deliveries::redeliver(&world.ctx, &developer, &log.app, probe, world.form(&log.flow.ada)).await;
    assert!(refused.is_err(), "a probe is sent once");
}

async fn what_waits_says_what_it_waits_for(kind: Kind) {
    let log = Log::new(kind).await;
    let id = log.made().await;
    assert!(log.one(id).await.says("Due now"));
    log.toggle(false).await;
    assert!(log.one(id).await.says("event subscriptions are switched off"));
    log.toggle(true).await;
    let world = &log.flow.portal.world;
    let subscription = format!("id = {}", world.database.literal(&log.sub));
    world.database.run(&format!("update subscriptions set production_url = null where {subscription}")).await;
    assert!(log.one(id).await.says("the subscription has no production URL"));
    let back = "update subscriptions set production_url = 'https://meridian.example/hook'";
    world.database.run(back).await;
    let opens = (log.now() + Span::seconds(60)).micros();
    world.database.run(&format!("update lanes set failures = 20, opens_at = {opens}")).await;
    assert!(log.one(id).await.says("left alone until 24 Nov 2026, 07:21 UTC"));
    world.database.run("update apps set state = 'deactivated'").await;
    assert!(log.one(id).await.says("It waits until the app is active."));
}

async fn what_cannot_be_sent_yet_is_not_told_to_be_sent(kind: Kind) {
    let log = Log::new(kind).await;
    let id = log.answered(500).await;
    let world = &log.flow.portal.world;
    let opens = (log.now() + Span::seconds(60)).micros();
    for (change, words) in [
        (
            format!("update lanes set failures = 20, opens_at = {opens}"),
            "left alone until 24 Nov 2026, 07:21 UTC",
        ),
        (String::from("update apps set state = 'deactivated'"), "It waits until the app is active."),
    ] {
        world.database.run(&change).await;
        let page = log.flow.press(&log.path(id), &format!("{}/redeliver", log.path(id)), &[]).await;
        assert!(page.says("The event waits to be delivered again.") && page.says(words), "{}", page.text());
        assert!(!page.says("The event is delivered again."), "{}", page.text());
        world.database.set("deliveries", &id, "status = 'failed', next_at = null").await;
    }
}

async fn viewers_read_and_do_not_redeliver(kind: Kind) {
    let log = Log::new(kind).await;
    let id = log.answered(500).await;
    log.turn_off(TurnedOff::Failing).await;
    let world = &log.flow.portal.world;
    let viewer = world.colleague("eve@meridian.example", &log.flow.ada).await;
    let viewer = world.with_role(viewer, Role::Viewer).await;
    let client = log.flow.portal.signed_in(&viewer).await;
    assert_eq!(ids(&client.visit(&at(&log.app, "/deliveries")).await), [id.to_string()]);
    let page = client.visit(&log.path(id)).await;
    assert!(page.says("500 Internal Server Error") && !page.has("main form[method=post]"), "{}", page.text());
    let page = client.visit(&at(&log.app, &format!("/subscriptions/{}", log.sub))).await;
    assert!(page.says("Every attempt of five days failed.") && !page.has("form[action$='/resume']"));
}

async fn an_endpoint_that_is_turned_off_says_so_and_is_resumed(kind: Kind) {
    let log = Log::new(kind).await;
    let id = log.made().await;
    log.turn_off(TurnedOff::Gone).await;
    let world = &log.flow.portal.world;
    world.database.run("update lanes set due_at = null").await;
    let sub = at(&log.app, &format!("/subscriptions/{}", log.sub));
    let features = log.flow.client.visit(&at(&log.app, "/features")).await;
    assert!(
        features.says("its endpoint is turned off") && features.has(&format!("main .note a[href='{sub}']"))
    );
    assert!(log.one(id).await.says("the endpoint is turned off, since it answered 410"));
    let page = log.flow.client.visit(&sub).await;
    let words = "Nothing is sent to the production URL any more. It answered 410: that it is gone for good.";
    assert!(page.says(words) && page.says("Turned off 24 Nov 2026, 07:20 UTC"), "{}", page.text());

    let page = log.flow.press(&sub, &format!("{sub}/resume"), &[]).await;
    assert!(page.says("Events are sent to this endpoint again."), "{}", page.text());
    assert!(!page.has("form[action$='/resume']") && !page.says("any more"));
    assert_eq!(world.database.audited("subscription_resumed").await, 1);
    assert_eq!(world.database.count("lanes", "turned_off_at is not null").await, 0);
    assert_eq!(world.database.count("lanes", "due_at is not null").await, 1, "what waited is looked at");
    let developer = world.acting::<Developer>(&log.flow.ada);
    subscriptions::resume(&world.ctx, &developer, &log.app, log.sub).await.expect("nothing to do");
    assert_eq!(world.database.audited("subscription_resumed").await, 1, "what is on stays on");
}
