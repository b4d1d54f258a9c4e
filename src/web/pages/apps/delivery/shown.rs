//! A request and its attempts as a page shows them: what others sent is text, and nothing more
//! (S58).

use std::fmt::Write as _;

use actix_web::http::StatusCode;

use crate::domain::account::Standing;
use crate::domain::app::StateKind;
use crate::domain::delivery::attempt::{Attempt, EXCERPT_BYTES, Outcome};
use crate::domain::delivery::timing::Timing;
use crate::domain::delivery::{self, DeliveryKind};
use crate::domain::event_type::pretty;
use crate::domain::id::DeliveryId;
use crate::domain::lane::{Lane, LaneKind, TurnedOff};
use crate::domain::text::Count;
use crate::domain::time::{Span, Timestamp};
use crate::web::audit::{visible, visible_json, visible_lines};

/// Why a delivery that waits must go on waiting.
pub(crate) enum Hold {
    /// The endpoint is turned off.
    Off(TurnedOff),
    /// The app is not in a state that receives.
    App,
    Account,
    /// Event Subscriptions are toggled off.
    Toggle,
    /// The subscription has no URL for it.
    NoUrl,
    /// After many failures the endpoint is left alone until then.
    Open(Timestamp),
    /// The endpoint asked to be left alone until then (`Retry-After`).
    Asked(Timestamp),
}

impl Hold {
    pub(super) fn of(lane: &Lane, now: Timestamp) -> Option<Self> {
        if !lane.is_held() {
            let opens_at = lane.health.opens_at.filter(|_| lane.health.is_open(now));
            return opens_at.map(if lane.health.fails() { Self::Open } else { Self::Asked });
        }
        let of_app = match lane.kind {
            LaneKind::Production => lane.app_state != StateKind::Active,
            LaneKind::Development => {
                matches!(lane.app_state, StateKind::Deactivated | StateKind::Suspended)
            }
            LaneKind::Checks => lane.app_state == StateKind::Suspended,
        };
        Some(match (lane.turned_off, of_app) {
            (Some(cause), _) => Self::Off(cause),
            (None, true) => Self::App,
            (None, false) if lane.standing != Standing::Approved => Self::Account,
            (None, false) if !lane.events_on => Self::Toggle,
            (None, false) => Self::NoUrl,
        })
    }
}

/// An attempt.
pub(crate) struct ShownAttempt {
    pub(crate) number: u32,
    pub(crate) at: Timestamp,
    pub(crate) is_success: bool,
    /// "503 Service Unavailable", "Connection refused"
    pub(crate) title: String,
    /// "5.21 s"; empty where it is not told.
    pub(crate) took: String,
    /// Why no answer came; empty if one did.
    pub(crate) told: String,
    pub(crate) split: Vec<Part>,
    pub(crate) answer: Option<Answer>,
}

/// A part of the time that an attempt took.
pub(crate) struct Part {
    /// The class of its colour.
    pub(crate) class: &'static str,
    pub(crate) name: &'static str,
    pub(crate) took: String,
    /// Where it stands on a line of a thousand.
    pub(crate) from: i64,
    pub(crate) width: i64,
}

/// What came back.
pub(crate) struct Answer {
    /// "Response, 78 bytes"
    pub(crate) label: String,
    pub(crate) text: String,
}

impl ShownAttempt {
    pub(in crate::web::pages::apps) fn of(attempt: &Attempt, kind: DeliveryKind) -> Self {
        let told = match attempt.outcome {
            Outcome::Answered(_) => None,
            Outcome::Failed(_) => attempt.outcome.told(),
        };
        let answer = match attempt.outcome {
            Outcome::Answered(_) => Some(Answer::of(attempt)),
            Outcome::Failed(_) => None,
        };
        Self {
            number: attempt.number,
            at: attempt.at,
            is_success: kind.is_fulfilled_by(attempt.outcome),
            title: title(attempt.outcome),
            took: attempt.timing.map(|timing| timing.total.short()).unwrap_or_default(),
            told: told.map(String::from).unwrap_or_default(),
            split: attempt.timing.map(|timing| split(&timing)).unwrap_or_default(),
            answer,
        }
    }
}

/// The words of a status are those of the registry, not the endpoint's own.
fn title(outcome: Outcome) -> String {
    match outcome {
        Outcome::Answered(status) => {
            let known = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
            known.map_or_else(|| status.to_string(), |words| format!("{status} {words}"))
        }
        Outcome::Failed(failed) => failed.why.label().to_owned(),
    }
}

impl Answer {
    fn of(attempt: &Attempt) -> Self {
        let mut text = String::new();
        for (name, value) in &attempt.head {
            // A String takes whatever is written.
            let _ = writeln!(text, "{}: {}", visible(name), visible(value));
        }
        let body = visible_lines(&String::from_utf8_lossy(&attempt.excerpt));
        if !body.is_empty() {
            text.push('\n');
            text.push_str(&body);
        }
        let bytes = Count(attempt.excerpt.len() as u64);
        let label = match (attempt.excerpt_is_cut, bytes.0) {
            (true, _) => format!("Response, the first {bytes} bytes"),
            (false, 0) => String::from("Response without a body"),
            (false, 1) => String::from("Response, 1 byte"),
            (false, _) => format!("Response, {bytes} bytes"),
        };
        debug_assert!(attempt.excerpt.len() <= EXCERPT_BYTES, "the store holds no more");
        Self { label, text }
    }
}

