//! What is left of accounts, apps and subscriptions that were deleted goes some at a time: of a
//! busy one there may be millions of deliveries and grants, and whoever deletes it waits for none of them.

use super::{Context, Result, oauth::grants::end_some_of_gone};
use crate::{
    domain::time::Span,
    store::{Remains, Tx},
};

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
        let is_all = clear(ctx, &mut tx, of).await?;
        if is_all {
            tx.forget_remains(of, ctx.now() - SETTLED_AFTER).await?;
        }
        tx.commit().await?;
        is_more |= !is_all;
    }
    Ok(is_more)
}

/// Whether nothing is left of it.
async fn clear(ctx: &Context, tx: &mut Tx, of: Remains) -> Result<bool> {
    if let Remains::OfApp(app) = of
        && !end_some_of_gone(ctx, tx, app).await?
    {
        return Ok(false);
    }
    Ok(tx.clear_remains(of, ctx.now(), STEP).await? < STEP.unsigned_abs())
}
