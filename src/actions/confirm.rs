//! Showing again who is signed in: the password and, with two-step sign-in, a code.

use super::{By, Context, Error, On, Result, sign_in::begin_unchanged, two_step};
use crate::{
    crypto::token::Token,
    domain::{
        audit::Change, fields::FieldErrors, id::UserId, password::TypedPassword, time::Timestamp,
        two_step::TypedCode, user::Session,
    },
    store::{Known, Tx},
};

/// What shows again who is signed in: the password and, with two-step sign-in, a code.
#[derive(Clone, Debug)]
pub struct Proof {
    pub password: TypedPassword,
    pub code: Option<TypedCode>,
}

/// The fields of a form that hold a [`Proof`].
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    pub password: &'static str,
    pub code: &'static str,
}

/// The password entered again, with a code where two-step sign-in is on: the session is fresh,
/// under a new cookie.
///
/// # Errors
/// `Invalid` for a wrong password or code, `TooMany` after ten; `NotFound` if the session ended
/// meanwhile, or goes by another cookie.
pub async fn confirm(ctx: &Context, by: &By, session: &Session, proof: Proof) -> Result<Token> {
    let fields = Fields { password: "password", code: "code" };
    let known = check_proof(ctx, by, session, proof, fields).await?;
    let Some(mut tx) = begin_unchanged(ctx, &known).await? else {
        return Err(wrong_password(fields.password));
    };
    still_signed_in(&mut tx, session).await?;
    let cookie = renew(ctx, &mut tx, session, known.user.two_step_at.map(|_| ctx.now())).await?;
    ctx.audit(&mut tx, by, On::platform(), Change::Confirmed {}).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// Nothing is done for a session that was ended while its password was checked, or went on under
/// another cookie: whoever had this one was shut out.
pub(super) async fn still_signed_in(tx: &mut Tx, session: &Session) -> Result<()> {
    if tx.has_session(session).await? { Ok(()) } else { Err(Error::NotFound) }
}

/// The session goes on, fresh, under another cookie: who has a copy of this one is out (S9, S14).
pub(super) async fn renew(
    ctx: &Context,
    tx: &mut Tx,
    session: &Session,
    code_at: Option<Timestamp>,
) -> Result<Token> {
    let cookie = Token::generate();
    tx.set_session_confirmed(session.id, ctx.now(), code_at, cookie.hash().as_bytes()).await?;
    Ok(cookie)
}

/// Checks the password of somebody who is signed in and, if two-step sign-in is on, a code, which
/// is used up.
pub(super) async fn check_proof(
    ctx: &Context,
    by: &By,
    session: &Session,
    proof: Proof,
    fields: Fields,
) -> Result<Known> {
    let known = check_password(ctx, by, session.user, proof.password, fields.password).await?;
    if known.user.two_step_at.is_some() {
        let missing = || FieldErrors::one(fields.code, "Enter the code that your app shows.");
        let code = proof.code.ok_or_else(missing)?;
        two_step::check_code(ctx, by, (session, &known.user), &code, fields.code).await?;
    }
    Ok(known)
}

/// Checks the password alone of somebody who is signed in.
pub(super) async fn check_password(
    ctx: &Context,
    by: &By,
    user: UserId,
    password: TypedPassword,
    field: &'static str,
) -> Result<Known> {
    let known = ctx.read().await?.user(user).await?.ok_or(Error::NotFound)?;
    let bucket = ctx.keys.bucket("confirm", &user.to_string());
    let counted = ctx.count_guess(by, &known.user.email, vec![bucket]).await?;
    if ctx.passwords.verify(password, &known.password).await?.ok {
        ctx.take_back(counted).await?;
        return Ok(known);
    }
    ctx.write_down(by, On::platform(), Change::ConfirmFailed {}).await?;
    Err(wrong_password(field))
}

pub(super) fn wrong_password(field: &'static str) -> Error {
    FieldErrors::one(field, "This is not your password.").into()
}
