//! Showing again who is signed in: the password and, with two-step sign-in, a code.

use super::{By, Context, Error, On, Result, two_step};
use crate::{
    crypto::token::Token,
    domain::{
        audit::Change, fields::FieldErrors, id::UserId, password::TypedPassword, two_step::TypedCode,
        user::Session,
    },
    store::Known,
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
/// `Invalid` for a wrong password or code, `TooMany` after ten.
pub async fn confirm(ctx: &Context, by: &By, session: &Session, proof: Proof) -> Result<Token> {
    let fields = Fields { password: "password", code: "code" };
    let known = check_proof(ctx, by, session.user, proof, fields).await?;
    let cookie = Token::generate();
    let now = ctx.now();
    let code_at = known.user.two_step_at.map(|_| now);
    let mut tx = ctx.begin().await?;
    tx.set_session_confirmed(session.id, now, code_at, cookie.hash().as_bytes()).await?;
    ctx.audit(&mut tx, by, On::platform(), Change::Confirmed {}).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// Checks the password of somebody who is signed in and, if two-step sign-in is on, a code, which
/// is used up.
pub(super) async fn check_proof(
    ctx: &Context,
    by: &By,
    user: UserId,
    proof: Proof,
    fields: Fields,
) -> Result<Known> {
    let known = check_password(ctx, by, user, proof.password, fields.password).await?;
    if known.user.two_step_at.is_some() {
        let missing = || FieldErrors::one(fields.code, "Enter the code that your app shows.");
        let code = proof.code.ok_or_else(missing)?;
        two_step::check_code(ctx, by, &known.user, &code, fields.code).await?;
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
    let counted = ctx.count_try(vec![ctx.keys.bucket("confirm", &user.to_string())]).await?;
    let known = ctx.read().await?.user(user).await?.ok_or(Error::NotFound)?;
    if ctx.passwords.verify(password, &known.password).await?.ok {
        ctx.take_back(counted).await?;
        return Ok(known);
    }
    let mut tx = ctx.begin().await?;
    ctx.audit(&mut tx, by, On::platform(), Change::ConfirmFailed {}).await?;
    tx.commit().await?;
    Err(wrong_password(field))
}

pub(super) fn wrong_password(field: &'static str) -> Error {
    FieldErrors::one(field, "This is not your password.").into()
}
