use base64::{Engine, engine::general_purpose::STANDARD};
use portico::{
    actions::calls,
    domain::{delivery::DeliveryKind, event::Environment, lane::LaneKind, time::Span},
};
use sha2::{Digest, Sha256};

use crate::support::{
    databases::{Kind, on_both},
    receiver::{Received, Reply},
    rig::{BODY, Lane, Rig},
};

on_both!(
    an_event_is_delivered_signed_and_written_down,
    during_an_overlap_both_secrets_sign,
    only_2xx_succeeds_and_no_redirect_is_followed,
    what_came_back_is_kept_with_the_attempt,
    tests_and_probes_are_sent_once_whatever_comes_back,
    attempts_are_counted_by_the_hour,
    of_a_long_head_the_beginning_is_kept,
    without_a_secret_nothing_is_sent,
    a_secret_that_does_not_open_signs_nothing_and_is_written_down,
);

/// HMAC by its definition (RFC 2104 §2), for keys of up to a block.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |with: u8| -> Vec<u8> {
        (0..64).map(|place| key.get(place).copied().unwrap_or_default() ^ with).collect()
    };
    let inner = Sha256::digest([&padded(0x36), message].concat());
    Sha256::digest([padded(0x5c), inner.to_vec()].concat()).to_vec()
}

/// What a receiver expects under a secret (Standard Webhooks, "Signature scheme").
pub(crate) fn expected(secret: &str, received: &Received) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a prefix")).expect("base64");
    let header = |name| received.header(name).expect("the header");
    let head = format!("{}.{}.", header("webhook-id"), header("webhook-timestamp"));
    format!("v1,{}", STANDARD.encode(hmac(&key, &[head.as_bytes(), &received.body].concat())))
}

async fn an_event_is_delivered_signed_and_written_down(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let [delivery] = rig.publish(lane, 1).await[..] else { panic!("one delivery") };
    rig.turn().await;
    assert_eq!(rig.state(delivery).await, "succeeded after 1");
    let [received] = &rig.receiver.received()[..] else { panic!("one request") };
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/hook"));
    assert_eq!(received.body, BODY.as_bytes());
    assert_eq!(received.header("webhook-id"), Some(delivery.to_string().as_str()));
    assert_eq!(received.header("webhook-timestamp"), Some("1795504800"));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("user-agent"), Some("Portico/0.1"));
    let secrets = rig.secrets(lane.subscription).await;
    let [secret] = &secrets[..] else { panic!("one secret") };
    assert_eq!(received.header("webhook-signature"), Some(expected(secret, received).as_str()));
    for unwanted in ["cookie", "accept-encoding", "authorization", "referer"] {
        assert_eq!(received.header(unwanted), None);
    }
    rig.turn().await;
    assert_eq!(rig.receiver.received().len(), 1, "once");
    assert_eq!(rig.of_lane(lane, "due_at").await, "-");
    assert_eq!(rig.of_lane(lane, "leased_until").await, "-");
}

async fn during_an_overlap_both_secrets_sign(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    rig.rotate(lane).await;
    let secrets = rig.secrets(lane.subscription).await;
    let [new, old] = &secrets[..] else { panic!("two secrets") };
    rig.publish(lane, 1).await;
    rig.turn().await;
    rig.world.clock.advance(Span::hours(2));
    rig.publish(lane, 1).await;
    rig.turn().await;
    let [during, after] = &rig.receiver.received()[..] else { panic!("two requests") };
    let both = format!("{} {}", expected(new, during), expected(old, during));
    assert_eq!(during.header("webhook-signature"), Some(both.as_str()));
    assert_eq!(after.header("webhook-signature"), Some(expected(new, after).as_str()));
}

async fn only_2xx_succeeds_and_no_redirect_is_followed(kind: Kind) {
    let rig = Rig::new(kind).await;
    for status in [200, 204, 299] {
        let path = format!("/{status}");
        rig.receiver.answer(&path, Reply::status(status));
        let [delivery] = rig.publish(rig.lane(&path).await, 1).await[..] else { panic!("one") };
        rig.turn().await;
        assert_eq!(rig.state(delivery).await, "succeeded after 1", "{status}");
    }
    for status in [301, 307, 400, 404, 500, 503] {
        let path = format!("/{status}");
        let elsewhere = rig.receiver.url("/elsewhere");
        rig.receiver.answer(&path, Reply::status(status).with("location", &elsewhere));
        let [delivery] = rig.publish(rig.lane(&path).await, 1).await[..] else { panic!("one") };
        rig.turn().await;
        assert_eq!(rig.state(delivery).await, "waiting after 1", "{status}");
    }
    assert!(rig.receiver.received().iter().all(|received| received.path != "/elsewhere"));
}

