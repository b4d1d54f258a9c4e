//! Reading deliveries as a log: what fits a filter, the newest first, a page at a time.
//!
//! What is rare is found by an index of its own: the deliveries of an event, those of a
//! subscription, those that failed. Neither database would choose it for a condition that may be
//! absent, so each has its statement.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    calls::Hour,
    delivery::{
        DeliveryKind, Stage, Status,
        attempt::{Attempt, Outcome},
        health::Attempts,
        timing::Timing,
    },
    event::Environment,
    event_type::EventTypeName,
    id::{AccountId, AppId, DeliveryId, EventId, Id, LaneId, SubscriptionId},
    time::{Span, Timestamp},
    url::EndpointUrl,
};

/// What a row is read with.
macro_rules! rows {
    () => {
        "select d.id, d.event_id, d.subscription_id, d.lane_id, d.kind, d.environment, d.event_type, d.status,
            d.created_at, d.next_at, d.attempts, d.tries, d.last_at, d.last_outcome, d.last_status
        from deliveries d"
    };
}

/// All that a filter may ask for: account, app, between which ids, status, whether it was tried,
/// type, subscription, event.
macro_rules! fitting {
    () => {
        " where d.app_id = $2 and exists (select 1 from apps a where a.id = $2 and a.account_id = $1)
        and d.id < $3 and d.id >= $4
        and (cast($5 as text) is null or d.status = $5)
        and (cast($6 as bigint) is null or (d.tries > 0) = (cast($6 as bigint) > 0))
        and (cast($7 as text) is null or d.event_type = $7)
        and (cast($8 as uuid) is null or d.subscription_id = $8)
        and (cast($9 as uuid) is null or d.event_id = $9)"
    };
}

/// Deliveries of an app, found by `$by`.
macro_rules! log {
    ($by:literal) => {
        concat!(rows!(), fitting!(), $by, " order by d.id desc limit $10")
    };
}

/// How many fit, found by `$by`.
macro_rules! count {
    ($by:literal) => {
        concat!(
            "select count(*) from (select 1 as one from deliveries d",
            fitting!(),
            $by,
            " limit $10) fitting"
        )
    };
}

statements! {
    /// Deliveries.
    DELIVERIES = log!("");
    /// Deliveries that failed.
    DELIVERIES_FAILED = log!(" and d.status = 'failed'");
    /// Deliveries to a subscription.
    DELIVERIES_TO = log!(" and d.subscription_id = $8");
    /// Deliveries of an event.
    DELIVERIES_OF = log!(" and d.event_id = $9");
    /// As many are there.
    COUNT = count!("");
    /// As many failed.
    COUNT_FAILED = count!(" and d.status = 'failed'");
    /// As many are there to a subscription.
    COUNT_TO = count!(" and d.subscription_id = $8");
    /// As many are there of an event.
    COUNT_OF = count!(" and d.event_id = $9");
    /// One delivery of an app.
    DELIVERY = concat!(rows!(), " join apps a on a.id = d.app_id where a.account_id = $1 and d.app_id = $2 and d.id = $3");
    /// The last deliveries of a kind, which is none of events, to a subscription.
    CHECKS = concat!(rows!(), " join apps a on a.id = d.app_id where a.account_id = $1 and d.subscription_id = $2
        and d.kind = $3 and d.kind <> 'event' order by d.id desc limit $4");
    /// What is sent of it.
    BODY = "select e.body from events e join deliveries d on d.event_id = e.id join apps a on a.id = d.app_id
        where a.account_id = $1 and d.id = $2";
    /// Its last attempts, the last one first.
    ATTEMPTS = "select t.number, t.at, t.url, t.outcome, t.certificate_at, t.status, t.dns_us, t.connect_us, t.tls_us,
            t.first_byte_us, t.total_us, t.head, t.excerpt, t.excerpt_is_cut
        from attempts t join deliveries d on d.id = t.delivery_id join apps a on a.id = d.app_id
        where a.account_id = $1 and t.delivery_id = $2 order by t.number desc limit $3";
    /// How attempts to deliver production events of an app went since an hour.
    DELIVERY_HOURS = "select h.hour, h.succeeded, h.failed, h.total_us, h.slowest_us
        from delivery_hours h join apps a on a.id = h.app_id
        where a.account_id = $1 and h.app_id = $2 and h.hour >= $3";
    /// A delivery begins anew, unless its lane is gone.
    REDELIVER = "update deliveries set status = 'waiting', next_at = $2, tries = 0, finished_at = null
        where id = $1 and exists (select 1 from lanes l where l.id = deliveries.lane_id)";
}

/// Which deliveries of an app are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub stage: Option<Stage>,
    pub event_type: Option<EventTypeName>,
    pub subscription: Option<SubscriptionId>,
    pub event: Option<EventId>,
    /// Those that were made at or after this moment.
    pub since: Option<Timestamp>,
    /// The last delivery of the page before.
    pub after: Option<DeliveryId>,
}

