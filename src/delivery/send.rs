//! One attempt: a signed message, and what came back.

use bytes::Bytes;

use crate::{
    actions::{Context, queue::Due},
    crypto,
    domain::{
        delivery::{
            self, DeliveryKind,
            attempt::{Attempt, EXCERPT_BYTES, Outcome, kept_head},
            signature::{SigningKey, signature},
        },
        id::DeliveryId,
        time::{Span, Timestamp},
        url::EndpointUrl,
    },
    outbound::{HeaderMap, HeaderName, HeaderValue, Outbound, Patience, Post},
};

/// Sends a delivery once. With the attempt comes how long the endpoint asks to wait, if it does.
pub(super) async fn attempt(
    ctx: &Context,
    outbound: &Outbound,
    (due, url): (&Due, EndpointUrl),
    keys: &[SigningKey],
    body: Bytes,
) -> (Attempt, Option<Span>) {
    let at = ctx.now();
    let forged = [SigningKey::forged(crypto::random())];
    let keys = match due.kind {
        DeliveryKind::Event | DeliveryKind::Test | DeliveryKind::Probe => keys,
        DeliveryKind::ForgedProbe => &forged,
    };
    let headers = headers(due.id, keys, at, &body);
    let patience = if due.kind.is_probe() { Patience::Probe } else { Patience::Whole };
    let post = Post { url: &url, headers, body, excerpt_bytes: EXCERPT_BYTES, patience, now: at };
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
                head: kept_head(answer.head),
                excerpt: answer.excerpt.bytes,
                excerpt_is_cut: answer.excerpt.is_cut,
                ..attempt
            };
            (attempt, answer.retry_after)
        }
        Err(failed) => (Attempt { outcome: Outcome::Failed(failed), ..attempt }, None),
    }
}

/// The headers of Standard Webhooks, and what every request has. Signed with each of the keys.
#[must_use]
pub fn headers(id: DeliveryId, keys: &[SigningKey], at: Timestamp, body: &[u8]) -> HeaderMap {
    let timestamp = at.seconds();
    let of_attempt = [
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signature(keys, id, timestamp, body)),
    ];
    // All of it is visible ASCII.
    let value = |text: String| HeaderValue::try_from(text).ok();
    let named = |(name, text)| value(text).map(|value| (HeaderName::from_static(name), value));
    delivery::headers(id).into_iter().chain(of_attempt).filter_map(named).collect()
}
