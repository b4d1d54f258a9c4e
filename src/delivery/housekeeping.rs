//! What is looked after beside the sending.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::actions::{Context, Error, Result, calls, queue, redeliveries, remains, retention};

/// How often the depth of the queue is read, if anybody wants to know.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// How often lanes are sought that nobody would look at, in these turns.
const WAKE_EVERY: u32 = 6;
const DROP_EVERY: Duration = Duration::from_secs(600);

/// How often it is looked for what goes in steps, and between two of them.
const STEP_EVERY: Duration = Duration::from_millis(500);
const STEP_PAUSE: Duration = Duration::from_millis(20);

/// Sets failed deliveries waiting that are asked for again.
pub(super) async fn redeliver(ctx: Context) {
    step(|| redeliveries::go_on(&ctx), "could not go on to redeliver what failed").await;
}

/// Clears what is left of what was deleted.
pub(super) async fn clear(ctx: Context) {
    step(|| remains::go_on(&ctx), "could not go on to clear what is left of what was deleted").await;
}

/// Takes steps for ever: one after the other while one says that there is more.
async fn step<F: Future<Output = Result<bool>>>(take: impl Fn() -> F, complaint: &str) {
    let mut could = true;
    loop {
        let stepped = take().await;
        if let (Err(error), true) = (&stepped, could) {
            complain(error, complaint);
        }
        could = stepped.is_ok();
        let pause = if matches!(stepped, Ok(true)) { STEP_PAUSE } else { STEP_EVERY };
        tokio::time::sleep(pause).await;
    }
}

pub(super) async fn run(ctx: Context) {
    let mut turns = interval(MEASURE_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turn = 0_u32;
    loop {
        turns.tick().await;
        if let Err(error) = calls::tell_unreadable(&ctx).await {
            complain(&error, "a secret that does not open could not be written down");
        }
        if ctx.metrics.is_on() {
            match queue::depth(&ctx).await {
                Ok(depth) => {
                    let behind = u64::try_from(depth.behind.micros()).unwrap_or_default();
                    ctx.metrics.queue(depth.waiting, Duration::from_micros(behind));
                }
                Err(error) => complain(&error, "the depth of the queue could not be read"),
            }
        }
        if turn.is_multiple_of(WAKE_EVERY) {
            match queue::wake_lost(&ctx).await {
                Ok(0) => {}
                Ok(lanes) => tracing::debug!(lanes, "woke lanes that nobody would have looked at"),
                Err(error) => complain(&error, "could not look for deliveries that were overlooked"),
            }
        }
        turn = turn.wrapping_add(1);
    }
}

/// Drops old events. After a busy month that takes long, and nothing else waits for it.
pub(super) async fn drop_old(ctx: Context) {
    let mut turns = interval(DROP_EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match retention::drop_old(&ctx).await {
            Ok(events) => tracing::debug!(events, "dropped old events"),
            Err(error) => complain(&error, "could not drop old events"),
        }
    }
}

fn complain(error: &Error, what: &str) {
    tracing::warn!(error = error as &dyn std::error::Error, "{what}");
}
