//! The first admin, and users made by the operator.

use super::{
    By, Context, Error, FormValue, On, Once, Result,
    accounts::NewAccount,
    deletion::{lock_admins, tell_admins},
    sign_in::{Browser, SignedIn},
    sign_up::{NewSignUp, again, found, insert, sent_again, user},
};
use crate::{
    crypto::token::Token,
    domain::{
        account::{AccountName, Role, Standing},
        audit::{Actor, Change},
        email::Email,
        fields::FieldErrors,
        id::{AccountId, UserId},
        password::NewPassword,
        user::{Admin, LinkKind, PersonName, PowerBy, PowerChange},
    },
    store::Link,
};

/// The token of a link to make the first admin with, if there is no admin yet and no such
/// link is waiting. It is given out once (S10).
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn first_admin_link(ctx: &Context) -> Result<Option<Token>> {
    let now = ctx.now();
    let mut tx = ctx.begin().await?;
    // Processes that start at once look one after the other.
    tx.lock_bucket(&ctx.keys.bucket("setup", "link"), now).await?;
    if tx.admins().await? > 0 || tx.has_waiting_link(LinkKind::Setup, now).await? {
        return Ok(None);
    }
    let token = Token::generate();
    let link = Link { id: ctx.new_id(), user: None, email: None, expires_at: now + LinkKind::Setup.lasts() };
    tx.insert_link(&link, LinkKind::Setup, token.hash().as_bytes(), now).await?;
    ctx.audit(&mut tx, &By::operator(), On::platform(), Change::SetupLinkMade {}).await?;
    tx.commit().await?;
    Ok(Some(token))
}

/// Whether the link still works, and there is no admin yet.
///
/// # Errors
/// `NotFound` if it does not.
pub async fn peek(ctx: &Context, token: &Token) -> Result<Link> {
    let mut read = ctx.read().await?;
    if read.admins().await? > 0 {
        return Err(Error::NotFound);
    }
    read.link(token.hash().as_bytes(), LinkKind::Setup, ctx.now()).await?.ok_or(Error::NotFound)
}

/// Makes the first admin, signed in.
///
/// # Errors
/// `NotFound` for a link that does not work, `Invalid` for a taken address.
pub async fn make_first_admin(
    ctx: &Context,
    by: &By,
    browser: &Browser,
    form: FormValue,
    token: &Token,
    new: NewSignUp,
) -> Result<Once<SignedIn>> {
    let link = match peek(ctx, token).await {
        Err(Error::NotFound) => {
            let signed_in = sent_again(ctx, by, browser, form, new.password.into_typed()).await?;
            return Ok(Once::Before(signed_in));
        }
        other => other?,
    };
    let password = ctx.passwords.hash(new.password.clone()).await?;
    let mut tx = ctx.begin().await?;
    let mut admin = user(ctx, new.name, new.email, true);
    if let Some(before) = ctx.form_result(&mut tx, form, &admin.id).await? {
        drop(tx);
        let signed_in = again(ctx, by, browser, before, new.password.into_typed()).await?;
        return Ok(Once::Before(signed_in));
    }
    if !tx.use_link(link.id, ctx.now()).await? || tx.admins().await? > 0 {
        return Err(Error::NotFound);
    }
    // The operator's word is proof enough.
    admin.proven_at = Some(ctx.now());
    insert(&mut tx, &admin, &password).await?;
    let by = By { actor: Actor::User(admin.id), origin: by.origin.clone() };
    found(ctx, &mut tx, &by, &admin, &new.account_name, Standing::Approved).await?;
    let session = ctx.new_session(&mut tx, &by, browser, admin.id).await?;
    tx.commit().await?;
    Ok(Once::Now(session))
}

/// A user that the operator makes at the command line.
#[derive(Debug)]
pub struct NewUser {
    pub name: PersonName,
    pub email: Email,
    pub password: NewPassword,
    pub account: AccountChoice,
    pub is_admin: bool,
}

/// Where a new user belongs.
#[derive(Clone, Debug)]
pub enum AccountChoice {
    /// An account of that name is made, approved, with the user as its owner.
    New(AccountName),
    /// The user joins as a developer.
    Existing(AccountId),
}

/// # Errors
/// `Invalid` for a taken address or an account that does not exist.
pub async fn create_user(ctx: &Context, new: NewUser) -> Result<UserId> {
    let by = By::operator();
    let password = ctx.passwords.hash(new.password).await?;
    let mut created = user(ctx, new.name, new.email, new.is_admin);
    created.proven_at = Some(ctx.now());
    let mut tx = ctx.begin().await?;
    if let Some(admin) = Admin::prove(&created) {
        lock_admins(ctx, &mut tx).await?;
        let made = (&created, PowerChange::AdminMade);
        tell_admins(ctx, &mut tx, admin, PowerBy::Operator, made).await?;
    }
    insert(&mut tx, &created, &password).await?;
    let change =
        Change::UserCreated { user: created.id, email: created.email.to_string(), admin: created.is_admin };
    ctx.audit(&mut tx, &by, On::platform(), change).await?;
    let (account, role) = match new.account {
        AccountChoice::New(name) => {
            let account = NewAccount { id: ctx.new_id(), name, standing: Standing::Approved };
            ctx.insert_account(&mut tx, &by, &account).await?;
            (account.id, Role::Owner)
        }
        AccountChoice::Existing(id) => {
            let missing = || FieldErrors::one("account", format!("There is no account {id}."));
            (tx.account(id).await?.ok_or_else(missing)?.id, Role::Developer)
        }
    };
    tx.insert_membership(account, created.id, role, ctx.now()).await?;
    let change = Change::AccountJoined { user: created.id, email: created.email.to_string(), role };
    ctx.audit(&mut tx, &by, On::account(account), change).await?;
    tx.commit().await?;
    Ok(created.id)
}
