//! The lanes that a worker holds, and whether it may send from each of them.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval};

use super::Shared;
use crate::{
    actions::queue,
    domain::id::{AccountId, LaneId},
};

/// Four times within a lease.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// After a change of state nothing more is sent within a second.
const WATCH_EVERY: Duration = Duration::from_millis(300);
/// How long after it was leased, or last renewed, nothing more is begun: somebody else may soon
/// have the lane.
const TRUST: Duration = Duration::from_secs(17);

/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases(Arc<Mutex<HashMap<LaneId, Arc<Leased>>>>);

/// A lane that is renewed until this is dropped, whatever ends whoever has it.
#[derive(Debug)]
pub(super) struct Lease {
    lane: LaneId,
    leased: Arc<Leased>,
    leases: Leases,
}

#[derive(Debug)]
struct Leased {
    account: AccountId,
    may_send: AtomicBool,
    /// When it was leased or last renewed.
    since: Mutex<Instant>,
}

impl Lease {
    pub(super) const fn lane(&self) -> LaneId {
        self.lane
    }

    /// Whether the lane is still the worker's, and not held.
    pub(super) fn may_send(&self) -> bool {
        let since = *self.leased.since();
        self.leased.may_send.load(Ordering::Relaxed) && since.elapsed() < TRUST
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut lanes = self.leases.lanes();
        // Somebody else may have the lane since, if the clock has leapt.
        if lanes.get(&self.lane).is_some_and(|leased| Arc::ptr_eq(leased, &self.leased)) {
            lanes.remove(&self.lane);
        }
    }
}

impl Leased {
    fn since(&self) -> MutexGuard<'_, Instant> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leases {
    /// The lease of a lane, unless the worker has it already.
    pub(super) fn add(&self, lane: LaneId, account: AccountId, since: Instant) -> Option<Lease> {
        let mut lanes = self.lanes();
        if lanes.contains_key(&lane) {
            return None;
        }
        let (may_send, since) = (AtomicBool::new(true), Mutex::new(since));
        let leased = Arc::new(Leased { account, may_send, since });
        lanes.insert(lane, Arc::clone(&leased));
        Some(Lease { lane, leased, leases: self.clone() })
    }

    /// How many lanes there are of each account.
    pub(super) fn by_account(&self) -> HashMap<AccountId, usize> {
        let mut accounts = HashMap::new();
        for leased in self.lanes().values() {
            *accounts.entry(leased.account).or_default() += 1;
        }
        accounts
    }

    /// Those that were leased before a moment.
    fn older_than(&self, moment: Instant) -> Vec<(LaneId, Arc<Leased>)> {
        let lanes = self.lanes();
        let older = lanes.iter().filter(|(_, leased)| *leased.since() < moment);
        older.map(|(lane, leased)| (*lane, Arc::clone(leased))).collect()
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<LaneId, Arc<Leased>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Renews the lease of every lane that is sent from, again and again.
pub(super) async fn renew(shared: Arc<Shared>) {
    let mut turns = interval(RENEW_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let began = Instant::now();
        let held = shared.leases.older_than(began);
        if held.is_empty() {
            continue;
        }
        let lanes: Vec<LaneId> = held.iter().map(|(lane, _)| *lane).collect();
        match queue::renew(&shared.ctx, shared.sender, &lanes).await {
            Ok(renewed) => {
                let renewed: HashSet<LaneId> = renewed.into_iter().collect();
                let renewed = held.iter().filter(|(lane, _)| renewed.contains(lane));
                renewed.for_each(|(_, leased)| *leased.since() = began);
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "leases could not be renewed");
            }
        }
    }
}

/// Looks which lanes are still the worker's and not held, again and again.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut turns = interval(WATCH_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let known = shared.leases.older_than(Instant::now());
        if known.is_empty() {
            continue;
        }
        // The worker says by itself when the database is away.
        let Ok(lanes) = queue::held_by(&shared.ctx, shared.sender).await else { continue };
        let flowing: HashMap<LaneId, bool> = lanes.iter().map(|lane| (lane.id, !lane.is_held())).collect();
        for (lane, leased) in known {
            leased.may_send.store(flowing.get(&lane).copied().unwrap_or(false), Ordering::Relaxed);
        }
    }
}
