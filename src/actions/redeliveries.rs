//! *Redeliver failed since…*: what failed is set waiting again, some at a time, by whichever
//! process has a worker.

use super::{Acting, Conflict, Context, Error, FormValue, On, Once, Reads, Result, audit::HowMany, queue};
use crate::{
    domain::{
        account::Developer,
        app::App,
        audit::Change,
        delivery::redelivery::Redelivery,
        id::{AccountId, AppId, LaneId},
        time::Timestamp,
    },
    store::Progress,
};

/// Deliveries of one transaction: others who write do not wait long.
const STEP: i64 = 200;
/// As many may be due for an endpoint that is well, and no more are added: so what is published
/// meanwhile has no more than these before it.
const AHEAD: i64 = 400;
/// Deliveries that are counted before; of more it is said that they are more.
const COUNTED: i64 = 1_000;
/// No account has more in the days that they are kept.
const MOST: i64 = 1 << 40;

/// How many deliveries of an app failed that were made since a moment and can be made again. Of a
/// deleted subscription none can.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn failed_since(
    ctx: &Context,
    reader: &impl Reads,
    app: &App,
    since: Timestamp,
) -> Result<HowMany> {
    let mut read = ctx.read().await?;
    let count = read.failed_since(reader.account_of(app), app.id, (since, ctx.now()), COUNTED + 1).await?;
    Ok(HowMany::up_to(COUNTED, count))
}

/// The last time that failed deliveries of an app were asked for again, be it over or not.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn of_app(ctx: &Context, reader: &impl Reads, app: &App) -> Result<Option<Redelivery>> {
    let progress = ctx.read().await?.redelivery(reader.account_of(app), app.id).await?;
    Ok(progress.map(|progress| progress.redelivery))
}

/// Asks for all deliveries again that were made since a moment and have failed; says how many. If
/// none has, nothing is done.
///
/// # Errors
/// `Conflict` while those of the last time are not all waiting again.
pub async fn begin(
    ctx: &Context,
    acting: &Acting<Developer>,
    app: &App,
    since: Timestamp,
    form: FormValue,
) -> Result<Once<u64>> {
    let account = acting.account();
    let span = (since, ctx.now());
    // Before the transaction, since counting very many takes a while.
    let total = ctx.read().await?.failed_since(account, app.id, span, MOST).await?;
    let count = total.unsigned_abs();
    let mut tx = ctx.begin().await?;
    let app = tx.app_to_change(account, app.id).await?;
    if let Some(before) = ctx.form_result(&mut tx, form, &count).await? {
        return Ok(Once::Before(before));
    }
    if count == 0 {
        return Ok(Once::Now(0));
    }
    if !tx.begin_redelivery(app.id, span, total).await? {
        return Err(Conflict::Redelivering.into());
    }
    let change = Change::FailedRedelivered { since: since.iso(), deliveries: count };
    ctx.audit(&mut tx, &acting.by(), On::app(account, app.id), change).await?;
    tx.commit().await?;
    Ok(Once::Now(count))
}

/// Takes a step with each app of which something is still to be set waiting; says whether there
/// was one to take. Safe to run from several processes, and to be killed.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn go_on(ctx: &Context) -> Result<bool> {
    let unfinished = ctx.read().await?.unfinished_redeliveries().await?;
    let mut stepped = false;
    for (app, account) in unfinished {
        if has_room(ctx, app).await? {
            stepped |= step(ctx, app, account).await?;
        }
    }
    Ok(stepped)
}

/// Whether no endpoint of the app that is well has much to do. What is held, or fails, is no
/// reason to keep the others waiting.
async fn has_room(ctx: &Context, app: AppId) -> Result<bool> {
    let mut read = ctx.read().await?;
    for lane in read.full_lanes(app, ctx.now(), AHEAD).await? {
        if read.lane(lane).await?.is_some_and(|lane| !lane.is_held()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Sets some deliveries waiting and remembers the last one, in one transaction under the row of
/// the app: of two processes the second goes on where the first has left off.
async fn step(ctx: &Context, app: AppId, account: AccountId) -> Result<bool> {
    let now = ctx.now();
    let mut tx = ctx.begin().await?;
    match tx.app_to_change(account, app).await {
        Ok(_) => {}
        Err(Error::NotFound) => return Ok(false),
        Err(error) => return Err(error),
    }
    let progress = tx.redelivery(account, app).await?;
    let Some(progress) = progress.filter(|progress| progress.redelivery.finished_at.is_none()) else {
        return Ok(false);
    };
    let lanes = advance(&mut tx, app, &progress, now).await?;
    tx.due_lanes(&lanes, now).await?;
    tx.commit().await?;
    queue::announce(ctx, &lanes).await?;
    Ok(true)
}

/// The lanes that were given something.
async fn advance(
    tx: &mut crate::store::Tx,
    app: AppId,
    progress: &Progress,
    now: Timestamp,
) -> Result<Vec<LaneId>> {
    let next = tx.next_failed(app, progress, STEP).await?;
    let Some((last, _)) = next.last().copied() else {
        tx.advance_redelivery(app, progress.after, 0, Some(now)).await?;
        return Ok(Vec::new());
    };
    let done = tx.redeliver_failed(app, progress, last, now).await?;
    tx.advance_redelivery(app, last, done, None).await?;
    let mut lanes: Vec<LaneId> = next.into_iter().map(|(_, lane)| lane).collect();
    lanes.sort_unstable();
    lanes.dedup();
    Ok(lanes)
}