impl DeliveryFilter {
    /// The statements that read and count for this filter.
    const fn statements(&self) -> (&'static str, &'static str) {
        match (self.event, self.subscription, self.stage) {
            (Some(_), ..) => (DELIVERIES_OF, COUNT_OF),
            (None, _, Some(Stage::Failed)) => (DELIVERIES_FAILED, COUNT_FAILED),
            (None, Some(_), _) => (DELIVERIES_TO, COUNT_TO),
            (None, None, _) => (DELIVERIES, COUNT),
        }
    }

    /// As statements take it.
    fn columns(&self) -> Columns<'_> {
        let tried = match self.stage {
            Some(Stage::Waiting) => Some(0),
            Some(Stage::Retrying) => Some(1),
            Some(Stage::Succeeded | Stage::Failed | Stage::Cancelled | Stage::Dropped) | None => None,
        };
        let nil = DeliveryId::from_uuid(Uuid::nil());
        Columns {
            before: self.after.unwrap_or(DeliveryId::from_uuid(Uuid::max())),
            first: self.since.map_or(nil, |since| DeliveryId::generate(since, [0; 10])),
            status: self.stage.map(Stage::status),
            tried,
            event_type: self.event_type.as_ref(),
            subscription: self.subscription,
            event: self.event,
        }
    }
}

/// A filter as statements take it, in the order of their parameters.
struct Columns<'a> {
    /// Between which ids they are: an id begins with the moment at which it was made.
    before: DeliveryId,
    first: DeliveryId,
    status: Option<Status>,
    tried: Option<i64>,
    event_type: Option<&'a EventTypeName>,
    subscription: Option<SubscriptionId>,
    event: Option<EventId>,
}

/// Runs a statement of what fits, for all rows or for a value.
macro_rules! fitting_rows {
    ($run:ident, $conn:ident, $statement:ident, $account:ident, $app:ident, $filter:ident, $limit:ident) => {{
        let Columns { before, first, status, tried, event_type, subscription, event } = $filter;
        $run!(
            $conn,
            $statement,
            $account,
            $app,
            before,
            first,
            status,
            tried,
            event_type,
            subscription,
            event,
            $limit
        )
    }};
}

/// A delivery as the log has it.
#[derive(Clone, Debug)]
pub struct LoggedDelivery {
    pub id: DeliveryId,
    pub event: EventId,
    /// It may be gone.
    pub subscription: SubscriptionId,
    pub lane: LaneId,
    pub kind: DeliveryKind,
    pub environment: Environment,
    pub event_type: EventTypeName,
    pub stage: Stage,
    pub created_at: Timestamp,
    /// When the next attempt may begin, while it waits.
    pub next_at: Option<Timestamp>,
    pub attempts: u32,
    /// Of those, the ones since it was last asked for.
    pub tries: u32,
    pub last_at: Option<Timestamp>,
    /// Without the moment of a certificate, which the attempt has.
    pub last: Option<Outcome>,
}

#[derive(FromRow)]
struct DeliveryRow {
    id: DeliveryId,
    event_id: EventId,
    subscription_id: SubscriptionId,
    lane_id: LaneId,
    kind: DeliveryKind,
    environment: Environment,
    event_type: EventTypeName,
    status: Status,
    created_at: Timestamp,
    next_at: Option<Timestamp>,
    attempts: i64,
    tries: i64,
    last_at: Option<Timestamp>,
    last_outcome: Option<String>,
    last_status: Option<i64>,
}

impl From<DeliveryRow> for LoggedDelivery {
    fn from(row: DeliveryRow) -> Self {
        let number = |column: i64| u32::try_from(column).unwrap_or_default();
        let tries = number(row.tries);
        let last_status = row.last_status.and_then(|status| u16::try_from(status).ok());
        Self {
            id: row.id,
            event: row.event_id,
            subscription: row.subscription_id,
            lane: row.lane_id,
            kind: row.kind,
            environment: row.environment,
            event_type: row.event_type,
            stage: Stage::of(row.status, tries),
            created_at: row.created_at,
            next_at: row.next_at,
            attempts: number(row.attempts),
            tries,
            last_at: row.last_at,
            last: row.last_outcome.and_then(|outcome| Outcome::from_parts(&outcome, last_status, None)),
        }
    }
}

#[derive(FromRow)]
struct AttemptRow {
    number: i64,
    at: Timestamp,
    url: EndpointUrl,
    outcome: String,
    certificate_at: Option<Timestamp>,
    status: Option<i64>,
    dns_us: Option<i64>,
    connect_us: Option<i64>,
    tls_us: Option<i64>,
    first_byte_us: Option<i64>,
    total_us: Option<i64>,
    head: String,
    excerpt: Vec<u8>,
    excerpt_is_cut: bool,
}

