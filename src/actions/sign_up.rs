//! Making a user and an account of one's own.

use super::{
    By, Conflict, Context, Error, FormValue, On, Once, Result, SignUp,
    accounts::NewAccount,
    outbox::Mail,
    sign_in::{Browser, FirstStep, SignedIn, sign_in},
    throttle::place,
};
use crate::{
    domain::{
        account::{AccountName, Role, Standing},
        audit::{Actor, Change},
        email::Email,
        fields::FieldErrors,
        id::UserId,
        password::{NewPassword, PasswordHash, TypedPassword},
        user::{LinkKind, PersonName, User},
    },
    store::{StoreError, Tx},
};

/// What somebody enters to sign up.
#[derive(Debug)]
pub struct NewSignUp {
    pub name: PersonName,
    pub email: Email,
    pub account_name: AccountName,
    pub password: NewPassword,
}

/// What signing up came to.
#[derive(Debug)]
pub enum SignedUp {
    /// Signed in at once; a link to prove the address is on its way.
    In(Once<Box<SignedIn>>),
    /// A mail says how to go on. The same answer whether or not the address was taken.
    CheckMail,
}

/// # Errors
/// `Invalid` for a taken address or one of another domain; `NotFound` when nobody may sign up;
/// `TooMany` after ten taken addresses, or ten mails, in a quarter of an hour.
pub async fn sign_up(
    ctx: &Context,
    by: &By,
    browser: &Browser,
    form: FormValue,
    new: NewSignUp,
) -> Result<SignedUp> {
    match &ctx.policy.sign_up {
        SignUp::Open => open(ctx, by, browser, form, new).await,
        SignUp::Invite => Err(Error::NotFound),
        SignUp::Domain(domain) if new.email.domain() == domain => proven_first(ctx, by, form, new).await,
        SignUp::Domain(domain) => {
            let sentence = format!("Use your address at {domain}; only those can sign up here.");
            Err(FieldErrors::one("email", sentence).into())
        }
    }
}

async fn open(
    ctx: &Context,
    by: &By,
    browser: &Browser,
    form: FormValue,
    new: NewSignUp,
) -> Result<SignedUp> {
    let bucket = ctx.keys.bucket("sign-up", &place(browser.address));
    if ctx.is_full(&bucket).await? {
        return Err(Error::TooMany { retry_after: crate::domain::time::Span::minutes(15) });
    }
    if let Some(before) = ctx.form_made(form).await? {
        let signed_in = again(ctx, by, browser, before, new.password.into_typed()).await?;
        return Ok(SignedUp::In(Once::Before(Box::new(signed_in))));
    }
    if ctx.read().await?.user_by_email(&new.email).await?.is_some() {
        return taken(ctx, bucket).await;
    }
    let password = ctx.passwords.hash(new.password.clone()).await?;
    let mut tx = ctx.begin().await?;
    let user = user(ctx, new.name, new.email, false);
    if let Some(before) = ctx.form_result(&mut tx, form, &user.id).await? {
        drop(tx);
        let signed_in = again(ctx, by, browser, before, new.password.into_typed()).await?;
        return Ok(SignedUp::In(Once::Before(Box::new(signed_in))));
    }
    match tx.insert_user(&user, &password).await {
        Err(StoreError::Duplicate) => {
            drop(tx);
            return taken(ctx, bucket).await;
        }
        other => other?,
    }
    let by = By { actor: Actor::User(user.id), origin: by.origin.clone() };
    found(ctx, &mut tx, &by, &user, &new.account_name, ctx.policy.new_accounts).await?;
    ctx.mail_link(&mut tx, LinkKind::Verify, user.id, &user.email).await?;
    let session = ctx.new_session(&mut tx, &by, browser, user.id).await?;
    tx.commit().await?;
    Ok(SignedUp::In(Once::Now(Box::new(session))))
}

/// Whether the form made this user.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn has_made(ctx: &Context, form: FormValue, user: UserId) -> Result<bool> {
    Ok(ctx.form_made(form).await? == Some(user))
}

