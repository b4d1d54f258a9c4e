//! What publishing asks: whose an event is, who receives it, and whether it came before.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional},
    dialect::{ACCOUNTS_AMONG, ACCOUNTS_CALLED, RECEIVERS},
    rows::{self, IdText},
    statements::statements,
};
use crate::domain::{
    account::ExternalId,
    event::Environment,
    event_type::EventTypeName,
    id::{AccountId, AppId, ClaimId, EventId, LaneId, PlatformKeyId, SubscriptionId},
    publication::{IdempotencyKey, PublishedId},
    time::Timestamp,
};

statements! {
    /// Whether the catalog has such a type; one that is retired it has too.
    EVENT_TYPE_EXISTS = "select name from event_types where name = $1";
    /// The lanes that get an event that is an app's own affair, in production.
    RECEIVERS_OF_APP = "select cast(0 as bigint) as place, s.app_id, s.id as subscription_id, l.id as lane_id
        from apps a join accounts c on c.id = a.account_id join subscriptions s on s.app_id = a.id
        join subscription_event_types t on t.subscription_id = s.id join lanes l on l.subscription_id = s.id
        where a.id = $1 and a.state = 'active' and a.events_on and c.standing = 'approved'
        and s.production_url is not null and t.event_type = $2
        and l.kind = 'production' and l.turned_off_at is null order by s.id";
    /// The event that the platform gave this id first. A row that another transaction is about to
    /// write is waited for.
    INSERT_PUBLISHED_ID = "insert into published_ids (published_id, event_id, created_at) values ($1, $2, $3)
        on conflict (published_id) do update set event_id = excluded.event_id, created_at = excluded.created_at
        where published_ids.created_at < $4";
    /// The event of a platform's id.
    EVENT_OF_PUBLISHED_ID = "select event_id from published_ids where published_id = $1";
    /// Ids of old are forgotten.
    DELETE_OLD_PUBLISHED_IDS = "delete from published_ids where created_at < $1";
    /// A request begins, unless one with its key was seen.
    BEGIN_REQUEST = "insert into idempotency_keys (platform_key_id, idempotency_key, request_hash, answer, claim, created_at)
        values ($1, $2, $3, '', $4, $5) on conflict (platform_key_id, idempotency_key) do nothing";
    /// A request begins anew where one has no answer in time, or began so long ago that it is
    /// forgotten. Whoever held the claim has lost it.
    TAKE_OVER_REQUEST = "update idempotency_keys set request_hash = $3, answer = '', claim = $4, created_at = $5
        where platform_key_id = $1 and idempotency_key = $2
        and ((answer = '' and created_at < $6) or created_at < $7)";
    /// What became of the request of a key; nothing yet if the answer is empty.
    REQUEST = "select request_hash, answer from idempotency_keys where platform_key_id = $1 and idempotency_key = $2";
    /// A request is answered by whoever holds its claim.
    END_REQUEST = "update idempotency_keys set answer = $4
        where platform_key_id = $1 and idempotency_key = $2 and claim = $3 and answer = ''";
    /// A request that was refused may come again, unless it came already.
    FORGET_REQUEST = "delete from idempotency_keys
        where platform_key_id = $1 and idempotency_key = $2 and claim = $3 and answer = ''";
    /// Requests of old are forgotten.
    DELETE_OLD_REQUESTS = "delete from idempotency_keys where created_at < $1";
}

/// Whose events of a type in one of the two worlds.
pub type Audience = (AccountId, EventTypeName, Environment);

/// Whom an event goes to.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    pub app: AppId,
    pub subscription: SubscriptionId,
    pub lane: LaneId,
}

#[derive(FromRow)]
struct ReceiverRow {
    place: i64,
    app_id: AppId,
    subscription_id: SubscriptionId,
    lane_id: LaneId,
}

impl From<ReceiverRow> for Receiver {
    fn from(row: ReceiverRow) -> Self {
        let ReceiverRow { app_id, subscription_id, lane_id, place: _ } = row;
        Self { app: app_id, subscription: subscription_id, lane: lane_id }
    }
}

#[derive(Serialize)]
struct AudienceRow<'a> {
    place: usize,
    account_id: IdText,
    event_type: &'a str,
    environment: &'static str,
}

impl<'a> AudienceRow<'a> {
    fn of(place: usize, (account, event_type, environment): &'a Audience) -> Self {
        Self {
            place,
            account_id: IdText::of(*account),
            event_type: event_type.as_str(),
            environment: environment.as_str(),
        }
    }
}

/// A request with a key, and the attempt to do what it asks for.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    pub key: PlatformKeyId,
    pub idempotency: &'a IdempotencyKey,
    pub id: ClaimId,
}

/// A request that came before, by its key.
#[derive(Clone, Debug, FromRow)]
pub struct EarlierRequest {
    pub request_hash: Vec<u8>,
    /// Empty while it is still running.
    pub answer: String,
}

