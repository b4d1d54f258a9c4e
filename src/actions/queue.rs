//! The queue of deliveries: what is leased, read, and written down. `delivery` does the sending
//! in between.

mod granted;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use self::granted::{drop_ungranted, still_granted};
use super::{By, Context, Error, On, Result, audit::HowMany, checks, outbox::Mail};
use crate::{
    crypto::keyring::Place as Sealed,
    domain::{
        audit::Change,
        calls::Hour,
        credential::SigningSecret,
        delivery::{
            DeliveryKind,
            attempt::{Attempt, Next},
            health::Attempts,
            signature::SigningKey,
        },
        id::{AccountId, AppId, DeliveryId, Id as _, LaneId, SecretId, SenderId},
        lane::{Health, Lane, LaneKind, TurnedOff},
        time::{Span, Timestamp},
    },
    store::{Conn, Made, SealedSecret, Tx},
};

pub use crate::store::{Due, Place};

/// How long a lane is one process's, unless it is renewed.
pub const LEASE: Span = Span::seconds(20);
/// The most deliveries of a lane that are looked at together.
pub const BATCH: usize = 64;
/// As many deliveries that wait are counted for a page.
const COUNTED: i64 = 10_000;
/// Lanes that are looked at together when lost ones are sought.
const STEP: i64 = 500;

/// The place before all others.
#[must_use]
pub fn beginning() -> Place {
    (Timestamp::from_micros(i64::MIN), DeliveryId::from_uuid(uuid::Uuid::nil()))
}

/// What may be sent of a lane, and how.
#[derive(Clone, Debug)]
pub struct Batch {
    pub lane: Arc<Lane>,
    /// Of every secret that signs now, the newest first.
    pub keys: Arc<[SigningKey]>,
    /// In the order in which they are due; none if the lane is held.
    pub due: Vec<Due>,
}

/// An attempt, and what follows from it.
#[derive(Clone, Debug)]
pub struct Record {
    pub lane: Arc<Lane>,
    pub kind: DeliveryKind,
    pub attempt: Attempt,
    pub next: Next,
    /// Attempts before it since the delivery was last asked for.
    pub tries: u32,
    /// How the endpoint does from now on, where that has changed.
    pub health: Option<Health>,
    pub turns_off: Option<TurnedOff>,
}

/// The queue at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Deliveries that wait, held ones included.
    pub waiting: u64,
    /// How long the one waits that is due longest, held ones apart.
    pub behind: Span,
}

/// The queue at one moment, as far as a page tells of it.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// Deliveries that wait, held ones included.
    pub waiting: HowMany,
    /// As [`Depth::behind`].
    pub behind: Span,
}

/// What a process would lease.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub limit: usize,
    /// So many lanes of one account, those included that it holds.
    pub each: usize,
    /// How many it holds of each account.
    pub held: &'a HashMap<AccountId, usize>,
}

/// Leases lanes that are due, those due longest first; with each comes its account. Several
/// processes may do so at once; each gets its own.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn claim(ctx: &Context, by: SenderId, wanted: Wanted<'_>) -> Result<Vec<(LaneId, AccountId)>> {
    let Wanted { limit, each, held } = wanted;
    if limit == 0 {
        return Ok(Vec::new());
    }
    let now = ctx.now();
    let mut held = held.clone();
    let full: Vec<AccountId> = held.iter().filter(|(_, has)| **has >= each).map(|(id, _)| *id).collect();
    // Reading is free; claiming takes the one writer of a SQLite database.
    let due = ctx.read().await?.free_lanes(now, &full, i64::try_from(limit).unwrap_or(i64::MAX)).await?;
    let mut chosen = HashMap::new();
    for (lane, account) in due {
        let has = held.entry(account).or_default();
        if *has < each {
            *has += 1;
            chosen.insert(lane, account);
        }
    }
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let lanes: Vec<LaneId> = chosen.keys().copied().collect();
    let mut tx = ctx.begin().await?;
    let claimed = tx.claim_lanes(by, now, now + LEASE, &lanes).await?;
    tx.commit().await?;
    Ok(claimed.into_iter().filter_map(|lane| Some((lane, chosen.remove(&lane)?))).collect())
}

/// Goes on holding lanes that the process holds, for [`LEASE`] from now; says which of them it
/// still has. Whatever else is leased to it, since it never heard that it has it or has left it
/// for an error, passes on.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn renew(ctx: &Context, by: SenderId, lanes: &[LaneId]) -> Result<Vec<LaneId>> {
    let mut tx = ctx.begin().await?;
    let renewed = tx.renew_leases(by, ctx.now() + LEASE, lanes).await?;
    tx.commit().await?;
    Ok(renewed)
}

/// Every lane that the process holds, as it is now.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn held_by(ctx: &Context, by: SenderId) -> Result<Vec<Lane>> {
    Ok(ctx.read().await?.leased_lanes(by).await?)
}

