//! Reading deliveries as a log: what fits a filter, the newest first, a page at a time.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional, value},
    delivery_filter::{Columns, DeliveryFilter, logged},
    statements::statements,
};
use crate::domain::{
    calls::Hour,
    delivery::{DeliveryKind, Stage, Status, attempt::Outcome, health::Attempts},
    event::Environment,
    event_type::EventTypeName,
    id::{AccountId, AppId, DeliveryId, EventId, LaneId, SubscriptionId},
    time::{Span, Timestamp},
};

statements! {
    /// One delivery of an app.
    DELIVERY = concat!(logged!(), " join apps a on a.id = d.app_id where a.account_id = $1 and d.app_id = $2 and d.id = $3");
    /// The last deliveries of a kind, which is none of events, to a subscription.
    CHECKS = concat!(logged!(), " join apps a on a.id = d.app_id where a.account_id = $1 and d.subscription_id = $2
        and d.kind = $3 and d.kind <> 'event' order by d.id desc limit $4");
    /// What is sent of it.
    BODY = "select e.body from events e join deliveries d on d.event_id = e.id join apps a on a.id = d.app_id
        where a.account_id = $1 and d.id = $2";
    /// How attempts to deliver production events of an app went since an hour.
    DELIVERY_HOURS = "select h.hour, h.succeeded, h.failed, h.total_us, h.slowest_us
        from delivery_hours h join apps a on a.id = h.app_id
        where a.account_id = $1 and h.app_id = $2 and h.hour >= $3";
    /// A delivery begins anew, unless its lane is gone.
    REDELIVER = "update deliveries set status = 'waiting', next_at = $2, tries = 0, finished_at = null
        where id = $1 and exists (select 1 from lanes l where l.id = deliveries.lane_id)";
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

    /// How many fit, counted no further than `most`.
    pub async fn delivery_count(
        &mut self,
        account: AccountId,
        app: AppId,
        filter: &DeliveryFilter,
        most: i64,
    ) -> Result<i64> {
        let ((_, statement), filter) = (filter.statements(), filter.columns());
        Ok(fitting_rows!(value, self, statement, account, app, filter, most))
    }

    /// The last delivery that a page looks at, if it must not look at all: behind it there may be
    /// more.
    pub async fn delivery_end(
        &mut self,
        account: AccountId,
        app: AppId,
        filter: &DeliveryFilter,
        looks_at: i64,
    ) -> Result<Option<DeliveryId>> {
        let Some(statement) = filter.end() else { return Ok(None) };
        let Columns { before, first, .. } = filter.columns();
        let (subscription, skipped) = (filter.found_by_subscription(), looks_at - 1);
        let row: Option<(DeliveryId,)> =
            optional!(self, statement, account, app, before, first, subscription, skipped);
        Ok(row.map(|(id,)| id))
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
