//! Reading the audit log. `chains.rs` adds to it; nothing changes it.

use sqlx::FromRow;

use super::{
    Conn, Result, StoreError,
    db::{all, optional, value},
    statements::statements,
};
use crate::domain::{
    app::name::AppName,
    audit::{
        Actor, Change, Milestone,
        chain::{Chain, Hash},
    },
    id::{AccountId, AppId, AuditId, Id, UserId},
    time::Timestamp,
    user::PersonName,
};

statements! {
    /// What was last done to an app, the newest first.
    ACTIVITY = "select l.at, l.actor, u.name as actor_name, l.action, l.detail
        from audit_log l left join users u on u.id = l.actor_id
        where l.chain = $1 and l.app_id = $2 order by l.seq desc limit $3";
    /// How an app came to the state it has, the newest first.
    STATE_HISTORY = "select l.at, l.actor, u.name as actor_name, l.action, l.detail
        from audit_log l left join users u on u.id = l.actor_id
        where l.chain = $1 and l.app_id = $2 and l.action in ('app_created', 'app_activated', 'app_deactivated',
            'app_reactivated', 'app_suspended', 'app_reinstated', 'app_renamed') order by l.seq desc limit $3";
    /// How an account came to its standing, the newest first.
    STANDING_HISTORY = "select l.at, l.actor, u.name as actor_name, l.action, l.detail
        from audit_log l left join users u on u.id = l.actor_id
        where l.chain = $1 and l.action in ('account_created', 'account_approved', 'account_suspended',
            'account_reinstated', 'account_external_id_changed') order by l.seq desc limit $2";
    /// When a thing was last done to an app.
    LAST_OF = "select l.at, l.actor, u.name as actor_name, l.action, l.detail
        from audit_log l left join users u on u.id = l.actor_id
        where l.chain = $1 and l.app_id = $2 and l.action = $3 order by l.seq desc limit 1";
    /// Rows of an account that fit a filter, the newest first.
    LOG_OF = "select l.id, l.chain, l.seq, l.at, l.actor, l.actor_id, u.name as actor_name, l.app_id,
            a.name as app_name, l.action, l.detail, l.address, l.request_id, l.hash
        from audit_log l left join users u on u.id = l.actor_id
            left join apps a on a.id = l.app_id and a.account_id = l.chain
        where l.chain = $1
        and l.seq < coalesce((select s.seq from audit_log s where s.id = $2 and s.chain = $1), 9223372036854775807)
        and (cast($3 as text) is null or l.actor = $3)
        and (cast($4 as uuid) is null or l.actor_id = $4)
        and (cast($5 as uuid) is null or l.app_id = $5)
        and (cast($6 as text) is null or l.action = $6)
        and (cast($7 as bigint) is null or l.at >= $7)
        and (cast($8 as bigint) is null or l.at < $8)
        order by l.seq desc limit $9";
    /// How many rows of an account fit a filter, as far as they are counted.
    COUNT_OF = "select count(*) from (select 1 from audit_log l
        where l.chain = $1
        and (cast($2 as text) is null or l.actor = $2)
        and (cast($3 as uuid) is null or l.actor_id = $3)
        and (cast($4 as uuid) is null or l.app_id = $4)
        and (cast($5 as text) is null or l.action = $5)
        and (cast($6 as bigint) is null or l.at >= $6)
        and (cast($7 as bigint) is null or l.at < $7)
        limit $8) fitting";
    /// Rows of all chains that fit a filter, the newest first.
    WHOLE_LOG = "select l.id, l.chain, l.seq, l.at, l.actor, l.actor_id, u.name as actor_name, l.app_id,
            a.name as app_name, l.action, l.detail, l.address, l.request_id, l.hash
        from audit_log l left join users u on u.id = l.actor_id
            left join apps a on a.id = l.app_id and a.account_id = l.chain
        where l.id < $1
        and (cast($2 as text) is null or l.actor = $2)
        and (cast($3 as uuid) is null or l.actor_id = $3)
        and (cast($4 as text) is null or l.action = $4)
        and (cast($5 as bigint) is null or l.at >= $5)
        and (cast($6 as bigint) is null or l.at < $6)
        order by l.id desc limit $7";
    /// How many rows of all chains fit a filter, as far as they are counted.
    COUNT_ALL = "select count(*) from (select 1 from audit_log l
        where (cast($1 as text) is null or l.actor = $1)
        and (cast($2 as uuid) is null or l.actor_id = $2)
        and (cast($3 as text) is null or l.action = $3)
        and (cast($4 as bigint) is null or l.at >= $4)
        and (cast($5 as bigint) is null or l.at < $5)
        limit $6) fitting";
    /// The chain that tells of an app, which may be gone.
    CHAIN_OF_APP = "select chain from audit_log where app_id = $1 limit 1";
    /// The members of an account by name, to choose from.
    LOG_MEMBERS = "select u.id, u.name from memberships m join users u on u.id = m.user_id
        where m.account_id = $1 order by u.name, u.id limit 500";
    /// The apps of an account by name, to choose from.
    LOG_APPS = "select id, name from apps where account_id = $1 order by name_key, id limit 500";
}

