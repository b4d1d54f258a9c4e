//! Deliveries of an app: what was sent, what came back, and once more.

use super::{
    Acting, Conflict, Context, Error, FormValue, On, Once, Reads, Result, audit::HowMany, checks,
    oauth::grants::deauthorized, queue,
};
use crate::domain::{
    account::{AtLeast, Developer},
    app::{App, AppType},
    audit::Change,
    calls::Hour,
    delivery::{
        DeliveryKind, Stage,
        attempt::Attempt,
        health::{self, Attempts},
    },
    id::{DeliveryId, Id},
    lane::Lane,
    time::Timestamp,
};
use crate::store::Conn;
pub use crate::store::{DeliveryFilter, LaneOff, LoggedDelivery};

/// Deliveries on one page of the log.
const PAGE: usize = 50;
/// Deliveries that are counted; of more it is said that they are more.
const COUNTED: i64 = 1_000;
/// Deliveries that are looked at for one page: what is asked for may be rare among millions.
pub const LOOKED_AT: u16 = 20_000;
/// The last attempts of a delivery that are shown.
pub const ATTEMPTS: u16 = 50;

/// A page of the log.
#[derive(Clone, Debug)]
pub struct Page {
    pub deliveries: Vec<LoggedDelivery>,
    pub count: HowMany,
    /// Of [`LOOKED_AT`] deliveries the last one was made then, and no more were looked at; what
    /// fits was counted among these alone.
    pub looked_to: Option<Timestamp>,
    /// Behind which delivery the next page begins, if there is one.
    pub next: Option<DeliveryId>,
}

/// One delivery, with all that is known of it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub delivery: LoggedDelivery,
    /// The message, to the byte.
    pub body: String,
    /// The last one first, at most [`ATTEMPTS`].
    pub attempts: Vec<Attempt>,
    /// What it waits in, unless its subscription is gone.
    pub lane: Option<Lane>,
    /// No owner of the account that the event is of lets the app have it any more.
    pub is_ungranted: bool,
}

/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn page(ctx: &Context, reader: &impl Reads, app: &App, filter: &DeliveryFilter) -> Result<Page> {
    let account = reader.account_of(app);
    let mut read = ctx.read().await?;
    let one_more = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let until = read.delivery_end(account, app.id, filter, LOOKED_AT.into()).await?;
    let all = DeliveryFilter { after: None, ..filter.clone() };
    let filter = &DeliveryFilter { until, ..filter.clone() };
    // On all pages, if that does not take looking at more.
    let counts_all = read.delivery_end(account, app.id, &all, LOOKED_AT.into()).await?.is_none();
    let counted = if counts_all { &all } else { filter };
    let mut deliveries = read.delivery_log(account, app.id, filter, one_more).await?;
    let count = read.delivery_count(account, app.id, counted, COUNTED + 1).await?;
    let more = deliveries.len() > PAGE;
    deliveries.truncate(PAGE);
    let next = deliveries.last().filter(|_| more).map(|delivery| delivery.id).or(until);
    let count = HowMany::up_to(COUNTED, count);
    let looked_to = until.map(Id::made_at);
    Ok(Page { deliveries, count, looked_to, next })
}

/// # Errors
/// `NotFound` if the app has none such.
pub async fn view(ctx: &Context, reader: &impl Reads, app: &App, id: DeliveryId) -> Result<Seen> {
    let account = reader.account_of(app);
    let mut read = ctx.read().await?;
    let delivery = read.logged_delivery(account, app.id, id).await?.ok_or(Error::NotFound)?;
    Ok(Seen {
        body: read.body_of_delivery(account, id).await?.ok_or(Error::NotFound)?,
        attempts: read.attempts_of(account, id, ATTEMPTS.into()).await?,
        lane: read.lane(delivery.lane).await?,
        is_ungranted: is_ungranted(&mut read, app, id).await?,
        delivery,
    })
}

async fn is_ungranted(read: &mut Conn, app: &App, id: DeliveryId) -> Result<bool> {
    Ok(match app.app_type {
        AppType::Oauth => !read.ungranted(&[id], &deauthorized()?).await?.is_empty(),
        AppType::Jwt | AppType::ServerToServer | AppType::Webhook => false,
    })
}

/// The days of which it is shown how deliveries went, unless they are kept for fewer.
const DAYS: u16 = 30;

/// How attempts to deliver production events of an app went, day by day, today last.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn health(ctx: &Context, reader: &impl Reads, app: &App) -> Result<Vec<(Timestamp, Attempts)>> {
    let now = ctx.now();
    let kept = u16::try_from(ctx.policy.retention.as_seconds() / 86_400).unwrap_or(DAYS);
    let days = DAYS.min(kept.max(1));
    let since = Hour::of(now).midnight().before(i64::from(days) * 24);
    let hours = ctx.read().await?.delivery_hours(reader.account_of(app), app.id, since).await?;
    Ok(health::by_day(&hours, now, days))
}

/// The last deliveries of an app that failed, the newest first.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn last_failed(
    ctx: &Context,
    reader: &impl Reads,
    app: &App,
    limit: u16,
) -> Result<Vec<LoggedDelivery>> {
    let failed = DeliveryFilter { stage: Some(Stage::Failed), ..DeliveryFilter::default() };
    Ok(ctx.read().await?.delivery_log(reader.account_of(app), app.id, &failed, limit.into()).await?)
}

/// The endpoints of an app to which nothing is sent any more.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn turned_off(ctx: &Context, acting: &Acting<impl AtLeast>, app: &App) -> Result<Vec<LaneOff>> {
    Ok(ctx.read().await?.lanes_off(acting.account(), app.id).await?)
}

/// Delivers an event again, at once and with the same id, whatever became of it before. Its
/// retries begin anew, and its attempts go on being numbered.
///
/// # Errors
/// `NotFound` if the app has none such, or it is a probe; `Conflict` if its subscription is gone, or no
/// owner lets the app have it any more;
/// `TooMany` if it is a test, and enough were sent.
pub async fn redeliver(
    ctx: &Context,
    acting: &Acting<Developer>,
    app: &App,
    id: DeliveryId,
    form: FormValue,
) -> Result<Once<DeliveryId>> {
    let account = acting.account();
    let mut tx = ctx.begin().await?;
    let app = tx.app_to_change(account, app.id).await?;
    let delivery = tx.logged_delivery(account, app.id, id).await?.ok_or(Error::NotFound)?;
    if !delivery.kind.can_be_repeated() {
        return Err(Error::NotFound);
    }
    if let Some(before) = ctx.form_result(&mut tx, form, &id).await? {
        return Ok(Once::Before(before));
    }
    if delivery.kind == DeliveryKind::Test {
        checks::count(ctx, &mut tx, app.id, 1).await?;
    }
    if is_ungranted(&mut tx, &app, id).await? {
        return Err(Conflict::NotGranted.into());
    }
    if !tx.redeliver(id, ctx.now()).await? {
        return Err(Conflict::NowhereToDeliver.into());
    }
    tx.due_lanes(&[delivery.lane], ctx.now()).await?;
    let change = Change::DeliveryRedelivered { delivery: id, event_type: delivery.event_type.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::app(account, app.id), change).await?;
    tx.commit().await?;
    // It stands in the queue already; should this fail, it is found within a minute.
    if let Err(error) = queue::announce(ctx, &[delivery.lane]).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a redelivery could not be announced");
    }
    Ok(Once::Now(id))
}
