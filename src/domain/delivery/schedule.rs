//! When a delivery that failed is tried again.

use crate::domain::time::Span;

/// The waits before each attempt of a delivery. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Span>);

/// However long an endpoint asks for.
const LONGEST_ASKED: Span = Span::days(1);

impl Schedule {
    /// The most attempts that a schedule may have.
    pub const MAX_ATTEMPTS: usize = 30;
    /// The longest wait that a schedule may have.
    pub const LONGEST: Span = Span::days(7);

    /// The waits, the first of which is none: a delivery is first tried at once.
    #[must_use]
    pub fn new(waits: Vec<Span>) -> Option<Self> {
        let fits = |wait: &Span| (Span::seconds(0)..=Self::LONGEST).contains(wait);
        let is_good = waits.first() == Some(&Span::seconds(0))
            && waits.len() <= Self::MAX_ATTEMPTS
            && waits.iter().all(fits);
        is_good.then_some(Self(waits))
    }

    /// At once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h: three days
    /// and three and a half hours in all.
    #[must_use]
    pub fn standard() -> Self {
        let hours = [2, 5, 10, 14, 20, 24].map(Span::hours);
        let first = [Span::seconds(0), Span::seconds(5), Span::minutes(5), Span::minutes(30)];
        Self(first.into_iter().chain(hours).collect())
    }

    /// How long to wait after so many attempts, a fifth more or less by `random`, and at least
    /// as long as the endpoint asked for, up to a day; nothing when there are no more attempts.
    #[must_use]
    pub fn wait_after(&self, attempts: u32, random: u32, asked: Option<Span>) -> Option<Span> {
        let wait = *self.0.get(usize::try_from(attempts).ok()?)?;
        let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
        Some(spread(wait, random).max(asked))
    }
}

/// From four fifths of a time to six fifths.
fn spread(wait: Span, random: u32) -> Span {
    let parts = 800_000 + i64::from(random) * 400_000 / i64::from(u32::MAX);
    // A week of microseconds times 1.2 million is below 2^63 only if divided first.
    Span::from_micros(wait.micros() / 1_000 * parts / 1_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_standard_waits_are_those_that_are_documented() {
        let standard = Schedule::standard();
        let seconds: Vec<i64> = standard.0.iter().map(|wait| wait.as_seconds()).collect();
        assert_eq!(seconds, [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(Schedule::new(standard.0.clone()), Some(standard.clone()));
        assert!(standard.wait_after(9, 0, None).is_some());
        assert_eq!(standard.wait_after(10, 0, None), None);
        assert_eq!(standard.wait_after(10, 0, Some(Span::hours(1))), None, "asking makes no attempts");
    }

    #[test]
    fn a_schedule_begins_at_once_and_ends() {
        let seconds = |waits: &[i64]| waits.iter().map(|wait| Span::seconds(*wait)).collect::<Vec<_>>();
        assert!(Schedule::new(seconds(&[0])).is_some());
        assert!(Schedule::new(seconds(&[0, 604_800])).is_some());
        assert!(Schedule::new(seconds(&[0; 30])).is_some());
        for wrong in [&[][..], &[5], &[0, -1], &[0, 604_801], &[0; 31]] {
            assert_eq!(Schedule::new(seconds(wrong)), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn chance_moves_a_wait_by_a_fifth_at_most(wait in 0_i64..=604_800, random: u32) {
            let schedule = Schedule::new(vec![Span::seconds(0), Span::seconds(wait)]).unwrap();
            let waited = schedule.wait_after(1, random, None).unwrap().micros();
            prop_assert!((wait * 800_000..=wait * 1_200_000).contains(&waited), "{waited} of {wait} s");
        }
    }

    #[test]
    fn chance_moves_a_wait_as_far_as_it_may() {
        let schedule = Schedule::standard();
        assert_eq!(schedule.wait_after(2, 0, None), Some(Span::minutes(4)));
        assert_eq!(schedule.wait_after(2, u32::MAX, None), Some(Span::minutes(6)));
    }
}
