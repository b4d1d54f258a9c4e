//! The audit log: rows are added, never changed.

use sqlx::FromRow;

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute, optional},
    statements::statements,
};
use crate::domain::{
    audit::{Actor, Change, Entry, Milestone},
    id::{AccountId, AppId, AuditId},
    time::Timestamp,
};

statements! {
    /// One more row.
    INSERT_ENTRY = "insert into audit_log (id, at, actor, actor_id, account_id, app_id, action, detail, address, request_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// What was last done to an app, the newest first.
    ACTIVITY = "select l.at, l.actor, u.name as actor_name, l.action, l.detail
        from audit_log l left join users u on u.id = l.actor_id
        where l.account_id = $1 and l.app_id = $2 order by l.id desc limit $3";
    /// When a thing was last done to an app.
    LAST_OF = "select l.at, l.actor, u.name as actor_name, l.action, l.detail
        from audit_log l left join users u on u.id = l.actor_id
        where l.account_id = $1 and l.app_id = $2 and l.action = $3 order by l.id desc limit 1";
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

impl Conn {
    pub async fn activity(&mut self, account: AccountId, app: AppId, limit: i64) -> Result<Vec<Activity>> {
        let rows: Vec<ActivityRow> = all!(self, ACTIVITY, account, app, limit);
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
}

impl Tx {
    pub async fn audit(&mut self, id: AuditId, entry: &Entry) -> Result<()> {
        let (action, detail) = entry.change.parts();
        execute!(
            self,
            INSERT_ENTRY,
            id,
            entry.at,
            entry.actor.as_str(),
            entry.actor.user(),
            entry.account,
            entry.app,
            action,
            detail,
            entry.origin.address.map(|address| address.to_string()),
            entry.origin.request_id.as_deref(),
        );
        Ok(())
    }
}
