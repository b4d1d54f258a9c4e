//! Failed deliveries of an app that are asked for again together: how far it has got, and the next
//! ones.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    delivery::{DeliveryKind, redelivery::Redelivery},
    id::{AccountId, AppId, DeliveryId, Id, LaneId},
    time::{Span, Timestamp},
};

statements! {
    /// How many deliveries of an app failed that would be made again: from which id, failed by when.
    FAILED_SINCE = "select count(*) from (select 1 as one from deliveries d
        where d.app_id = $2 and exists (select 1 from apps a where a.id = $2 and a.account_id = $1)
        and d.status = 'failed' and d.id >= $3 and d.finished_at <= $4 and d.kind = $5
        and exists (select 1 from lanes l where l.id = d.lane_id) limit $6) failed";
    /// The last time that failed deliveries of an app were asked for again.
    REDELIVERY = "select r.since, r.asked_at, r.total, r.done, r.finished_at, r.after_id
        from redeliveries r join apps a on a.id = r.app_id where a.account_id = $1 and r.app_id = $2";
    /// The apps of which some are still to be set waiting, that which asked first before others.
    UNFINISHED_REDELIVERIES = "select r.app_id, a.account_id from redeliveries r join apps a on a.id = r.app_id
        where r.finished_at is null order by r.asked_at, r.app_id";
    /// Failed deliveries of an app are asked for again, unless the last time is not over.
    BEGIN_REDELIVERY = "insert into redeliveries (app_id, since, asked_at, after_id, total, done)
        values ($1, $2, $3, $4, $5, 0)
        on conflict (app_id) do update set since = excluded.since, asked_at = excluded.asked_at,
            after_id = excluded.after_id, total = excluded.total, done = 0, finished_at = null
        where redeliveries.finished_at is not null";
    /// The next deliveries of an app that failed: after which, before which.
    NEXT_FAILED = "select d.id, d.lane_id from deliveries d
        where d.app_id = $1 and d.status = 'failed' and d.id > $2 and d.id < $3 order by d.id limit $4";
    /// Failed deliveries begin anew: after which, up to which, failed by when, due when.
    REDELIVER_FAILED = "update deliveries set status = 'waiting', next_at = $5, tries = 0, finished_at = null
        where app_id = $1 and status = 'failed' and id > $2 and id <= $3 and finished_at <= $4 and kind = $6
        and exists (select 1 from lanes l where l.id = deliveries.lane_id)";
    /// So many more wait again; this is the last one that was looked at.
    ADVANCE_REDELIVERY = "update redeliveries set after_id = $2, done = done + $3, finished_at = $4 where app_id = $1";
    /// The lanes of an app whose endpoints are well and for which so many are due already.
    FULL_LANES = "select l.id from lanes l join subscriptions s on s.id = l.subscription_id
        where s.app_id = $1 and l.failures = 0 and exists (select 1 from deliveries d
            where d.lane_id = l.id and d.next_at is not null and d.next_at <= $2
            order by d.next_at, d.id limit 1 offset $3)";
}

/// A redelivery, and the last delivery that was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub redelivery: Redelivery,
    pub after: DeliveryId,
}

#[derive(FromRow)]
struct ProgressRow {
    since: Timestamp,
    asked_at: Timestamp,
    total: i64,
    done: i64,
    finished_at: Option<Timestamp>,
    after_id: DeliveryId,
}

impl From<ProgressRow> for Progress {
    fn from(row: ProgressRow) -> Self {
        let count = |column: i64| u64::try_from(column).unwrap_or_default();
        let redelivery = Redelivery {
            since: row.since,
            asked_at: row.asked_at,
            total: count(row.total),
            done: count(row.done),
            finished_at: row.finished_at,
        };
        Self { redelivery, after: row.after_id }
    }
}

/// Ids are in the order of time: of what was made since a moment the first that can be.
fn first_of(moment: Timestamp) -> DeliveryId {
    DeliveryId::generate(moment, [0; 10])
}

impl Conn {
    /// How many deliveries of an app failed by `now` that were made since a moment; of very many,
    /// `most`. Those whose subscription is gone do not count, nor do tests.
    pub async fn failed_since(
        &mut self,
        account: AccountId,
        app: AppId,
        (since, now): (Timestamp, Timestamp),
        most: i64,
    ) -> Result<i64> {
        Ok(value!(self, FAILED_SINCE, account, app, first_of(since), now, DeliveryKind::Event, most))
    }

    /// The last time that failed deliveries of an app were asked for again.
    pub async fn redelivery(&mut self, account: AccountId, app: AppId) -> Result<Option<Progress>> {
        let row: Option<ProgressRow> = optional!(self, REDELIVERY, account, app);
        Ok(row.map(Progress::from))
    }

    /// The apps of which failed deliveries are still to be set waiting.
    pub async fn unfinished_redeliveries(&mut self) -> Result<Vec<(AppId, AccountId)>> {
        Ok(all!(self, UNFINISHED_REDELIVERIES))
    }

    /// The lanes of an app with healthy endpoints for which more than so many are due.
    pub async fn full_lanes(&mut self, app: AppId, now: Timestamp, more_than: i64) -> Result<Vec<LaneId>> {
        let rows: Vec<(LaneId,)> = all!(self, FULL_LANES, app, now, more_than);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// The next failed deliveries of an app after one, and their lanes; some of them may not be
    /// what was asked for.
    pub async fn next_failed(
        &mut self,
        app: AppId,
        progress: &Progress,
        limit: i64,
    ) -> Result<Vec<(DeliveryId, LaneId)>> {
        // What was made within the millisecond in which it was asked for.
        let end = first_of(progress.redelivery.asked_at + Span::from_micros(1_000));
        Ok(all!(self, NEXT_FAILED, app, progress.after, end, limit))
    }
}

impl Tx {
    /// Whether it begins: not while the last one of the app is not over.
    pub async fn begin_redelivery(
        &mut self,
        app: AppId,
        (since, now): (Timestamp, Timestamp),
        total: i64,
    ) -> Result<bool> {
        Ok(execute!(self, BEGIN_REDELIVERY, app, since, now, first_of(since), total) > 0)
    }

    /// Sets waiting what was asked for, up to a delivery; says how many those are.
    pub async fn redeliver_failed(
        &mut self,
        app: AppId,
        progress: &Progress,
        up_to: DeliveryId,
        now: Timestamp,
    ) -> Result<u64> {
        let asked_at = progress.redelivery.asked_at;
        Ok(execute!(self, REDELIVER_FAILED, app, progress.after, up_to, asked_at, now, DeliveryKind::Event))
    }

    /// Writes down how far it has got; with a moment, that it is over.
    pub async fn advance_redelivery(
        &mut self,
        app: AppId,
        after: DeliveryId,
        more: u64,
        finished_at: Option<Timestamp>,
    ) -> Result<()> {
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        execute!(self, ADVANCE_REDELIVERY, app, after, more, finished_at);
        Ok(())
    }
}
