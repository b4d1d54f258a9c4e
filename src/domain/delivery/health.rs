//! How deliveries go, day by day.

use std::iter;

use crate::domain::{
    calls::{Day, Hour},
    time::{Span, Timestamp},
};

/// How attempts went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    pub succeeded: u64,
    pub failed: u64,
    /// What those that succeeded took, in all and at most.
    pub total: Span,
    pub slowest: Span,
}

impl Attempts {
    #[must_use]
    pub const fn all(self) -> u64 {
        self.succeeded.saturating_add(self.failed)
    }

    /// What one that succeeded took, of all of them the mean.
    #[must_use]
    pub fn mean(self) -> Option<Span> {
        let succeeded = i64::try_from(self.succeeded).unwrap_or(i64::MAX);
        self.total.micros().checked_div(succeeded).map(Span::from_micros)
    }

    /// Of a thousand, how many succeeded; all of them only if none failed.
    #[must_use]
    pub fn permille(self) -> Option<u64> {
        let permille = u128::from(self.succeeded).saturating_mul(1_000).checked_div(self.all().into())?;
        u64::try_from(permille).ok()
    }
}

impl iter::Sum for Attempts {
    fn sum<I: Iterator<Item = Self>>(several: I) -> Self {
        several.fold(Self::default(), |sum, one| Self {
            succeeded: sum.succeeded.saturating_add(one.succeeded),
            failed: sum.failed.saturating_add(one.failed),
            total: Span::from_micros(sum.total.micros().saturating_add(one.total.micros())),
            slowest: sum.slowest.max(one.slowest),
        })
    }
}

/// The last `days` days of UTC, today last, by their first moments; those without attempts among
/// them.
#[must_use]
pub fn by_day(hours: &[(Hour, Attempts)], now: Timestamp, days: u16) -> Vec<(Timestamp, Attempts)> {
    let of_day = |Day { starts, .. }: Day| {
        let hours = hours.iter().filter(|(hour, _)| hour.midnight().starts() == starts);
        (starts, hours.map(|(_, attempts)| *attempts).sum())
    };
    crate::domain::calls::by_day(&[], now, days).into_iter().map(of_day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_sum_of_its_hours() {
        let now = Timestamp::from_seconds(1_795_504_800);
        let millis = |count: i64| Span::from_micros(count * 1_000);
        let attempts = |succeeded, failed, total, slowest| Attempts {
            succeeded,
            failed,
            total: millis(total),
            slowest: millis(slowest),
        };
        let hour = Hour::of(now);
        let hours = [
            (hour.before(48), attempts(9, 9, 9, 9)),
            (hour.before(24), attempts(0, 2, 0, 0)),
            (hour.before(2), attempts(1, 0, 50, 50)),
            (hour, attempts(2, 1, 250, 200)),
        ];
        let days = by_day(&hours, now, 2);
        assert_eq!(
            days.iter().map(|(_, day)| *day).collect::<Vec<_>>(),
            [attempts(0, 2, 0, 0), attempts(3, 1, 300, 200)]
        );
        assert_eq!(days.last().map(|(starts, _)| starts.date()), Some(String::from("24 Nov 2026")));
        let rates: Vec<_> = days.iter().map(|(_, day)| (day.mean(), day.permille())).collect();
        assert_eq!(rates, [(None, Some(0)), (Some(millis(100)), Some(750))]);
        assert_eq!(Attempts::default().permille(), None);
        assert_eq!(attempts(9_999_999, 1, 0, 0).permille(), Some(999));
    }
}