#[derive(FromRow)]
struct ActivityRow {
    at: Timestamp,
    actor: String,
    actor_name: Option<String>,
    action: String,
    detail: String,
}

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Activity {
    pub at: Timestamp,
    /// A person's name, or what acted in a person's place.
    pub who: String,
    pub change: Change,
}

impl TryFrom<ActivityRow> for Activity {
    type Error = StoreError;

    fn try_from(row: ActivityRow) -> Result<Self> {
        let change = Change::from_parts(&row.action, &row.detail)
            .ok_or_else(|| StoreError::Corrupt(format!("audit action {}", row.action)))?;
        let who = row.actor_name.unwrap_or_else(|| Actor::word_in_a_persons_place(&row.actor).to_owned());
        Ok(Self { at: row.at, who, change })
    }
}

/// One row of the log as people read it.
#[derive(Clone, Debug, FromRow)]
pub struct Logged {
    pub id: AuditId,
    pub chain: Chain,
    pub seq: i64,
    pub at: Timestamp,
    /// What acted: `user`, `visitor`, `operator`.
    pub actor: String,
    pub actor_id: Option<UserId>,
    /// The name of the user, unless the user is gone.
    pub actor_name: Option<String>,
    #[sqlx(rename = "app_id")]
    pub app: Option<AppId>,
    /// The name of the app now, unless the app is gone.
    pub app_name: Option<AppName>,
    pub action: String,
    /// JSON, as it was written.
    pub detail: String,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub hash: Hash,
}

impl Logged {
    /// A person's name, or what acted in a person's place; within a sentence.
    #[must_use]
    pub fn who(&self) -> &str {
        self.actor_name.as_deref().unwrap_or_else(|| Actor::word_in_a_persons_place(&self.actor))
    }

    /// What was done, unless a newer program wrote it.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        Change::from_parts(&self.action, &self.detail)
    }
}

/// Which rows of the log are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    pub actor: Option<Actor>,
    pub app: Option<AppId>,
    /// The action's stable name, as [`Change::parts`] gives it.
    pub action: Option<String>,
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// The last row of the page before.
    pub after: Option<AuditId>,
}

impl Conn {
    pub async fn activity(&mut self, account: AccountId, app: AppId, limit: i64) -> Result<Vec<Activity>> {
        let rows: Vec<ActivityRow> = all!(self, ACTIVITY, account, app, limit);
        rows.into_iter().map(Activity::try_from).collect()
    }

    /// The changes of an app's state and name.
    pub async fn state_history(
        &mut self,
        account: AccountId,
        app: AppId,
        limit: i64,
    ) -> Result<Vec<Activity>> {
        let rows: Vec<ActivityRow> = all!(self, STATE_HISTORY, account, app, limit);
        rows.into_iter().map(Activity::try_from).collect()
    }

