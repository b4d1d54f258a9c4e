//! Deliveries as a queue: made, sent in turn, recorded.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use sqlx::FromRow;

use super::{
    Conn, Remains, Result, Tx,
    db::{all, execute, optional, value},
    dialect::{ADD_DELIVERY_HOURS, BODIES, INSERT_DELIVERIES, LOCK_LANES, RECORD, UNGRANTED},
    rows::{self, IdText},
    statements::statements,
};
use crate::domain::{
    calls::Hour,
    delivery::{
        DeliveryKind, NewDelivery, Status,
        attempt::{Attempt, Next},
        health::Attempts,
    },
    event::Environment,
    event_type::EventTypeName,
    id::{AppId, DeliveryId, LaneId, SubscriptionId},
    time::Timestamp,
};

statements! {
    /// Deliveries of a lane that are due, the one due longest first: until when, after which.
    DUE_DELIVERIES = "select d.id, d.kind, d.environment, d.next_at, d.attempts, d.tries, e.size_bytes
        from deliveries d join events e on e.id = d.event_id
        where d.lane_id = $1 and d.next_at is not null and d.next_at <= $2 and (d.next_at, d.id) > ($3, $4)
        order by d.next_at, d.id limit $5";
    /// The attempt that was on its way when its delivery was cancelled or dropped.
    RECORD_LAST = "update deliveries set attempts = $2, last_at = $3, last_outcome = $4, last_status = $5
        where id = $1 and status in ('cancelled', 'dropped') and attempts = $2 - 1";
    /// Some of what waits in a lane waits no longer, what is due longest first: due before, how many.
    END_WAITING = "update deliveries set status = $2, next_at = null, finished_at = $3
        where next_at is not null and next_at < $4 and id in (select id from deliveries
            where lane_id = $1 and next_at is not null and next_at < $4 order by next_at, id limit $5)";
    /// A delivery is due later.
    POSTPONE_DELIVERY = "update deliveries set next_at = $2 where id = $1 and next_at is not null";
    /// A delivery that waits is not made.
    END_DELIVERY = "update deliveries set status = $3, next_at = null, finished_at = $2
        where id = $1 and status = 'waiting'";
    /// Drops hours of old.
    DELETE_OLD_DELIVERY_HOURS = "delete from delivery_hours where hour < $1";
    /// Whether there are such.
    OLD_DELIVERY_HOUR = "select app_id from delivery_hours where hour < $1 limit 1";
    /// How many events wait for an app, counted up to a number.
    WAITING_OF_APP = "select count(*) from (select 1 as one from subscriptions s join lanes l on l.subscription_id = s.id
        join deliveries d on d.lane_id = l.id
        where s.app_id = $1 and d.kind = $2 and d.next_at is not null limit $3) waiting";
    /// How many deliveries wait, counted up to a number.
    WAITING_DELIVERIES = "select count(*) from (select 1 as one from deliveries where next_at is not null limit $1) waiting";
    /// Since when the delivery waits that is due longest, of lanes that are not held.
    LONGEST_DUE = "select min((select min(d.next_at) from deliveries d where d.lane_id = l.id and d.next_at is not null))
        from lanes l where l.due_at is not null";
}

/// A delivery that may be sent now.
#[derive(Clone, Debug, FromRow)]
pub struct Due {
    pub id: DeliveryId,
    pub kind: DeliveryKind,
    pub environment: Environment,
    /// When it became due.
    pub next_at: Timestamp,
    /// That were made of it.
    attempts: i64,
    /// Of those, the ones since it was last asked for.
    tries: i64,
    size_bytes: i64,
}

impl Due {
    /// Of the attempt to be made, from 1 on.
    #[must_use]
    pub fn number(&self) -> u32 {
        u32::try_from(self.attempts).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Attempts since it was last asked for, the one to be made included.
    #[must_use]
    pub fn tries(&self) -> u32 {
        u32::try_from(self.tries).unwrap_or(u32::MAX).saturating_add(1)
    }

    #[must_use]
    pub fn size_bytes(&self) -> usize {
        usize::try_from(self.size_bytes).unwrap_or_default()
    }

    /// Its place in the lane.
    #[must_use]
    pub const fn place(&self) -> Place {
        (self.next_at, self.id)
    }
}

/// A place in a lane: what is due before comes before.
pub type Place = (Timestamp, DeliveryId);

/// An attempt that was made, and what follows from it.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    pub attempt: &'a Attempt,
    pub next: Next,
    /// Attempts before it since the delivery was last asked for. If that is another number by now,
    /// it was asked for again, and nothing follows.
    pub tries: u32,
}

