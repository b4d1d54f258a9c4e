//! Publishing: an event is stored with a delivery for everybody who receives it, or not at all.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Context, Error, Result, platform_keys, queue};
use crate::{
    domain::{
        delivery::{DeliveryKind, NewDelivery},
        event::Event,
        event_type::DEAUTHORIZED,
        id::{AccountId, EventId, LaneId},
        platform_key::PlatformService,
        publication::{AccountRef, IdempotencyKey, NewEvent},
        time::{Span, Timestamp},
    },
    store::{Audience, Claim, EarlierRequest, Receiver, StoreError, Tx},
};

/// How long the ids that the platform gives its events are remembered.
pub const IDS_KEPT: Span = Span::days(30);
/// How long the keys of requests are remembered.
pub const REQUESTS_KEPT: Span = Span::hours(24);
/// A request that has not ended by then most likely never will: its process is gone. Should it all
/// the same, it publishes nothing.
const ABANDONED_AFTER: Span = Span::minutes(1);

/// What one event of a request became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub id: String,
    /// An event with the platform's id was published before; this is the id of that one.
    pub duplicate: bool,
}

/// A request of one of the platform's services.
#[derive(Clone, Debug)]
pub struct Request {
    pub service: PlatformService,
    pub events: Vec<NewEvent>,
    /// By which a repeat is known, with the hash of the whole body.
    pub idempotency: Option<(IdempotencyKey, [u8; 32])>,
}

impl Request {
    /// This attempt to do what the request asks for, with the hash of its body, if it has a key.
    fn claim(&self, ctx: &Context) -> Option<(Claim<'_>, &[u8; 32])> {
        let (idempotency, hash) = self.idempotency.as_ref()?;
        Some((Claim { key: self.service.key(), idempotency, id: ctx.new_id() }, hash))
    }
}

/// Why nothing of a request was published.
#[derive(Debug, Error)]
pub enum Unpublished {
    /// The event at this place is of a type that the catalog has not.
    #[error("there is no such event type")]
    UnknownType(usize),
    /// The event at this place is of a type that Portico itself makes.
    #[error("Portico itself makes events of this type")]
    PorticosOwn(usize),
    /// The event at this place is of an account that there is not.
    #[error("there is no such account")]
    UnknownAccount(usize),
    #[error("another request was sent with this key")]
    KeyReused,
    #[error("the first request with this key is still running")]
    StillRunning,
    #[error("the platform key was revoked while the request came")]
    Revoked,
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<StoreError> for Unpublished {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

/// Publishes the events of a request, all or none: when this returns, they and their deliveries
/// are stored. In the order of the request.
///
/// # Errors
/// Nothing was published then, unless the database broke off while it was answering.
pub async fn publish(ctx: &Context, request: &Request) -> std::result::Result<Vec<Published>, Unpublished> {
    let claim = request.claim(ctx);
    if let Some((claim, hash)) = claim
        && let Some(answer) = begin(ctx, request.service, claim, hash).await?
    {
        return Ok(answer);
    }
    let claim = claim.map(|(claim, _)| claim);
    let published = store(ctx, request, claim).await;
    if let (Some(claim), Err(_)) = (claim, &published) {
        forget(ctx, claim).await?;
    }
    published
}

/// The body may have come slowly: what counts is whose request it is when it has come.
async fn prove(tx: &mut Tx, service: PlatformService) -> std::result::Result<(), Unpublished> {
    if platform_keys::still_works(tx, service).await? { Ok(()) } else { Err(Unpublished::Revoked) }
}

/// What was answered before to the request with this key; nothing if the claim holds.
async fn begin(
    ctx: &Context,
    service: PlatformService,
    claim: Claim<'_>,
    hash: &[u8; 32],
) -> std::result::Result<Option<Vec<Published>>, Unpublished> {
    let now = ctx.now();
    let mut tx = ctx.begin().await?;
    prove(&mut tx, service).await?;
    let abandoned = now - ABANDONED_AFTER;
    if tx.begin_request(claim, hash, now, [abandoned, now - REQUESTS_KEPT]).await? {
        tx.commit().await?;
        return Ok(None);
    }
    let earlier = tx.request(claim.key, claim.idempotency).await?;
    let Some(EarlierRequest { request_hash, answer }) = earlier else {
        return Err(Unpublished::StillRunning);
    };
    if request_hash != hash {
        return Err(Unpublished::KeyReused);
    }
    if answer.is_empty() {
        return Err(Unpublished::StillRunning);
    }
    let answer = serde_json::from_str(&answer).map_err(|error| Error::Internal(error.into()))?;
    Ok(Some(answer))
}

/// A request that published nothing may come again with the same key.
async fn forget(ctx: &Context, claim: Claim<'_>) -> Result<()> {
    let mut tx = ctx.begin().await?;
    tx.forget_request(claim).await?;
    Ok(tx.commit().await?)
}

async fn store(
    ctx: &Context,
    request: &Request,
    claim: Option<Claim<'_>>,
) -> std::result::Result<Vec<Published>, Unpublished> {
    let mut tx = ctx.begin().await?;
    prove(&mut tx, request.service).await?;
    let mut publishing = Publishing { now: ctx.now(), ..Publishing::default() };
    let accounts = publishing.accounts(&mut tx, &request.events).await?;
    let ids: Vec<EventId> = request.events.iter().map(|_| ctx.new_id()).collect();
    let earlier = publishing.earlier(&mut tx, &request.events, &ids).await?;
    let mut published = Vec::with_capacity(ids.len());
    for (n, ((new, id), account)) in request.events.iter().zip(ids).zip(accounts).enumerate() {
        let first = earlier.get(&n).copied();
        if first.is_none() {
            publishing.add(new, id, account);
        }
        published.push(Published { id: first.unwrap_or(id).to_string(), duplicate: first.is_some() });
    }
    publishing.address(ctx, &mut tx).await?;
    tx.insert_events(&publishing.events).await?;
    tx.insert_deliveries(&publishing.deliveries).await?;
    let lanes: Vec<LaneId> = publishing.lanes.into_iter().collect();
    tx.due_lanes(&lanes, publishing.now).await?;
    if let Some(claim) = claim {
        let answer = serde_json::to_string(&published).map_err(|error| Error::Internal(error.into()))?;
        // A repeat may have taken over meanwhile. Then that one publishes, and this one does not.
        if !tx.end_request(claim, &answer).await? {
            return Err(Unpublished::StillRunning);
        }
    }
    tx.commit().await?;
    // They are stored, and found within a minute in any case.
    if let Err(error) = queue::announce(ctx, &lanes).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "deliveries could not be announced");
    }
    Ok(published)
}

