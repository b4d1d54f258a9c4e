//! The end of grants: their apps are told, by what of them listens.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use serde::Serialize;

use super::super::{Context, Error, Result};
use crate::{
    domain::{
        client::ClientId,
        delivery::{DeliveryKind, NewDelivery},
        event::{Environment, Event},
        event_type::{DEAUTHORIZED, EventTypeName, NotAnEventType},
        grant::{Grant, GrantEnd},
        id::{AppId, EventId, LaneId},
        publication,
    },
    store::{ClientApp, Receiver, Tx},
};

/// The type of the events that tell apps of the end of grants.
pub(in crate::actions) fn deauthorized() -> Result<EventTypeName> {
    DEAUTHORIZED.parse().map_err(|error: NotAnEventType| Error::Internal(Box::new(error)))
}

/// What ended in a transaction, and who is to be told.
pub(super) struct Farewells {
    event_type: EventTypeName,
    apps: HashMap<AppId, Known>,
    events: Vec<Event>,
    deliveries: Vec<NewDelivery>,
}

/// An app as far as it is there.
enum Known {
    Client(ClientApp, Vec<Receiver>),
    /// By its name.
    Deleted(String),
}

/// Of a grant that ended.
pub(super) struct Ended {
    /// How its app is called.
    pub(super) name: String,
    pub(super) why: GrantEnd,
}

/// The `data` of the event.
#[derive(Serialize)]
struct Deauthorized {
    grant: String,
    user: String,
    client_id: String,
    scopes: Vec<String>,
    reason: GrantEnd,
}

impl Deauthorized {
    fn of(grant: &Grant, client: ClientId, why: GrantEnd) -> Self {
        Self {
            grant: grant.id.to_string(),
            user: grant.user.to_string(),
            client_id: client.to_string(),
            scopes: grant.scopes.iter().map(ToString::to_string).collect(),
            reason: why,
        }
    }
}

impl Farewells {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            event_type: deauthorized()?,
            apps: HashMap::new(),
            events: Vec::new(),
            deliveries: Vec::new(),
        })
    }

    /// Ends a grant with all that came of it, unless it had ended before. One of a deleted app ends
    /// for that, whatever else ends it.
    pub(super) async fn end(
        &mut self,
        ctx: &Context,
        tx: &mut Tx,
        grant: &Grant,
        why: GrantEnd,
    ) -> Result<Option<Ended>> {
        if !tx.delete_grant(grant).await? {
            return Ok(None);
        }
        let known = match self.apps.entry(grant.app) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(look_up(tx, grant.app, &self.event_type).await?),
        };
        let (app, receivers) = match &*known {
            Known::Client(app, receivers) => (app, receivers),
            Known::Deleted(name) => {
                return Ok(Some(Ended { name: name.clone(), why: GrantEnd::AppDeleted }));
            }
        };
        let ended = Ended { name: app.name.to_string(), why };
        let goes_along = why == GrantEnd::AccountDeleted && app.account == grant.account;
        if receivers.is_empty() || goes_along {
            return Ok(Some(ended));
        }
        let now = ctx.now();
        let id: EventId = ctx.new_id();
        let data = serde_json::to_string(&Deauthorized::of(grant, app.client_id, why))
            .map_err(|error| Error::Internal(error.into()))?;
        self.events.push(Event {
            id,
            // It is the app's own, and goes with the app: the account that it tells of may be going.
            account: app.account,
            event_type: self.event_type.clone(),
            environment: Environment::Production,
            body: publication::message(&self.event_type, id, grant.account, now, &data),
            occurred_at: now,
            created_at: now,
        });
        self.deliveries.extend(receivers.iter().map(|receiver| NewDelivery {
            id: ctx.new_id(),
            event: id,
            app: receiver.app,
            subscription: receiver.subscription,
            lane: receiver.lane,
            kind: DeliveryKind::Event,
            environment: Environment::Production,
            event_type: self.event_type.clone(),
            created_at: now,
        }));
        Ok(Some(ended))
    }

    /// Stores what is to be told; the lanes that will.
    pub(super) async fn store(self, ctx: &Context, tx: &mut Tx) -> Result<BTreeSet<LaneId>> {
        let lanes: BTreeSet<LaneId> = self.deliveries.iter().map(|delivery| delivery.lane).collect();
        if !lanes.is_empty() {
            tx.insert_events(&self.events).await?;
            tx.insert_deliveries(&self.deliveries).await?;
            tx.due_lanes(&lanes.iter().copied().collect::<Vec<_>>(), ctx.now()).await?;
        }
        Ok(lanes)
    }
}

async fn look_up(tx: &mut Tx, app: AppId, event_type: &EventTypeName) -> Result<Known> {
    if let Some(client) = tx.client_app(app).await? {
        let receivers = tx.receivers_of_app(app, event_type).await?;
        return Ok(Known::Client(client, receivers));
    }
    let name = tx.name_of_gone(app).await?;
    Ok(Known::Deleted(name.map_or_else(|| app.to_string(), |name| name.to_string())))
}
