//! Which deliveries of an app are read, and by which index they are found.
//!
//! What is rare is found by an index of its own: the deliveries of an event, those of a
//! subscription, those that failed, were cancelled or dropped. Neither database would choose it for
//! a condition that may be absent, so each has its statement.
//!
//! What else is asked for may be rare among very many. Then a page looks at so many and says how far
//! it has looked.

use uuid::Uuid;

use super::statements::statements;
use crate::domain::{
    delivery::{Stage, Status},
    event_type::EventTypeName,
    id::{DeliveryId, EventId, Id as _, SubscriptionId},
    time::Timestamp,
};

/// What a row is read with.
macro_rules! logged {
    () => {
        "select d.id, d.event_id, d.subscription_id, d.lane_id, d.kind, d.environment, d.event_type, d.status,
            d.created_at, d.next_at, d.attempts, d.tries, d.last_at, d.last_outcome, d.last_status
        from deliveries d"
    };
}
pub(super) use logged;

/// All that a filter may ask for: account, app, between which ids, status, whether it was tried,
/// type, subscription, event. `$app` is the column of the app, or what no index knows to be it:
/// SQLite would look through all of an app for the few deliveries of an event.
macro_rules! fitting {
    ($app:literal) => {
        concat!(
            " where ",
            $app,
            " = $2 and exists (select 1 from apps a where a.id = $2 and a.account_id = $1)
        and d.id < $3 and d.id >= $4
        and (cast($5 as text) is null or d.status = $5)
        and (cast($6 as bigint) is null or (d.tries > 0) = (cast($6 as bigint) > 0))
        and (cast($7 as text) is null or d.event_type = $7)
        and (cast($8 as uuid) is null or d.subscription_id = $8)
        and (cast($9 as uuid) is null or d.event_id = $9)"
        )
    };
}

/// Deliveries of an app, found by `$by`.
macro_rules! log {
    ($by:literal) => {
        concat!(logged!(), fitting!("d.app_id"), $by, " order by d.id desc limit $10")
    };
}

/// The delivery before which as many lie, found by `$by`: account, app, between which ids,
/// subscription, how many.
macro_rules! end {
    ($by:literal) => {
        concat!(
            "select d.id from deliveries d
            where d.app_id = $2 and exists (select 1 from apps a where a.id = $2 and a.account_id = $1)
            and d.id < $3 and d.id >= $4
            and (cast($5 as uuid) is null or d.subscription_id = $5)",
            $by,
            " order by d.id desc limit 1 offset $6"
        )
    };
}

