//! How much there is of everything. Triggers write down what came and went; a sweep sums it up.

use super::{
    Conn, Result, Tx,
    db::{all, execute, value},
    statements::statements,
};
use crate::domain::{account::Standing, app::StateKind, calls::Hour, user::Admin};

statements! {
    /// How many accounts stand how.
    ACCOUNTS_BY_STANDING = "select kind, cast(sum(change) as bigint) from figures where thing = 'account'
        group by kind having sum(change) <> 0";
    /// How many apps are in which state.
    APPS_BY_STATE = "select kind, cast(sum(change) as bigint) from figures where thing = 'app'
        group by kind having sum(change) <> 0";
    /// How many people there are.
    USERS = "select cast(coalesce(sum(change), 0) as bigint) from figures where thing = 'user'";
    /// The refused calls of all accounts since an hour began.
    REFUSED_SINCE = "select cast(coalesce(sum(refused), 0) as bigint) from
        (select refused from app_calls where hour >= $1 and refused > 0
        union all select refused from unnamed_calls where hour >= $1 and refused > 0) calls";
    /// Marks what is summed up next. Whoever does so too waits, and then finds it gone.
    MARK_CHANGES = "update figures set is_summed = true";
    /// The sum of what is marked.
    SUM_CHANGES = "insert into figures (thing, kind, change, is_summed)
        select thing, kind, cast(sum(change) as bigint), false from figures where is_summed
        group by thing, kind having sum(change) <> 0";
    /// Drops what is in the sum.
    DELETE_SUMMED = "delete from figures where is_summed";
}

/// How much there is of everything.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub accounts: Vec<(Standing, i64)>,
    pub apps: Vec<(StateKind, i64)>,
    pub users: i64,
    pub refused: i64,
}

impl Conn {
    /// How much there is of everything; refused calls since an hour.
    pub async fn figures(&mut self, _: Admin, since: Hour) -> Result<Figures> {
        Ok(Figures {
            accounts: all!(self, ACCOUNTS_BY_STANDING),
            apps: all!(self, APPS_BY_STATE),
            users: value!(self, USERS),
            refused: value!(self, REFUSED_SINCE, since),
        })
    }

    /// Calls of all accounts that were refused since an hour began.
    pub async fn refused_since(&mut self, _: Admin, since: Hour) -> Result<i64> {
        Ok(value!(self, REFUSED_SINCE, since))
    }
}

impl Tx {
    /// Puts what came and went into one row for each figure, so that reading them stays quick.
    pub async fn sum_figures(&mut self) -> Result<()> {
        execute!(self, MARK_CHANGES);
        execute!(self, SUM_CHANGES);
        execute!(self, DELETE_SUMMED);
        Ok(())
    }
}
