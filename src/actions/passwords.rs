//! Forgotten and changed passwords, and the proof of an address.

use super::{
    By, Context, Error, On, Result,
    confirm::{Fields, Proof, check_proof, renew, still_signed_in, wrong_password},
    outbox::Mail,
    sign_in::begin_unchanged,
    throttle::place,
};
use crate::{
    crypto::token::Token,
    domain::{
        audit::{Actor, Change, Origin},
        email::Email,
        fields::FieldErrors,
        id::UserId,
        password::NewPassword,
        user::{LinkKind, Session, User},
    },
    store::{Link, StoreError, Tx},
};

/// Asks for a link to set a new password. The same for an address that nobody has: what is
/// done for it is decided when the mail is due, so that the answer's time does not tell (S5).
///
/// # Errors
/// `TooMany` after ten from one place in a quarter of an hour.
pub async fn forget(ctx: &Context, by: &By, email: &Email) -> Result<()> {
    ctx.count_try(vec![ctx.keys.bucket("reset place", &place(by.origin.address))]).await?;
    // One address is not flooded either, whoever asks; that it was enough is not said.
    match ctx.count_try(vec![ctx.keys.bucket("reset address", &email.key())]).await {
        Err(Error::TooMany { .. }) => return Ok(()),
        other => other?,
    };
    let mut tx = ctx.begin().await?;
    let Origin { address, request_id } = by.origin.clone();
    ctx.post(&mut tx, &Mail::ResetIfKnown { to: email.to_string(), address, request_id }).await?;
    Ok(tx.commit().await?)
}

/// Whom a link that still works belongs to, without using it.
///
/// # Errors
/// `NotFound` for one that is unknown, used or has ended.
pub async fn peek(ctx: &Context, kind: LinkKind, token: &Token) -> Result<(Link, User)> {
    let mut read = ctx.read().await?;
    let link = read.link(token.hash().as_bytes(), kind, ctx.now()).await?.ok_or(Error::NotFound)?;
    let user = read.user(link.user.ok_or(Error::NotFound)?).await?.ok_or(Error::NotFound)?.user;
    Ok((link, user))
}

/// Sets a new password by a mailed link, and ends every session.
///
/// # Errors
/// `NotFound` for a link that is unknown, used or has ended.
pub async fn reset(ctx: &Context, by: &By, token: &Token, password: NewPassword) -> Result<()> {
    let (link, user) = peek(ctx, LinkKind::Reset, token).await?;
    let email = link.email.ok_or(Error::NotFound)?;
    let hash = ctx.passwords.hash(password).await?;
    let mut tx = ctx.begin().await?;
    // The user before the link, as everywhere, so that no two wait for each other.
    tx.lock_user(user.id).await?;
    if !tx.use_link(link.id, ctx.now()).await? {
        return Err(Error::NotFound);
    }
    let by = By { actor: Actor::User(user.id), origin: by.origin.clone() };
    tx.set_password(user.id, &hash).await?;
    tx.delete_sessions(user.id).await?;
    tx.delete_devices(user.id).await?;
    void_mailed_links(ctx, &mut tx, user.id).await?;
    // Whoever opened the link reads the mail of the address it went to.
    if tx.prove_email(user.id, &email, ctx.now()).await? {
        ctx.audit(&mut tx, &by, On::platform(), Change::AddressProven { email: email.to_string() }).await?;
    }
    ctx.audit(&mut tx, &by, On::platform(), Change::PasswordReset {}).await?;
    ctx.post(&mut tx, &Mail::PasswordChanged { to: user.email.to_string(), at: ctx.now().micros() }).await?;
    Ok(tx.commit().await?)
}