/// What is found out and done while the events of one request are stored.
#[derive(Default)]
struct Publishing {
    now: Timestamp,
    events: Vec<Event>,
    deliveries: Vec<NewDelivery>,
    /// The lanes that get something.
    lanes: BTreeSet<LaneId>,
}

impl Publishing {
    /// Whose each event is. All types are known then.
    async fn accounts(
        &self,
        tx: &mut Tx,
        events: &[NewEvent],
    ) -> std::result::Result<Vec<AccountId>, Unpublished> {
        let mut types = BTreeSet::new();
        for (n, event) in events.iter().enumerate() {
            if !types.insert(&event.event_type) {
                continue;
            }
            if event.event_type.as_str() == DEAUTHORIZED {
                return Err(Unpublished::PorticosOwn(n));
            }
            if !tx.event_type_exists(&event.event_type).await? {
                return Err(Unpublished::UnknownType(n));
            }
        }
        let known = Accounts::of(tx, events).await?;
        let account = |(n, event): (usize, &NewEvent)| {
            known.account(&event.account).ok_or(Unpublished::UnknownAccount(n))
        };
        events.iter().enumerate().map(account).collect()
    }

    /// The events that were published before under the platform's own ids, by their places.
    async fn earlier(
        &self,
        tx: &mut Tx,
        events: &[NewEvent],
        ids: &[EventId],
    ) -> Result<HashMap<usize, EventId>> {
        let named = events.iter().zip(ids).enumerate();
        let mut named: Vec<_> =
            named.filter_map(|(n, (event, id))| Some((event.published_id.as_ref()?, n, *id))).collect();
        // In one order, whoever publishes: two requests with the same ids never wait for each other.
        named.sort_unstable();
        let mut earlier = HashMap::new();
        for (published, n, id) in named {
            let first = tx.claim_published_id(published, id, self.now, self.now - IDS_KEPT).await?;
            earlier.extend(first.map(|first| (n, first)));
        }
        Ok(earlier)
    }

    fn add(&mut self, new: &NewEvent, id: EventId, account: AccountId) {
        let occurred_at = new.occurred_at.unwrap_or(self.now);
        self.events.push(Event {
            id,
            account,
            event_type: new.event_type.clone(),
            environment: new.environment,
            body: new.body(id, account, occurred_at),
            occurred_at,
            created_at: self.now,
        });
    }

    /// Adds a delivery of each event for everybody who receives it.
    async fn address(&mut self, ctx: &Context, tx: &mut Tx) -> Result<()> {
        let audience = |event: &Event| (event.account, event.event_type.clone(), event.environment);
        let audiences: BTreeSet<Audience> = self.events.iter().map(audience).collect();
        let audiences: Vec<Audience> = audiences.into_iter().collect();
        let mut receivers: HashMap<&Audience, Vec<Receiver>> = HashMap::new();
        for (place, receiver) in tx.receivers(&audiences).await? {
            let Some(audience) = audiences.get(place) else { continue };
            receivers.entry(audience).or_default().push(receiver);
        }
        for event in &self.events {
            for receiver in receivers.get(&audience(event)).into_iter().flatten() {
                self.lanes.insert(receiver.lane);
                self.deliveries.push(NewDelivery {
                    id: ctx.new_id(),
                    event: event.id,
                    app: receiver.app,
                    subscription: receiver.subscription,
                    lane: receiver.lane,
                    kind: DeliveryKind::Event,
                    environment: event.environment,
                    event_type: event.event_type.clone(),
                    created_at: self.now,
                });
            }
        }
        Ok(())
    }
}

/// The accounts that a request names, those that there are.
struct Accounts {
    by_id: HashSet<AccountId>,
    by_name: HashMap<String, AccountId>,
}

impl Accounts {
    async fn of(tx: &mut Tx, events: &[NewEvent]) -> Result<Self> {
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for account in events.iter().map(|event| &event.account).filter(|account| seen.insert(*account)) {
            match account {
                AccountRef::Id(id) => ids.push(*id),
                AccountRef::External(name) => names.push(name),
            }
        }
        let by_id = if ids.is_empty() { HashSet::new() } else { tx.accounts_among(&ids).await? };
        let by_name = if names.is_empty() { HashMap::new() } else { tx.accounts_called(&names).await? };
        Ok(Self { by_id, by_name })
    }

    fn account(&self, named: &AccountRef) -> Option<AccountId> {
        match named {
            AccountRef::Id(id) => self.by_id.get(id).copied(),
            AccountRef::External(name) => self.by_name.get(name.as_str()).copied(),
        }
    }
}
