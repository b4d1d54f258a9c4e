//! One attempt at a delivery, and what follows from it.

use std::borrow::Cow;

use super::{
    DeliveryKind, Status,
    failure::{Failed, Failure},
    schedule::Schedule,
    timing::Timing,
};
use crate::domain::{
    id::DeliveryId,
    time::{Span, Timestamp},
    url::EndpointUrl,
};

/// The most of an answer's body that is kept: 4 KiB.
pub const EXCERPT_BYTES: usize = 4_096;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this status (RFC 9110 §15).
    Answered(u16),
    Failed(Failed),
}

impl Outcome {
    /// Whether the endpoint has it: 2xx.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }

    /// How long to wait, of what the answer asks for: of others than 429 and 503 the header says
    /// something else (RFC 9110 §10.2.3).
    #[must_use]
    pub fn heeds(self, asked_to_wait: Option<Span>) -> Option<Span> {
        asked_to_wait.filter(|_| matches!(self, Self::Answered(429 | 503)))
    }

    /// Whether the endpoint wants no more, ever (410).
    #[must_use]
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Answered(410))
    }

    /// What a developer is told of an attempt that failed: what is wrong, and what to look at.
    #[must_use]
    pub fn told(self) -> Option<Cow<'static, str>> {
        match self {
            Self::Answered(status) => of_status(status).map(Cow::Borrowed),
            Self::Failed(failed) => Some(failed.told()),
        }
    }

    /// As [`Outcome::told`] of an attempt that is not made again, whatever came back, or that was to
    /// be refused.
    #[must_use]
    pub fn told_of(self, kind: DeliveryKind) -> Option<Cow<'static, str>> {
        match (kind, self) {
            (DeliveryKind::ForgedProbe, Self::Answered(200..=299)) => Some(Cow::Borrowed(
                "The endpoint took a message that was wrongly signed: it does not check signatures.",
            )),
            (DeliveryKind::ForgedProbe, Self::Answered(_)) => None,
            (DeliveryKind::Test | DeliveryKind::Probe, Self::Answered(410)) => Some(Cow::Borrowed(
                "The endpoint says that it is gone for good. An event that it answers so turns it off.",
            )),
            (DeliveryKind::Test | DeliveryKind::Probe, Self::Answered(429)) => {
                Some(Cow::Borrowed("The endpoint asks to be sent less at a time."))
            }
            (
                DeliveryKind::Event | DeliveryKind::Test | DeliveryKind::Probe | DeliveryKind::ForgedProbe,
                Self::Answered(_) | Self::Failed(_),
            ) => self.told(),
        }
    }

    /// As a column holds it: `answered`, or why no answer came.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Failed(failed) => failed.why.as_str(),
        }
    }

    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Answered(status) => Some(status),
            Self::Failed(_) => None,
        }
    }

    /// The outcome that these columns hold.
    #[must_use]
    pub fn from_parts(outcome: &str, status: Option<u16>, certificate_at: Option<Timestamp>) -> Option<Self> {
        match (outcome, status) {
            ("answered", Some(status)) => Some(Self::Answered(status)),
            (why, None) => {
                why.parse::<Failure>().ok().map(|why| Self::Failed(Failed { why, certificate_at }))
            }
            (_, Some(_)) => None,
        }
    }
}

/// What an answer other than 2xx says (RFC 9110 §15).
const fn of_status(status: u16) -> Option<&'static str> {
    Some(match status {
        200..=299 => return None,
        100..=199 => "The endpoint sent an interim answer and never a final one.",
        300..=399 => {
            "The endpoint redirects, and redirects are not followed. Enter the address it leads to in the subscription."
        }
        400 | 422 => "The endpoint could not make sense of the event: its code refuses what it got.",
        401 | 403 => {
            "The endpoint does not let the event in. It may check the signature with another secret, or want a sign-in that events do not have."
        }
        404 => "Nothing answers at this path of the endpoint. Check the URL of the subscription.",
        405 => "The endpoint takes no POST at this path. Check the URL of the subscription.",
        408 => "The endpoint says that it waited too long for the request.",
        410 => "The endpoint says that it is gone for good, so nothing more is sent to it until you resume.",
        413 => "The event is larger than the endpoint takes. Let it take bodies of at least 300 KB.",
        415 => "The endpoint does not take JSON. Let it take application/json.",
        429 => "The endpoint asks to be sent less at a time. The next attempt waits as long as it asks.",
        400..=499 => "The endpoint refuses the event. Its own log should say why.",
        502..=504 => {
            "The endpoint says that it is not available. Its address, certificate and network are fine; the service behind it is down or overloaded."
        }
        _ => "The endpoint failed while it worked on the event. Its own log should say why.",
    })
}

/// The most of the headers of an answer that is kept, names and values: 4 KiB.
pub const HEAD_BYTES: usize = 4_096;

/// The first headers of an answer, as many as are kept; then one named `…` says how many are not.
#[must_use]
pub fn kept_head(head: Vec<(String, String)>) -> Vec<(String, String)> {
    let all = head.len();
    let mut bytes = 0;
    let fits = |(name, value): &(String, String)| {
        bytes += name.len() + value.len();
        bytes <= HEAD_BYTES
    };
    let mut kept: Vec<_> = head.into_iter().take_while(fits).collect();
    if kept.len() < all {
        kept.push((String::from("…"), format!("{} more", all - kept.len())));
    }
    kept
}

