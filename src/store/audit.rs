//! What the audit log tells of one thing, and whom to ask it for. `log.rs` reads it as a log,
//! `chains.rs` adds to it; nothing changes it.

use sqlx::FromRow;

use super::{
    Conn, Result,
    db::{all, optional},
    statements::statements,
};
use crate::domain::{
    app::name::AppName,
    audit::{Actor, Change, Milestone},
    id::{AccountId, AppId, UserId},
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

impl ActivityRow {
    /// What the row tells, unless a newer program wrote it, which may run beside this one. The
    /// log shows such a row as it is.
    fn known(self) -> Option<Activity> {
        let change = Change::from_parts(&self.action, &self.detail)?;
        let who = self.actor_name.unwrap_or_else(|| Actor::word_in_a_persons_place(&self.actor).to_owned());
        Some(Activity { at: self.at, who, change })
    }
}

impl Conn {
    pub async fn activity(&mut self, account: AccountId, app: AppId, limit: i64) -> Result<Vec<Activity>> {
        let rows: Vec<ActivityRow> = all!(self, ACTIVITY, account, app, limit);
        Ok(rows.into_iter().filter_map(ActivityRow::known).collect())
    }

    /// The changes of an app's state and name.
    pub async fn state_history(
        &mut self,
        account: AccountId,
        app: AppId,
        limit: i64,
    ) -> Result<Vec<Activity>> {
        let rows: Vec<ActivityRow> = all!(self, STATE_HISTORY, account, app, limit);
        Ok(rows.into_iter().filter_map(ActivityRow::known).collect())
    }

    /// The changes of an account's standing and external id.
    pub async fn standing_history(&mut self, account: AccountId, limit: i64) -> Result<Vec<Activity>> {
        let rows: Vec<ActivityRow> = all!(self, STANDING_HISTORY, account, limit);
        Ok(rows.into_iter().filter_map(ActivityRow::known).collect())
    }

    pub async fn last_of(
        &mut self,
        account: AccountId,
        app: AppId,
        milestone: Milestone,
    ) -> Result<Option<Activity>> {
        let row: Option<ActivityRow> = optional!(self, LAST_OF, account, app, milestone.action());
        Ok(row.and_then(ActivityRow::known))
    }

    /// The members of an account, to choose from.
    pub async fn log_members(&mut self, account: AccountId) -> Result<Vec<(UserId, PersonName)>> {
        Ok(all!(self, LOG_MEMBERS, account))
    }

    /// The apps of an account, to choose from.
    pub async fn log_apps(&mut self, account: AccountId) -> Result<Vec<(AppId, AppName)>> {
        Ok(all!(self, LOG_APPS, account))
    }
}
