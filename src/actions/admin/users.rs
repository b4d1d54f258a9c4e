//! People on the platform: found, shut out and let in, and who of them is an admin.

use super::{
    super::{
        By, Conflict, Context, Error, On, Result,
        deletion::{lock_admins, tell_admins},
        invitations::revoke_those_of,
        passwords::void_mailed_links,
        settings,
    },
    AsAdmin, Listed,
};
pub use crate::store::{ListedUser, Only, UserFilter};
use crate::{
    domain::{
        account::Membership,
        audit::Change,
        email::Email,
        id::{SessionId, UserId},
        user::{Admin, PowerBy, PowerChange, Session, User},
    },
    store::Tx,
};

/// A user as an admin sees them.
#[derive(Debug)]
pub struct UserView {
    pub user: User,
    pub memberships: Vec<Membership>,
    /// Those that have not ended, the last used first.
    pub sessions: Vec<Session>,
}

/// The user.
///
/// # Errors
/// `NotFound` if there is none.
pub async fn any(ctx: &Context, _acting: &AsAdmin, id: UserId) -> Result<User> {
    Ok(ctx.read().await?.user(id).await?.ok_or(Error::NotFound)?.user)
}

/// The user of an address, if there is one.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn with_address(ctx: &Context, _acting: &AsAdmin, email: &Email) -> Result<Option<UserId>> {
    Ok(ctx.read().await?.user_by_email(email).await?.map(|known| known.user.id))
}

/// A page of all users.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(
    ctx: &Context,
    acting: &AsAdmin,
    filter: &UserFilter,
) -> Result<Listed<ListedUser, UserId>> {
    Ok(ctx.read().await?.every_user(acting.admin, filter).await?)
}

/// # Errors
/// `NotFound` if there is none.
pub async fn view(ctx: &Context, acting: &AsAdmin, id: UserId) -> Result<UserView> {
    let user = any(ctx, acting, id).await?;
    let sessions = settings::sessions(ctx, &user).await?;
    Ok(UserView { memberships: ctx.read().await?.memberships(id).await?, sessions, user })
}

/// Shuts a user out: every session ends, and no other one begins (S15), neither by a link that was
/// mailed nor by an invitation that the user sent. All admins are told.
///
/// # Errors
/// `Conflict` for oneself, and for one who is disabled already.
pub async fn disable(ctx: &Context, acting: &AsAdmin, id: UserId) -> Result<()> {
    let (mut tx, user) = hold(ctx, acting, id).await?;
    not_oneself(&mut tx, acting, id).await?;
    if user.disabled_at.is_some() {
        return Err(Conflict::Overtaken.into());
    }
    tell(ctx, &mut tx, acting, &user, PowerChange::Disabled).await?;
    tx.disable_user(id, ctx.now()).await?;
    tx.delete_sessions(id).await?;
    tx.delete_devices(id).await?;
    void_mailed_links(ctx, &mut tx, id).await?;
    revoke_invitations(ctx, &mut tx, id).await?;
    let change = Change::UserDisabled { user: id, email: user.email.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::platform(), change).await?;
    Ok(tx.commit().await?)
}

/// Ends what the user sent in any account. The accounts' members read that the portal did it, and
/// not which admin.
async fn revoke_invitations(ctx: &Context, tx: &mut Tx, id: UserId) -> Result<()> {
    let mut accounts: Vec<_> = tx.memberships(id).await?.into_iter().map(|one| one.account.id).collect();
    // In one order, as everywhere, so that no two wait for each other.
    accounts.sort_unstable();
    for account in accounts {
        tx.lock_account(account).await?;
        revoke_those_of(ctx, tx, &By::system(), account, id).await?;
    }
    Ok(())
}

/// Lets a user in again, who has to sign in anew. All admins are told: the user may be one.
///
/// # Errors
/// `Conflict` for one who is not disabled.
pub async fn enable(ctx: &Context, acting: &AsAdmin, id: UserId) -> Result<()> {
    let (mut tx, user) = hold(ctx, acting, id).await?;
    if user.disabled_at.is_none() {
        return Err(Conflict::Overtaken.into());
    }
    tx.enable_user(id).await?;
    tell(ctx, &mut tx, acting, &user, PowerChange::Enabled).await?;
    let change = Change::UserEnabled { user: id, email: user.email.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::platform(), change).await?;
    Ok(tx.commit().await?)
}