impl Conn {
    pub async fn due_deliveries(
        &mut self,
        lane: LaneId,
        now: Timestamp,
        (after_at, after_id): Place,
        limit: i64,
    ) -> Result<Vec<Due>> {
        Ok(all!(self, DUE_DELIVERIES, lane, now, after_at, after_id, limit))
    }

    /// The bodies of those of some deliveries that wait.
    pub async fn bodies(&mut self, deliveries: &[DeliveryId]) -> Result<Vec<(DeliveryId, String)>> {
        let sql = self.text(BODIES);
        Ok(all!(self, sql, rows::ids(deliveries)))
    }

    /// Those of some deliveries of an OAuth app that no owner lets it have any more, in the order of
    /// their ids. The end of a grant, in `farewell`, comes to the app in any case.
    pub async fn ungranted(
        &mut self,
        deliveries: &[DeliveryId],
        farewell: &EventTypeName,
    ) -> Result<Vec<DeliveryId>> {
        let sql = self.text(UNGRANTED);
        let rows: Vec<(DeliveryId,)> = all!(self, sql, rows::ids(deliveries), farewell);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// How many events wait for an app; of very many, `most`.
    pub async fn waiting_of_app(&mut self, app: AppId, most: i64) -> Result<i64> {
        Ok(value!(self, WAITING_OF_APP, app, DeliveryKind::Event, most))
    }

    /// Whether something is known of hours before one.
    pub async fn has_old_delivery_hours(&mut self, before: Hour) -> Result<bool> {
        let row: Option<(AppId,)> = optional!(self, OLD_DELIVERY_HOUR, before);
        Ok(row.is_some())
    }

    /// How many deliveries wait, held ones included, counted no further than `most`.
    pub async fn waiting_deliveries(&mut self, most: i64) -> Result<i64> {
        Ok(value!(self, WAITING_DELIVERIES, most))
    }

    /// Since when the delivery waits that is due longest, held ones apart; later than now if
    /// nothing is due.
    pub async fn longest_due(&mut self) -> Result<Option<Timestamp>> {
        Ok(value!(self, LONGEST_DUE))
    }
}

impl Tx {
    pub async fn insert_deliveries(&mut self, new: &[NewDelivery]) -> Result<()> {
        let sql = self.text(INSERT_DELIVERIES);
        for some in new.chunks(rows::AT_ONCE) {
            execute!(self, sql, rows::json(some.iter().map(NewRow::of)));
        }
        Ok(())
    }