impl Conn {
    /// Those of the accounts that there are.
    pub async fn accounts_among(&mut self, ids: &[AccountId]) -> Result<HashSet<AccountId>> {
        let sql = self.text(ACCOUNTS_AMONG);
        let rows: Vec<(AccountId,)> = all!(self, sql, rows::ids(ids));
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Those of the accounts that there are, by what the platform calls them.
    pub async fn accounts_called(&mut self, names: &[&ExternalId]) -> Result<HashMap<String, AccountId>> {
        let sql = self.text(ACCOUNTS_CALLED);
        let rows: Vec<(String, AccountId)> =
            all!(self, sql, rows::json(names.iter().map(|name| name.as_str())));
        Ok(rows.into_iter().collect())
    }

    pub async fn event_type_exists(&mut self, name: &EventTypeName) -> Result<bool> {
        let row: Option<(EventTypeName,)> = optional!(self, EVENT_TYPE_EXISTS, name);
        Ok(row.is_some())
    }

    /// The lanes that events go to at this moment, by the place of what was asked for.
    pub async fn receivers(&mut self, audiences: &[Audience]) -> Result<Vec<(usize, Receiver)>> {
        let sql = self.text(RECEIVERS);
        let asked = audiences.iter().enumerate().map(|(place, audience)| AudienceRow::of(place, audience));
        let rows: Vec<ReceiverRow> = all!(self, sql, rows::json(asked));
        let place = |row: &ReceiverRow| usize::try_from(row.place).unwrap_or(usize::MAX);
        Ok(rows.into_iter().map(|row| (place(&row), row.into())).collect())
    }

    /// The lanes of an app that get an event that is its own affair, at this moment.
    pub async fn receivers_of_app(
        &mut self,
        app: AppId,
        event_type: &EventTypeName,
    ) -> Result<Vec<Receiver>> {
        let rows: Vec<ReceiverRow> = all!(self, RECEIVERS_OF_APP, app, event_type);
        Ok(rows.into_iter().map(Receiver::from).collect())
    }

    pub async fn request(
        &mut self,
        key: PlatformKeyId,
        idempotency: &IdempotencyKey,
    ) -> Result<Option<EarlierRequest>> {
        Ok(optional!(self, REQUEST, key, idempotency.as_str()))
    }
}

impl Tx {
    /// The event that had the platform's id before; if none had, it is this one's from now on.
    pub async fn claim_published_id(
        &mut self,
        id: &PublishedId,
        event: EventId,
        now: Timestamp,
        forgotten_before: Timestamp,
    ) -> Result<Option<EventId>> {
        if execute!(self, INSERT_PUBLISHED_ID, id.as_str(), event, now, forgotten_before) > 0 {
            return Ok(None);
        }
        let row: Option<(EventId,)> = optional!(self, EVENT_OF_PUBLISHED_ID, id.as_str());
        Ok(row.map(|(event,)| event))
    }

    /// Whether the claim holds: the request is the first with its key, or takes over from one that
    /// has not ended in time or is forgotten.
    pub async fn begin_request(
        &mut self,
        claim: Claim<'_>,
        hash: &[u8],
        now: Timestamp,
        [abandoned_before, forgotten_before]: [Timestamp; 2],
    ) -> Result<bool> {
        let Claim { key, idempotency, id } = claim;
        let text = idempotency.as_str();
        let began = execute!(self, BEGIN_REQUEST, key, text, hash, id, now) > 0;
        if began {
            return Ok(true);
        }
        let before = (abandoned_before, forgotten_before);
        Ok(execute!(self, TAKE_OVER_REQUEST, key, text, hash, id, now, before.0, before.1) > 0)
    }

    /// Answers the request, if the claim still holds. Until the end of the transaction nobody
    /// takes it over.
    pub async fn end_request(&mut self, claim: Claim<'_>, answer: &str) -> Result<bool> {
        let Claim { key, idempotency, id } = claim;
        Ok(execute!(self, END_REQUEST, key, idempotency.as_str(), id, answer) > 0)
    }

    /// The request may come again, if the claim still holds.
    pub async fn forget_request(&mut self, claim: Claim<'_>) -> Result<()> {
        let Claim { key, idempotency, id } = claim;
        execute!(self, FORGET_REQUEST, key, idempotency.as_str(), id);
        Ok(())
    }

    /// Forgets the ids that the platform gave before one moment, and requests before another.
    pub async fn forget_publishing(
        &mut self,
        ids_before: Timestamp,
        requests_before: Timestamp,
    ) -> Result<u64> {
        let forgotten = execute!(self, DELETE_OLD_PUBLISHED_IDS, ids_before);
        Ok(forgotten + execute!(self, DELETE_OLD_REQUESTS, requests_before))
    }
}
