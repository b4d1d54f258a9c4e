//! The worker: it takes lanes of deliveries that are due, sends what is in them, and writes down
//! what became of it. Any number of workers share one queue.
//!
//! At least once (S52): an attempt counts when it is written down. A worker that dies takes its
//! leases with it for [`queue::LEASE`] at most, and then others send again what it had on its way.

mod housekeeping;
mod lane;
mod leases;
mod limits;
mod record;
mod send;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{MissedTickBehavior, interval},
};

pub use self::send::headers;
use self::{
    lane::{QUIET, Runner},
    leases::Leases,
    limits::Limits,
    record::Recorder,
};
use crate::{
    actions::{
        Context, Result,
        queue::{self, Wanted},
    },
    domain::id::SenderId,
    outbound::Outbound,
};

/// How often it is looked for lanes that are due, where nobody tells of them.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The most lanes that one worker holds: most of them wait for their turn.
const MOST_LANES: usize = 4_096;
/// An account has at most this part of the lanes that are free beside: most wait for its slots.
const PART: usize = 8;
/// Lanes that are leased at a time, so that another worker gets some too.
const CLAIM: usize = 128;

/// Sends deliveries. One a process.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
    recording: JoinHandle<()>,
}

/// What every lane of a worker needs.
#[derive(Debug)]
struct Shared {
    ctx: Context,
    outbound: Outbound,
    /// Under which the worker leases.
    sender: SenderId,
    limits: Arc<Limits>,
    leases: Leases,
    recorder: Recorder,
    is_stopping: Arc<AtomicBool>,
}

impl Worker {
    /// To be called within a runtime.
    #[must_use]
    pub fn new(ctx: Context, outbound: Outbound) -> Self {
        let sender: SenderId = ctx.new_id();
        let is_stopping = Arc::<AtomicBool>::default();
        let (recorder, recording) = record::start(ctx.clone(), sender, Arc::clone(&is_stopping));
        let (limits, leases) = (Arc::default(), Leases::default());
        let shared = Shared { ctx, outbound, sender, limits, leases, recorder, is_stopping };
        Self { shared: Arc::new(shared), recording }
    }

    /// Works until the sender of `stopped` is gone. What is on its way then is finished and written
    /// down, which takes the 15 seconds of an attempt at most, and the leases are given back.
    pub async fn run(self, mut stopped: watch::Receiver<()>) {
        let shared = &self.shared;
        let mut beside = JoinSet::new();
        beside.spawn(leases::renew(Arc::clone(shared)));
        beside.spawn(leases::watch(Arc::clone(shared)));
        beside.spawn(housekeeping::run(shared.ctx.clone()));
        beside.spawn(housekeeping::redeliver(shared.ctx.clone()));
        beside.spawn(housekeeping::clear(shared.ctx.clone()));
        beside.spawn(housekeeping::drop_old(shared.ctx.clone()));
        let mut lanes = JoinSet::new();
        let mut turns = interval(LOOK_EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut could_look = true;
        loop {
            tokio::select! {
                _ = stopped.changed() => break,
                _ = turns.tick() => {}
                () = shared.ctx.deliveries_due.notified() => {}
            }
            while lanes.try_join_next().is_some() {}
            let claimed = self.claim(&mut lanes, QUIET).await;
            // Said once, and not ten times a second for as long as the database is away.
            match (&claimed, could_look) {
                (Err(error), true) => {
                    let error = error as &dyn std::error::Error;
                    tracing::warn!(error, "the queue of deliveries cannot be read");
                }
                (Ok(_), false) => tracing::info!("the queue of deliveries is read again"),
                (Err(_), false) | (Ok(_), true) => {}
            }
            could_look = claimed.is_ok();
        }
        shared.is_stopping.store(true, Ordering::Relaxed);
        while lanes.join_next().await.is_some() {}
        beside.shutdown().await;
        self.finish().await;
    }

    /// Sends all that is due now, to its end: what a test does instead of waiting.
    ///
    /// # Errors
    /// `Unavailable` and `Internal` alone.
    pub async fn turn(&self) -> Result<()> {
        let mut lanes = JoinSet::new();
        while self.claim(&mut lanes, Duration::ZERO).await? > 0 {
            while lanes.join_next().await.is_some() {}
        }
        Ok(())
    }

    /// Ends a worker that does not run, when all that it recorded is written down.
    pub async fn finish(self) {
        let Self { shared, recording } = self;
        drop(shared);
        if let Err(error) = recording.await {
            tracing::error!(error = &error as &dyn std::error::Error, "the recorder of attempts failed");
        }
    }

    /// Begins to send from lanes that are due, and keeps each for a while when nothing is; says from
    /// how many.
    async fn claim(&self, lanes: &mut JoinSet<()>, quiet: Duration) -> Result<usize> {
        let shared = &self.shared;
        let mut begun = 0;
        loop {
            let held = shared.leases.by_account();
            let free = MOST_LANES.saturating_sub(held.values().sum());
            let (limit, each) = (free.min(CLAIM), (free / PART).max(1));
            let claimed_at = Instant::now();
            let wanted = Wanted { limit, each, held: &held };
            let claimed = queue::claim(&shared.ctx, shared.sender, wanted).await?;
            let is_all = claimed.len() < limit || limit == 0;
            for (lane, account) in claimed {
                // A lane of its own looks free if the clock has leapt.
                if let Some(leased) = shared.leases.add(lane, account, claimed_at) {
                    begun += 1;
                    lanes.spawn(Runner::new(Arc::clone(shared), leased, quiet).run());
                }
            }
            if is_all {
                return Ok(begun);
            }
        }
    }
}
