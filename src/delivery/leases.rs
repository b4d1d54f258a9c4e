//! The lanes that a worker holds, and whether it may send from each of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval};

use super::Shared;
use crate::{actions::queue, domain::id::LaneId};

/// Four times within a lease.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// After a change of state nothing more is sent within a second.
const WATCH_EVERY: Duration = Duration::from_millis(300);
/// How long after it was leased, or last renewed, nothing more is begun: somebody else may soon
/// have the lane.
const TRUST: Duration = Duration::from_secs(17);

#[derive(Debug, Default)]
pub(super) struct Leases {
    lanes: Mutex<HashMap<LaneId, Arc<Leased>>>,
}

#[derive(Debug)]
pub(super) struct Leased {
    may_send: AtomicBool,
    /// When it was leased or last renewed.
    since: Mutex<Instant>,
}

impl Leased {
    /// Whether the lane is still the worker's, and not held.
    pub(super) fn may_send(&self) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.may_send.load(Ordering::Relaxed) && since.elapsed() < TRUST
    }

    fn since(&self) -> MutexGuard<'_, Instant> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leases {
    /// The lease of a lane, unless the worker has it already.
    pub(super) fn add(&self, lane: LaneId, since: Instant) -> Option<Arc<Leased>> {
        let mut lanes = self.lanes();
        if lanes.contains_key(&lane) {
            return None;
        }
        let leased = Arc::new(Leased { may_send: AtomicBool::new(true), since: Mutex::new(since) });
        lanes.insert(lane, Arc::clone(&leased));
        Some(leased)
    }

    pub(super) fn remove(&self, lane: LaneId) {
        self.lanes().remove(&lane);
    }

    pub(super) fn count(&self) -> usize {
        self.lanes().len()
    }

    /// Those that were leased before a moment.
    fn older_than(&self, moment: Instant) -> Vec<(LaneId, Arc<Leased>)> {
        let lanes = self.lanes();
        let older = lanes.iter().filter(|(_, leased)| *leased.since() < moment);
        older.map(|(lane, leased)| (*lane, Arc::clone(leased))).collect()
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<LaneId, Arc<Leased>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Renews every lease, again and again.
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
        match queue::renew(&shared.ctx, shared.sender).await {
            Ok(()) => held.iter().for_each(|(_, leased)| *leased.since() = began),
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
