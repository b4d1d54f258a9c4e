//! Reading the audit log as a log: what fits a filter, the newest first, a page at a time.
//!
//! A filter by user, action or app has an index of its own, so that what is rare is found without
//! a walk through the rest. Neither database would choose it for a condition that may be absent,
//! so each has its statement.

mod logged;

pub use self::logged::Logged;
use super::{
    Conn, Result,
    db::{all, optional, value},
    statements::statements,
};
use crate::domain::{
    audit::{Actor, chain::Chain},
    id::{AccountId, AppId, AuditId, Id, UserId},
    time::{Span, Timestamp},
    user::Admin,
};

/// What a row is read with.
macro_rules! rows {
    () => {
        "select l.id, l.chain, l.seq, l.at, l.actor, l.actor_id, u.name as actor_name, l.app_id,
            a.name as app_name, c.name as account_name, l.action, l.detail, l.address, l.request_id, l.hash
        from audit_log l left join users u on u.id = l.actor_id
            left join apps a on a.id = l.app_id and a.account_id = l.chain
            left join accounts c on c.id = l.chain"
    };
}

/// All that a filter may ask for.
macro_rules! fitting {
    () => {
        " and (cast($3 as text) is null or l.actor = $3)
        and (cast($4 as uuid) is null or l.actor_id = $4)
        and (cast($5 as uuid) is null or l.app_id = $5)
        and (cast($6 as text) is null or l.action = $6)
        and (cast($7 as bigint) is null or l.at >= $7)
        and (cast($8 as bigint) is null or l.at < $8)"
    };
}

/// Rows of a chain behind one of it and between two numbers, found by `$by`.
macro_rules! of_chain {
    ($($by:tt)+) => {
        concat!(
            rows!(),
            " where l.chain = $1 and l.seq > $10 and l.seq < $11
            and l.seq < coalesce((select s.seq from audit_log s where s.id = $2 and s.chain = $1), 9223372036854775807)",
            fitting!(),
            $($by)+,
            " order by l.seq desc limit $9"
        )
    };
}

/// How many rows of a chain fit between two numbers, found by `$by`.
macro_rules! count_of_chain {
    ($($by:tt)+) => {
        concat!(
            "select count(*) from (select 1 as one from audit_log l
            where l.chain = $1 and l.seq > $9 and l.seq < $10",
            fitting!(),
            $($by)+,
            " limit $2) fitting"
        )
    };
}

/// Rows of all chains between two ids, found by `$by`.
macro_rules! of_all {
    ($by:literal) => {
        concat!(rows!(), " where l.id < $1 and l.id >= $2", fitting!(), $by, " order by l.id desc limit $9")
    };
}

/// How many rows of all chains between two ids fit, found by `$by`.
macro_rules! count_of_all {
    ($by:literal) => {
        concat!(
            "select count(*) from (select 1 as one from audit_log l where l.id < $1 and l.id >= $2",
            fitting!(),
            $by,
            " limit $9) fitting"
        )
    };
}

/// What was done as a member, and not as the platform's staff.
macro_rules! as_a_member {
    () => {
        " and l.action not in ('app_suspended', 'app_reinstated', 'app_renamed', 'grant_revoked',
            'grants_revoked', 'account_approved', 'account_suspended', 'account_reinstated',
            'account_external_id_changed')"
    };
}

statements! {
    /// Rows of a chain.
    LOG = of_chain!("");
    /// Rows of a chain by what a user did.
    LOG_BY_USER = of_chain!(" and l.actor_id = $4");
    /// Rows of a chain by what a user did as a member, and not as the platform's staff.
    LOG_BY_MEMBER = of_chain!(" and l.actor_id = $4", as_a_member!());
    /// Rows of a chain by what somebody did who is no user.
    LOG_BY_OTHER = of_chain!(" and l.actor = $3 and l.actor_id is null");
    /// Rows of a chain by what was done to an app.
    LOG_BY_APP = of_chain!(" and l.app_id = $5");
    /// Rows of a chain by what was done.
    LOG_BY_ACTION = of_chain!(" and l.action = $6");
    /// As many rows has a chain.
    COUNT = count_of_chain!("");
    /// As many has it of a user.
    COUNT_BY_USER = count_of_chain!(" and l.actor_id = $4");
    /// As many has it of a user as a member, and not as the platform's staff.
    COUNT_BY_MEMBER = count_of_chain!(" and l.actor_id = $4", as_a_member!());
    /// As many has it of somebody who is no user.
    COUNT_BY_OTHER = count_of_chain!(" and l.actor = $3 and l.actor_id is null");
    /// As many has it of an app.
    COUNT_BY_APP = count_of_chain!(" and l.app_id = $5");
    /// As many has it of an action.
    COUNT_BY_ACTION = count_of_chain!(" and l.action = $6");
    /// Rows of all chains.
    WHOLE_LOG = of_all!("");
    /// Rows of all chains by what a user did.
    WHOLE_LOG_BY_USER = of_all!(" and l.actor_id = $4");
    /// Rows of all chains by what somebody did who is no user.
    WHOLE_LOG_BY_OTHER = of_all!(" and l.actor = $3 and l.actor_id is null");
    /// Rows of all chains by what was done.
    WHOLE_LOG_BY_ACTION = of_all!(" and l.action = $6");
    /// As many rows have all chains.
    WHOLE_COUNT = count_of_all!("");
    /// As many have they of a user.
    WHOLE_COUNT_BY_USER = count_of_all!(" and l.actor_id = $4");
    /// As many have they of somebody who is no user.
    WHOLE_COUNT_BY_OTHER = count_of_all!(" and l.actor = $3 and l.actor_id is null");
    /// As many have they of an action.
    WHOLE_COUNT_BY_ACTION = count_of_all!(" and l.action = $6");
    /// The number of the last row of a chain before an id.
    NUMBER_BEFORE = "select seq from audit_log where chain = $1 and id < $2 order by id desc limit 1";
    /// The number of the first row of a chain from an id on.
    NUMBER_FROM = "select seq from audit_log where chain = $1 and id >= $2 order by id limit 1";
    /// The chain that tells of an app, which may be gone.
    CHAIN_OF_APP = "select chain from audit_log where app_id = $1 limit 1";
}