/// What is due of a lane after a place, up to [`BATCH`] beyond so many that are known; nothing if
/// the process does not hold the lane any more. What an OAuth app may not have any more is dropped.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn next(
    ctx: &Context,
    by: SenderId,
    lane: LaneId,
    after: Place,
    known: usize,
) -> Result<Option<Batch>> {
    let limit = i64::try_from(BATCH.saturating_add(known)).unwrap_or(i64::MAX);
    let mut read = ctx.read().await?;
    let Some(lane) = read.leased_lane(lane, by).await? else { return Ok(None) };
    let due = match lane.is_held() {
        true => Vec::new(),
        false => read.due_deliveries(lane.id, ctx.now(), after, limit).await?,
    };
    let (due, ungranted) = still_granted(&mut read, &lane, due).await?;
    let secrets = match due.is_empty() {
        true => Vec::new(),
        false => read.signing_secrets(lane.account, lane.subscription, ctx.now()).await?,
    };
    if secrets.is_empty() && !due.is_empty() {
        return Err(Error::Internal("a subscription has no signing secret".into()));
    }
    drop(read);
    drop_ungranted(ctx, &ungranted).await?;
    let keys = secrets.iter().map(|secret| key(ctx, lane.account, secret)).collect::<Result<_>>()?;
    Ok(Some(Batch { lane: Arc::new(lane), keys, due }))
}

fn key(ctx: &Context, account: AccountId, secret: &SealedSecret) -> Result<SigningKey> {
    let id: SecretId = secret.facts.id;
    let text = ctx.keys.open_text(Sealed { column: "signing_secrets.secret", row: &id }, &secret.sealed);
    let text = text.inspect_err(|_| ctx.tally.unreadable(account, id))?;
    let secret = text.expose().parse::<SigningSecret>().map_err(|error| Error::Internal(error.into()))?;
    SigningKey::of(&secret).ok_or_else(|| Error::Internal("a signing secret is no key".into()))
}

/// What is sent, of those of some deliveries that wait.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn bodies(ctx: &Context, deliveries: &[DeliveryId]) -> Result<HashMap<DeliveryId, String>> {
    Ok(ctx.read().await?.bodies(deliveries).await?.into_iter().collect())
}

/// Writes down attempts in one transaction; those of a lane stand in the order in which they ended. What another process has written down under the same
/// number is left as it is.
///
/// # Errors
/// `Unavailable` and `Internal` alone; then nothing is written.
pub async fn record(ctx: &Context, by: SenderId, records: &[Record]) -> Result<()> {
    let now = ctx.now();
    // In one order, so that two processes never wait for each other.
    let health: BTreeMap<LaneId, Health> =
        records.iter().filter_map(|record| record.health.map(|health| (record.lane.id, health))).collect();
    let mut records: Vec<&Record> = records.iter().collect();
    records.sort_by_key(|record| (record.attempt.delivery, record.attempt.number));
    let mut tx = ctx.begin().await?;
    let made: Vec<Made<'_>> = records.iter().map(|record| record.made()).collect();
    let new = tx.record_attempts(&made, now).await?;
    let mut hours: BTreeMap<(AppId, Hour), Attempts> = BTreeMap::new();
    for record in &records {
        let is_new = new.contains(&record.attempt.delivery);
        if is_new {
            checks::heard(ctx, &mut tx, &record.lane, record.kind, &record.attempt).await?;
        }
        // Of what is tried out in development nobody wants to know how healthy it is.
        let counts = record.kind == DeliveryKind::Event && record.lane.kind == LaneKind::Production;
        if counts && is_new {
            let hour = Hour::of(record.attempt.at);
            count(hours.entry((record.lane.app, hour)).or_default(), &record.attempt);
        }
    }
    for (lane, health) in health {
        tx.set_health(lane, by, health).await?;
    }
    tx.add_delivery_hours(&hours).await?;
    for record in &records {
        if let Some(cause) = record.turns_off {
            turn_off(ctx, &mut tx, &record.lane, cause).await?;
        }
    }
    Ok(tx.commit().await?)
}

impl Record {
    const fn made(&self) -> Made<'_> {
        Made { attempt: &self.attempt, next: self.next, tries: self.tries }
    }
}

fn count(attempts: &mut Attempts, attempt: &Attempt) {
    if attempt.outcome.is_success() {
        let took = attempt.timing.map(|timing| timing.total).unwrap_or_default();
        attempts.succeeded += 1;
        attempts.total = Span::from_micros(attempts.total.micros().saturating_add(took.micros()));
        attempts.slowest = attempts.slowest.max(took);
    } else {
        attempts.failed += 1;
    }
}

