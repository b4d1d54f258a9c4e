//! The end of an account or of a user. The audit log of both stays.

use super::{
    Acting, By, Conflict, Context, Error, On, Result,
    apps::delete_held,
    confirm::{Fields, Proof, check_proof, still_signed_in, wrong_password},
    invitations::revoke_those_of,
    members::hold,
    oauth::grants::{ToTell, end_those_of_account, end_those_of_user},
    outbox::Mail,
    sign_in::begin_unchanged,
};
use crate::{
    domain::{
        account::{Account, AccountName, Owner, Role, Standing, keeps_an_owner},
        app::App,
        audit::Change,
        fields::FieldErrors,
        id::UserId,
        user::{Admin, PowerBy, PowerChange, Session, User},
    },
    store::{Conn, Remains, Tx},
};

/// Deletes the account with its apps, secrets and memberships. `typed_name` must be its name.
///
/// # Errors
/// `Invalid` if the name is not the account's; `Conflict` while it or an app of it is suspended.
pub async fn delete_account(ctx: &Context, acting: &Acting<Owner>, typed_name: &str) -> Result<()> {
    let mut tx = hold(ctx, acting).await?;
    let account = tx.account(acting.account()).await?.ok_or(Error::NotFound)?;
    if typed_name.parse::<AccountName>().ok().as_ref() != Some(&account.name) {
        let sentence = format!("Type the account's name, “{}”, to delete it.", account.name);
        return Err(FieldErrors::one("delete_name", sentence).into());
    }
    let to_tell = delete_held_account(ctx, &mut tx, &acting.by(), &account).await?;
    tx.commit().await?;
    to_tell.announce(ctx).await;
    Ok(())
}

/// What becomes of a user's accounts when the user is deleted.
#[derive(Debug, Default)]
pub struct Consequences {
    /// Deleted along, since nobody else belongs to them.
    pub deleted: Vec<AccountName>,
    /// They need another owner first.
    pub in_the_way: Vec<AccountName>,
}

/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn consequences(ctx: &Context, user: &User) -> Result<Consequences> {
    let mut all = Consequences::default();
    for company in ctx.read().await?.company(user.id).await? {
        let is_missed = company.role == Role::Owner && !company.has_other_owner;
        match (company.has_others, is_missed) {
            (false, _) => all.deleted.push(company.account_name),
            (true, true) => all.in_the_way.push(company.account_name),
            (true, false) => {}
        }
    }
    Ok(all)
}

/// Deletes the user, and the accounts of which they are the only member.
///
/// # Errors
/// `Invalid` for a wrong password or code; `Conflict` for the last owner of an account with other members,
/// for the last admin, and while something that would be deleted along is suspended.
pub async fn delete_user(ctx: &Context, by: &By, session: &Session, proof: Proof) -> Result<()> {
    let fields = Fields { password: "delete_password", code: "delete_code" };
    let known = check_proof(ctx, by, session, proof, fields).await?;
    let Some(mut tx) = begin_unchanged(ctx, &known).await? else {
        return Err(wrong_password(fields.password));
    };
    still_signed_in(&mut tx, session).await?;
    // Read again, now that nobody makes an admin of them.
    let user = tx.user(known.user.id).await?.ok_or(Error::NotFound)?.user;
    keep_an_admin(ctx, &mut tx, &user).await?;
    let mut accounts = tx.memberships(user.id).await?;
    // In one order, so that two who leave the same accounts never wait for each other.
    accounts.sort_by_key(|one| one.account.id);
    for one in &accounts {
        tx.lock_account(one.account.id).await?;
    }
    let mut to_tell = end_those_of_user(ctx, &mut tx, by, user.id).await?;
    // Read again, now that nobody changes who belongs to them.
    for membership in tx.memberships(user.id).await? {
        let account = membership.account;
        match fate(&mut tx, &account, user.id).await? {
            Fate::Deleted => to_tell.and(delete_held_account(ctx, &mut tx, by, &account).await?),
            Fate::InTheWay => return Err(Conflict::LastOwner.into()),
            Fate::GoesOn => {
                tx.delete_membership(account.id, user.id, ctx.now()).await?;
                revoke_those_of(ctx, &mut tx, by, account.id, user.id).await?;
                let change = Change::MemberLeft { role: membership.role };
                ctx.audit(&mut tx, by, On::account(account.id), change).await?;
            }
        }
    }
    tx.delete_user(user.id).await?;
    if let Some(admin) = Admin::prove(&user) {
        let by = PowerBy::Admin(user.email.to_string());
        tell_admins(ctx, &mut tx, admin, by, (&user, PowerChange::AdminDeleted)).await?;
    }
    ctx.audit(&mut tx, by, On::platform(), Change::UserDeleted { email: user.email.to_string() }).await?;
    tx.commit().await?;
    to_tell.announce(ctx).await;
    Ok(())
}