/// How many fit, found by `$by`.
macro_rules! count {
    ($by:literal) => {
        concat!(
            "select count(*) from (select 1 as one from deliveries d",
            fitting!("d.app_id"),
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
    /// Deliveries that were cancelled.
    DELIVERIES_CANCELLED = log!(" and d.status = 'cancelled'");
    /// Deliveries that were dropped.
    DELIVERIES_DROPPED = log!(" and d.status = 'dropped'");
    /// Deliveries to a subscription.
    DELIVERIES_TO = log!(" and d.subscription_id = $8");
    /// Deliveries of an event.
    DELIVERIES_OF = concat!(logged!(), fitting!("coalesce(d.app_id, d.app_id)"), " and d.event_id = $9 order by d.id desc limit $10");
    /// As many are there.
    COUNT_ALL = count!("");
    /// As many failed.
    COUNT_FAILED = count!(" and d.status = 'failed'");
    /// As many were cancelled.
    COUNT_CANCELLED = count!(" and d.status = 'cancelled'");
    /// As many were dropped.
    COUNT_DROPPED = count!(" and d.status = 'dropped'");
    /// As many are there to a subscription.
    COUNT_TO = count!(" and d.subscription_id = $8");
    /// As many are there of an event.
    COUNT_OF = concat!("select count(*) from deliveries d", fitting!("coalesce(d.app_id, d.app_id)"), " and d.event_id = $9 limit $10");
    /// Where looking through all ends.
    END_ALL = end!("");
    /// Where looking through those that failed ends.
    END_FAILED = end!(" and d.status = 'failed'");
    /// Where looking through those that were cancelled ends.
    END_CANCELLED = end!(" and d.status = 'cancelled'");
    /// Where looking through those that were dropped ends.
    END_DROPPED = end!(" and d.status = 'dropped'");
    /// Where looking through those to a subscription ends.
    END_TO = end!(" and d.subscription_id = $5");
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
    /// The last delivery that is looked at.
    pub until: Option<DeliveryId>,
}

/// By which index what fits is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    App,
    Failed,
    Cancelled,
    Dropped,
    Subscription,
    Event,
}

impl DeliveryFilter {
    const fn by(&self) -> By {
        match (self.event, self.subscription, self.stage) {
            (Some(_), ..) => By::Event,
            (None, _, Some(Stage::Failed)) => By::Failed,
            (None, _, Some(Stage::Cancelled)) => By::Cancelled,
            (None, _, Some(Stage::Dropped)) => By::Dropped,
            (None, Some(_), _) => By::Subscription,
            (None, None, _) => By::App,
        }
    }

    /// The statements that read and count for this filter.
    pub(super) const fn statements(&self) -> (&'static str, &'static str) {
        match self.by() {
            By::Event => (DELIVERIES_OF, COUNT_OF),
            By::Failed => (DELIVERIES_FAILED, COUNT_FAILED),
            By::Cancelled => (DELIVERIES_CANCELLED, COUNT_CANCELLED),
            By::Dropped => (DELIVERIES_DROPPED, COUNT_DROPPED),
            By::Subscription => (DELIVERIES_TO, COUNT_TO),
            By::App => (DELIVERIES, COUNT_ALL),
        }
    }

    /// What tells where looking ends, if not all that is found by the index fits: it may be very
    /// much. Of an event there is never much.
    pub(super) const fn end(&self) -> Option<&'static str> {
        let (by, is_exact) = match self.by() {
            By::Event => return None,
            By::Failed => (END_FAILED, self.subscription.is_none()),
            By::Cancelled => (END_CANCELLED, self.subscription.is_none()),
            By::Dropped => (END_DROPPED, self.subscription.is_none()),
            By::Subscription => (END_TO, self.stage.is_none()),
            By::App => (END_ALL, self.stage.is_none()),
        };
        if is_exact && self.event_type.is_none() { None } else { Some(by) }
    }

    /// The subscription, if that is what the index is asked for.
    pub(super) fn found_by_subscription(&self) -> Option<SubscriptionId> {
        self.subscription.filter(|_| self.by() == By::Subscription)
    }

    /// As statements take it.
    pub(super) fn columns(&self) -> Columns<'_> {
        let tried = match self.stage {
            Some(Stage::Waiting) => Some(0),
            Some(Stage::Retrying) => Some(1),
            Some(Stage::Succeeded | Stage::Failed | Stage::Cancelled | Stage::Dropped) | None => None,
        };
        let nil = DeliveryId::from_uuid(Uuid::nil());
        let since = self.since.map_or(nil, |since| DeliveryId::generate(since, [0; 10]));
        Columns {
            before: self.after.unwrap_or(DeliveryId::from_uuid(Uuid::max())),
            first: since.max(self.until.unwrap_or(nil)),
            status: self.stage.map(Stage::status),
            tried,
            event_type: self.event_type.as_ref(),
            subscription: self.subscription,
            event: self.event,
        }
    }
}

/// A filter as statements take it, in the order of their parameters.
pub(super) struct Columns<'a> {
    /// Between which ids they are: an id begins with the moment at which it was made.
    pub(super) before: DeliveryId,
    pub(super) first: DeliveryId,
    pub(super) status: Option<Status>,
    pub(super) tried: Option<i64>,
    pub(super) event_type: Option<&'a EventTypeName>,
    pub(super) subscription: Option<SubscriptionId>,
    pub(super) event: Option<EventId>,
}