async fn what_came_back_is_kept_with_the_attempt(kind: Kind) {
    let rig = Rig::new(kind).await;
    let long = format!("{}end", "x".repeat(5_000));
    rig.receiver.answer("/hook", Reply::body(500, long).with("x-trace", "é\""));
    let lane = rig.lane("/hook").await;
    let [delivery] = rig.publish(lane, 1).await[..] else { panic!("one") };
    rig.turn().await;
    let id = rig.world.database.literal(&delivery);
    let of = async |what: &str| {
        let sql = format!("select cast({what} as text) from attempts where delivery_id = {id}");
        rig.world.database.texts(&sql).await.join("|")
    };
    assert_eq!(of("number").await, "1");
    assert_eq!(of("outcome").await, "answered");
    assert_eq!(of("status").await, "500");
    assert_eq!(of("length(excerpt)").await, "4096");
    assert_eq!(of("case when excerpt_is_cut then 'cut' else 'whole' end").await, "cut");
    assert_eq!(of("url").await, rig.receiver.url("/hook"));
    let head: Vec<(String, String)> = serde_json::from_str(&of("head").await).expect("pairs");
    assert!(head.iter().any(|(name, value)| name == "x-trace" && value == "é\""), "{head:?}");
    assert_eq!(
        of("case when total_us > 0 and connect_us > 0 and tls_us > 0 then 'timed' end").await,
        "timed"
    );
}

async fn tests_and_probes_are_sent_once_whatever_comes_back(kind: Kind) {
    let rig = Rig::new(kind).await;
    let events = rig.lane("/hook").await;
    let mut tx = rig.world.database.begin().await;
    let checks =
        tx.ensure_lane(rig.ctx().new_id(), events.subscription, LaneKind::Checks).await.expect("one");
    tx.commit().await.expect("it holds");
    rig.receiver.answer("/hook-dev", Reply::status(410));
    let of = |kind, environment| Lane { id: checks, kind, environment, ..events };
    let mut made = Vec::new();
    for (kind, environment) in [
        (DeliveryKind::Test, Environment::Development),
        (DeliveryKind::Probe, Environment::Production),
        (DeliveryKind::ForgedProbe, Environment::Production),
    ] {
        made.extend(rig.publish(of(kind, environment), 1).await);
    }
    rig.turn().await;
    rig.world.clock.advance(Span::days(1));
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["failed after 1", "succeeded after 1", "failed after 1"]);
    assert_eq!(rig.of_lane(Lane { id: checks, ..events }, "turned_off_cause").await, "-");
    let secrets = rig.secrets(events.subscription).await;
    let received = rig.receiver.received();
    assert_eq!(received.len(), 3);
    for (received, id) in received.iter().filter_map(|one| Some((one, one.header("webhook-id")?))) {
        let is_right = received.header("webhook-signature") == Some(expected(&secrets[0], received).as_str());
        assert_eq!(is_right, id != made[2].to_string(), "{received:?}");
        assert_eq!(received.path == "/hook-dev", id == made[0].to_string(), "{received:?}");
    }
}

async fn attempts_are_counted_by_the_hour(kind: Kind) {
    let rig = Rig::new(kind).await;
    rig.receiver.answer_in_turn("/hook", [Reply::status(500), Reply::status(204)]);
    let lane = rig.lane("/hook").await;
    rig.publish(lane, 1).await;
    rig.turn().await;
    rig.world.clock.advance(Span::seconds(6));
    rig.turn().await;
    rig.publish(lane, 2).await;
    rig.turn().await;
    let sql =
        "select succeeded || ' ' || failed || ' ' || (case when slowest_us > 0 and total_us > slowest_us
        then 'timed' else 'untimed' end) from delivery_hours";
    assert_eq!(rig.world.database.texts(sql).await, ["3 1 timed"]);
}

async fn of_a_long_head_the_beginning_is_kept(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let long = "x".repeat(3_000);
    let reply =
        ["x-1", "x-2", "x-3", "x-4"].iter().fold(Reply::status(204), |reply, name| reply.with(name, &long));
    rig.receiver.answer("/hook", reply);
    rig.publish(lane, 1).await;
    rig.turn().await;
    let heads = rig.world.database.texts("select head from attempts").await;
    let [head] = &heads[..] else { panic!("one: {heads:?}") };
    assert!(head.len() < 4_200 && head.contains('…'), "{}: {head}", head.len());
}

async fn without_a_secret_nothing_is_sent(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let made = rig.publish(lane, 1).await;
    rig.world.database.run("delete from signing_secrets").await;
    rig.turn().await;
    assert_eq!(rig.states(&made).await, ["waiting after 0"]);
    assert_eq!(rig.receiver.received().len(), 0);
}

async fn a_secret_that_does_not_open_signs_nothing_and_is_written_down(kind: Kind) {
    let rig = Rig::new(kind).await;
    let lane = rig.lane("/hook").await;
    let made = rig.publish(lane, 1).await;
    let sealed = match kind {
        Kind::Sqlite => "x'01'",
        Kind::Postgres => "'\\x01'",
    };
    rig.world.database.run(&format!("update signing_secrets set secret_sealed = {sealed}")).await;
    for _ in 0..2 {
        rig.turn().await;
        calls::tell_unreadable(rig.ctx()).await.expect("written");
    }
    assert_eq!(rig.states(&made).await, ["waiting after 0"]);
    assert_eq!(rig.receiver.received().len(), 0);
    assert_eq!(rig.world.database.audited("secret_unreadable").await, 1);
}
