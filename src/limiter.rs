//! How many calls an account may make, and how many guesses anybody: a bucket for each in memory, filled at a steady rate.
//! Every process counts for itself.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};

use crate::domain::{calls::Left, id::AccountId};

type Buckets =
    RateLimiter<AccountId, DashMapStateStore<AccountId>, MonotonicClock, StateInformationMiddleware>;

/// The limit that every account has, and what each has left of it.
#[derive(Debug)]
pub struct Limiter {
    a_minute: NonZeroU32,
    clock: MonotonicClock,
    buckets: Buckets,
}

/// The account has called too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    pub left: Left,
    /// After how many seconds a call may pass again; at least one.
    pub retry_after_s: u64,
}

impl Limiter {
    /// As many calls a minute, and as many at once after a quiet minute.
    #[must_use]
    pub fn per_minute(a_minute: NonZeroU32) -> Self {
        let clock = MonotonicClock;
        let state = DashMapStateStore::default();
        let buckets = Buckets::new(Quota::per_minute(a_minute), state, clock.clone());
        Self { a_minute, clock, buckets }
    }

    /// Takes one call off what the account has left.
    ///
    /// # Errors
    /// [`Exceeded`] if nothing is left; nothing is then taken.
    pub fn take(&self, account: AccountId) -> Result<Left, Exceeded> {
        let limit = self.a_minute;
        match self.buckets.check_key(&account) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let taken = u64::from(limit.get().saturating_sub(remaining));
                let whole_in_s = (taken * 60).div_ceil(u64::from(limit.get()));
                Ok(Left { limit, remaining, whole_in_s })
            }
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now()) + Duration::from_millis(999);
                let left = Left { limit, remaining: 0, whole_in_s: 60 };
                Err(Exceeded { left, retry_after_s: wait.as_secs().max(1) })
            }
        }
    }

    /// What is said to an account of which nothing is left, when nothing is taken: the next call may
    /// pass after a minute's share of one.
    #[must_use]
    pub fn exceeded(&self) -> Exceeded {
        let left = Left { limit: self.a_minute, remaining: 0, whole_in_s: 60 };
        Exceeded { left, retry_after_s: 60_u64.div_ceil(u64::from(self.a_minute.get())) }
    }

    /// Forgets accounts whose limit is whole again.
    pub fn sweep(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }
}

/// How often anybody may guess, by what is guessed and where from; a minute fills it again.
#[derive(Debug)]
pub struct Guesses {
    clock: MonotonicClock,
    buckets: RateLimiter<[u8; 32], DashMapStateStore<[u8; 32]>, MonotonicClock>,
}

impl Guesses {
    /// Wrong ones a minute, and as many at once.
    pub const A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);

    /// Counts a wrong guess.
    ///
    /// # Errors
    /// There were too many: after how many seconds one counts again.
    pub fn take(&self, bucket: [u8; 32]) -> Result<(), u64> {
        self.buckets.check_key(&bucket).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now()) + Duration::from_millis(999);
            wait.as_secs().max(1)
        })
    }

    /// Forgets those who guess no more.
    pub fn sweep(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }
}

impl Default for Guesses {
    fn default() -> Self {
        let clock = MonotonicClock;
        let state = DashMapStateStore::default();
        Self { buckets: RateLimiter::new(Quota::per_minute(Self::A_MINUTE), state, clock.clone()), clock }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::Id, time::Timestamp};

    #[test]
    fn each_account_has_a_bucket_of_its_own() {
        let account = |n: u8| AccountId::generate(Timestamp::from_seconds(1), [n; 10]);
        let limit = NonZeroU32::new(3).unwrap();
        let limiter = Limiter::per_minute(limit);
        for remaining in [2, 1, 0] {
            let left = limiter.take(account(1)).unwrap();
            assert_eq!(left.remaining, remaining);
            assert!((1..=60).contains(&left.whole_in_s), "{left:?}");
        }
        let exceeded = limiter.take(account(1)).unwrap_err();
        assert_eq!(exceeded.left.limit, limit);
        assert!((1..=20).contains(&exceeded.retry_after_s), "{exceeded:?}");
        assert_eq!(limiter.take(account(2)).unwrap().remaining, 2);
    }

    #[test]
    fn guesses_are_counted_by_what_is_guessed() {
        let guesses = Guesses::default();
        for _ in 0..Guesses::A_MINUTE.get() {
            assert_eq!(guesses.take([1; 32]), Ok(()));
        }
        assert!(guesses.take([1; 32]).is_err_and(|seconds| (1..=2).contains(&seconds)));
        assert_eq!(guesses.take([2; 32]), Ok(()));
        guesses.sweep();
        assert!(guesses.take([1; 32]).is_err());
    }

    #[test]
    fn sweeping_keeps_those_who_called_lately() {
        let limiter = Limiter::per_minute(NonZeroU32::new(1).unwrap());
        let account = AccountId::generate(Timestamp::from_seconds(1), [1; 10]);
        assert!(limiter.take(account).is_ok());
        limiter.sweep();
        assert!(limiter.take(account).is_err());
    }
}
