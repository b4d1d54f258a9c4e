//! Accounts of the platform: approved, named in its own books, stopped, given back.

use super::{
    super::{Conflict, Context, Error, On, Result, outbox::Mail},
    AsAdmin, Listed, still_for,
};
pub use crate::store::{AccountFilter, ListedAccount};
use crate::{
    domain::{
        account::{Account, ExternalId, MemberFacts, Standing, Suspension, WrongStanding},
        audit::Change,
        calls::{Calls, Hour},
        credential::ApiKey,
        fields::FieldErrors,
        id::AccountId,
        suspension::Reason,
    },
    store::{Activity, StoreError, Tx},
};

/// As many changes of standing are shown.
const HISTORY: i64 = 50;

/// An account as an admin sees it.
#[derive(Debug)]
pub struct AccountView {
    pub account: Account,
    /// Why it is suspended, if it is.
    pub suspension: Option<Suspension>,
    pub api_key: ApiKey,
    pub members: Vec<MemberFacts>,
    /// Its calls of the last 24 hours.
    pub calls: Calls,
    /// The latest first.
    pub history: Vec<Activity>,
}

/// The account.
///
/// # Errors
/// `NotFound` if there is none.
pub async fn any(ctx: &Context, _acting: &AsAdmin, id: AccountId) -> Result<Account> {
    ctx.read().await?.account(id).await?.ok_or(Error::NotFound)
}

/// A page of all accounts.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(
    ctx: &Context,
    acting: &AsAdmin,
    filter: &AccountFilter,
) -> Result<Listed<ListedAccount, AccountId>> {
    Ok(ctx.read().await?.every_account(acting.admin, filter).await?)
}

/// How many accounts wait for approval, counted as far as a list is.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn pending(ctx: &Context, acting: &AsAdmin) -> Result<i64> {
    Ok(ctx.read().await?.pending_accounts(acting.admin).await?)
}

/// # Errors
/// `NotFound` if there is none.
pub async fn view(ctx: &Context, _acting: &AsAdmin, id: AccountId) -> Result<AccountView> {
    let since = Hour::a_day_before(ctx.now());
    let mut read = ctx.read().await?;
    let account = read.account(id).await?.ok_or(Error::NotFound)?;
    let named = read.pair_calls(id, since).await?;
    let unnamed = read.unnamed_calls(id, since).await?;
    Ok(AccountView {
        account,
        suspension: read.suspension(id).await?,
        api_key: read.api_key(id).await?.ok_or(Error::NotFound)?,
        members: read.members(id).await?,
        calls: named.into_iter().chain(unnamed).map(|(_, calls)| calls).sum(),
        history: read.standing_history(id, HISTORY).await?,
    })
}

/// Lets an account that waits activate its apps; its owners are told by mail.
///
/// # Errors
/// `Conflict` if it does not wait.
pub async fn approve(ctx: &Context, acting: &AsAdmin, id: AccountId) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let next = held(&mut tx, id).await?.standing.approve().map_err(overtaken)?;
    tx.set_standing(id, next).await?;
    let mail = |to, at| Mail::AccountApproved { to, account: id.to_string(), at };
    tell_owners(ctx, &mut tx, id, mail).await?;
    tx.wake_lanes_of_account(id, ctx.now()).await?;
    ctx.audit(&mut tx, &acting.by(), On::account(id), Change::AccountApproved {}).await?;
    Ok(tx.commit().await?)
}

/// Stops every call of an account; its owners are told by mail.
///
/// # Errors
/// `Conflict` if it is suspended already.
pub async fn suspend(ctx: &Context, acting: &AsAdmin, id: AccountId, reason: &Reason) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let before = held(&mut tx, id).await?.standing;
    before.suspend().map_err(overtaken)?;
    tx.suspend_account(id, reason, before).await?;
    let why = reason.to_string();
    let mail = |to, at| Mail::AccountSuspended { to, account: id.to_string(), reason: why.clone(), at };
    tell_owners(ctx, &mut tx, id, mail).await?;
    let change = Change::AccountSuspended { before, reason: reason.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::account(id), change).await?;
    Ok(tx.commit().await?)
}

/// Gives a suspended account the standing it had; its owners are told by mail. `seen` is the
/// reason that the admin saw, if that is known.
///
/// # Errors
/// `Conflict` if it is not suspended, or for another reason.
pub async fn reinstate(ctx: &Context, acting: &AsAdmin, id: AccountId, seen: Option<&str>) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let standing = held(&mut tx, id).await?.standing;
    let suspension = tx.suspension(id).await?;
    still_for(seen, suspension.as_ref().map_or("", |suspension| &suspension.reason))?;
    let before = match (standing, suspension) {
        (Standing::Pending | Standing::Approved, _) => return Err(Conflict::Overtaken.into()),
        (Standing::Suspended, Some(suspension)) => suspension.before,
        // Suspended past the rules: it must not activate what nobody has approved.
        (Standing::Suspended, None) => Standing::Pending,
    };
    tx.set_standing(id, before).await?;
    let mail = |to, at| Mail::AccountReinstated { to, account: id.to_string(), at };
    tell_owners(ctx, &mut tx, id, mail).await?;
    tx.wake_lanes_of_account(id, ctx.now()).await?;
    ctx.audit(&mut tx, &acting.by(), On::account(id), Change::AccountReinstated { to: before }).await?;
    Ok(tx.commit().await?)
}

/// The platform's own id of an account, or none. `seen` is the one that the admin saw, if
/// that is known.
///
/// # Errors
/// `Invalid` if another account has it; `Conflict` if it is not the one seen.
pub async fn set_external_id(
    ctx: &Context,
    acting: &AsAdmin,
    id: AccountId,
    seen: Option<&str>,
    external_id: Option<&ExternalId>,
) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let before = held(&mut tx, id).await?.external_id.unwrap_or_default();
    if seen.is_some_and(|seen| seen != before) {
        return Err(Conflict::Overtaken.into());
    }
    let to = external_id.map(ToString::to_string).unwrap_or_default();
    if before == to {
        return Ok(());
    }
    match tx.set_external_id(id, external_id).await {
        Ok(()) => {}
        Err(StoreError::Duplicate) => {
            let sentence = format!("Another account has the external id “{to}”.");
            return Err(FieldErrors::one("external_id", sentence).into());
        }
        Err(error) => return Err(error.into()),
    }
    let change = Change::AccountExternalIdChanged { from: before, to };
    ctx.audit(&mut tx, &acting.by(), On::account(id), change).await?;
    Ok(tx.commit().await?)
}

/// A mail to each owner who can read it, made of the address and the moment.
async fn tell_owners(
    ctx: &Context,
    tx: &mut Tx,
    id: AccountId,
    mail: impl Fn(String, i64) -> Mail,
) -> Result<()> {
    for to in tx.owners(id).await? {
        ctx.post(tx, &mail(to.to_string(), ctx.now().micros())).await?;
    }
    Ok(())
}

async fn held(tx: &mut Tx, id: AccountId) -> Result<Account> {
    tx.lock_account(id).await?;
    tx.account(id).await?.ok_or(Error::NotFound)
}

fn overtaken(_: WrongStanding) -> Error {
    Conflict::Overtaken.into()
}