/// Changes the password of somebody who is signed in, and ends the other sessions. This one goes
/// on under the cookie that is returned: a copy of the old one ends too (S9).
///
/// # Errors
/// `Invalid` for a wrong current password or code, `TooMany` after ten.
pub async fn change(
    ctx: &Context,
    by: &By,
    session: &Session,
    current: Proof,
    password: NewPassword,
) -> Result<Token> {
    let fields = Fields { password: "current_password", code: "current_code" };
    let known = check_proof(ctx, by, session, current, fields).await?;
    let hash = ctx.passwords.hash(password).await?;
    // A reset that came meanwhile must not be undone by somebody who knew the old password.
    let Some(mut tx) = begin_unchanged(ctx, &known).await? else {
        return Err(wrong_password(fields.password));
    };
    still_signed_in(&mut tx, session).await?;
    let user = known.user;
    tx.set_password(user.id, &hash).await?;
    tx.delete_other_sessions(user.id, session.id).await?;
    tx.delete_devices(user.id).await?;
    void_mailed_links(ctx, &mut tx, user.id).await?;
    let cookie = renew(ctx, &mut tx, session, user.two_step_at.map(|_| ctx.now())).await?;
    ctx.audit(&mut tx, by, On::platform(), Change::PasswordChanged {}).await?;
    ctx.post(&mut tx, &Mail::PasswordChanged { to: user.email.to_string(), at: ctx.now().micros() }).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// Sends the link that proves the address once more.
///
/// # Errors
/// `TooMany` after ten in a quarter of an hour.
pub async fn send_proof(ctx: &Context, by: &By, user: &User) -> Result<()> {
    if user.proven_at.is_some() {
        return Ok(());
    }
    ctx.count_mail("proof", by, &user.email).await?;
    let mut tx = ctx.begin().await?;
    ctx.mail_link(&mut tx, LinkKind::Verify, user.id, &user.email).await?;
    ctx.audit(&mut tx, by, On::platform(), Change::ProofSent { email: user.email.to_string() }).await?;
    Ok(tx.commit().await?)
}

/// Asks to change the address: a link goes to the new one, and the change happens there. The
/// address that the user has now is told of it.
///
/// # Errors
/// `Invalid` for a wrong password or code or a taken address, `TooMany` after ten.
pub async fn ask_new_address(
    ctx: &Context,
    by: &By,
    session: &Session,
    proof: Proof,
    email: &Email,
) -> Result<()> {
    let fields = Fields { password: "email_password", code: "email_code" };
    let known = check_proof(ctx, by, session, proof, fields).await?;
    ctx.count_mail("new address", by, email).await?;
    let Some(mut tx) = begin_unchanged(ctx, &known).await? else {
        return Err(wrong_password(fields.password));
    };
    still_signed_in(&mut tx, session).await?;
    let user = known.user;
    tx.void_links(user.id, LinkKind::ChangeEmail, ctx.now()).await?;
    ctx.mail_link(&mut tx, LinkKind::ChangeEmail, user.id, email).await?;
    let (to, new_address) = (user.email.to_string(), email.to_string());
    let change = Change::AddressChangeAsked { from: to.clone(), to: new_address.clone() };
    ctx.audit(&mut tx, by, On::platform(), change).await?;
    ctx.post(&mut tx, &Mail::AddressChangeAsked { to, new_address, at: ctx.now().micros() }).await?;
    Ok(tx.commit().await?)
}

/// What a link in a mail that proves an address is for.
///
/// # Errors
/// `NotFound` for one that is unknown, used or has ended.
pub async fn peek_proof(ctx: &Context, token: &Token) -> Result<(LinkKind, Link, User)> {
    for kind in [LinkKind::Verify, LinkKind::ChangeEmail] {
        match peek(ctx, kind, token).await {
            Ok((link, user)) => return Ok((kind, link, user)),
            Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::NotFound)
}

/// Proves the address by its link, or moves the user to the new one.
///
/// # Errors
/// `NotFound` for a link that is unknown, used or has ended; `Invalid` if the new address
/// was taken meanwhile.
pub async fn prove(ctx: &Context, by: &By, token: &Token) -> Result<()> {
    let (kind, link, user) = peek_proof(ctx, token).await?;
    let email = link.email.ok_or(Error::NotFound)?;
    let mut tx = ctx.begin().await?;
    tx.lock_user(user.id).await?;
    let user = tx.user(user.id).await?.ok_or(Error::NotFound)?.user;
    if !tx.use_link(link.id, ctx.now()).await? {
        return Err(Error::NotFound);
    }
    let by = By { actor: Actor::User(user.id), origin: by.origin.clone() };
    if kind == LinkKind::Verify {
        if tx.prove_email(user.id, &email, ctx.now()).await? {
            let change = Change::AddressProven { email: email.to_string() };
            ctx.audit(&mut tx, &by, On::platform(), change).await?;
        }
    } else {
        move_to(ctx, &mut tx, &by, &user, &email).await?;
    }
    Ok(tx.commit().await?)
}

/// A new password or address is how a user shuts out somebody else, so that nothing which that
/// one asked for before may open the user again: neither a reset nor a change of address (S7, S9).
pub(super) async fn void_mailed_links(ctx: &Context, tx: &mut Tx, user: UserId) -> Result<()> {
    tx.void_links(user, LinkKind::Reset, ctx.now()).await?;
    Ok(tx.void_links(user, LinkKind::ChangeEmail, ctx.now()).await?)
}

async fn move_to(ctx: &Context, tx: &mut Tx, by: &By, user: &User, email: &Email) -> Result<()> {
    match tx.set_user_email(user.id, email, ctx.now()).await {
        Err(StoreError::Duplicate) => {
            return Err(FieldErrors::one("token", "Another user has this address now.").into());
        }
        other => other?,
    }
    // Links sent to the old address must not act on the user any more.
    void_mailed_links(ctx, tx, user.id).await?;
    tx.void_links(user.id, LinkKind::Verify, ctx.now()).await?;
    tx.delete_sessions(user.id).await?;
    tx.delete_devices(user.id).await?;
    let change = Change::AddressChanged { from: user.email.to_string(), to: email.to_string() };
    ctx.audit(tx, by, On::platform(), change).await?;
    let notice = Mail::AddressChanged {
        to: user.email.to_string(),
        new_address: email.to_string(),
        at: ctx.now().micros(),
    };
    ctx.post(tx, &notice).await
}

impl Context {
    /// A link of this kind to a user, and the mail that carries it.
    pub(super) async fn mail_link(
        &self,
        tx: &mut Tx,
        kind: LinkKind,
        user: UserId,
        to: &Email,
    ) -> Result<()> {
        let token = Token::generate();
        let now = self.now();
        let link = Link {
            id: self.new_id(),
            user: Some(user),
            email: Some(to.clone()),
            expires_at: now + kind.lasts(),
        };
        tx.insert_link(&link, kind, token.hash().as_bytes(), now).await?;
        let (to, token, ends) = (to.to_string(), token.expose().to_owned(), link.expires_at.micros());
        let mail = match kind {
            LinkKind::ChangeEmail => Mail::NewAddress { to, token, ends },
            LinkKind::Verify | LinkKind::Reset | LinkKind::Setup => Mail::Proof { to, token, ends },
        };
        self.post(tx, &mail).await
    }
}
