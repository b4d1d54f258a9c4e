//! One row of the log, as it is read.

use sqlx::FromRow;

use crate::domain::{
    account::AccountName,
    app::name::AppName,
    audit::{
        Actor, Change,
        chain::{Chain, Hash},
    },
    id::{AppId, AuditId, UserId},
    time::Timestamp,
};

/// One row of the log as people read it.
#[derive(Clone, Debug, FromRow)]
pub struct Logged {
    pub id: AuditId,
    pub chain: Chain,
    pub seq: i64,
    pub at: Timestamp,
    /// What acted: `user`, `visitor`, `operator`, `system`; to members, `staff` for an admin.
    pub actor: String,
    pub actor_id: Option<UserId>,
    /// The name of the user, unless the user is gone.
    pub actor_name: Option<String>,
    #[sqlx(rename = "app_id")]
    pub app: Option<AppId>,
    /// The name of the app now, unless the app is gone.
    pub app_name: Option<AppName>,
    /// The name of the account now, unless it is gone or the row belongs to none.
    pub account_name: Option<AccountName>,
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

    /// The row as members read it: which admin acted, and from where, is not theirs to know. Nor is
    /// the request's id: whoever has all but these two could try them against the hash.
    pub(super) fn for_members(self) -> Self {
        if !Change::BY_STAFF.contains(&self.action.as_str()) {
            return self;
        }
        Self {
            actor: String::from("staff"),
            actor_id: None,
            actor_name: None,
            address: None,
            request_id: None,
            ..self
        }
    }
}