/// Which rows of the log are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    pub actor: Option<Actor>,
    pub app: Option<AppId>,
    /// For those who read the log of all; an account's members read its own alone.
    pub account: Option<AccountId>,
    /// The action's stable name, as [`crate::domain::audit::Change::parts`] gives it.
    pub action: Option<String>,
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// The last row of the page before.
    pub after: Option<AuditId>,
}

/// The statements that read a chain and count in it.
type Pair = (&'static str, &'static str);

impl LogFilter {
    /// The statements for this filter. A user comes first: members find nobody by what staff did,
    /// whatever else they ask for.
    fn of_chain(&self, by_user: Pair) -> Pair {
        let (actor, actor_id) = columns(self.actor);
        match (actor_id, self.app, &self.action, actor) {
            (Some(_), ..) => by_user,
            (None, Some(_), ..) => (LOG_BY_APP, COUNT_BY_APP),
            (None, None, Some(_), _) => (LOG_BY_ACTION, COUNT_BY_ACTION),
            (None, None, None, Some(_)) => (LOG_BY_OTHER, COUNT_BY_OTHER),
            (None, None, None, None) => (LOG, COUNT),
        }
    }

    fn of_all(&self) -> Pair {
        let (actor, actor_id) = columns(self.actor);
        match (actor_id, &self.action, actor) {
            (Some(_), ..) => (WHOLE_LOG_BY_USER, WHOLE_COUNT_BY_USER),
            (None, Some(_), _) => (WHOLE_LOG_BY_ACTION, WHOLE_COUNT_BY_ACTION),
            (None, None, Some(_)) => (WHOLE_LOG_BY_OTHER, WHOLE_COUNT_BY_OTHER),
            (None, None, None) => (WHOLE_LOG, WHOLE_COUNT),
        }
    }

    /// Between which ids the rows of these days are. An id begins with the moment at which it was
    /// made, which is that of its row but for what passes between two looks at the clock.
    fn ids(&self) -> (AuditId, AuditId) {
        const APART: Span = Span::hours(1);
        let first_of = |at: Timestamp| AuditId::generate(at, [0; 10]);
        let since =
            self.since.map_or_else(|| AuditId::from_uuid(uuid::Uuid::nil()), |at| first_of(at - APART));
        let until =
            self.until.map_or_else(|| AuditId::from_uuid(uuid::Uuid::max()), |at| first_of(at + APART));
        (since, self.after.map_or(until, |after| after.min(until)))
    }
}

impl Conn {
    /// What an account may read of the log, the newest first.
    pub async fn log(&mut self, account: AccountId, filter: &LogFilter, limit: i64) -> Result<Vec<Logged>> {
        let (statement, _) = filter.of_chain((LOG_BY_MEMBER, COUNT_BY_MEMBER));
        let rows = self.log_of_chain(statement, Chain::Account(account), filter, limit).await?;
        Ok(rows.into_iter().map(Logged::for_members).collect())
    }

    /// How many rows of an account fit, counted no further than `most`.
    pub async fn log_count(&mut self, account: AccountId, filter: &LogFilter, most: i64) -> Result<i64> {
        let (_, statement) = filter.of_chain((LOG_BY_MEMBER, COUNT_BY_MEMBER));
        self.count_of_chain(statement, Chain::Account(account), filter, most).await
    }

    /// The log of everybody, the newest first.
    pub async fn whole_log(&mut self, _: Admin, filter: &LogFilter, limit: i64) -> Result<Vec<Logged>> {
        match self.one_chain(filter).await? {
            OneChain::Is(chain) => {
                let (statement, _) = filter.of_chain((LOG_BY_USER, COUNT_BY_USER));
                return self.log_of_chain(statement, chain, filter, limit).await;
            }
            OneChain::IsNone => return Ok(Vec::new()),
            OneChain::All => {}
        }
        let LogFilter { action, since, until, app, .. } = filter;
        let ((actor, actor_id), (first, before)) = (columns(filter.actor), filter.ids());
        let (statement, _) = filter.of_all();
        let action = action.as_deref();
        Ok(all!(self, statement, before, first, actor, actor_id, *app, action, *since, *until, limit))
    }

