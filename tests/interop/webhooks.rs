//! Deliveries, read by the official libraries of Standard Webhooks from npm and `PyPI` (S53).

use std::time::{SystemTime, UNIX_EPOCH};

use portico::domain::time::{Clock as _, Span};
use serde_json::{Value, json};

use crate::{
    makers::Maker,
    support::{databases::Kind, receiver::Received, rig::Rig},
};

const READERS: [Maker; 2] = [
    Maker { name: "PyPI", program: &["python3", "-I", "-S", "tests/interop/python/webhooks.py"] },
    Maker { name: "npm", program: &["node", "tests/interop/node/webhooks.mjs"] },
];

/// What a receiver hands to its library.
fn job(received: &Received, secret: &str) -> Value {
    let headers: serde_json::Map<String, Value> =
        received.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let body = String::from_utf8(received.body.to_vec()).expect("text");
    json!({"secret": secret, "headers": headers, "body": body})
}

fn with(job: &Value, change: impl Fn(&mut Value)) -> Value {
    let mut changed = job.clone();
    change(&mut changed);
    changed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_verified_by_the_official_libraries() {
    let rig = Rig::new(Kind::Sqlite).await;
    // The libraries know no clock but the machine's.
    #[expect(clippy::disallowed_methods, reason = "the libraries ask the machine for the time")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let ahead = i64::try_from(now).expect("a time") - rig.world.clock.now().seconds();
    rig.world.clock.advance(Span::seconds(ahead));

    let lane = rig.lane("/hook").await;
    rig.publish(lane, 1).await;
    rig.turn().await;
    let before = rig.secrets(lane.subscription).await;
    rig.rotate(lane).await;
    rig.publish(lane, 1).await;
    rig.turn().await;
    let after = rig.secrets(lane.subscription).await;
    let [alone, overlapping] = &rig.receiver.received()[..] else { panic!("two deliveries") };
    let right = job(alone, &before[0]);
    let jobs = json!([
        right,
        // During an overlap either secret verifies.
        job(overlapping, &after[0]),
        job(overlapping, &after[1]),
        // Before it the new one does not.
        job(alone, &after[0]),
        with(&right, |job| job["body"] = json!("{}")),
        with(&right, |job| job["headers"]["webhook-id"] = json!("msg_another")),
        with(&right, |job| job["headers"]["webhook-timestamp"] = json!((now + 1).to_string())),
    ]);
    for reader in READERS {
        let verified = [true, true, true, false, false, false, false].map(Value::from);
        assert_eq!(reader.run(&jobs), verified, "{}", reader.name);
    }
}
