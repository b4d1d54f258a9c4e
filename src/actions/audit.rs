//! Reading the audit log, and holding its chains against themselves.

mod chains;

pub use self::chains::{Verified, as_kept, heads, verify};
use super::{Acting, Context, Result, admin::AsAdmin, sign_in::SignedInUser};
pub use crate::store::{LogFilter, Logged};
use crate::{
    domain::{
        account::AtLeast,
        app::name::AppName,
        audit::Origin,
        id::{AccountId, AppId, UserId},
        text::Count,
        user::{Admin, PersonName},
    },
    store::Conn,
};

/// Whose part of the log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope(Part);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Account(AccountId),
    Whole(Admin),
}

impl Scope {
    /// The part that belongs to the account of a member.
    #[must_use]
    pub const fn of<R: AtLeast>(acting: &Acting<R>) -> Self {
        Self(Part::Account(acting.account()))
    }

    /// Whether somebody may still read it, who may have lost the right meanwhile (S15).
    #[must_use]
    pub fn is_for(self, ctx: &Context, who: &SignedInUser) -> bool {
        match self.0 {
            Part::Account(account) => who.memberships.iter().any(|one| one.account.id == account),
            Part::Whole(_) => AsAdmin::enter(&ctx.policy, who, Origin::default()).is_ok(),
        }
    }

    /// What everybody did, which admins of the platform alone may read.
    #[must_use]
    pub const fn whole(acting: &AsAdmin) -> Self {
        Self(Part::Whole(acting.admin))
    }
}

/// Rows on one page of the log.
const PAGE: usize = 50;
/// Rows that an export reads at a time.
const BATCH: usize = 500;
/// Rows that are counted; of more it is said that they are more.
const COUNTED: i64 = 1_000;

/// A page of the log.
#[derive(Clone, Debug)]
pub struct LogPage {
    pub rows: Vec<Logged>,
    pub count: HowMany,
    /// What to read the next page with, if there is one.
    pub next: Option<LogFilter>,
}

/// How many rows fit a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowMany {
    Exactly(Count),
    MoreThan(Count),
}

impl HowMany {
    /// Of what was counted no further than one beyond `most`.
    pub(super) fn up_to(most: i64, count: i64) -> Self {
        let number = |count: i64| Count(count.unsigned_abs());
        if count > most { Self::MoreThan(number(most)) } else { Self::Exactly(number(count)) }
    }
}

/// What to choose a filter of.
#[derive(Clone, Debug)]
pub struct Choices {
    pub members: Vec<(UserId, PersonName)>,
    pub apps: Vec<(AppId, AppName)>,
}

/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn page(ctx: &Context, scope: Scope, filter: &LogFilter) -> Result<LogPage> {
    let mut read = ctx.read().await?;
    let (rows, next) = some(&mut read, scope, filter, PAGE).await?;
    let count = count(&mut read, scope, filter, COUNTED + 1).await?;
    Ok(LogPage { rows, count: HowMany::up_to(COUNTED, count), next })
}

/// Some rows of an export, and what to go on with. It holds no connection between two of them,
/// however slowly they are taken.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn batch(
    ctx: &Context,
    scope: Scope,
    filter: &LogFilter,
) -> Result<(Vec<Logged>, Option<LogFilter>)> {
    some(&mut ctx.read().await?, scope, filter, BATCH).await
}

/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn choices(ctx: &Context, acting: &Acting<impl AtLeast>) -> Result<Choices> {
    let mut read = ctx.read().await?;
    let members = read.log_members(acting.account()).await?;
    Ok(Choices { members, apps: read.log_apps(acting.account()).await? })
}

async fn some(
    read: &mut Conn,
    scope: Scope,
    filter: &LogFilter,
    limit: usize,
) -> Result<(Vec<Logged>, Option<LogFilter>)> {
    let one_more = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let mut rows = match scope.0 {
        Part::Account(account) => read.log(account, filter, one_more).await?,
        Part::Whole(admin) => read.whole_log(admin, filter, one_more).await?,
    };
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| LogFilter { after: Some(row.id), ..filter.clone() });
    Ok((rows, next))
}

async fn count(read: &mut Conn, scope: Scope, filter: &LogFilter, most: i64) -> Result<i64> {
    Ok(match scope.0 {
        Part::Account(account) => read.log_count(account, filter, most).await?,
        Part::Whole(admin) => read.whole_log_count(admin, filter, most).await?,
    })
}
