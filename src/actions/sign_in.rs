//! Signing in, by one step or two, and out.

use std::net::IpAddr;

use super::{
    By, Context, Error, On, Result,
    passwords::send_proof,
    throttle::{Counted, place},
    two_step::{self, Judged},
};
use crate::{
    crypto::token::Token,
    domain::{
        account::Membership,
        audit::{Actor, Change},
        email::Email,
        fields::FieldErrors,
        id::{AccountId, UserId},
        password::{PasswordHash, TypedPassword},
        time::Timestamp,
        two_step::TypedCode,
        user::{Session, User},
    },
    store::{Known, Tx},
};

/// The browser that a request comes from.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    pub address: Option<IpAddr>,
    pub user_agent: String,
    /// What an earlier sign-in left there.
    pub device: Option<Token>,
    /// The cookie of the session in which it is signed in, if it is.
    pub session: Option<Token>,
    /// The cookie of a sign-in that waits for its code.
    pub half: Option<Token>,
}

impl Browser {
    /// As much of its name as is kept.
    fn user_agent_kept(&self) -> String {
        self.user_agent.chars().take(400).collect()
    }
}

/// A new session, and the two cookies that go with it.
#[derive(Debug)]
pub struct SignedIn {
    pub session: Token,
    pub device: Token,
}

/// What the right password comes to.
#[derive(Debug)]
pub enum FirstStep {
    SignedIn(SignedIn),
    /// There is no session yet: a code is needed too. The cookie by which it is brought.
    CodeNeeded(Token),
}

/// Who a cookie belongs to.
#[derive(Clone, Debug)]
pub struct SignedInUser {
    pub session: Session,
    pub user: User,
    pub memberships: Vec<Membership>,
}

impl SignedInUser {
    /// The account in which the session acts.
    #[must_use]
    pub fn current(&self) -> Option<&Membership> {
        let chosen = self.memberships.iter().find(|one| Some(one.account.id) == self.session.account);
        chosen.or(self.memberships.first())
    }
}

/// Signs in by address and password, which is all of it unless two-step sign-in is on.
///
/// # Errors
/// `Invalid` with the same words for an unknown address and a wrong password; `TooMany`
/// after ten failures in a quarter of an hour, by address or by place. A browser in which
/// the user signed in before is counted by itself, so that guesses made elsewhere do not
/// lock the user out (S5, S6).
pub async fn sign_in(
    ctx: &Context,
    by: &By,
    browser: &Browser,
    email: &Email,
    password: TypedPassword,
) -> Result<FirstStep> {
    let known = ctx.read().await?.user_by_email(email).await?;
    let counted = ctx.count_sign_in((by, browser), email, known.as_ref()).await?;
    let Some(known) = known else {
        ctx.passwords.verify_nobody(password).await?;
        return failed(ctx, by, email).await;
    };
    let verified = ctx.passwords.verify(password.clone(), &known.password).await?;
    if !verified.ok {
        return failed(ctx, by, email).await;
    }
    ctx.take_back(counted).await?;
    if known.user.disabled_at.is_some() {
        write_failure(ctx, by, email).await?;
        return Err(FieldErrors::one(
            "email",
            "An admin has disabled this user. Write to the platform's support.",
        )
        .into());
    }
    if known.user.proven_at.is_none() && matches!(ctx.policy.sign_up, super::SignUp::Domain(_)) {
        let by = By::user(known.user.id, by.origin.clone());
        send_proof(ctx, &by, &known.user).await?;
        let sentence = "Prove your address first. We have sent you a new link; open it, then sign in.";
        return Err(FieldErrors::one("email", sentence).into());
    }
    let stronger =
        if verified.rehash { Some(ctx.passwords.hash_again(password.clone()).await?) } else { None };
    match begin_session(ctx, by, browser, &known, stronger).await? {
        Some(step) => Ok(step),
        // Judged again, by how things are now.
        None => Box::pin(sign_in(ctx, by, browser, email, password)).await,
    }
}

/// `None` if the password was replaced, or the user disabled, while it was checked: then every
/// session was ended, and none may begin with what was true before.
async fn begin_session(
    ctx: &Context,
    by: &By,
    browser: &Browser,
    known: &Known,
    stronger: Option<PasswordHash>,
) -> Result<Option<FirstStep>> {
    let user = known.user.id;
    let Some(mut tx) = begin_unchanged(ctx, known).await? else { return Ok(None) };
    if let Some(hash) = stronger {
        tx.set_password(user, &hash).await?;
    }
    // It may have been turned on while the password was checked.
    if tx.second_factor(user).await?.is_some() {
        let half = Token::generate();
        tx.insert_half_sign_in(half.hash().as_bytes(), user, ctx.now()).await?;
        tx.commit().await?;
        return Ok(Some(FirstStep::CodeNeeded(half)));
    }
    let by = By { actor: Actor::User(user), origin: by.origin.clone() };
    let session = ctx.new_session(&mut tx, &by, browser, user).await?;
    tx.commit().await?;
    Ok(Some(FirstStep::SignedIn(session)))
}

