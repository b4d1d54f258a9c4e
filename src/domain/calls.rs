//! Calls to the API: how many, which were refused and why, and which old secrets they used.

use std::{borrow::Cow, iter, net::IpAddr, num::NonZeroU32};

use super::{
    authorization::Code,
    id::{AccountId, AppId},
    text_enum::text_enum,
    time::{Span, Timestamp},
};

/// An hour of UTC, by which calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i64);

const MICROS: i64 = Span::hours(1).micros();
const HOURS_A_DAY: i64 = 24;

impl Hour {
    /// The hour that a moment lies in.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.micros().div_euclid(MICROS))
    }

    /// By its number: whole hours since 1970.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The hour that `hours` hours earlier was.
    #[must_use]
    pub const fn before(self, hours: i64) -> Self {
        Self(self.0.saturating_sub(hours))
    }

    /// The first hour of its day.
    #[must_use]
    pub const fn midnight(self) -> Self {
        Self(self.0.div_euclid(HOURS_A_DAY) * HOURS_A_DAY)
    }

    /// Its first moment.
    #[must_use]
    pub const fn starts(self) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_mul(MICROS))
    }

    /// The first of the hours that "the last 24 hours" reach into.
    #[must_use]
    pub const fn a_day_before(now: Timestamp) -> Self {
        Self::of(now).before(HOURS_A_DAY)
    }
}

/// Whose calls are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallsOf {
    App(AppId),
    /// Those of the account whose token names no app, so that nobody knows which one calls.
    Unnamed(AccountId),
}

/// How many calls there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    pub allowed: u64,
    pub refused: u64,
    /// Of all these, those whose token names no app.
    pub unnamed: u64,
}

impl Calls {
    #[must_use]
    pub const fn all(self) -> u64 {
        self.allowed.saturating_add(self.refused)
    }
}

impl std::iter::Sum for Calls {
    fn sum<I: Iterator<Item = Self>>(several: I) -> Self {
        several.fold(Self::default(), |mut sum, calls| {
            sum += calls;
            sum
        })
    }
}

impl std::ops::AddAssign for Calls {
    fn add_assign(&mut self, more: Self) {
        self.allowed = self.allowed.saturating_add(more.allowed);
        self.refused = self.refused.saturating_add(more.refused);
        self.unnamed = self.unnamed.saturating_add(more.unnamed);
    }
}

/// The calls of one day of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its first moment.
    pub starts: Timestamp,
    pub calls: Calls,
}

/// The last `days` days, today last; those without calls among them.
#[must_use]
pub fn by_day(hours: &[(Hour, Calls)], now: Timestamp, days: u16) -> Vec<Day> {
    let today = Hour::of(now).midnight();
    let starts = iter::successors(Some(today), |day| Some(day.before(HOURS_A_DAY)));
    let mut days: Vec<Day> = starts
        .take(usize::from(days))
        .map(|midnight| {
            let hours = hours.iter().filter(|(hour, _)| hour.midnight() == midnight);
            Day { starts: midnight.starts(), calls: hours.map(|(_, calls)| *calls).sum() }
        })
        .collect();
    days.reverse();
    days
}

/// What signed a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedWith {
    /// None of the account's secrets, as far as anybody can tell.
    Unknown,
    CurrentSecret,
    OldSecret,
    /// It is an access token, which Portico itself signed.
    AccessToken,
}

text_enum!(
    SignedWith,
    "signer",
    Unknown = "unknown",
    CurrentSecret = "current_secret",
    OldSecret = "old_secret",
    AccessToken = "access_token",
);

impl SignedWith {
    /// Whether the call is certainly the account's: who knows its key alone can make others.
    #[must_use]
    pub const fn is_verified(self) -> bool {
        match self {
            Self::Unknown => false,
            Self::CurrentSecret | Self::OldSecret | Self::AccessToken => true,
        }
    }
}

/// A call that was refused although the token names the account's key. The token is kept
/// nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCall {
    /// The app that called, or that the token says calls; unknown if it names none.
    pub app: Option<AppId>,
    pub at: Timestamp,
    pub code: Code,
    /// The check that failed and what to do, as the caller was told.
    pub detail: Cow<'static, str>,
    /// By how many seconds the caller's clock seems to differ: what a time of the token
    /// misses its limit by.
    pub off_by_s: Option<i64>,
    pub signed_with: SignedWith,
    pub address: Option<IpAddr>,
}

/// How many calls an account may still make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Calls a minute.
    pub limit: NonZeroU32,
    /// Calls that may follow at once.
    pub remaining: u32,
    /// In how many seconds the whole limit is there again, if no call comes meanwhile.
    pub whole_in_s: u64,
}

/// How an old secret is still used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uses {
    /// Calls it has verified since it was replaced.
    pub calls: u64,
    pub last_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 Nov 2026, 07:20 UTC.
    const NOW: Timestamp = Timestamp::from_seconds(1_795_504_800);

    #[test]
    fn an_hour_begins_when_the_clock_strikes() {
        assert_eq!(Hour::of(NOW).starts().utc(), "24 Nov 2026, 07:00 UTC");
        assert_eq!(Hour::of(NOW).midnight().starts().utc(), "24 Nov 2026, 00:00 UTC");
        assert_eq!(Hour::a_day_before(NOW).starts().utc(), "23 Nov 2026, 07:00 UTC");
        assert_eq!(Hour::of(Timestamp::from_micros(-1)).number(), -1);
    }

    #[test]
    fn every_day_stands_there_with_its_hours() {
        let calls = |allowed, refused| Calls { allowed, refused, unnamed: allowed };
        let hour = Hour::of(NOW);
        let hours = [
            (hour.before(24 * 9), calls(99, 99)),
            (hour.before(24 + 7), calls(4, 0)),
            (hour.before(24 + 8), calls(3, 1)),
            (hour.before(7), calls(5, 0)),
            (hour, calls(7, 2)),
        ];
        let days: Vec<_> = by_day(&hours, NOW, 3).iter().map(|day| (day.starts.date(), day.calls)).collect();
        let day = |name: &str, allowed, refused| (String::from(name), calls(allowed, refused));
        assert_eq!(days, [day("22 Nov 2026", 3, 1), day("23 Nov 2026", 4, 0), day("24 Nov 2026", 12, 2)]);
    }
}