/// Opens the admin console to a user, who has to sign in anew: no cookie of before is an admin's
/// (S14). All admins are told, the new one among them.
///
/// # Errors
/// `Conflict` for one who is an admin already, or is disabled.
pub async fn make_admin(ctx: &Context, acting: &AsAdmin, id: UserId) -> Result<()> {
    let (mut tx, user) = hold(ctx, acting, id).await?;
    if user.is_admin || user.disabled_at.is_some() {
        return Err(Conflict::Overtaken.into());
    }
    tx.make_admin(id).await?;
    tx.delete_sessions(id).await?;
    tx.delete_devices(id).await?;
    tell(ctx, &mut tx, acting, &user, PowerChange::AdminMade).await?;
    let change = Change::AdminMade { user: id, email: user.email.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::platform(), change).await?;
    Ok(tx.commit().await?)
}

/// Closes the admin console to an admin, who goes on as a user. All admins are told, that one
/// among them.
///
/// # Errors
/// `Conflict` for oneself, and for one who is no admin.
pub async fn remove_admin(ctx: &Context, acting: &AsAdmin, id: UserId) -> Result<()> {
    let (mut tx, user) = hold(ctx, acting, id).await?;
    not_oneself(&mut tx, acting, id).await?;
    if !user.is_admin {
        return Err(Conflict::Overtaken.into());
    }
    tell(ctx, &mut tx, acting, &user, PowerChange::AdminRemoved).await?;
    tx.remove_admin(id).await?;
    let change = Change::AdminRemoved { user: id, email: user.email.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::platform(), change).await?;
    Ok(tx.commit().await?)
}

/// Ends one of a user's sessions (S17).
///
/// # Errors
/// `Conflict` if the user has it no more.
pub async fn end_session(ctx: &Context, acting: &AsAdmin, id: UserId, session: SessionId) -> Result<()> {
    let (mut tx, user) = hold(ctx, acting, id).await?;
    if !tx.delete_session(session, id).await? {
        return Err(Conflict::Overtaken.into());
    }
    let change = Change::UserSessionEnded { user: id, email: user.email.to_string(), session };
    ctx.audit(&mut tx, &acting.by(), On::platform(), change).await?;
    Ok(tx.commit().await?)
}

/// Ends all of a user's sessions.
///
/// # Errors
/// `Conflict` if the user has none.
pub async fn end_sessions(ctx: &Context, acting: &AsAdmin, id: UserId) -> Result<()> {
    let (mut tx, user) = hold(ctx, acting, id).await?;
    let count = tx.delete_sessions(id).await?;
    if count == 0 {
        return Err(Conflict::Overtaken.into());
    }
    let change = Change::UserSessionsEnded { user: id, email: user.email.to_string(), count };
    ctx.audit(&mut tx, &acting.by(), On::platform(), change).await?;
    Ok(tx.commit().await?)
}

/// A transaction in which the user stays as they are, and the one who acts is still an admin:
/// another admin may have come first. Whoever may take an admin away waits in one place, as
/// admins do who delete themselves; so there is always one left, the one who acts.
async fn hold(ctx: &Context, acting: &AsAdmin, id: UserId) -> Result<(Tx, User)> {
    let mut tx = ctx.begin().await?;
    tx.lock_user(id).await?;
    lock_admins(ctx, &mut tx).await?;
    let who = tx.user(acting.admin.user()).await?.ok_or(Error::NotFound)?.user;
    Admin::prove(&who).ok_or(Error::NotFound)?;
    let user = tx.user(id).await?.ok_or(Error::NotFound)?.user;
    Ok((tx, user))
}

/// What an admin does to another they may not do to themselves, least of all the last one.
async fn not_oneself(tx: &mut Tx, acting: &AsAdmin, id: UserId) -> Result<()> {
    if acting.admin.user() != id {
        return Ok(());
    }
    Err(if tx.admins().await? > 1 { Conflict::Oneself.into() } else { Conflict::LastAdmin.into() })
}

/// Tells all admins what one of them makes of a user.
async fn tell(ctx: &Context, tx: &mut Tx, acting: &AsAdmin, user: &User, change: PowerChange) -> Result<()> {
    let by = tx.user(acting.admin.user()).await?.ok_or(Error::NotFound)?.user.email;
    tell_admins(ctx, tx, acting.admin, PowerBy::Admin(by.to_string()), (user, change)).await
}