/// An attempt that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub delivery: DeliveryId,
    /// From 1 on.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    pub url: EndpointUrl,
    pub outcome: Outcome,
    /// Missing where the address is blocked (S58).
    pub timing: Option<Timing>,
    /// The headers of the answer, up to [`HEAD_BYTES`]: see [`kept_head`].
    pub head: Vec<(String, String)>,
    /// The beginning of the answer's body, up to [`EXCERPT_BYTES`].
    pub excerpt: Vec<u8>,
    pub excerpt_is_cut: bool,
}

/// What becomes of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Succeeded,
    /// Another attempt, not before this moment.
    Again(Timestamp),
    Failed,
}

impl Next {
    /// `tries` counts the attempts since the delivery was last asked for, this one included.
    /// `random` spreads the retries of many deliveries that failed at one time.
    #[must_use]
    pub fn after(
        kind: DeliveryKind,
        outcome: Outcome,
        asked_to_wait: Option<Span>,
        (tries, ended_at): (u32, Timestamp),
        schedule: &Schedule,
        random: u32,
    ) -> Self {
        if kind.is_fulfilled_by(outcome) {
            return Self::Succeeded;
        }
        if !kind.is_retried() {
            return Self::Failed;
        }
        let wait = schedule.wait_after(tries, random, outcome.heeds(asked_to_wait));
        wait.map_or(Self::Failed, |wait| Self::Again(ended_at + wait))
    }

    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Succeeded => Status::Succeeded,
            Self::Again(_) => Status::Waiting,
            Self::Failed => Status::Failed,
        }
    }

    /// When the next attempt may begin.
    #[must_use]
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::Again(at) => Some(at),
            Self::Succeeded | Self::Failed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_504_800);

    fn after(kind: DeliveryKind, outcome: Outcome, tries: u32, asked: Option<i64>) -> Next {
        let asked = asked.map(Span::seconds);
        // The middle of what chance can do to a wait.
        Next::after(kind, outcome, asked, (tries, NOW), &Schedule::standard(), u32::MAX / 2 + 1)
    }

    #[test]
    fn an_outcome_is_read_as_it_was_written() {
        let at = Some(NOW);
        let failures =
            Failure::ALL.iter().map(|why| Outcome::Failed(Failed { why: *why, certificate_at: at }));
        for outcome in failures.chain([Outcome::Answered(204), Outcome::Answered(500)]) {
            assert_eq!(Outcome::from_parts(outcome.as_str(), outcome.status(), at), Some(outcome));
        }
        assert_eq!(Outcome::from_parts("answered", None, None), None);
        assert_eq!(Outcome::from_parts("blocked", Some(200), None), None);
    }

    #[test]
    fn every_failed_attempt_is_told_and_no_successful_one() {
        for status in 100..=599 {
            let outcome = Outcome::Answered(status);
            assert_eq!(outcome.told().is_none(), outcome.is_success(), "{status}");
        }
        let refused = Outcome::Failed(Failure::ConnectRefused.into());
        assert!(refused.told().is_some_and(|told| told.contains("refused")));
    }

    #[test]
    fn what_is_2xx_succeeds_and_all_else_is_tried_again() {
        for status in [200, 204, 299] {
            assert_eq!(after(DeliveryKind::Event, Outcome::Answered(status), 1, None), Next::Succeeded);
        }
        for status in [199, 300, 301, 307, 400, 404, 410, 500, 503] {
            let next = after(DeliveryKind::Event, Outcome::Answered(status), 1, None);
            assert_eq!(next, Next::Again(NOW + Span::seconds(5)), "{status}");
        }
        let refused = Outcome::Failed(Failure::ConnectRefused.into());
        assert_eq!(after(DeliveryKind::Event, refused, 1, None), Next::Again(NOW + Span::seconds(5)));
        assert_eq!(after(DeliveryKind::Event, refused, 10, None), Next::Failed);
    }

    #[test]
    fn the_head_of_an_answer_is_kept_up_to_4_kib() {
        let header = |bytes: usize| (String::from("x-one"), "x".repeat(bytes - 5));
        let whole = vec![header(2_048), header(2_048)];
        assert_eq!(kept_head(whole.clone()), whole);
        let kept = kept_head(vec![header(2_048), header(2_049), header(6)]);
        assert_eq!(kept, [header(2_048), (String::from("…"), String::from("2 more"))]);
    }

    #[test]
    fn a_test_is_sent_once() {
        let lost = Outcome::Failed(Failure::ConnectionLost.into());
        for kind in [DeliveryKind::Test, DeliveryKind::Probe] {
            assert_eq!(after(kind, Outcome::Answered(500), 1, None), Next::Failed);
            assert_eq!(after(kind, Outcome::Answered(200), 1, None), Next::Succeeded);
            assert_eq!(after(kind, lost, 1, None), Next::Failed);
        }
        let forged = DeliveryKind::ForgedProbe;
        assert_eq!(after(forged, Outcome::Answered(401), 1, None), Next::Succeeded, "it is to be refused");
        assert_eq!(after(forged, Outcome::Answered(200), 1, None), Next::Failed);
        assert_eq!(after(forged, lost, 1, None), Next::Failed);
    }

    #[test]
    fn an_endpoint_that_is_busy_says_how_long_to_wait() {
        let wait = |status, asked| after(DeliveryKind::Event, Outcome::Answered(status), 1, Some(asked));
        for status in [429, 503] {
            assert_eq!(wait(status, 90), Next::Again(NOW + Span::seconds(90)));
            assert_eq!(wait(status, 1), Next::Again(NOW + Span::seconds(5)), "never sooner");
            assert_eq!(wait(status, 86_401), Next::Again(NOW + Span::days(1)), "at most a day");
        }
        assert_eq!(wait(500, 90), Next::Again(NOW + Span::seconds(5)));
    }
}
