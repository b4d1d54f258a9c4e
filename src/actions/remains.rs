//! What is left of accounts, apps and subscriptions that were deleted goes some at a time: of a
//! busy one there may be millions of deliveries, and whoever deletes it waits for none of them.

use super::{Context, Result};
use crate::domain::time::Span;

/// Events or deliveries of one transaction: others who write do not wait long.
const STEP: i64 = 200;
/// What is looked at in one turn.
const AT_ONCE: i64 = 20;
/// After so long no transaction is under way that began before.
const SETTLED_AFTER: Span = Span::minutes(1);

/// Takes a step with some of what is gone; says whether there is more to do at once. Safe to run
/// from several processes, and to be killed.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn go_on(ctx: &Context) -> Result<bool> {
    let mut is_more = false;
    let remains = ctx.read().await?.remains(AT_ONCE).await?;
    for of in remains {
        let mut tx = ctx.begin().await?;
        let cleared = tx.clear_remains(of, ctx.now(), STEP).await?;
        let is_all = cleared < STEP.unsigned_abs();
        if is_all {
            tx.forget_remains(of, ctx.now() - SETTLED_AFTER).await?;
        }
        tx.commit().await?;
        is_more |= !is_all;
    }
    Ok(is_more)
}