/// Signs in whom the form made, where what it needed is used up.
///
/// # Errors
/// `NotFound` if it made nobody.
pub async fn sent_again(
    ctx: &Context,
    by: &By,
    browser: &Browser,
    form: FormValue,
    password: TypedPassword,
) -> Result<SignedIn> {
    let made = ctx.form_made(form).await?.ok_or(Error::NotFound)?;
    again(ctx, by, browser, made, password).await
}

/// The form made this user, and the answer never came. The value of a form lies in a page that
/// others may open later, so the password has to be right too.
pub(super) async fn again(
    ctx: &Context,
    by: &By,
    browser: &Browser,
    made: UserId,
    password: TypedPassword,
) -> Result<SignedIn> {
    let known = ctx.read().await?.user(made).await?.ok_or(Error::NotFound)?;
    match sign_in(ctx, by, browser, &known.user.email, password).await? {
        FirstStep::SignedIn(signed_in) => Ok(signed_in),
        // The form is older than their two-step sign-in; the door asks for the code.
        FirstStep::CodeNeeded(_) => Err(Conflict::SignInInstead.into()),
    }
}

/// The number of addresses that one place may find out this way is limited.
async fn taken(ctx: &Context, bucket: [u8; 32]) -> Result<SignedUp> {
    ctx.count_try(vec![bucket]).await?;
    let sentence =
        "There is a user with this address already. Sign in, or set a new password if you forgot it.";
    Err(FieldErrors::one("email", sentence).into())
}

async fn proven_first(ctx: &Context, by: &By, form: FormValue, new: NewSignUp) -> Result<SignedUp> {
    if ctx.form_made::<UserId>(form).await?.is_some() {
        return Ok(SignedUp::CheckMail);
    }
    ctx.count_mail("sign-up", by, &new.email).await?;
    let password = ctx.passwords.hash(new.password).await?;
    let mut tx = ctx.begin().await?;
    let user = user(ctx, new.name, new.email, false);
    if ctx.form_result(&mut tx, form, &user.id).await?.is_some() {
        return Ok(SignedUp::CheckMail);
    }
    match tx.insert_user(&user, &password).await {
        Err(StoreError::Duplicate) => {
            drop(tx);
            let mut tx = ctx.begin().await?;
            // Taken here too, so that the form sent again is not answered by a second mail.
            if ctx.form_result(&mut tx, form, &user.id).await?.is_some() {
                return Ok(SignedUp::CheckMail);
            }
            ctx.post(&mut tx, &Mail::AlreadySignedUp { to: user.email.to_string() }).await?;
            tx.commit().await?;
        }
        other => {
            other?;
            let by = By { actor: Actor::User(user.id), origin: by.origin.clone() };
            found(ctx, &mut tx, &by, &user, &new.account_name, ctx.policy.new_accounts).await?;
            ctx.mail_link(&mut tx, LinkKind::Verify, user.id, &user.email).await?;
            tx.commit().await?;
        }
    }
    Ok(SignedUp::CheckMail)
}

pub(super) fn user(ctx: &Context, name: PersonName, email: Email, is_admin: bool) -> User {
    User {
        id: ctx.new_id(),
        name,
        email,
        proven_at: None,
        is_admin,
        disabled_at: None,
        created_at: ctx.now(),
        two_step_at: None,
    }
}

/// The account that a new user begins with, and the audit rows of both.
pub(super) async fn found(
    ctx: &Context,
    tx: &mut Tx,
    by: &By,
    user: &User,
    account_name: &AccountName,
    standing: Standing,
) -> Result<()> {
    let change = Change::UserCreated { user: user.id, email: user.email.to_string(), admin: user.is_admin };
    ctx.audit(tx, by, On::platform(), change).await?;
    let account = NewAccount { id: ctx.new_id(), name: account_name.clone(), standing };
    ctx.insert_account(tx, by, &account).await?;
    tx.insert_membership(account.id, user.id, Role::Owner, ctx.now()).await?;
    Ok(())
}

/// A user made by the operator, with the hash of the password already made.
pub(super) async fn insert(tx: &mut Tx, user: &User, password: &PasswordHash) -> Result<()> {
    match tx.insert_user(user, password).await {
        Err(StoreError::Duplicate) => {
            let sentence = format!("There is a user with the address {} already.", user.email);
            Err(FieldErrors::one("email", sentence).into())
        }
        other => Ok(other?),
    }
}