    /// How many rows of everybody fit, counted no further than `most`.
    pub async fn whole_log_count(&mut self, _: Admin, filter: &LogFilter, most: i64) -> Result<i64> {
        match self.one_chain(filter).await? {
            OneChain::Is(chain) => {
                let (_, statement) = filter.of_chain((LOG_BY_USER, COUNT_BY_USER));
                return self.count_of_chain(statement, chain, filter, most).await;
            }
            OneChain::IsNone => return Ok(0),
            OneChain::All => {}
        }
        let everywhere = LogFilter { after: None, ..filter.clone() };
        let LogFilter { action, since, until, app, .. } = filter;
        let ((actor, actor_id), (first, before)) = (columns(filter.actor), everywhere.ids());
        let (_, statement) = filter.of_all();
        let action = action.as_deref();
        Ok(value!(self, statement, before, first, actor, actor_id, *app, action, *since, *until, most))
    }

    async fn log_of_chain(
        &mut self,
        statement: &'static str,
        chain: Chain,
        filter: &LogFilter,
        limit: i64,
    ) -> Result<Vec<Logged>> {
        let LogFilter { app, action, since, until, after, .. } = filter;
        let (actor, actor_id) = columns(filter.actor);
        let (action, (low, high)) = (action.as_deref(), self.numbers(chain, filter).await?);
        let rows = all!(
            self, statement, chain, *after, actor, actor_id, *app, action, *since, *until, limit, low, high
        );
        Ok(rows)
    }

    /// Between which numbers the rows of these days are. Numbers come in the order of commits, and
    /// that of ids is the same but for what a transaction lasts, much less than the ids are apart.
    async fn numbers(&mut self, chain: Chain, filter: &LogFilter) -> Result<(i64, i64)> {
        let (first, before) = LogFilter { after: None, ..filter.clone() }.ids();
        let mut between = (i64::MIN, i64::MAX);
        if filter.since.is_some() {
            let row: Option<(i64,)> = optional!(self, NUMBER_BEFORE, chain, first);
            between.0 = row.map_or(between.0, |(seq,)| seq);
        }
        if filter.until.is_some() {
            let row: Option<(i64,)> = optional!(self, NUMBER_FROM, chain, before);
            between.1 = row.map_or(between.1, |(seq,)| seq);
        }
        Ok(between)
    }

    async fn count_of_chain(
        &mut self,
        statement: &'static str,
        chain: Chain,
        filter: &LogFilter,
        most: i64,
    ) -> Result<i64> {
        let LogFilter { app, action, since, until, .. } = filter;
        let (actor, actor_id) = columns(filter.actor);
        let (action, (low, high)) = (action.as_deref(), self.numbers(chain, filter).await?);
        Ok(value!(self, statement, chain, most, actor, actor_id, *app, action, *since, *until, low, high))
    }

    async fn one_chain(&mut self, filter: &LogFilter) -> Result<OneChain> {
        let Some(app) = filter.app else {
            return Ok(filter.account.map_or(OneChain::All, |account| OneChain::Is(Chain::Account(account))));
        };
        let row: Option<(Chain,)> = optional!(self, CHAIN_OF_APP, app);
        let chain = row.map(|(chain,)| chain);
        let fits = |chain: &Chain| filter.account.is_none() || chain.account() == filter.account;
        Ok(chain.filter(fits).map_or(OneChain::IsNone, OneChain::Is))
    }
}

/// The chain to which a filter leads.
enum OneChain {
    Is(Chain),
    /// Nothing fits.
    IsNone,
    /// To none alone.
    All,
}

/// An actor as its two columns hold it.
fn columns(actor: Option<Actor>) -> (Option<&'static str>, Option<UserId>) {
    (actor.map(Actor::as_str), actor.and_then(Actor::user))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::Change;

    #[test]
    fn a_member_is_not_found_by_what_they_did_as_staff() {
        for statement in [LOG_BY_MEMBER, COUNT_BY_MEMBER] {
            let (_, actions) = statement.split_once("not in (").expect("a list");
            let (actions, _) = actions.split_once(')').expect("its end");
            let listed: Vec<_> = actions.split(',').map(|action| action.trim().trim_matches('\'')).collect();
            assert_eq!(listed, Change::BY_STAFF);
        }
    }

    #[test]
    fn days_are_a_range_of_ids_and_a_page_begins_within_it() {
        let at = |seconds: i64| Timestamp::from_seconds(1_795_504_800 + seconds);
        let id = |seconds| AuditId::generate(at(seconds), [7; 10]);
        let filter =
            |after| LogFilter { since: Some(at(0)), until: Some(at(60)), after, ..LogFilter::default() };
        let (first, before) = filter(None).ids();
        assert!(
            first < id(0) && id(0) < before && id(60) < before && before < id(7_200) && id(-7_200) < first
        );
        assert_eq!(filter(Some(id(30))).ids().1, id(30));
        assert_eq!(filter(Some(id(9_000))).ids().1, before);
    }
}
