//! Failed deliveries of an app that are asked for again together.

use crate::domain::{
    fields::Complaint,
    local_time::{self, NoMoment},
    time::{Span, Timestamp},
};

/// What was asked for again, and how far it has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redelivery {
    /// The deliveries that were made at or after this moment.
    pub since: Timestamp,
    /// Those that had failed by then.
    pub asked_at: Timestamp,
    /// How many there were.
    pub total: u64,
    /// How many of them wait again, or have waited.
    pub done: u64,
    /// When the last one was looked at.
    pub finished_at: Option<Timestamp>,
}

/// What can be wrong with the moment since when deliveries are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinceError {
    Missing,
    Malformed,
    Zone,
    Future,
}

/// The moment of a link or a choice: `1h`, `24h` or `7d` ago, a day, or RFC 3339.
#[must_use]
pub fn named(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text {
        "1h" => Some(now - Span::hours(1)),
        "24h" => Some(now - Span::hours(24)),
        "7d" => Some(now - Span::days(7)),
        other => Timestamp::of_day(other).or_else(|| Timestamp::of_rfc3339(other)),
    }
}

/// Since when deliveries are asked for: a moment as [`named`] has it, or `YYYY-MM-DDTHH:MM` on the
/// clocks of `zone`, an IANA name, or of UTC where it is empty.
///
/// # Errors
/// What is wrong with it; the future is.
pub fn since(text: &str, zone: &str, now: Timestamp) -> Result<Timestamp, SinceError> {
    let text = text.trim();
    let at = match named(text, now) {
        Some(at) => at,
        None => local_time::moment(text, zone)?,
    };
    if at > now { Err(SinceError::Future) } else { Ok(at) }
}

impl From<NoMoment> for SinceError {
    fn from(error: NoMoment) -> Self {
        match error {
            NoMoment::Missing => Self::Missing,
            NoMoment::Malformed => Self::Malformed,
            NoMoment::Zone => Self::Zone,
            NoMoment::TooFar => Self::Future,
        }
    }
}

impl Complaint for SinceError {
    fn sentence(&self, _: &str) -> String {
        let sentence = match self {
            Self::Missing => "Enter since when failed deliveries are meant.",
            Self::Malformed => "Enter a date and time such as 2026-11-24T07:20.",
            Self::Zone => "This time zone is not known; enter the time in UTC.",
            Self::Future => "This time is yet to come; choose one that is past.",
        };
        sentence.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 Nov 2026, 07:20 UTC.
    const NOW: Timestamp = Timestamp::from_seconds(1_795_504_800);

    #[test]
    fn a_moment_is_taken_in_every_form_that_a_page_gives_it() {
        let midnight = Timestamp::from_seconds(1_795_478_400);
        for (text, zone, at) in [
            ("1h", "", NOW - Span::hours(1)),
            ("24h", "Asia/Tokyo", NOW - Span::days(1)),
            ("7d", "", NOW - Span::days(7)),
            ("2026-11-24", "", midnight),
            ("2026-11-24T07:20:00Z", "", NOW),
            ("2026-11-24T07:20", "", NOW),
            (" 2026-11-24T08:20 ", "Europe/Berlin", NOW),
        ] {
            assert_eq!(since(text, zone, NOW), Ok(at), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_of_the_past_is_refused() {
        for (text, zone, error) in [
            ("", "", SinceError::Missing),
            ("yesterday", "", SinceError::Malformed),
            ("24H", "", SinceError::Malformed),
            ("2026-11-24 07:20", "", SinceError::Malformed),
            ("2026-11-24T07:20", "Mars/Phobos", SinceError::Zone),
            ("2026-11-24T07:21", "", SinceError::Future),
            ("2026-11-25", "", SinceError::Future),
            ("2026-11-24T07:20:00.000001Z", "", SinceError::Future),
            ("9999-12-31T23:59", "America/New_York", SinceError::Future),
        ] {
            assert_eq!(since(text, zone, NOW), Err(error), "{text}");
        }
    }
}
