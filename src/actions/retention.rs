//! What was delivered is forgotten after a while.

use std::time::Duration;

use super::{Context, Result};
use crate::domain::{
    calls::Hour,
    id::{EventId, Id as _, LaneId},
    time::Timestamp,
};

/// Events of one transaction: others who write do not wait long.
const STEP: i64 = 100;
/// Deliveries of one transaction.
const DROPPED_AT_ONCE: i64 = 500;
/// Lanes that are looked at together.
const LANES: i64 = 100;
/// Between two transactions, which leaves the database to others for most of the time.
const PAUSE: Duration = Duration::from_millis(20);

/// Drops events that are older than the operator keeps them, with their deliveries and attempts,
/// some at a time; says how many. What is still being tried stays, however old; what is held and
/// was due for as long goes too. Safe to run from several processes.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn drop_old(ctx: &Context) -> Result<u64> {
    let before_at = ctx.now() - ctx.policy.retention;
    drop_held(ctx, before_at).await?;
    let before = EventId::generate(before_at, [0; 10]);
    let mut after = EventId::from_uuid(uuid::Uuid::nil());
    let mut dropped = 0;
    loop {
        let events = ctx.read().await?.ended_events(after, before, STEP).await?;
        let Some(last) = events.last() else { break };
        after = *last;
        let mut tx = ctx.begin().await?;
        for event in events {
            dropped += u64::from(tx.delete_ended_event(event).await?);
        }
        tx.commit().await?;
        tokio::time::sleep(PAUSE).await;
    }
    let before = Hour::of(before_at);
    if ctx.read().await?.has_old_delivery_hours(before).await? {
        let mut tx = ctx.begin().await?;
        tx.delete_old_delivery_hours(before).await?;
        tx.commit().await?;
    }
    Ok(dropped)
}

/// Drops what has been due since before a moment in lanes that are held: nobody may ever let them
/// go, and their events would stay for it. They go with their events, if nothing else of these is
/// tried.
async fn drop_held(ctx: &Context, due_before: Timestamp) -> Result<()> {
    let mut after = LaneId::from_uuid(uuid::Uuid::nil());
    loop {
        let lanes = ctx.read().await?.lanes_left(after, due_before, LANES).await?;
        let Some(last) = lanes.last() else { return Ok(()) };
        after = last.id;
        for lane in lanes.iter().filter(|lane| lane.is_held()) {
            while drop_some(ctx, lane.id, due_before).await? {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether there may be more.
async fn drop_some(ctx: &Context, lane: LaneId, due_before: Timestamp) -> Result<bool> {
    let mut tx = ctx.begin().await?;
    let lane = tx.lane_to_end(lane).await?;
    let Some(lane) = lane.filter(|lane| lane.is_held()) else { return Ok(false) };
    let dropped = tx.drop_overdue(lane.id, due_before, ctx.now(), DROPPED_AT_ONCE).await?;
    tx.commit().await?;
    Ok(dropped >= DROPPED_AT_ONCE.unsigned_abs())
}