/// Where the time went, in the order in which it did.
fn split(timing: &Timing) -> Vec<Part> {
    let Timing { dns, connect, tls, first_byte, total } = *timing;
    let known =
        [("t1", "DNS", dns), ("t2", "Connect", connect), ("t3", "TLS", tls), ("t4", "Waiting", first_byte)];
    let so_far: i64 = known.iter().filter_map(|(_, _, took)| took.map(Span::micros)).sum();
    let rest = Span::from_micros(total.micros().saturating_sub(so_far).max(0));
    let rest = first_byte.map(|_| rest);
    let all = known.into_iter().chain([("t5", "Reading", rest)]);
    let whole = total.micros().max(so_far).max(1);
    let mut from = 0;
    let parts =
        all.filter_map(|(class, name, took)| Some((class, name, took?))).map(|(class, name, took)| {
            // The narrowest part is still seen.
            let width = (took.micros().saturating_mul(1_000) / whole).max(4);
            let part = Part { class, name, took: took.short(), from, width };
            from += width;
            part
        });
    parts.collect()
}

/// The head of the request, with the signature named alone: it is not kept.
pub(super) fn headers(id: DeliveryId, endpoint: &str, sent_at: Option<Timestamp>) -> String {
    let mut text = String::from(if endpoint.is_empty() { "POST" } else { "POST " });
    text.push_str(endpoint);
    for (name, value) in delivery::headers(id) {
        let _ = write!(text, "\n{name}: {value}");
    }
    match sent_at {
        Some(at) => {
            let _ = write!(text, "\nwebhook-timestamp: {}", at.seconds());
        }
        None => text.push_str("\nwebhook-timestamp: (when it is sent)"),
    }
    text.push_str("\nwebhook-signature: v1,… (made anew for each attempt, and not kept)");
    text
}

pub(super) fn body(body: &str) -> String {
    pretty(&visible_json(body))
}

/// The request for a shell, with a placeholder for the signature.
pub(super) fn curl(id: DeliveryId, endpoint: &str, at: Timestamp, body: &str) -> String {
    let url = if endpoint.is_empty() { "https://ENDPOINT" } else { endpoint };
    let mut text = format!("curl {}", quoted(url));
    let fixed = delivery::headers(id).map(|(name, value)| format!("{name}: {value}"));
    let own =
        [format!("webhook-timestamp: {}", at.seconds()), String::from("webhook-signature: v1,SIGNATURE")];
    for header in fixed.iter().chain(&own) {
        let _ = write!(text, " \\\n  -H {}", quoted(header));
    }
    let _ = write!(text, " \\\n  --data-raw {}", quoted(&visible_json(body)));
    text
}

/// As a POSIX shell takes it for exactly this text.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{delivery::failure::Failure, id::Id};

    fn attempt(outcome: Outcome, head: &[(&str, &str)], excerpt: &[u8]) -> Attempt {
        Attempt {
            delivery: DeliveryId::generate(Timestamp::default(), [1; 10]),
            number: 1,
            at: Timestamp::from_seconds(1_795_504_800),
            url: "https://meridian.example/hook".parse().unwrap(),
            outcome,
            timing: None,
            head: head.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            excerpt: excerpt.to_vec(),
            excerpt_is_cut: false,
        }
    }

    #[test]
    fn what_an_endpoint_sends_steers_nothing() {
        let head = [("x-\u{202e}a", "\u{1b}[2J")];
        let shown = Answer::of(&attempt(Outcome::Answered(500), &head, b"one\r\ntwo\x1b[31m\xff\x00"));
        assert_eq!(shown.text, "x-\\u{202e}a: \\u{1b}[2J\n\none\ntwo\\u{1b}[31m\u{fffd}\\u{0}");
        assert_eq!(shown.label, "Response, 15 bytes");
    }

    #[test]
    fn a_blocked_address_is_told_without_a_time() {
        let shown = ShownAttempt::of(
            &attempt(Outcome::Failed(Failure::Blocked.into()), &[], b""),
            DeliveryKind::Event,
        );
        assert_eq!(shown.told, "The URL leads to an address that Portico does not send to.");
        assert!(shown.took.is_empty() && shown.split.is_empty() && shown.answer.is_none());
    }

    #[test]
    fn the_parts_of_an_attempt_make_up_its_time() {
        let span = |micros| Some(Span::from_micros(micros));
        let timing = Timing {
            dns: span(2_000),
            connect: span(18_000),
            tls: span(31_400),
            first_byte: span(5_140_000),
            total: Span::from_micros(5_195_400),
        };
        let parts = split(&timing);
        let said: Vec<_> = parts.iter().map(|part| format!("{} {}", part.name, part.took)).collect();
        assert_eq!(said, ["DNS 2 ms", "Connect 18 ms", "TLS 31 ms", "Waiting 5.14 s", "Reading 4 ms"]);
        assert!(parts.iter().all(|part| part.width >= 4));
        let refused = Timing { first_byte: None, tls: None, ..timing };
        assert_eq!(split(&refused).len(), 2, "what did not come to pass has no part");
    }

    #[test]
    fn a_shell_gets_the_message_whatever_stands_in_it() {
        let id = DeliveryId::generate(Timestamp::default(), [1; 10]);
        let text = curl(id, "https://x.example/it's", Timestamp::from_seconds(7), "{\"a\":\"$(id) 'b'\"}");
        assert!(
            text.starts_with("curl 'https://x.example/it'\\''s' \\\n  -H 'content-type: application/json'")
        );
        assert!(
            text.contains("-H 'webhook-timestamp: 7' \\\n  -H 'webhook-signature: v1,SIGNATURE'"),
            "{text}"
        );
        assert!(text.ends_with("--data-raw '{\"a\":\"$(id) '\\''b'\\''\"}'"), "{text}");
    }
}