    /// Writes down attempts, one of each delivery, and what follows from them. Of which it was the
    /// first to be written down under its number: another process may have made one too.
    pub async fn record_attempts(
        &mut self,
        made: &[Made<'_>],
        now: Timestamp,
    ) -> Result<HashSet<DeliveryId>> {
        let sql = self.text(RECORD);
        let mut recorded = HashSet::with_capacity(made.len());
        for some in made.chunks(rows::AT_ONCE) {
            let json = rows::json(some.iter().map(|made| MadeRow::of(made, now)));
            let rows: Vec<(DeliveryId,)> = all!(self, sql, json);
            recorded.extend(rows.into_iter().map(|(id,)| id));
        }
        for Made { attempt, .. } in made {
            if !recorded.contains(&attempt.delivery) && self.record_last(attempt).await? {
                recorded.insert(attempt.delivery);
            }
        }
        let new = made.iter().map(|made| made.attempt).filter(|attempt| recorded.contains(&attempt.delivery));
        self.insert_attempts(&new.collect::<Vec<_>>()).await?;
        Ok(recorded)
    }

    async fn record_last(&mut self, attempt: &Attempt) -> Result<bool> {
        let number = i64::from(attempt.number);
        let (outcome, status) = (attempt.outcome.as_str(), attempt.outcome.status().map(i64::from));
        Ok(execute!(self, RECORD_LAST, attempt.delivery, number, attempt.at, outcome, status) > 0)
    }

    pub async fn postpone_delivery(&mut self, id: DeliveryId, next_at: Timestamp) -> Result<()> {
        execute!(self, POSTPONE_DELIVERY, id, next_at);
        Ok(())
    }

    /// Drops up to so many of the events that wait for an app: whoever activates it again wants
    /// none of them.
    pub async fn drop_waiting(&mut self, app: AppId, now: Timestamp, limit: u32) -> Result<u32> {
        let mut dropped = 0;
        for (lane,) in self.event_lanes_of_app(app).await? {
            let rest = i64::from(limit - dropped);
            let some = self.end_waiting(lane, Status::Dropped, now, rest).await?;
            dropped = dropped.saturating_add(u32::try_from(some).unwrap_or(u32::MAX)).min(limit);
        }
        Ok(dropped)
    }

    /// Cancels up to so many in each lane of what waits for a subscription that is about to be
    /// deleted; what is more goes in a while.
    pub async fn cancel_waiting(
        &mut self,
        subscription: SubscriptionId,
        now: Timestamp,
        limit: i64,
    ) -> Result<()> {
        // Whoever publishes meanwhile either has put its deliveries there, or finds no lane.
        let sql = self.text(LOCK_LANES);
        let lanes: Vec<(LaneId,)> = all!(self, sql, subscription);
        for (lane,) in lanes {
            if self.end_waiting(lane, Status::Cancelled, now, limit).await? >= limit.unsigned_abs() {
                self.leave(Remains::OfLane(lane), now).await?;
            }
        }
        Ok(())
    }

    /// Ends up to so many of what waits in a lane; says how many.
    pub(super) async fn end_waiting(
        &mut self,
        lane: LaneId,
        status: Status,
        now: Timestamp,
        limit: i64,
    ) -> Result<u64> {
        let always = Timestamp::from_micros(i64::MAX);
        Ok(execute!(self, END_WAITING, lane, status, now, always, limit))
    }

    /// Drops up to so many of what waits in a lane and has been due since before a moment; says how
    /// many.
    pub async fn drop_overdue(
        &mut self,
        lane: LaneId,
        due_before: Timestamp,
        now: Timestamp,
        limit: i64,
    ) -> Result<u64> {
        Ok(execute!(self, END_WAITING, lane, Status::Dropped, now, due_before, limit))
    }

    pub async fn cancel_delivery(&mut self, id: DeliveryId, now: Timestamp) -> Result<()> {
        execute!(self, END_DELIVERY, id, now, Status::Cancelled);
        Ok(())
    }

    /// Drops those of some deliveries that wait. They come in the order of their ids.
    pub async fn drop_deliveries(&mut self, ids: &[DeliveryId], now: Timestamp) -> Result<()> {
        for id in ids {
            execute!(self, END_DELIVERY, *id, now, Status::Dropped);
        }
        Ok(())
    }

    /// Adds attempts to hours of apps.
    pub async fn add_delivery_hours(&mut self, hours: &BTreeMap<(AppId, Hour), Attempts>) -> Result<()> {
        if !hours.is_empty() {
            let sql = self.text(ADD_DELIVERY_HOURS);
            execute!(self, sql, rows::json(hours.iter().map(HourRow::of)));
        }
        Ok(())
    }

    pub async fn delete_old_delivery_hours(&mut self, before: Hour) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_DELIVERY_HOURS, before))
    }
}

#[derive(Serialize)]
struct NewRow<'a> {
    id: IdText,
    event_id: IdText,
    app_id: IdText,
    subscription_id: IdText,
    lane_id: IdText,
    kind: &'static str,
    environment: &'static str,
    event_type: &'a str,
    created_at: i64,
}

impl<'a> NewRow<'a> {
    fn of(new: &'a NewDelivery) -> Self {
        Self {
            id: IdText::of(new.id),
            event_id: IdText::of(new.event),
            app_id: IdText::of(new.app),
            subscription_id: IdText::of(new.subscription),
            lane_id: IdText::of(new.lane),
            kind: new.kind.as_str(),
            environment: new.environment.as_str(),
            event_type: new.event_type.as_str(),
            created_at: new.created_at.micros(),
        }
    }
}

#[derive(Serialize)]
struct HourRow {
    app_id: IdText,
    hour: i64,
    succeeded: i64,
    failed: i64,
    total_us: i64,
    slowest_us: i64,
}

impl HourRow {
    fn of(((app, hour), attempts): (&(AppId, Hour), &Attempts)) -> Self {
        let Attempts { succeeded, failed, total, slowest } = *attempts;
        let column = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            app_id: IdText::of(*app),
            hour: hour.number(),
            succeeded: column(succeeded),
            failed: column(failed),
            total_us: total.micros(),
            slowest_us: slowest.micros(),
        }
    }
}

#[derive(Serialize)]
struct MadeRow {
    delivery_id: IdText,
    number: u32,
    tries: u32,
    status: &'static str,
    next_at: Option<i64>,
    finished_at: Option<i64>,
    at: i64,
    outcome: &'static str,
    answered: Option<u16>,
}

impl MadeRow {
    fn of(made: &Made<'_>, now: Timestamp) -> Self {
        let Made { attempt, next, tries } = *made;
        Self {
            delivery_id: IdText::of(attempt.delivery),
            number: attempt.number,
            tries,
            status: next.status().as_str(),
            next_at: next.at().map(Timestamp::micros),
            finished_at: (next.status() != Status::Waiting).then_some(now.micros()),
            at: attempt.at.micros(),
            outcome: attempt.outcome.as_str(),
            answered: attempt.outcome.status(),
        }
    }
}