    /// The changes of an account's standing and external id.
    pub async fn standing_history(&mut self, account: AccountId, limit: i64) -> Result<Vec<Activity>> {
        let rows: Vec<ActivityRow> = all!(self, STANDING_HISTORY, account, limit);
        rows.into_iter().map(Activity::try_from).collect()
    }

    pub async fn last_of(
        &mut self,
        account: AccountId,
        app: AppId,
        milestone: Milestone,
    ) -> Result<Option<Activity>> {
        let row: Option<ActivityRow> = optional!(self, LAST_OF, account, app, milestone.action());
        row.map(Activity::try_from).transpose()
    }

    /// What an account may read of the log, the newest first.
    pub async fn log(&mut self, account: AccountId, filter: &LogFilter, limit: i64) -> Result<Vec<Logged>> {
        self.log_of_chain(Chain::Account(account), filter, limit).await
    }

    /// How many rows of an account fit, counted no further than `most`.
    pub async fn log_count(&mut self, account: AccountId, filter: &LogFilter, most: i64) -> Result<i64> {
        self.count_of_chain(Chain::Account(account), filter, most).await
    }

    /// The log of everybody, the newest first.
    pub async fn whole_log(&mut self, filter: &LogFilter, limit: i64) -> Result<Vec<Logged>> {
        if let Some(app) = filter.app {
            return match self.chain_of_app(app).await? {
                Some(chain) => self.log_of_chain(chain, filter, limit).await,
                None => Ok(Vec::new()),
            };
        }
        let before = filter.after.unwrap_or_else(|| AuditId::from_uuid(uuid::Uuid::max()));
        let LogFilter { action, since, until, .. } = filter;
        let (actor, actor_id) = columns(filter.actor);
        Ok(all!(self, WHOLE_LOG, before, actor, actor_id, action.as_deref(), *since, *until, limit))
    }

    /// How many rows of everybody fit, counted no further than `most`.
    pub async fn whole_log_count(&mut self, filter: &LogFilter, most: i64) -> Result<i64> {
        if let Some(app) = filter.app {
            return match self.chain_of_app(app).await? {
                Some(chain) => self.count_of_chain(chain, filter, most).await,
                None => Ok(0),
            };
        }
        let LogFilter { action, since, until, .. } = filter;
        let (actor, actor_id) = columns(filter.actor);
        Ok(value!(self, COUNT_ALL, actor, actor_id, action.as_deref(), *since, *until, most))
    }

    /// The members of an account, to choose from.
    pub async fn log_members(&mut self, account: AccountId) -> Result<Vec<(UserId, PersonName)>> {
        Ok(all!(self, LOG_MEMBERS, account))
    }

    /// The apps of an account, to choose from.
    pub async fn log_apps(&mut self, account: AccountId) -> Result<Vec<(AppId, AppName)>> {
        Ok(all!(self, LOG_APPS, account))
    }

    async fn log_of_chain(&mut self, chain: Chain, filter: &LogFilter, limit: i64) -> Result<Vec<Logged>> {
        let LogFilter { app, action, since, until, after, .. } = filter;
        let (actor, actor_id) = columns(filter.actor);
        let action = action.as_deref();
        Ok(all!(self, LOG_OF, chain, *after, actor, actor_id, *app, action, *since, *until, limit))
    }

    async fn count_of_chain(&mut self, chain: Chain, filter: &LogFilter, most: i64) -> Result<i64> {
        let LogFilter { app, action, since, until, .. } = filter;
        let (actor, actor_id) = columns(filter.actor);
        Ok(value!(self, COUNT_OF, chain, actor, actor_id, *app, action.as_deref(), *since, *until, most))
    }

    async fn chain_of_app(&mut self, app: AppId) -> Result<Option<Chain>> {
        let row: Option<(Chain,)> = optional!(self, CHAIN_OF_APP, app);
        Ok(row.map(|(chain,)| chain))
    }
}

/// An actor as its two columns hold it.
fn columns(actor: Option<Actor>) -> (Option<&'static str>, Option<UserId>) {
    (actor.map(Actor::as_str), actor.and_then(Actor::user))
}
