//! How much there is of everything. Triggers write down what came and went; a sweep sums it up.

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute, optional},
    dialect::SUM_FIGURES,
    statements::statements,
};
use crate::domain::{account::Standing, app::StateKind, calls::Hour, user::Admin};

statements! {
    /// How many of each thing there are of each kind: what was summed up, and what came and went
    /// since. One statement, so that no sum is seen half.
    FIGURES = "select thing, kind, cast(sum(n) as bigint) from
        (select thing, kind, total as n from figures
        union all select thing, kind, change from figure_changes) f
        group by thing, kind having sum(n) > 0";
    /// How many calls of all accounts were refused in an hour.
    REFUSED_IN = "select refused from refused_by_hour where hour = $1";
    /// Whoever changes figures does it alone. The row of users is always there.
    LOCK_FIGURES = "update figures set total = total where thing = 'user'";
    /// Empties what was summed up.
    DELETE_CHANGES = "delete from figure_changes";
    /// Counts everything anew. What is counted is there in this statement's view, and so are the
    /// changes that it wrote down: the figures are what is counted less these.
    RECOUNT = "insert into figures (thing, kind, total)
        select thing, kind, cast(sum(n) as bigint) from
            (select 'account' as thing, standing as kind, count(*) as n from accounts group by standing
            union all select 'app', state, count(*) from apps group by state
            union all select 'user', '', count(*) from users
            union all select thing, kind, -change from figure_changes
            union all select thing, kind, 0 from figures) counted
        where true group by thing, kind
        on conflict (thing, kind) do update set total = excluded.total";
}

/// How much there is of everything.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub accounts: Vec<(Standing, i64)>,
    pub apps: Vec<(StateKind, i64)>,
    pub users: i64,
}

impl Conn {
    /// How much there is of everything.
    pub async fn figures(&mut self, _: Admin) -> Result<Figures> {
        let rows: Vec<(String, String, i64)> = all!(self, FIGURES);
        let mut figures = Figures::default();
        for (thing, kind, count) in rows {
            let unknown = || StoreError::Corrupt(format!("the figure of {thing} {kind}"));
            match thing.as_str() {
                "account" => figures.accounts.push((kind.parse().map_err(|_| unknown())?, count)),
                "app" => figures.apps.push((kind.parse().map_err(|_| unknown())?, count)),
                "user" => figures.users = count,
                _ => return Err(unknown()),
            }
        }
        Ok(figures)
    }

    /// Calls of all accounts that were refused in an hour.
    pub async fn refused_in(&mut self, _: Admin, hour: Hour) -> Result<i64> {
        let row: Option<(i64,)> = optional!(self, REFUSED_IN, hour);
        Ok(row.map_or(0, |(refused,)| refused))
    }
}

impl Tx {
    /// Puts what came and went into the figures, so that reading them stays quick.
    pub async fn sum_figures(&mut self) -> Result<()> {
        execute!(self, LOCK_FIGURES);
        let sum = self.text(SUM_FIGURES);
        execute!(self, sum);
        if self.writes_alone() {
            execute!(self, DELETE_CHANGES);
        }
        Ok(())
    }

    /// Counts everything anew: triggers may have been off, as in a restore.
    pub async fn recount_figures(&mut self) -> Result<()> {
        execute!(self, LOCK_FIGURES);
        execute!(self, RECOUNT);
        Ok(())
    }
}