impl AttemptRow {
    fn of(self, delivery: DeliveryId) -> Result<Attempt> {
        let status = self.status.and_then(|status| u16::try_from(status).ok());
        let outcome = Outcome::from_parts(&self.outcome, status, self.certificate_at);
        let corrupt = || StoreError::Corrupt(format!("attempt {} of {delivery}", self.number));
        let span = |micros: Option<i64>| micros.map(Span::from_micros);
        let timing = self.total_us.map(|total| Timing {
            dns: span(self.dns_us),
            connect: span(self.connect_us),
            tls: span(self.tls_us),
            first_byte: span(self.first_byte_us),
            total: Span::from_micros(total),
        });
        Ok(Attempt {
            delivery,
            number: u32::try_from(self.number).map_err(|_| corrupt())?,
            at: self.at,
            outcome: outcome.ok_or_else(corrupt)?,
            timing,
            head: serde_json::from_str(&self.head).map_err(|_| corrupt())?,
            url: self.url,
            excerpt: self.excerpt,
            excerpt_is_cut: self.excerpt_is_cut,
        })
    }
}

impl Conn {
    /// Deliveries of an app that fit, the newest first.
    pub async fn delivery_log(
        &mut self,
        account: AccountId,
        app: AppId,
        filter: &DeliveryFilter,
        limit: i64,
    ) -> Result<Vec<LoggedDelivery>> {
        let ((statement, _), filter) = (filter.statements(), filter.columns());
        let rows: Vec<DeliveryRow> = fitting_rows!(all, self, statement, account, app, filter, limit);
        Ok(rows.into_iter().map(LoggedDelivery::from).collect())
    }

    /// How many fit on all pages, counted no further than `most`.
    pub async fn delivery_count(
        &mut self,
        account: AccountId,
        app: AppId,
        filter: &DeliveryFilter,
        most: i64,
    ) -> Result<i64> {
        let everywhere = DeliveryFilter { after: None, ..filter.clone() };
        let ((_, statement), filter) = (filter.statements(), everywhere.columns());
        Ok(fitting_rows!(value, self, statement, account, app, filter, most))
    }

    pub async fn logged_delivery(
        &mut self,
        account: AccountId,
        app: AppId,
        id: DeliveryId,
    ) -> Result<Option<LoggedDelivery>> {
        let row: Option<DeliveryRow> = optional!(self, DELIVERY, account, app, id);
        Ok(row.map(LoggedDelivery::from))
    }

    /// The last deliveries of a kind to a subscription, the newest first; none of events.
    pub async fn checks_of(
        &mut self,
        account: AccountId,
        subscription: SubscriptionId,
        kind: DeliveryKind,
        limit: i64,
    ) -> Result<Vec<LoggedDelivery>> {
        let rows: Vec<DeliveryRow> = all!(self, CHECKS, account, subscription, kind, limit);
        Ok(rows.into_iter().map(LoggedDelivery::from).collect())
    }

    /// The message of a delivery.
    pub async fn body_of_delivery(&mut self, account: AccountId, id: DeliveryId) -> Result<Option<String>> {
        let row: Option<(String,)> = optional!(self, BODY, account, id);
        Ok(row.map(|(body,)| body))
    }

    /// The last attempts of a delivery, the last one first.
    pub async fn attempts_of(
        &mut self,
        account: AccountId,
        id: DeliveryId,
        limit: i64,
    ) -> Result<Vec<Attempt>> {
        let rows: Vec<AttemptRow> = all!(self, ATTEMPTS, account, id, limit);
        rows.into_iter().map(|row| row.of(id)).collect()
    }

    /// How attempts to deliver production events of an app went, hour by hour.
    pub async fn delivery_hours(
        &mut self,
        account: AccountId,
        app: AppId,
        since: Hour,
    ) -> Result<Vec<(Hour, Attempts)>> {
        let rows: Vec<(Hour, i64, i64, i64, i64)> = all!(self, DELIVERY_HOURS, account, app, since);
        let count = |column: i64| u64::try_from(column).unwrap_or_default();
        let attempts = |(hour, succeeded, failed, total, slowest)| {
            let (succeeded, failed) = (count(succeeded), count(failed));
            let (total, slowest) = (Span::from_micros(total), Span::from_micros(slowest));
            (hour, Attempts { succeeded, failed, total, slowest })
        };
        Ok(rows.into_iter().map(attempts).collect())
    }
}

impl Tx {
    /// Whether the delivery begins anew: its subscription may be gone.
    pub async fn redeliver(&mut self, id: DeliveryId, now: Timestamp) -> Result<bool> {
        Ok(execute!(self, REDELIVER, id, now) > 0)
    }
}