/// Sends nothing more to an endpoint, and tells the owners of its account.
async fn turn_off(ctx: &Context, tx: &mut Tx, lane: &Lane, cause: TurnedOff) -> Result<()> {
    if !tx.turn_off_lane(lane.id, ctx.now(), cause).await? {
        return Ok(());
    }
    let subscription = tx.subscription(lane.account, lane.app, lane.subscription).await?;
    let Some(subscription) = subscription else { return Ok(()) };
    for owner in tx.owners(lane.account).await? {
        let mail = Mail::EndpointTurnedOff {
            to: owner.to_string(),
            app: lane.app,
            subscription: lane.subscription,
            lane: lane.kind,
            cause,
            at: ctx.now().micros(),
        };
        ctx.post(tx, &mail).await?;
    }
    let label = subscription.label().to_owned();
    let change =
        Change::SubscriptionTurnedOff { subscription: lane.subscription, label, lane: lane.kind, cause };
    ctx.audit(tx, &By::system(), On::app(lane.account, lane.app), change).await
}

/// Ends a delivery that has nowhere to go any more.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn cancel(ctx: &Context, delivery: DeliveryId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    tx.cancel_delivery(delivery, ctx.now()).await?;
    Ok(tx.commit().await?)
}

/// Puts a delivery off of which an attempt cannot be written down.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn postpone(ctx: &Context, delivery: DeliveryId, by: Span) -> Result<()> {
    let mut tx = ctx.begin().await?;
    tx.postpone_delivery(delivery, ctx.now() + by).await?;
    Ok(tx.commit().await?)
}

/// Gives a lane back: to be looked at when its next delivery is due, and not before a moment, or,
/// if it is held, when it is woken.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn release(ctx: &Context, by: SenderId, lane: LaneId, not_before: Option<Timestamp>) -> Result<()> {
    let not_before = not_before.unwrap_or(Timestamp::from_micros(i64::MIN));
    let mut tx = ctx.begin().await?;
    let Some(lane) = tx.leased_lane(lane, by).await? else { return Ok(()) };
    if lane.is_held() {
        tx.park_lane(lane.id, by, lane.due_at).await?;
    } else {
        tx.release_lane(lane.id, by, not_before).await?;
    }
    tx.commit().await?;
    look_again(ctx, lane.id, not_before).await
}

/// What was published, or let go, while a lane was given back is not seen by the transaction that
/// gives it back, nor by the other one that the lane is not due any more.
async fn look_again(ctx: &Context, lane: LaneId, not_before: Timestamp) -> Result<()> {
    let mut read = ctx.read().await?;
    let Some(at) = read.overlooked(lane, not_before).await? else { return Ok(()) };
    if read.lane(lane).await?.is_none_or(|lane| lane.is_held()) {
        return Ok(());
    }
    drop(read);
    let mut tx = ctx.begin().await?;
    tx.due_lanes(&[lane], at).await?;
    Ok(tx.commit().await?)
}

/// Has deliveries sent at once that were just stored: to be called after the commit, with the lanes
/// they were put in. Should it fail, they are found within a minute.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn announce(ctx: &Context, lanes: &[LaneId]) -> Result<()> {
    let now = ctx.now();
    // A lane that was given back meanwhile looked due to the transaction that stored them.
    let later = ctx.read().await?.due_later(lanes, now).await?;
    if !later.is_empty() {
        let mut tx = ctx.begin().await?;
        tx.due_lanes(&later, now).await?;
        tx.commit().await?;
    }
    ctx.deliveries_due.notify_one();
    Ok(())
}

/// Makes lanes due that nobody would look at although something of them may be sent; says how many.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn wake_lost(ctx: &Context) -> Result<usize> {
    let mut after = LaneId::from_uuid(uuid::Uuid::nil());
    let mut woken = 0;
    loop {
        let lanes = ctx.read().await?.sleeping_lanes(after, STEP).await?;
        let Some(last) = lanes.last() else { return Ok(woken) };
        after = last.id;
        let lost: Vec<LaneId> = lanes.iter().filter(|lane| !lane.is_held()).map(|lane| lane.id).collect();
        if !lost.is_empty() {
            woken += lost.len();
            let mut tx = ctx.begin().await?;
            tx.due_lanes(&lost, ctx.now()).await?;
            tx.commit().await?;
        }
    }
}

/// Counted whole, which with millions that wait takes a while: for what is measured now and then.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn depth(ctx: &Context) -> Result<Depth> {
    let mut read = ctx.read().await?;
    let waiting = u64::try_from(read.waiting_deliveries(i64::MAX).await?).unwrap_or_default();
    Ok(Depth { waiting, behind: behind(ctx, &mut read).await? })
}

/// Counted up to 10,000.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn glance(ctx: &Context) -> Result<Glance> {
    let mut read = ctx.read().await?;
    let waiting = HowMany::up_to(COUNTED, read.waiting_deliveries(COUNTED + 1).await?);
    Ok(Glance { waiting, behind: behind(ctx, &mut read).await? })
}

async fn behind(ctx: &Context, read: &mut Conn) -> Result<Span> {
    let since = read.longest_due().await?;
    Ok(since.map(|since| ctx.now().since(since).max(Span::seconds(0))).unwrap_or_default())
}
