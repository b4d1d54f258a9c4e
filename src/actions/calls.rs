//! What became of calls: written down in groups, and shown to their developers.

use std::collections::{BTreeMap, BTreeSet};

use super::{By, Context, On, Reads, Result};
use crate::{
    domain::{
        app::App,
        audit::Change,
        authorization::Code,
        calls::{Calls, Day, Hour, RefusedCall, by_day},
        id::{AccountId, SecretId},
    },
    tally::Counted,
};

/// Rows of one transaction: few enough that others who write do not wait long.
const GROUP: usize = 500;
/// The last refused calls that are kept of each account: those that it certainly made.
pub const KEPT_VERIFIED: u16 = 150;
/// And those that anybody could have made who knows its key.
pub const KEPT_UNVERIFIED: u16 = 50;
/// The days of which an app's counts are shown.
const DAYS: u16 = 30;

/// What an app's calls came to.
#[derive(Debug)]
pub struct Traffic {
    /// The last 30 days of UTC, today last.
    pub days: Vec<Day>,
    /// Since the hour that began 24 to 25 hours ago.
    pub last_day: Calls,
}

/// The calls of an app, as far as they are written down.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn of_app(ctx: &Context, reader: &impl Reads, app: &App) -> Result<Traffic> {
    let now = ctx.now();
    let since = Hour::of(now).midnight().before(i64::from(DAYS) * 24);
    let hours = ctx.read().await?.app_calls(reader.account_of(app), app.id, since).await?;
    let recent = hours.iter().filter(|(hour, _)| *hour >= Hour::a_day_before(now));
    Ok(Traffic { last_day: recent.map(|(_, calls)| *calls).sum(), days: by_day(&hours, now, DAYS) })
}

/// The calls of the last day that were signed with the pair of an app's account.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn of_pair(ctx: &Context, reader: &impl Reads, app: &App) -> Result<Calls> {
    let since = Hour::a_day_before(ctx.now());
    let account = reader.account_of(app);
    let mut read = ctx.read().await?;
    let named = read.pair_calls(account, since).await?;
    let unnamed = read.unnamed_calls(account, since).await?;
    Ok(named.into_iter().chain(unnamed).map(|(_, calls)| calls).sum())
}

/// The last refused calls of an app and of those that name none, the newest first; with one
/// code, if one is asked for.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn refused(
    ctx: &Context,
    reader: &impl Reads,
    app: &App,
    code: Option<Code>,
    limit: u16,
) -> Result<Vec<RefusedCall>> {
    Ok(ctx.read().await?.refused_calls(reader.account_of(app), app.id, code, limit.into()).await?)
}

/// Writes down what was counted since the last time. What cannot be written is counted again.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn flush(ctx: &Context) -> Result<()> {
    tell_unreadable(ctx).await?;
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

/// Writes down which secrets did not open where something was to be verified or signed, each once
/// for a process (S27).
///
/// # Errors
/// `Unavailable` and `Internal` alone; they are told of the next time.
pub async fn tell_unreadable(ctx: &Context) -> Result<()> {
    let unreadable = ctx.tally.take_unreadable();
    if unreadable.is_empty() {
        return Ok(());
    }
    let written = write_unreadable(ctx, &unreadable).await;
    if written.is_err() {
        ctx.tally.put_back_unreadable(unreadable);
    }
    written
}

async fn write_unreadable(ctx: &Context, unreadable: &[(AccountId, SecretId)]) -> Result<()> {
    let mut tx = ctx.begin().await?;
    for (account, secret) in unreadable {
        let change = Change::SecretUnreadable { secret: *secret };
        ctx.audit(&mut tx, &By::system(), On::account(*account), change).await?;
    }
    Ok(tx.commit().await?)
}

async fn write(ctx: &Context, group: impl Iterator<Item = &Counted>) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let mut calls_of = Vec::new();
    let mut refused = BTreeSet::new();
    let mut refused_in: BTreeMap<Hour, u64> = BTreeMap::new();
    for row in group {
        match row {
            Counted::Calls(of, hour, calls) => {
                calls_of.push((*of, *hour, *calls));
                *refused_in.entry(*hour).or_default() += calls.refused;
            }
            Counted::OldSecret(secret, uses) => tx.add_old_secret_uses(*secret, *uses).await?,
            Counted::PlatformKey(key, at) => tx.set_platform_key_used(*key, *at).await?,
            Counted::Refused(account, call) => {
                tx.insert_refused_call(ctx.new_id(), *account, call).await?;
                refused.insert(*account);
            }
        }
    }
    tx.add_calls(&calls_of).await?;
    for account in refused {
        tx.trim_refused_calls(account, KEPT_VERIFIED.into(), KEPT_UNVERIFIED.into()).await?;
    }
    for (hour, refused) in refused_in.into_iter().filter(|(_, refused)| *refused > 0) {
        tx.add_refused(hour, refused).await?;
    }
    Ok(tx.commit().await?)
}