/// What becomes of an account without one of its members.
enum Fate {
    Deleted,
    InTheWay,
    GoesOn,
}

async fn fate(read: &mut Conn, account: &Account, user: UserId) -> Result<Fate> {
    let members = read.members(account.id).await?;
    if members.iter().all(|member| member.user == user) {
        return Ok(Fate::Deleted);
    }
    Ok(if keeps_an_owner(&members, user, None) { Fate::GoesOn } else { Fate::InTheWay })
}

/// What stands against deleting the account, if anything does.
///
/// # Errors
/// `NotFound` if the account is gone.
pub async fn obstacle(ctx: &Context, acting: &Acting<Owner>) -> Result<Option<Conflict>> {
    let mut read = ctx.read().await?;
    let account = read.account(acting.account()).await?.ok_or(Error::NotFound)?;
    let apps = read.apps_of(account.id).await?;
    Ok(may_go(&account, &apps).err())
}

fn may_go(account: &Account, apps: &[App]) -> std::result::Result<(), Conflict> {
    match account.standing {
        Standing::Suspended => return Err(Conflict::AccountSuspended),
        Standing::Pending | Standing::Approved => {}
    }
    if apps.iter().all(|app| app.state.delete().is_ok()) { Ok(()) } else { Err(Conflict::SuspendedApp) }
}

/// The account is held; its apps are too from here on.
async fn delete_held_account(ctx: &Context, tx: &mut Tx, by: &By, account: &Account) -> Result<ToTell> {
    tx.lock_apps(account.id).await?;
    let apps = tx.apps_of(account.id).await?;
    may_go(account, &apps)?;
    let to_tell = end_those_of_account(ctx, tx, by, account.id).await?;
    for app in &apps {
        delete_held(ctx, tx, by, app).await?;
    }
    tx.delete_account(account.id).await?;
    tx.leave(Remains::OfAccount(account.id), ctx.now()).await?;
    let change = Change::AccountDeleted { name: account.name.to_string() };
    ctx.audit(tx, by, On::account(account.id), change).await?;
    Ok(to_tell)
}

/// Whoever takes an admin away waits here for others who do, until the end of the transaction.
pub(super) async fn lock_admins(ctx: &Context, tx: &mut Tx) -> Result<()> {
    Ok(tx.lock_bucket(&ctx.keys.bucket("admins", "going"), ctx.now()).await?)
}

/// A mail to each who is an admin at this point of the transaction.
pub(super) async fn tell_admins(
    ctx: &Context,
    tx: &mut Tx,
    proof: Admin,
    by: PowerBy,
    (user, change): (&User, PowerChange),
) -> Result<()> {
    for to in tx.admin_addresses(proof).await? {
        let mail = Mail::UserPower {
            to: to.to_string(),
            change,
            by: by.clone(),
            user: user.email.to_string(),
            id: user.id.to_string(),
            at: ctx.now().micros(),
        };
        ctx.post(tx, &mail).await?;
    }
    Ok(())
}

async fn keep_an_admin(ctx: &Context, tx: &mut Tx, user: &User) -> Result<()> {
    if !user.is_admin {
        return Ok(());
    }
    lock_admins(ctx, tx).await?;
    if tx.admins().await? > 1 { Ok(()) } else { Err(Conflict::LastAdmin.into()) }
}
