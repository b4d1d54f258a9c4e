//! Moments and spans, in whole microseconds.

use std::fmt;

/// A moment: microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Stored as a 64-bit integer, because the text form of a time does not sort by time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The moment of a Unix time in seconds; the nearest one that can be held.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down (a JWT's `NumericDate`, RFC 7519 §2).
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The time since an earlier moment; negative if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// `2026-11-24T07:20:00Z`, as `<time datetime>` and JSON want it.
    #[must_use]
    pub fn iso(self) -> String {
        self.civil().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `2026-11-24T07:20:00.000001Z`, with nothing left out.
    #[must_use]
    pub fn exact(self) -> String {
        self.civil().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    }

    /// The beginning in UTC of the day that `2026-11-24` names.
    #[must_use]
    pub fn of_day(text: &str) -> Option<Self> {
        let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
        if !shape.eq("0000-00-00".bytes()) {
            return None;
        }
        let day: jiff::civil::Date = text.parse().ok()?;
        let at = jiff::tz::TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
        Some(Self(at.as_microsecond()))
    }

    /// The moment that a text such as `2026-11-24T08:20:00.5+01:00` names (RFC 3339 §5.6).
    #[must_use]
    pub fn of_rfc3339(text: &str) -> Option<Self> {
        let has_shape = text.as_bytes().get(10).is_some_and(|byte| matches!(byte, b'T' | b't' | b' '));
        let at: jiff::Timestamp = text.parse().ok().filter(|_| has_shape)?;
        Some(Self(at.as_microsecond()))
    }

    /// `24 Nov 2026, 07:20 UTC`, as people read it.
    #[must_use]
    pub fn utc(self) -> String {
        self.civil().strftime("%-d %b %Y, %H:%M UTC").to_string()
    }

    /// `24 Nov 2026`, where the hour does not matter.
    #[must_use]
    pub fn date(self) -> String {
        self.civil().strftime("%-d %b %Y").to_string()
    }

    /// `24 Nov`, where the year does not matter either.
    #[must_use]
    pub fn day(self) -> String {
        self.civil().strftime("%-d %b").to_string()
    }

    fn civil(self) -> jiff::Timestamp {
        // Beyond jiff's years -9999 to 9999 the nearest moment is as good as any.
        let edge = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(edge)
    }
}

impl std::ops::Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Timestamp {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// A length of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    #[must_use]
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes * 60)
    }

    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours * 60)
    }

    #[must_use]
    pub const fn days(days: i64) -> Self {
        Self::hours(days * 24)
    }

    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// `5.21 s`, `112 ms`, `0.4 ms`
    #[must_use]
    pub fn short(self) -> String {
        let micros = self.micros().max(0);
        match micros {
            0..1_000 => format!("0.{} ms", micros / 100),
            1_000..1_000_000 => format!("{} ms", micros / 1_000),
            _ => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
        }
    }
}

/// Where "now" comes from: the machine when serving, a hand-turned one in tests.
pub trait Clock: Send + Sync + fmt::Debug {
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_by_the_unit_that_fits() {
        for (micros, told) in
            [(-1, "0.0 ms"), (430, "0.4 ms"), (112_900, "112 ms"), (999_999, "999 ms"), (5_215_000, "5.21 s")]
        {
            assert_eq!(Span::from_micros(micros).short(), told);
        }
    }

    #[test]
    fn a_moment_is_shown_for_machines_and_for_people() {
        let at = Timestamp::from_seconds(1_795_504_800);
        assert_eq!(at.iso(), "2026-11-24T07:20:00Z");
        assert_eq!(at.utc(), "24 Nov 2026, 07:20 UTC");
        assert_eq!(at.date(), "24 Nov 2026");
        assert_eq!(at.day(), "24 Nov");
    }

    #[test]
    fn an_exact_moment_has_its_microseconds() {
        assert_eq!(Timestamp::from_micros(1_795_504_800_000_001).exact(), "2026-11-24T07:20:00.000001Z");
        assert_eq!(Timestamp::from_micros(1_795_504_800_120_000).exact(), "2026-11-24T07:20:00.120000Z");
    }

    #[test]
    fn a_day_is_read_by_its_one_form() {
        assert_eq!(Timestamp::of_day("2026-11-24"), Some(Timestamp::from_seconds(1_795_478_400)));
        assert_eq!(Timestamp::of_day("1969-12-31"), Some(Timestamp::from_seconds(-86_400)));
        for wrong in ["", "2026-02-30", "2026-1-1", "20261124", "2026-11-24T00", "+026-11-24", "today"] {
            assert_eq!(Timestamp::of_day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn seconds_round_down_before_1970_too() {
        assert_eq!(Timestamp::from_micros(-1).seconds(), -1);
        assert_eq!(Timestamp::from_micros(1_999_999).seconds(), 1);
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for at in [Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX)] {
            assert!(!at.utc().is_empty());
            let _ = at + Span::days(1);
            let _ = at - Span::days(1);
            let _ = at.since(Timestamp::from_seconds(0));
        }
    }
}