/// Whose sign-in waits for a code in this browser, if one does.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn half_way(ctx: &Context, browser: &Browser) -> Result<Option<User>> {
    let Some(half) = &browser.half else { return Ok(None) };
    let mut read = ctx.read().await?;
    let Some(user) = read.half_sign_in(half.hash().as_bytes(), ctx.now()).await? else { return Ok(None) };
    let known = read.user(user).await?;
    Ok(known.map(|known| known.user).filter(|user| user.disabled_at.is_none()))
}

/// The second step. Whatever the browser brought, the session has a value of its own (S14).
///
/// # Errors
/// `Invalid` for a wrong or used code, `TooMany` after ten of one user, a browser in which the user
/// signed in before by itself; `NotFound` if the sign-in waits no more.
pub async fn enter_code(ctx: &Context, by: &By, browser: &Browser, code: &TypedCode) -> Result<SignedIn> {
    let user = half_way(ctx, browser).await?.ok_or(Error::NotFound)?;
    let counted = ctx.count_code((by, browser), &user).await?;
    let half = browser.half.as_ref().ok_or(Error::NotFound)?.hash();
    let mut tx = ctx.begin().await?;
    tx.lock_user(user.id).await?;
    // Read again: meanwhile the user may have been disabled, and a new password or the like
    // ended what waited.
    let user = tx.user(user.id).await?.ok_or(Error::NotFound)?.user;
    let goes_on = user.disabled_at.is_none() && tx.end_half_sign_in(half.as_bytes(), ctx.now()).await?;
    if !goes_on {
        return Err(Error::NotFound);
    }
    match ctx.use_code(&mut tx, by, &user, code).await? {
        Judged::Right => {}
        wrong @ (Judged::Wrong | Judged::Used | Judged::Unreadable) => {
            // It waits on.
            drop(tx);
            two_step::write_failure(ctx, by, &user, wrong).await?;
            return Err(wrong.into_error("code"));
        }
    }
    let by = By { actor: Actor::User(user.id), origin: by.origin.clone() };
    let signed_in = ctx.new_session_by(&mut tx, &by, browser, user.id, Some(ctx.now())).await?;
    tx.commit().await?;
    ctx.take_back(counted).await?;
    Ok(signed_in)
}

/// A transaction in which the password is still the one that was checked, if it is, and the user
/// not disabled.
pub(super) async fn begin_unchanged(ctx: &Context, known: &Known) -> Result<Option<Tx>> {
    let mut tx = ctx.begin().await?;
    tx.lock_user(known.user.id).await?;
    let now = tx.user(known.user.id).await?;
    let is_unchanged = |now: Known| {
        now.password.as_str() == known.password.as_str() && now.user.disabled_at == known.user.disabled_at
    };
    Ok(now.is_some_and(is_unchanged).then_some(tx))
}

async fn failed(ctx: &Context, by: &By, email: &Email) -> Result<FirstStep> {
    write_failure(ctx, by, email).await?;
    Err(FieldErrors::one("email", "The address or the password is not right.").into())
}

async fn write_failure(ctx: &Context, by: &By, email: &Email) -> Result<()> {
    ctx.write_down(by, On::platform(), Change::SignInFailed { email: email.to_string() }).await
}

/// The user of a session cookie, unless the session has ended. That it is used, and by which
/// browser, is written down.
///
/// # Errors
/// `Unavailable` and `Internal` alone; no session is `None`.
pub async fn signed_in(ctx: &Context, cookie: &Token, browser: &Browser) -> Result<Option<SignedInUser>> {
    let now = ctx.now();
    let mut read = ctx.read().await?;
    let Some(mut session) = read.session(cookie.hash().as_bytes()).await? else { return Ok(None) };
    if !session.is_alive(now) {
        return Ok(None);
    }
    let Some(Known { user, .. }) = read.user(session.user).await? else { return Ok(None) };
    if user.disabled_at.is_some() {
        return Ok(None);
    }
    let memberships = read.memberships(user.id).await?;
    drop(read);
    let moved = browser.address.is_some() && place(session.address) != place(browser.address);
    // A browser may go by two addresses in turn, and each look at a page would write.
    let pause = if moved { Session::MOVED_EVERY } else { Session::SEEN_EVERY };
    if now.since(session.seen_at) > pause {
        session.seen_at = now;
        session.address = browser.address.or(session.address);
        session.user_agent = browser.user_agent_kept();
        // A page can be read while nothing can be written: on a full disk, for one.
        if let Err(error) = set_seen(ctx, &session).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a session's last use was not kept");
        }
    }
    Ok(Some(SignedInUser { session, user, memberships }))
}

