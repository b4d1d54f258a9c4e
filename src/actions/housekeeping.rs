//! What has had its day is swept away.

use std::time::Duration;

use super::{
    Context, Result,
    events::{IDS_KEPT, REQUESTS_KEPT},
};
use crate::{
    domain::{time::Span, user::Session},
    store::{Store, StoreError},
};

/// A browser is remembered this long.
const DEVICE: Span = Span::days(180);
/// Links are kept this long after their end, so that one can be told it was used.
const LINK: Span = Span::days(7);
/// As with links, of invitations, which last longer.
const INVITATION: Span = Span::days(30);
/// No limit looks further back.
const TRIES: Span = Span::hours(1);

/// A code that was used is known for so long when it comes again.
const CODES: Span = Span::days(1);
/// Counts and refused calls are kept this long.
const CALLS: Span = Span::days(31);

/// Rows of each kind of one transaction that may be very many: others who write do not wait long.
const STEP: i64 = 200;
/// Between two of those transactions, which leaves the database to others for most of the time.
const PAUSE: Duration = Duration::from_millis(20);

/// Changes that are kept for processes that fell behind; one further back forgets all it knew.
const CHANGES: i64 = 100_000;

/// Drops sessions, links, tries, form values, icons, names and secrets that serve nobody
/// any more; says how many rows. Safe to run from several processes.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn sweep(ctx: &Context) -> Result<u64> {
    let now = ctx.now();
    let mut tx = ctx.begin().await?;
    let mut dropped = tx.delete_ended_sessions(now).await?;
    dropped += tx.delete_old_half_sign_ins(now).await?;
    dropped += tx.delete_old_devices(now - DEVICE).await?;
    dropped += tx.delete_ended_links(now - LINK).await?;
    dropped += tx.delete_old_invitations(now - INVITATION).await?;
    dropped += tx.delete_old_tries(now - TRIES).await?;
    dropped += tx.delete_old_form_uses(now - Session::ABSOLUTE).await?;
    dropped += tx.delete_unused_icons(now).await?;
    dropped += tx.delete_free_names(now).await?;
    dropped += tx.delete_ended_secrets(now).await?;
    dropped += tx.delete_ended_client_secrets(now).await?;
    dropped += tx.delete_old_changes(CHANGES).await?;
    dropped += tx.delete_old_calls(now - CALLS).await?;
    dropped += tx.forget_publishing(now - IDS_KEPT, now - REQUESTS_KEPT).await?;
    tx.sum_figures().await?;
    tx.commit().await?;
    ctx.guesses.sweep();
    if let Some(limiter) = &ctx.limiter {
        limiter.sweep();
    }
    Ok(dropped + sweep_oauth(ctx).await?)
}

/// Drops what is over of OAuth, some at a time: of an app that is used there may be very much.
async fn sweep_oauth(ctx: &Context) -> Result<u64> {
    let now = ctx.now();
    let mut dropped = 0;
    loop {
        let mut tx = ctx.begin().await?;
        let counts = [
            tx.delete_old_refresh_tokens(now, STEP).await?,
            tx.delete_old_families(now, STEP).await?,
            tx.delete_old_codes(now - CODES, STEP).await?,
            tx.delete_old_pushed_requests(now, STEP).await?,
            tx.delete_expired_revocations(now, STEP).await?,
            tx.delete_expired_assertions(now, STEP).await?,
        ];
        tx.commit().await?;
        dropped += counts.iter().sum::<u64>();
        if counts.iter().all(|count| *count < STEP.unsigned_abs()) {
            return Ok(dropped);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Counts anew what triggers count: they may have been off, as in a restore.
///
/// # Errors
/// The database does not answer.
pub async fn recount(store: &Store) -> std::result::Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.recount_figures().await?;
    tx.commit().await
}
