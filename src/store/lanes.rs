//! Lanes: what one subscription gets in turn, and which process sends it.
//!
//! Of several rows that one transaction takes, it takes that of the lowest id first, so that two
//! transactions never wait for each other.

use sqlx::FromRow;

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute, optional},
    dialect::{CLAIM_LANES, DUE_LATER, FREE_LANES, MAKE_DUE, RENEW_LEASES},
    rows,
    statements::statements,
};
use crate::domain::{
    account::Standing,
    app::{AppType, StateKind},
    id::{AccountId, AppId, LaneId, SenderId, SubscriptionId},
    lane::{Health, Lane, LaneKind, TurnedOff},
    time::Timestamp,
    url::EndpointUrl,
};

statements! {
    /// A lane of a subscription, unless it has one of the kind.
    INSERT_LANE = "insert into lanes (id, subscription_id, kind, failures) values ($1, $2, $3, 0)
        on conflict (subscription_id, kind) do nothing";
    /// The lane of a kind.
    LANE_OF = "select id from lanes where subscription_id = $1 and kind = $2";
    /// A lane that a process holds, with all that decides whether something may be sent.
    LEASED_LANE = "select l.id, l.kind, l.subscription_id, s.app_id, a.account_id, l.due_at, l.failures,
        l.failing_since, l.failed_at, l.opens_at, l.turned_off_cause, a.app_type, a.state, a.events_on, c.standing,
        s.development_url, s.production_url
        from lanes l join subscriptions s on s.id = l.subscription_id
        join apps a on a.id = s.app_id join accounts c on c.id = a.account_id
        where l.id = $1 and l.leased_by = $2";
    /// The same of a lane, whoever holds it.
    LANE = "select l.id, l.kind, l.subscription_id, s.app_id, a.account_id, l.due_at, l.failures,
        l.failing_since, l.failed_at, l.opens_at, l.turned_off_cause, a.app_type, a.state, a.events_on, c.standing,
        s.development_url, s.production_url
        from lanes l join subscriptions s on s.id = l.subscription_id
        join apps a on a.id = s.app_id join accounts c on c.id = a.account_id where l.id = $1";
    /// The same of every lane that a process holds.
    LEASED_LANES = "select l.id, l.kind, l.subscription_id, s.app_id, a.account_id, l.due_at, l.failures,
        l.failing_since, l.failed_at, l.opens_at, l.turned_off_cause, a.app_type, a.state, a.events_on, c.standing,
        s.development_url, s.production_url
        from lanes l join subscriptions s on s.id = l.subscription_id
        join apps a on a.id = s.app_id join accounts c on c.id = a.account_id
        where l.leased_by = $1";
    /// The same of some lanes that nobody will look at in time although something waits: after
    /// one, in the order of ids.
    SLEEPING_LANES = "select l.id, l.kind, l.subscription_id, s.app_id, a.account_id, l.due_at, l.failures,
        l.failing_since, l.failed_at, l.opens_at, l.turned_off_cause, a.app_type, a.state, a.events_on, c.standing,
        s.development_url, s.production_url
        from lanes l join subscriptions s on s.id = l.subscription_id
        join apps a on a.id = s.app_id join accounts c on c.id = a.account_id
        where l.id > $1 and l.leased_by is null
        and exists (select 1 from deliveries d where d.lane_id = l.id and d.next_at is not null
            and (l.due_at is null or (d.next_at < l.due_at and (l.opens_at is null or l.opens_at < l.due_at))))
        order by l.id limit $2";
    /// A lane is looked at again, if something waits. Written whatever it was, so that whoever is
    /// about to hold it notices.
    WAKE_LANE = "update lanes set due_at = $2 where id = $1
        and exists (select 1 from deliveries d where d.lane_id = $1 and d.next_at is not null)";
    /// The same of some lanes that nobody looks at, of which something has been due since before a
    /// moment: after one, in the order of ids.
    LANES_LEFT = "select l.id, l.kind, l.subscription_id, s.app_id, a.account_id, l.due_at, l.failures,
        l.failing_since, l.failed_at, l.opens_at, l.turned_off_cause, a.app_type, a.state, a.events_on, c.standing,
        s.development_url, s.production_url
        from lanes l join subscriptions s on s.id = l.subscription_id
        join apps a on a.id = s.app_id join accounts c on c.id = a.account_id
        where l.id > $1 and l.leased_by is null and l.due_at is null
        and exists (select 1 from deliveries d where d.lane_id = l.id and d.next_at is not null and d.next_at < $2)
        order by l.id limit $3";
    /// Takes the lane: nobody wakes it until the end of the transaction.
    LOCK_LANE = "update lanes set failures = failures where id = $1";
    /// The lanes of an app that events are put into.
    EVENT_LANES_OF_APP = "select l.id from lanes l join subscriptions s on s.id = l.subscription_id
        where s.app_id = $1 and l.kind <> $2 order by l.id";
    /// The lanes of an app.
    LANES_OF_APP = "select l.id from lanes l join subscriptions s on s.id = l.subscription_id
        where s.app_id = $1 order by l.id";
    /// The lanes of an account.
    LANES_OF_ACCOUNT = "select l.id from lanes l join subscriptions s on s.id = l.subscription_id
        join apps a on a.id = s.app_id where a.account_id = $1 order by l.id";
    /// The lanes of a subscription.
    LANES_OF_SUBSCRIPTION = "select id from lanes where subscription_id = $1 order by id";
    /// Nobody sends from the lane until it is due again: when the next delivery is, and not before a moment.
    RELEASE_LANE = "update lanes set leased_by = null, leased_until = null, due_at =
        (select case when min(d.next_at) < $3 then $3 else min(d.next_at) end
            from deliveries d where d.lane_id = $1 and d.next_at is not null)
        where id = $1 and leased_by = $2";
    /// Nobody sends from the lane until it is woken, if it was not meanwhile.
    PARK_LANE = "update lanes set leased_by = null, leased_until = null, due_at = null
        where id = $1 and leased_by = $2 and due_at = $3";
    /// The lane is another's to claim, due as it was.
    HAND_BACK_LANE = "update lanes set leased_by = null, leased_until = null where id = $1 and leased_by = $2";
    /// When something of the lane waits for.
    NEXT_OF_LANE = "select l.due_at, l.opens_at,
        (select min(d.next_at) from deliveries d where d.lane_id = l.id and d.next_at is not null) as next_at
        from lanes l where l.id = $1";
    /// How the endpoint does.
    SET_HEALTH = "update lanes set failures = $3, failing_since = $4, failed_at = $5, opens_at = $6
        where id = $1 and leased_by = $2";
    /// The lanes of an app that are turned off.
    TURNED_OFF = "select l.subscription_id, l.kind, l.turned_off_at, l.turned_off_cause
        from lanes l join subscriptions s on s.id = l.subscription_id join apps a on a.id = s.app_id
        where a.account_id = $1 and s.app_id = $2 and l.turned_off_at is not null order by l.id";
    /// Nothing is sent any more until somebody resumes it.
    TURN_OFF = "update lanes set turned_off_at = $2, turned_off_cause = $3 where id = $1 and turned_off_at is null";
    /// It begins anew.
    TURN_ON = "update lanes set turned_off_at = null, turned_off_cause = null, failures = 0,
        failing_since = null, failed_at = null, opens_at = null where id = $1";
    /// Its failures are forgotten: they were before it was held, for however long.
    FORGIVE_LANE = "update lanes set failures = 0, failing_since = null, failed_at = null, opens_at = null
        where id = $1 and failures > 0";
}

