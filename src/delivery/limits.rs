//! How much is sent at once: in all, and for one account, so that the slow endpoints of some do
//! not take what others need (S60).

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::domain::id::AccountId;

/// Attempts on their way at once.
const SENDS: usize = 512;
/// KiB of messages in memory at once.
const KIBIBYTES: usize = 64 * 1_024;
/// An account has at most this part of what is free beside: alone, a quarter of all. Whatever a
/// few accounts hold for however long, so much is left that the next one begins at once.
const PART: usize = 3;

/// Whoever needs both takes room first, and then a slot: who has a slot waits for nothing.
#[derive(Debug)]
pub(super) struct Limits {
    sends: Arc<Pool>,
    room: Arc<Pool>,
}

/// What accounts share.
#[derive(Debug)]
struct Pool {
    all: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Those that have something or wait for it.
    accounts: HashMap<AccountId, Account>,
}

#[derive(Debug, Default)]
struct Account {
    has: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    wants: usize,
    granted: oneshot::Sender<Share>,
}

/// A part of a pool, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    pool: Arc<Pool>,
    account: AccountId,
    has: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sends: Pool::of(SENDS), room: Pool::of(KIBIBYTES) }
    }
}

impl Limits {
    /// The right to one attempt.
    pub(super) async fn slot(self: Arc<Self>, account: AccountId) -> Share {
        Arc::clone(&self.sends).take(account, 1).await
    }

    /// The right to hold messages of so many KiB in memory.
    pub(super) async fn room(&self, account: AccountId, kibibytes: u32) -> Share {
        Arc::clone(&self.room).take(account, usize::try_from(kibibytes).unwrap_or(usize::MAX)).await
    }
}

impl Pool {
    fn of(all: usize) -> Arc<Self> {
        let state = State { free: all, accounts: HashMap::new() };
        Arc::new(Self { all, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(self: Arc<Self>, account: AccountId, wants: usize) -> Share {
        let wants = wants.min(self.all);
        loop {
            let (granted, grant) = oneshot::channel();
            {
                let mut state = self.state();
                let waiting = &mut state.accounts.entry(account).or_default().waiting;
                // Those who gave up would stand in the line for ever.
                waiting.retain(|one| !one.granted.is_closed());
                waiting.push_back(Waiting { wants, granted });
            }
            self.grant();
            // Whoever stands in the line is served in the end.
            if let Ok(share) = grant.await {
                return share;
            }
        }
    }

    /// Gives what is free to those who wait, the account that has least first.
    fn grant(self: &Arc<Self>) {
        loop {
            let Some((account, Waiting { wants, granted })) = self.state().next() else { return };
            let share = Share { pool: Arc::clone(self), account, has: wants };
            // What somebody does not want any more is free again.
            drop(granted.send(share));
        }
    }

    fn give_back(self: &Arc<Self>, account: AccountId, had: usize) {
        {
            let mut state = self.state();
            state.free += had;
            if let Some(one) = state.accounts.get_mut(&account) {
                one.has = one.has.saturating_sub(had);
                if one.has == 0 && one.waiting.is_empty() {
                    state.accounts.remove(&account);
                }
            }
        }
        self.grant();
    }
}

impl State {
    /// Who is given something now, which is theirs from then on.
    fn next(&mut self) -> Option<(AccountId, Waiting)> {
        let waiting = self.accounts.iter_mut().filter(|(_, account)| !account.waiting.is_empty());
        let (id, account) = waiting.min_by_key(|(_, account)| account.has)?;
        let wants = account.waiting.front()?.wants;
        let is_fair = account.has == 0 || (account.has + wants).saturating_mul(PART) <= self.free;
        if wants > self.free || !is_fair {
            return None;
        }
        account.has += wants;
        self.free -= wants;
        Some((*id, account.waiting.pop_front()?))
    }
}

impl Share {
    /// Takes a part out of it.
    pub(super) fn split(&mut self, part: u32) -> Self {
        let part = usize::try_from(part).unwrap_or(usize::MAX).min(self.has);
        self.has -= part;
        Self { pool: Arc::clone(&self.pool), account: self.account, has: part }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.pool.give_back(self.account, self.has);
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use futures_util::{FutureExt, poll};

    use super::*;
    use crate::domain::id::Id as _;

    fn account(number: u128) -> AccountId {
        AccountId::from_uuid(uuid::Uuid::from_u128(number))
    }

    /// As much as an account gets without waiting.
    fn all_of(pool: &Arc<Pool>, number: u128) -> Vec<Share> {
        std::iter::from_fn(|| Arc::clone(pool).take(account(number), 1).now_or_never()).collect()
    }

    #[test]
    fn an_account_alone_has_a_quarter_and_many_leave_something_for_the_next() {
        let pool = Pool::of(512);
        let held: Vec<_> = (0..20).map(|number| all_of(&pool, number)).collect();
        assert_eq!(held[0].len(), 128);
        assert!(held.iter().all(|shares| !shares.is_empty()));
        assert!(held[4].len() >= 32, "{}", held[4].len());
        drop(held);
        assert_eq!(all_of(&pool, 1).len(), 128, "all is given back");
    }

    #[tokio::test]
    async fn who_has_least_is_served_first_and_who_gave_up_is_passed_over() {
        let pool = Pool::of(2);
        let first = Arc::clone(&pool).take(account(1), 1).await;
        let second = Arc::clone(&pool).take(account(2), 1).await;
        let mut waits: Vec<std::pin::Pin<Box<dyn Future<Output = Share>>>> = Vec::new();
        for number in [1, 3, 3] {
            waits.push(Box::pin(Arc::clone(&pool).take(account(number), 1)));
        }
        for wait in &mut waits {
            assert!(poll!(wait).is_pending());
        }
        drop(waits.remove(1));
        drop(second);
        let third = waits.remove(1).await;
        assert_eq!(third.account, account(3));
        assert!(poll!(&mut waits[0]).is_pending());
        drop((first, third));
        waits.remove(0).await;
        assert!(pool.state().accounts.is_empty());
    }
}
