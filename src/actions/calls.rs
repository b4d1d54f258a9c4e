//! What became of calls: written down in groups, and shown to their developers.

use std::collections::BTreeSet;

use super::{Context, Result};
use crate::tally::Counted;

/// Rows of one transaction: few enough that others who write do not wait long.
const GROUP: usize = 500;
/// The last refused calls that are kept of each account.
const KEPT: i64 = 200;

/// Writes down what was counted since the last time. What cannot be written is counted again.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn flush(ctx: &Context) -> Result<()> {
    let mut counted = ctx.tally.take();
    while !counted.is_empty() {
        let rest = counted.len().saturating_sub(GROUP);
        if let Err(error) = write(ctx, counted.iter().skip(rest)).await {
            ctx.tally.put_back(counted);
            return Err(error);
        }
        counted.truncate(rest);
    }
    Ok(())
}

async fn write(ctx: &Context, group: impl Iterator<Item = &Counted>) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let mut refused = BTreeSet::new();
    for row in group {
        match row {
            Counted::Calls(of, hour, calls) => tx.add_calls(*of, *hour, *calls).await?,
            Counted::OldSecret(secret, uses) => tx.add_old_secret_uses(*secret, *uses).await?,
            Counted::Refused(account, call) => {
                tx.insert_refused_call(ctx.new_id(), *account, call).await?;
                refused.insert(*account);
            }
        }
    }
    for account in refused {
        tx.trim_refused_calls(account, KEPT).await?;
    }
    Ok(tx.commit().await?)
}