/// A lane to which nothing is sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct LaneOff {
    #[sqlx(rename = "subscription_id")]
    pub subscription: SubscriptionId,
    pub kind: LaneKind,
    #[sqlx(rename = "turned_off_at")]
    pub at: Timestamp,
    #[sqlx(rename = "turned_off_cause")]
    pub cause: TurnedOff,
}

#[derive(FromRow)]
struct LaneRow {
    id: LaneId,
    kind: LaneKind,
    subscription_id: SubscriptionId,
    app_id: AppId,
    account_id: AccountId,
    due_at: Option<Timestamp>,
    failures: i64,
    failing_since: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    opens_at: Option<Timestamp>,
    turned_off_cause: Option<TurnedOff>,
    app_type: AppType,
    state: StateKind,
    events_on: bool,
    standing: Standing,
    development_url: Option<EndpointUrl>,
    production_url: Option<EndpointUrl>,
}

impl TryFrom<LaneRow> for Lane {
    type Error = StoreError;

    fn try_from(row: LaneRow) -> Result<Self> {
        let failures = u32::try_from(row.failures);
        Ok(Self {
            id: row.id,
            kind: row.kind,
            subscription: row.subscription_id,
            app: row.app_id,
            account: row.account_id,
            due_at: row.due_at,
            health: Health {
                failures: failures.map_err(|_| StoreError::Corrupt(format!("failures of {}", row.id)))?,
                failing_since: row.failing_since,
                failed_at: row.failed_at,
                opens_at: row.opens_at,
            },
            turned_off: row.turned_off_cause,
            app_type: row.app_type,
            app_state: row.state,
            events_on: row.events_on,
            standing: row.standing,
            development: row.development_url,
            production: row.production_url,
        })
    }
}