async fn set_seen(ctx: &Context, session: &Session) -> Result<()> {
    let mut tx = ctx.begin().await?;
    tx.set_session_seen(session).await?;
    Ok(tx.commit().await?)
}

/// Ends the session, unless it ended meanwhile.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn sign_out(ctx: &Context, by: &By, session: &Session) -> Result<()> {
    let mut tx = ctx.begin().await?;
    if !tx.delete_session(session.id, session.user).await? {
        return Ok(());
    }
    ctx.audit(&mut tx, by, On::platform(), Change::SignedOut {}).await?;
    Ok(tx.commit().await?)
}

/// The session acts in another of the user's accounts from now on.
///
/// # Errors
/// `NotFound` if the user is not a member there.
pub async fn switch_account(ctx: &Context, by: &By, session: &Session, account: AccountId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    tx.role(account, session.user).await?.ok_or(Error::NotFound)?;
    tx.set_session_account(session.id, account).await?;
    ctx.audit(&mut tx, by, On::account(account), Change::AccountSwitched {}).await?;
    Ok(tx.commit().await?)
}

impl Context {
    /// A new session under a value nobody has seen, whatever the browser brought. One that it
    /// was signed in by ends: its cookie is about to be lost, and lost is not dead (S14).
    pub(super) async fn new_session(
        &self,
        tx: &mut Tx,
        by: &By,
        browser: &Browser,
        user: UserId,
    ) -> Result<SignedIn> {
        let no_code = None;
        self.new_session_by(tx, by, browser, user, no_code).await
    }

    async fn new_session_by(
        &self,
        tx: &mut Tx,
        by: &By,
        browser: &Browser,
        user: UserId,
        code_at: Option<Timestamp>,
    ) -> Result<SignedIn> {
        self.end_brought_session(tx, by, browser).await?;
        let now = self.now();
        let signed_in = SignedIn { session: Token::generate(), device: Token::generate() };
        let account = tx.memberships(user).await?.first().map(|one| one.account.id);
        let session = Session {
            id: self.new_id(),
            token_hash: signed_in.session.hash().as_bytes().to_vec(),
            user,
            account,
            created_at: now,
            seen_at: now,
            confirmed_at: now,
            code_at,
            address: browser.address,
            user_agent: browser.user_agent_kept(),
        };
        tx.insert_session(&session).await?;
        tx.insert_device(signed_in.device.hash_for(user).as_bytes(), user, now).await?;
        self.audit(tx, by, On::platform(), Change::SignedIn {}).await?;
        Ok(signed_in)
    }

    async fn end_brought_session(&self, tx: &mut Tx, by: &By, browser: &Browser) -> Result<()> {
        let Some(cookie) = &browser.session else { return Ok(()) };
        let Some(old) = tx.session(cookie.hash().as_bytes()).await? else { return Ok(()) };
        if tx.delete_session(old.id, old.user).await? && old.is_alive(self.now()) {
            // Perhaps another user's, who had this browser before.
            let by = By::user(old.user, by.origin.clone());
            self.audit(tx, &by, On::platform(), Change::SignedOut {}).await?;
        }
        Ok(())
    }

    async fn count_code(&self, (by, browser): (&By, &Browser), user: &User) -> Result<Counted> {
        if let Some(device) = &browser.device
            && self.read().await?.knows_device(device.hash_for(user.id).as_bytes(), user.id).await?
        {
            let bucket = self.keys.bucket("second factor device", device.expose());
            return self.count_guess(by, &user.email, vec![bucket]).await;
        }
        let bucket = self.keys.bucket("second factor", &user.id.to_string());
        self.count_guess(by, &user.email, vec![bucket]).await
    }

    async fn count_sign_in(
        &self,
        (by, browser): (&By, &Browser),
        email: &Email,
        known: Option<&Known>,
    ) -> Result<Counted> {
        if let (Some(device), Some(known)) = (&browser.device, known) {
            let hash = device.hash_for(known.user.id);
            if self.read().await?.knows_device(hash.as_bytes(), known.user.id).await? {
                let bucket = self.keys.bucket("sign-in device", device.expose());
                return self.count_guess(by, email, vec![bucket]).await;
            }
        }
        let address = self.keys.bucket("sign-in address", &email.key());
        let place = self.keys.bucket("sign-in place", &place(browser.address));
        self.count_guess(by, email, vec![address, place]).await
    }
}
