//! One attempt: a signed message, and what came back.

use bytes::Bytes;

use crate::{
    actions::{Context, queue::Due},
    crypto,
    domain::{
        delivery::{
            DeliveryKind,
            attempt::{Attempt, EXCERPT_BYTES, Outcome},
            signature::{SigningKey, signature},
        },
        time::{Span, Timestamp},
        url::EndpointUrl,
    },
    outbound::{HeaderMap, HeaderName, HeaderValue, Outbound, Post},
};

const USER_AGENT: &str =
    concat!("Portico/", env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

/// Sends a delivery once. With the attempt comes how long the endpoint asks to wait, if it does.
pub(super) async fn attempt(
    ctx: &Context,
    outbound: &Outbound,
    (due, url): (&Due, EndpointUrl),
    keys: &[SigningKey],
    body: Bytes,
) -> (Attempt, Option<Span>) {
    let at = ctx.now();
    let headers = headers(due, keys, at, &body);
    let post = Post { url: &url, headers, body, excerpt_bytes: EXCERPT_BYTES, now: at };
    let attempted = outbound.post(post).await;
    let attempt = Attempt {
        delivery: due.id,
        number: due.number(),
        at,
        url,
        outcome: Outcome::Answered(0),
        timing: attempted.timing,
        head: Vec::new(),
        excerpt: Vec::new(),
        excerpt_is_cut: false,
    };
    match attempted.result {
        Ok(answer) => {
            let attempt = Attempt {
                outcome: Outcome::Answered(answer.status),
                head: answer.head,
                excerpt: answer.excerpt.bytes,
                excerpt_is_cut: answer.excerpt.is_cut,
                ..attempt
            };
            (attempt, answer.retry_after)
        }
        Err(failed) => (Attempt { outcome: Outcome::Failed(failed), ..attempt }, None),
    }
}

/// The headers of Standard Webhooks, and what every request has.
fn headers(due: &Due, keys: &[SigningKey], at: Timestamp, body: &[u8]) -> HeaderMap {
    let forged = [SigningKey::forged(crypto::random())];
    let keys = match due.kind {
        DeliveryKind::Event | DeliveryKind::Test | DeliveryKind::Probe => keys,
        DeliveryKind::ForgedProbe => &forged,
    };
    let signature = signature(keys, due.id, at.seconds(), body);
    let texts = [
        ("content-type", String::from("application/json")),
        ("user-agent", String::from(USER_AGENT)),
        ("webhook-id", due.id.to_string()),
        ("webhook-timestamp", at.seconds().to_string()),
        ("webhook-signature", signature),
    ];
    // All of it is visible ASCII.
    let value = |text: String| HeaderValue::try_from(text).ok();
    let named = |(name, text)| value(text).map(|value| (HeaderName::from_static(name), value));
    texts.into_iter().filter_map(named).collect()
}
