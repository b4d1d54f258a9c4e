//! What was delivered is forgotten after a while.

use std::time::Duration;

use super::{Context, Result};
use crate::domain::{
    calls::Hour,
    id::{EventId, Id as _},
};

/// Events of one transaction: others who write do not wait long.
const STEP: i64 = 100;
/// Between two transactions, which leaves the database to others for most of the time.
const PAUSE: Duration = Duration::from_millis(20);

/// Drops events that are older than the operator keeps them, with their deliveries and attempts,
/// some at a time; says how many. What still waits stays, however old. Safe to run from several
/// processes.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn drop_old(ctx: &Context) -> Result<u64> {
    let before_at = ctx.now() - ctx.policy.retention;
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
