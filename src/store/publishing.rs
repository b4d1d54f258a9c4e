//! What publishing asks: whose an event is, who receives it, and whether it came before.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional},
    statements::statements,
};
use crate::domain::{
    account::ExternalId,
    event::Environment,
    event_type::EventTypeName,
    id::{AccountId, AppId, EventId, LaneId, PlatformKeyId, SubscriptionId},
    lane::LaneKind,
    publication::{IdempotencyKey, PublishedId},
    time::Timestamp,
};

statements! {
    /// The account that the platform calls so.
    ACCOUNT_OF_EXTERNAL_ID = "select id from accounts where external_id = $1";
    /// Whether there is such an account.
    ACCOUNT_EXISTS = "select id from accounts where id = $1";
    /// Whether the catalog has such a type; one that is retired it has too.
    EVENT_TYPE_EXISTS = "select name from event_types where name = $1";
    /// The lanes that get an event of a type in production: those of subscriptions that hold the
    /// type, of internal apps that are active. Cross joins, since SQLite takes them in the order
    /// in which they stand: the account's few apps first, never all who subscribe to the type.
    PRODUCTION_RECEIVERS = "select s.app_id, s.id as subscription_id, l.id as lane_id
        from accounts c cross join apps a cross join subscriptions s cross join subscription_event_types t
        cross join lanes l
        where c.id = $1 and c.standing = 'approved' and a.account_id = c.id and a.app_type <> 'oauth'
        and a.state = 'active' and a.events_on and s.app_id = a.id and s.production_url is not null
        and t.subscription_id = s.id and t.event_type = $2
        and l.subscription_id = s.id and l.kind = $3 and l.turned_off_at is null
        order by s.id";
    /// And in development: of drafts too.
    DEVELOPMENT_RECEIVERS = "select s.app_id, s.id as subscription_id, l.id as lane_id
        from accounts c cross join apps a cross join subscriptions s cross join subscription_event_types t
        cross join lanes l
        where c.id = $1 and c.standing = 'approved' and a.account_id = c.id and a.app_type <> 'oauth'
        and a.state in ('draft', 'active') and a.events_on and s.app_id = a.id and s.development_url is not null
        and t.subscription_id = s.id and t.event_type = $2
        and l.subscription_id = s.id and l.kind = $3 and l.turned_off_at is null
        order by s.id";
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
    BEGIN_REQUEST = "insert into idempotency_keys (platform_key_id, idempotency_key, request_hash, answer, created_at)
        values ($1, $2, $3, '', $4) on conflict (platform_key_id, idempotency_key) do nothing";
    /// A request begins anew where one ended without an answer, which only a crash leaves, or so
    /// long ago that it is forgotten.
    TAKE_OVER_REQUEST = "update idempotency_keys set request_hash = $3, answer = '', created_at = $4
        where platform_key_id = $1 and idempotency_key = $2
        and ((answer = '' and created_at < $5) or created_at < $6)";
    /// What became of the request of a key; nothing yet if the answer is empty.
    REQUEST = "select request_hash, answer from idempotency_keys where platform_key_id = $1 and idempotency_key = $2";
    /// A request is answered.
    END_REQUEST = "update idempotency_keys set answer = $3 where platform_key_id = $1 and idempotency_key = $2";
    /// A request that was refused may come again.
    FORGET_REQUEST = "delete from idempotency_keys where platform_key_id = $1 and idempotency_key = $2 and answer = ''";
    /// Requests of old are forgotten.
    DELETE_OLD_REQUESTS = "delete from idempotency_keys where created_at < $1";
}

/// Whom an event goes to.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct Receiver {
    #[sqlx(rename = "app_id")]
    pub app: AppId,
    #[sqlx(rename = "subscription_id")]
    pub subscription: SubscriptionId,
    #[sqlx(rename = "lane_id")]
    pub lane: LaneId,
}

/// A request that came before, by its key.
#[derive(Clone, Debug, FromRow)]
pub struct EarlierRequest {
    pub request_hash: Vec<u8>,
    /// Empty while it is still running.
    pub answer: String,
}

impl Conn {
    pub async fn account_of_external_id(&mut self, id: &ExternalId) -> Result<Option<AccountId>> {
        let row: Option<(AccountId,)> = optional!(self, ACCOUNT_OF_EXTERNAL_ID, id.as_str());
        Ok(row.map(|(id,)| id))
    }

    pub async fn account_exists(&mut self, id: AccountId) -> Result<bool> {
        let row: Option<(AccountId,)> = optional!(self, ACCOUNT_EXISTS, id);
        Ok(row.is_some())
    }

    pub async fn event_type_exists(&mut self, name: &EventTypeName) -> Result<bool> {
        let row: Option<(EventTypeName,)> = optional!(self, EVENT_TYPE_EXISTS, name);
        Ok(row.is_some())
    }

    /// The lanes that an account's event goes to at this moment.
    pub async fn receivers(
        &mut self,
        account: AccountId,
        event_type: &EventTypeName,
        environment: Environment,
    ) -> Result<Vec<Receiver>> {
        let sql = match environment {
            Environment::Production => PRODUCTION_RECEIVERS,
            Environment::Development => DEVELOPMENT_RECEIVERS,
        };
        Ok(all!(self, sql, account, event_type, LaneKind::from(environment)))
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

    /// Whether the request is the first with its key, or takes over from one that never ended or is
    /// forgotten.
    pub async fn begin_request(
        &mut self,
        key: PlatformKeyId,
        idempotency: &IdempotencyKey,
        hash: &[u8],
        now: Timestamp,
        [abandoned_before, forgotten_before]: [Timestamp; 2],
    ) -> Result<bool> {
        let text = idempotency.as_str();
        let began = execute!(self, BEGIN_REQUEST, key, text, hash, now) > 0;
        if began {
            return Ok(true);
        }
        let before = (abandoned_before, forgotten_before);
        Ok(execute!(self, TAKE_OVER_REQUEST, key, text, hash, now, before.0, before.1) > 0)
    }

    pub async fn end_request(
        &mut self,
        key: PlatformKeyId,
        idempotency: &IdempotencyKey,
        answer: &str,
    ) -> Result<()> {
        execute!(self, END_REQUEST, key, idempotency.as_str(), answer);
        Ok(())
    }

    pub async fn forget_request(&mut self, key: PlatformKeyId, idempotency: &IdempotencyKey) -> Result<()> {
        execute!(self, FORGET_REQUEST, key, idempotency.as_str());
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