fn lanes(rows: Vec<LaneRow>) -> Result<Vec<Lane>> {
    rows.into_iter().map(Lane::try_from).collect()
}

impl Conn {
    pub async fn lane(&mut self, id: LaneId) -> Result<Option<Lane>> {
        let row: Option<LaneRow> = optional!(self, LANE, id);
        row.map(Lane::try_from).transpose()
    }

    /// The lane, if the process holds it.
    pub async fn leased_lane(&mut self, id: LaneId, by: SenderId) -> Result<Option<Lane>> {
        let row: Option<LaneRow> = optional!(self, LEASED_LANE, id, by);
        row.map(Lane::try_from).transpose()
    }

    /// Every lane that the process holds.
    pub async fn leased_lanes(&mut self, by: SenderId) -> Result<Vec<Lane>> {
        lanes(all!(self, LEASED_LANES, by))
    }

    /// Lanes after an id that are not due when something of them is, be it because they are held.
    pub async fn sleeping_lanes(&mut self, after: LaneId, limit: i64) -> Result<Vec<Lane>> {
        lanes(all!(self, SLEEPING_LANES, after, limit))
    }

    /// Lanes after an id that nobody looks at, most likely since they are held, with something that
    /// has been due since before a moment.
    pub async fn lanes_left(
        &mut self,
        after: LaneId,
        due_before: Timestamp,
        limit: i64,
    ) -> Result<Vec<Lane>> {
        lanes(all!(self, LANES_LEFT, after, due_before, limit))
    }

    /// The lanes of an app that are turned off.
    pub async fn lanes_off(&mut self, account: AccountId, app: AppId) -> Result<Vec<LaneOff>> {
        Ok(all!(self, TURNED_OFF, account, app))
    }

    /// Lanes that are due and that nobody holds, those due longest first, except of some accounts.
    pub async fn free_lanes(
        &mut self,
        now: Timestamp,
        but_of: &[AccountId],
        limit: i64,
    ) -> Result<Vec<(LaneId, AccountId)>> {
        let sql = self.text(FREE_LANES);
        Ok(all!(self, sql, now, rows::ids(but_of), limit))
    }

    /// Those of the lanes that are not due at a moment.
    pub async fn due_later(&mut self, ids: &[LaneId], at: Timestamp) -> Result<Vec<LaneId>> {
        let sql = self.text(DUE_LATER);
        let rows: Vec<(LaneId,)> = all!(self, sql, rows::ids(ids), at);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// When the lane should be due, which is not before a moment, if that is sooner than it is.
    pub async fn overlooked(&mut self, id: LaneId, not_before: Timestamp) -> Result<Option<Timestamp>> {
        let row: Option<(Option<Timestamp>, Option<Timestamp>, Option<Timestamp>)> =
            optional!(self, NEXT_OF_LANE, id);
        let Some((due_at, opens_at, Some(next_at))) = row else { return Ok(None) };
        let should_be = opens_at.map_or(next_at, |opens_at| opens_at.max(next_at)).max(not_before);
        Ok(due_at.is_none_or(|due_at| due_at > should_be).then_some(should_be))
    }
}

impl Tx {
    /// The lane of that kind; it is made, by the id given, if there is none.
    pub async fn ensure_lane(
        &mut self,
        id: LaneId,
        subscription: SubscriptionId,
        kind: LaneKind,
    ) -> Result<LaneId> {
        if execute!(self, INSERT_LANE, id, subscription, kind) > 0 {
            return Ok(id);
        }
        let row: Option<(LaneId,)> = optional!(self, LANE_OF, subscription, kind);
        row.map(|(id,)| id).ok_or_else(|| StoreError::Corrupt(format!("{subscription} has no lane")))
    }

    /// Makes lanes due at a moment that were given deliveries. Those that are due already, as busy
    /// ones are, are not written.
    pub async fn due_lanes(&mut self, ids: &[LaneId], at: Timestamp) -> Result<()> {
        if !ids.is_empty() {
            let sql = self.text(MAKE_DUE);
            execute!(self, sql, rows::ids(ids), at);
        }
        Ok(())
    }

    /// Has all that waits for the app looked at again, as if nothing had failed: to be called by
    /// whatever lifts what held it.
    pub async fn wake_lanes(&mut self, app: AppId, now: Timestamp) -> Result<()> {
        let ids = self.lanes_of_app(app).await?;
        self.wake(ids, now).await
    }

