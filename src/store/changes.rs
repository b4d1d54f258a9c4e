//! The log by which every process hears of what changed for authorisation.
//!
//! A transaction that touches an account writes its row last: taking the next number holds
//! the one row of `revision` until the commit, so numbers come in the order of commits and
//! none can appear behind a reader.

use std::sync::{Arc, RwLock};

use super::{
    Conn, Result, Tx,
    db::{all, execute, value},
    statements::statements,
};
use crate::domain::id::AccountId;

statements! {
    /// The number of the last change.
    REVISION = "select n from revision where id = 1";
    /// Takes the next number, and with it the right to commit next.
    NEXT_REVISION = "update revision set n = n + 1 where id = 1 returning n";
    /// One more change.
    INSERT_CHANGE = "insert into changes (n, account_id) values ($1, $2)";
    /// What came after a number, in order.
    CHANGES_SINCE = "select n, account_id from changes where n > $1 order by n limit 1000";
    /// Drops what every process has heard of long ago.
    DELETE_OLD_CHANGES = "delete from changes where n <= (select n from revision where id = 1) - $1";
}

/// A change that was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    pub revision: i64,
    pub account: AccountId,
}

/// Whoever must know of a change before the action that made it returns.
pub type Watcher = Arc<dyn Fn(Changed) + Send + Sync>;

/// The watchers of this process.
#[derive(Clone, Default)]
pub(super) struct Watchers(Arc<RwLock<Vec<Watcher>>>);

impl std::fmt::Debug for Watchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watchers")
    }
}

impl Watchers {
    pub(super) fn add(&self, watcher: Watcher) {
        if let Ok(mut watchers) = self.0.write() {
            watchers.push(watcher);
        }
    }

    pub(super) fn tell(&self, changes: &[Changed]) {
        let Ok(watchers) = self.0.read() else { return };
        for change in changes {
            watchers.iter().for_each(|watcher| watcher(*change));
        }
    }
}

impl Conn {
    /// The number of the last change.
    pub async fn revision(&mut self) -> Result<i64> {
        Ok(value!(self, REVISION))
    }

    /// What changed after a number, at most a thousand at a time.
    pub async fn changes_since(&mut self, revision: i64) -> Result<Vec<Changed>> {
        let rows: Vec<(i64, AccountId)> = all!(self, CHANGES_SINCE, revision);
        Ok(rows.into_iter().map(|(revision, account)| Changed { revision, account }).collect())
    }
}

impl Tx {
    /// Writes the rows of the accounts that were touched. The last statements of a transaction.
    pub(super) async fn write_changes(&mut self) -> Result<Vec<Changed>> {
        let mut changes = Vec::new();
        for account in std::mem::take(&mut self.touched) {
            let revision: i64 = value!(self, NEXT_REVISION);
            execute!(self, INSERT_CHANGE, revision, account);
            changes.push(Changed { revision, account });
        }
        Ok(changes)
    }

    /// Keeps the last `kept` changes.
    pub async fn delete_old_changes(&mut self, kept: i64) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_CHANGES, kept))
    }
}
