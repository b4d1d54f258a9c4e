//! Accounts and their names.

use super::{Acting, By, Conflict, Context, FormValue, On, Once, Result, members::hold};
use crate::{
    crypto,
    domain::{
        account::{Account, AccountName, AtLeast, MemberFacts, Owner, Role, Standing},
        audit::Change,
        credential::ApiKey,
        id::{AccountId, UserId},
    },
    store::Tx,
};

/// An account that is about to be made.
#[derive(Debug)]
pub(super) struct NewAccount {
    pub(super) id: AccountId,
    pub(super) name: AccountName,
    pub(super) standing: Standing,
}

/// What the page of an account shows.
#[derive(Debug)]
pub struct AccountView {
    pub account: Account,
    pub api_key: ApiKey,
    pub members: Vec<MemberFacts>,
}

/// # Errors
/// `NotFound` if the account is gone.
pub async fn view(ctx: &Context, id: AccountId) -> Result<AccountView> {
    let mut read = ctx.read().await?;
    let account = read.account(id).await?.ok_or(super::Error::NotFound)?;
    let api_key = read.api_key(account.id).await?.ok_or(super::Error::NotFound)?;
    let members = read.members(account.id).await?;
    Ok(AccountView { account, api_key, members })
}

/// Why an admin suspended the account, if one did.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn suspended_for(ctx: &Context, acting: &Acting<impl AtLeast>) -> Result<Option<String>> {
    Ok(ctx.read().await?.suspension(acting.account()).await?.map(|suspension| suspension.reason))
}

/// The most accounts that one user may own. Each counts for itself in every limit of accounts, and
/// all are read whenever the user asks for a page.
const MAX_OWNED: usize = 50;

/// Another account, with the user as its owner.
///
/// # Errors
/// `NotFound` if the user is gone; `Conflict` for one who owns as many as one may; `TooMany` after
/// ten in a quarter of an hour.
pub async fn create(
    ctx: &Context,
    by: &By,
    user: UserId,
    form: FormValue,
    name: AccountName,
) -> Result<Once<AccountId>> {
    ctx.count_try(vec![ctx.keys.bucket("new account", &user.to_string())]).await?;
    let account = NewAccount { id: ctx.new_id(), name, standing: ctx.policy.new_accounts };
    let mut tx = ctx.begin().await?;
    // The user must not be deleted meanwhile: the account would have no owner.
    tx.lock_user(user).await?;
    tx.user(user).await?.ok_or(super::Error::NotFound)?;
    if let Some(before) = ctx.form_result(&mut tx, form, &account.id).await? {
        return Ok(Once::Before(before));
    }
    let owned = tx.memberships(user).await?.into_iter().filter(|one| one.role == Role::Owner).count();
    if owned >= MAX_OWNED {
        return Err(Conflict::AccountLimit { max: MAX_OWNED }.into());
    }
    ctx.insert_account(&mut tx, by, &account).await?;
    tx.insert_membership(account.id, user, Role::Owner, ctx.now()).await?;
    tx.commit().await?;
    Ok(Once::Now(account.id))
}

/// # Errors
/// `NotFound` if the account is gone, or its owner is none any more.
pub async fn rename(ctx: &Context, acting: &Acting<Owner>, name: &AccountName) -> Result<()> {
    let id = acting.account();
    let mut tx = hold(ctx, acting).await?;
    let before = tx.account(id).await?.ok_or(super::Error::NotFound)?;
    if before.name == *name {
        return Ok(());
    }
    tx.set_account_name(id, name).await?;
    let change = Change::AccountRenamed { from: before.name.to_string(), to: name.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::account(id), change).await?;
    Ok(tx.commit().await?)
}

impl Context {
    /// The account with its pair: every account has one from the start.
    pub(super) async fn insert_account(&self, tx: &mut Tx, by: &By, new: &NewAccount) -> Result<()> {
        tx.insert_account(new.id, &new.name, new.standing, self.now()).await?;
        tx.insert_api_key(new.id, &ApiKey::from_random(crypto::random())).await?;
        self.insert_api_secret(tx, new.id, by.actor.user()).await?;
        self.audit(tx, by, On::account(new.id), Change::AccountCreated { name: new.name.to_string() }).await
    }
}
