//! Reading the audit log, and holding its chains against themselves.

use super::{Acting, Context, Result, admin::AsAdmin, sign_in::SignedInUser};
pub use crate::store::{LogFilter, Logged};
use crate::{
    domain::{
        account::AtLeast,
        app::name::AppName,
        audit::Origin,
        audit::chain::{Break, Chain, Fault, Follower, KeptHead},
        id::{AccountId, AppId, UserId},
        text::Count,
        user::{Admin, PersonName},
    },
    store::{Conn, Store, StoreError},
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
    let number = |count: i64| Count(count.unsigned_abs());
    let count =
        if count > COUNTED { HowMany::MoreThan(number(COUNTED)) } else { HowMany::Exactly(number(count)) };
    Ok(LogPage { rows, count, next })
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

/// What a look at all chains came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub chains: u64,
    /// Rows that are whole, and stand before the first broken one of their chain.
    pub rows: u64,
    pub broken: u64,
}

/// Rows that are followed at a time.
const FOLLOWED: i64 = 1_000;

/// Follows every chain from its beginning to its head, in the memory that a thousand rows take,
/// and tells `found` of the first broken row of each.
///
/// # Errors
/// The database does not answer, or holds what cannot be read as the name of a chain.
pub async fn verify(
    store: &Store,
    mut found: impl FnMut(Break),
) -> std::result::Result<Verified, StoreError> {
    let mut read = store.snapshot().await?;
    let mut verified = Verified::default();
    let mut next = Some(Chain::Platform);
    while let Some(chain) = next {
        let mut follower = Follower::of(chain);
        let broken = follow(&mut read, chain, &mut follower).await?.err();
        let rows = follower.reached().seq.unsigned_abs();
        verified.rows += rows;
        // The platform's is looked at even if there is nothing.
        verified.chains += u64::from(rows > 0 || broken.is_some());
        if let Some(broken) = broken {
            verified.broken += 1;
            found(broken);
        }
        next = read.next_audit_chain(chain).await?;
    }
    Ok(verified)
}

async fn follow(
    read: &mut Conn,
    chain: Chain,
    follower: &mut Follower,
) -> std::result::Result<std::result::Result<(), Break>, StoreError> {
    let (mut after, mut limit) = (None, FOLLOWED);
    loop {
        let rows = match read.audit_rows(chain, after, limit).await {
            // One of them cannot be read; the rows before it one by one.
            Err(StoreError::Corrupt(_)) if limit > 1 => {
                limit = 1;
                continue;
            }
            Err(StoreError::Corrupt(_)) => return Ok(Err(follower.unreadable())),
            rows => rows?,
        };
        let Some((last, _)) = rows.last() else { break };
        after = Some((last.seq, last.id));
        if let Err(broken) = rows.iter().try_for_each(|(row, hash)| follower.next(row, *hash)) {
            return Ok(Err(broken));
        }
    }
    Ok(match read.audit_head(chain).await {
        Err(StoreError::Corrupt(_)) => Err(follower.unreadable()),
        head => follower.end(head?),
    })
}

/// Holds the log against a head that was kept elsewhere: the end of a chain can be cut off
/// together with its head, and a whole chain be written anew.
///
/// # Errors
/// The database does not answer.
pub async fn as_kept(
    store: &Store,
    kept: &KeptHead,
) -> std::result::Result<std::result::Result<(), Break>, StoreError> {
    let KeptHead { chain, head } = *kept;
    let broken = |fault| Err(Break { chain, seq: head.seq, id: None, fault });
    Ok(match store.read().await?.audit_hash(chain, head.seq).await {
        Err(StoreError::Corrupt(_)) => broken(Fault::Unreadable),
        Err(error) => return Err(error),
        Ok(None) => broken(Fault::Missing),
        Ok(Some(hash)) if hash != head.hash => broken(Fault::NotAsKept),
        Ok(Some(_)) => Ok(()),
    })
}

/// Tells `each` of the last row of every chain.
///
/// # Errors
/// The database does not answer, or `each` fails.
pub async fn heads<E: From<StoreError>>(
    store: &Store,
    mut each: impl FnMut(KeptHead) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut read = store.snapshot().await?;
    let platform = read.audit_head(Chain::Platform).await?.filter(|head| head.seq > 0);
    if let Some(head) = platform {
        each(KeptHead { chain: Chain::Platform, head })?;
    }
    let mut after = Chain::Platform;
    loop {
        let heads = read.audit_heads(after).await?;
        let Some(last) = heads.last() else { return Ok(()) };
        after = last.chain;
        for head in heads {
            each(head)?;
        }
    }
}