    /// As [`Tx::wake_lanes`], of all apps of an account.
    pub async fn wake_lanes_of_account(&mut self, account: AccountId, now: Timestamp) -> Result<()> {
        let ids: Vec<(LaneId,)> = all!(self, LANES_OF_ACCOUNT, account);
        self.wake(ids, now).await
    }

    /// Turns the lanes of a subscription on again, as if they had never failed, and wakes them.
    pub async fn turn_on_lanes(&mut self, subscription: SubscriptionId, now: Timestamp) -> Result<()> {
        let ids = self.lanes_of_subscription(subscription).await?;
        for (id,) in &ids {
            execute!(self, TURN_ON, *id);
        }
        self.wake(ids, now).await
    }

    /// The same of one lane: its URL is another.
    pub async fn turn_on_lane(
        &mut self,
        subscription: SubscriptionId,
        kind: LaneKind,
        now: Timestamp,
    ) -> Result<()> {
        let row: Option<(LaneId,)> = optional!(self, LANE_OF, subscription, kind);
        let ids: Vec<(LaneId,)> = row.into_iter().collect();
        for (id,) in &ids {
            execute!(self, TURN_ON, *id);
        }
        self.wake(ids, now).await
    }

    /// The lane as it is until the end of the transaction: nobody wakes it meanwhile.
    pub async fn lane_to_end(&mut self, id: LaneId) -> Result<Option<Lane>> {
        execute!(self, LOCK_LANE, id);
        self.lane(id).await
    }

    pub(super) async fn event_lanes_of_app(&mut self, app: AppId) -> Result<Vec<(LaneId,)>> {
        Ok(all!(self, EVENT_LANES_OF_APP, app, LaneKind::Checks))
    }

    pub(super) async fn lanes_of_app(&mut self, app: AppId) -> Result<Vec<(LaneId,)>> {
        Ok(all!(self, LANES_OF_APP, app))
    }

    pub(super) async fn lanes_of_subscription(&mut self, id: SubscriptionId) -> Result<Vec<(LaneId,)>> {
        Ok(all!(self, LANES_OF_SUBSCRIPTION, id))
    }

    async fn wake(&mut self, ids: Vec<(LaneId,)>, now: Timestamp) -> Result<()> {
        for (id,) in ids {
            execute!(self, FORGIVE_LANE, id);
            execute!(self, WAKE_LANE, id, now);
        }
        Ok(())
    }

    /// Claims those of some lanes that are due and that nobody holds.
    pub async fn claim_lanes(
        &mut self,
        by: SenderId,
        now: Timestamp,
        until: Timestamp,
        lanes: &[LaneId],
    ) -> Result<Vec<LaneId>> {
        let sql = self.text(CLAIM_LANES);
        let rows: Vec<(LaneId,)> = all!(self, sql, by, until, now, rows::ids(lanes));
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Goes on holding some lanes that the process holds; says which of them.
    pub async fn renew_leases(
        &mut self,
        by: SenderId,
        until: Timestamp,
        lanes: &[LaneId],
    ) -> Result<Vec<LaneId>> {
        let sql = self.text(RENEW_LEASES);
        let rows: Vec<(LaneId,)> = all!(self, sql, by, until, rows::ids(lanes));
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Gives a lane back, due with its next delivery, but not before a moment.
    pub async fn release_lane(&mut self, id: LaneId, by: SenderId, not_before: Timestamp) -> Result<()> {
        execute!(self, RELEASE_LANE, id, by, not_before);
        Ok(())
    }

    /// Gives a lane back that is held, not due any more unless it was woken since `due_at` was read.
    pub async fn park_lane(&mut self, id: LaneId, by: SenderId, due_at: Option<Timestamp>) -> Result<()> {
        if execute!(self, PARK_LANE, id, by, due_at) == 0 {
            execute!(self, HAND_BACK_LANE, id, by);
        }
        Ok(())
    }

    pub async fn set_health(&mut self, id: LaneId, by: SenderId, health: Health) -> Result<()> {
        let Health { failures, failing_since, failed_at, opens_at } = health;
        execute!(self, SET_HEALTH, id, by, i64::from(failures), failing_since, failed_at, opens_at);
        Ok(())
    }

    /// Whether it was on.
    pub async fn turn_off_lane(&mut self, id: LaneId, now: Timestamp, cause: TurnedOff) -> Result<bool> {
        Ok(execute!(self, TURN_OFF, id, now, cause) > 0)
    }
}
