//! Two-step sign-in: turning it on and off, and the codes that it asks for (S9, S11).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{
    By, Conflict, Context, Error, FormValue, On, Result,
    confirm::{Fields, Proof, check_password, check_proof, renew, still_signed_in, wrong_password},
    outbox::Mail,
    sign_in::begin_unchanged,
    throttle::Counted,
};
use crate::{
    crypto::{self, keyring::Place, token::Token, totp::TotpSecret},
    domain::{
        audit::Change,
        email::Email,
        fields::FieldErrors,
        id::{SessionId, UserId},
        password::TypedPassword,
        time::Timestamp,
        two_step::{RECOVERY_CODES, RecoveryCode, TwoStep, TwoStepEvent, TypedCode},
        user::{Session, User},
    },
    store::Tx,
};

/// A secret that is offered to a session and kept nowhere: the form that turns two-step sign-in
/// on carries it under seal, so that looking at the page changes nothing.
#[derive(Debug)]
pub struct Offer {
    pub secret: TotpSecret,
    /// What the form carries.
    pub sealed: String,
}

const OFFER: &str = "second_factors.offer";
const SECRET: &str = "second_factors.secret";

/// A new secret for the user of this session.
///
/// # Errors
/// `Internal` alone.
pub fn offer(ctx: &Context, session: &Session) -> Result<Offer> {
    let secret = TotpSecret::generate();
    let sealed = ctx.keys.seal(Place { column: OFFER, row: &session.id }, secret.expose())?;
    Ok(Offer { secret, sealed: URL_SAFE_NO_PAD.encode(sealed) })
}

/// The secret that was offered to this session; nothing if it was not.
#[must_use]
pub fn offered(ctx: &Context, session: &Session, sealed: &str) -> Option<Offer> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let opened = ctx.keys.open(Place { column: OFFER, row: &session.id }, &bytes).ok()?;
    Some(Offer { secret: TotpSecret::from_bytes(opened.expose())?, sealed: sealed.to_owned() })
}

/// How it stands for a user; nothing while it is off.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn of(ctx: &Context, user: &User) -> Result<Option<TwoStep>> {
    let Some(turned_on_at) = user.two_step_at else { return Ok(None) };
    let codes_left = ctx.read().await?.recovery_codes(user.id).await?;
    Ok(Some(TwoStep { turned_on_at, codes_left }))
}

/// What is shown once: the recovery codes. And the session's new cookie.
#[derive(Debug)]
pub struct NewCodes {
    pub codes: Vec<RecoveryCode>,
    pub cookie: Token,
}

/// Turns it on with a code of the app that took up the offer. The other sessions end, and this
/// one goes on under another cookie (S9, S14). Nothing if the form did its work before: what is
/// shown once is not shown again.
///
/// # Errors
/// `Invalid` for a wrong password or code, `TooMany` after ten, `Conflict` if it is on already.
pub async fn turn_on(
    ctx: &Context,
    by: &By,
    session: &Session,
    form: FormValue,
    (offer, password, code): (&Offer, TypedPassword, &TypedCode),
) -> Result<Option<NewCodes>> {
    if ctx.form_made::<SessionId>(form).await?.is_some() {
        return Ok(None);
    }
    let known = check_password(ctx, by, session.user, password, "password").await?;
    let counted = count_code(ctx, by, session, &known.user).await?;
    let step = match code {
        TypedCode::App(digits) => offer.secret.step_of(digits.expose(), ctx.now()),
        TypedCode::Recovery(_) => None,
    };
    let Some(step) = step else {
        write_failure(ctx, by, &known.user, Judged::Wrong).await?;
        return Err(Judged::Wrong.into_error("code"));
    };
    ctx.take_back(counted).await?;
    let Some(mut tx) = begin_unchanged(ctx, &known).await? else { return Err(wrong_password("password")) };
    // Before the session is looked at: what a form did changed its cookie.
    if ctx.form_result(&mut tx, form, &session.id).await?.is_some() {
        return Ok(None);
    }
    still_signed_in(&mut tx, session).await?;
    let user = known.user;
    let sealed = ctx.keys.seal(Place { column: SECRET, row: &user.id }, offer.secret.expose())?;
    if !tx.insert_second_factor(user.id, &sealed, step, ctx.now()).await? {
        return Err(Conflict::Overtaken.into());
    }
    let codes = new_codes(&mut tx, user.id).await?;
    tx.delete_other_sessions(user.id, session.id).await?;
    tx.delete_devices(user.id).await?;
    let cookie = renew(ctx, &mut tx, session, Some(ctx.now())).await?;
    ctx.audit(&mut tx, by, On::platform(), Change::TwoStepTurnedOn {}).await?;
    ctx.tell(&mut tx, &user.email, TwoStepEvent::TurnedOn).await?;
    tx.commit().await?;
    Ok(Some(NewCodes { codes, cookie }))
}

/// Turns it off, and ends the other sessions. This one goes on under another cookie.
///
/// # Errors
/// `Invalid` for a wrong password or code, `TooMany` after ten, `Conflict` if it is off already.
pub async fn turn_off(ctx: &Context, by: &By, session: &Session, proof: Proof) -> Result<Token> {
    let fields = Fields { password: "off_password", code: "off_code" };
    let known = check_proof(ctx, by, session, proof, fields).await?;
    let Some(mut tx) = begin_unchanged(ctx, &known).await? else {
        return Err(wrong_password(fields.password));
    };
    still_signed_in(&mut tx, session).await?;
    let user = known.user;
    if !tx.delete_second_factor(user.id).await? {
        return Err(Conflict::Overtaken.into());
    }
    tx.delete_other_sessions(user.id, session.id).await?;
    tx.delete_devices(user.id).await?;
    let no_code = None;
    let cookie = renew(ctx, &mut tx, session, no_code).await?;
    ctx.audit(&mut tx, by, On::platform(), Change::TwoStepTurnedOff {}).await?;
    ctx.tell(&mut tx, &user.email, TwoStepEvent::TurnedOff).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// New recovery codes; the old ones work no more, and the other sessions end. This one goes on
/// under another cookie. Nothing if the form did its work before.
///
/// # Errors
/// As [`turn_off`].
pub async fn renew_codes(
    ctx: &Context,
    by: &By,
    session: &Session,
    form: FormValue,
    proof: Proof,
) -> Result<Option<NewCodes>> {
    if ctx.form_made::<SessionId>(form).await?.is_some() {
        return Ok(None);
    }
    let fields = Fields { password: "renew_password", code: "renew_code" };
    let known = check_proof(ctx, by, session, proof, fields).await?;
    let Some(mut tx) = begin_unchanged(ctx, &known).await? else {
        return Err(wrong_password(fields.password));
    };
    // Before the session is looked at: what a form did changed its cookie.
    if ctx.form_result(&mut tx, form, &session.id).await?.is_some() {
        return Ok(None);
    }
    still_signed_in(&mut tx, session).await?;
    let user = known.user;
    if tx.second_factor(user.id).await?.is_none() {
        return Err(Conflict::Overtaken.into());
    }
    tx.delete_recovery_codes(user.id).await?;
    let codes = new_codes(&mut tx, user.id).await?;
    tx.delete_other_sessions(user.id, session.id).await?;
    let cookie = renew(ctx, &mut tx, session, Some(ctx.now())).await?;
    ctx.audit(&mut tx, by, On::platform(), Change::RecoveryCodesRenewed {}).await?;
    ctx.tell(&mut tx, &user.email, TwoStepEvent::CodesRenewed).await?;
    tx.commit().await?;
    Ok(Some(NewCodes { codes, cookie }))
}

/// Turns it off by the operator's word, for a user who lost the app and the codes. Every session
/// ends.
///
/// # Errors
/// `Invalid` if nobody has this address or it is off already.
pub async fn reset(ctx: &Context, email: &Email) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let nobody = || FieldErrors::one("email", format!("No user has the address {email}."));
    let user = tx.user_by_email(email).await?.ok_or_else(nobody)?.user;
    tx.lock_user(user.id).await?;
    if !tx.delete_second_factor(user.id).await? {
        return Err(FieldErrors::one("email", format!("{email} has no two-step sign-in.")).into());
    }
    tx.delete_sessions(user.id).await?;
    tx.delete_devices(user.id).await?;
    let change = Change::TwoStepReset { user: user.id, email: user.email.to_string() };
    ctx.audit(&mut tx, &By::operator(), On::platform(), change).await?;
    ctx.tell(&mut tx, &user.email, TwoStepEvent::Reset).await?;
    Ok(tx.commit().await?)
}

/// Checks a code of somebody who is signed in, and uses it up. Tries are counted by session: who
/// knows the password alone cannot use them up at the door.
///
/// # Errors
/// `Invalid` for a wrong or used code, `TooMany` after ten.
pub(super) async fn check_code(
    ctx: &Context,
    by: &By,
    (session, user): (&Session, &User),
    code: &TypedCode,
    field: &'static str,
) -> Result<()> {
    let counted = count_code(ctx, by, session, user).await?;
    let mut tx = ctx.begin().await?;
    tx.lock_user(user.id).await?;
    match ctx.use_code(&mut tx, by, user, code).await? {
        Judged::Right => tx.commit().await?,
        wrong @ (Judged::Wrong | Judged::Used | Judged::Unreadable) => {
            drop(tx);
            write_failure(ctx, by, user, wrong).await?;
            return Err(wrong.into_error(field));
        }
    }
    ctx.take_back(counted).await
}

/// Counts a code of somebody who is signed in, by session.
async fn count_code(ctx: &Context, by: &By, session: &Session, user: &User) -> Result<Counted> {
    let bucket = ctx.keys.bucket("second factor of a session", &session.id.to_string());
    ctx.count_guess(by, &user.email, vec![bucket]).await
}

/// Writes down that a code was not taken, and why.
pub(super) async fn write_failure(ctx: &Context, by: &By, user: &User, judged: Judged) -> Result<()> {
    let email = user.email.to_string();
    let change = match judged {
        Judged::Right | Judged::Wrong | Judged::Used => Change::CodeFailed { email },
        Judged::Unreadable => Change::SecondFactorUnreadable { email },
    };
    ctx.write_down(by, On::platform(), change).await
}

/// What a code turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Right,
    Wrong,
    /// It was right, and was used before.
    Used,
    /// Nobody can tell: the secret does not open under the master key (S27).
    Unreadable,
}

impl Judged {
    /// The words for a code that is not right.
    pub(super) fn into_error(self, field: &'static str) -> Error {
        let sentence = match self {
            Self::Right | Self::Wrong => {
                "This code is not right. Enter the one that your app shows now, or a recovery code that was not used yet."
            }
            Self::Unreadable => {
                "The secret of your app cannot be read any more. Enter a recovery code, then turn two-step sign-in off and on again."
            }
            Self::Used => "This code was used already. Wait until your app shows the next one.",
        };
        FieldErrors::one(field, sentence).into()
    }
}

impl Context {
    /// Judges a code, and uses it up if it is right. The transaction holds the user's row.
    pub(super) async fn use_code(
        &self,
        tx: &mut Tx,
        by: &By,
        user: &User,
        code: &TypedCode,
    ) -> Result<Judged> {
        match code {
            TypedCode::App(digits) => {
                let Some(factor) = tx.second_factor(user.id).await? else { return Ok(Judged::Wrong) };
                let place = Place { column: SECRET, row: &user.id };
                let opened = self.keys.open(place, &factor.secret_sealed).ok();
                let Some(secret) = opened.and_then(|opened| TotpSecret::from_bytes(opened.expose())) else {
                    tracing::error!(user = %user.id, "a second factor does not open under the master key");
                    return Ok(Judged::Unreadable);
                };
                let Some(step) = secret.step_of(digits.expose(), self.now()) else {
                    return Ok(Judged::Wrong);
                };
                Ok(if tx.use_step(user.id, step).await? { Judged::Right } else { Judged::Used })
            }
            TypedCode::Recovery(code) => {
                if !tx.use_recovery_code(user.id, &hash(user.id, code)).await? {
                    return Ok(Judged::Wrong);
                }
                let left = tx.recovery_codes(user.id).await?;
                let by = By::user(user.id, by.origin.clone());
                self.audit(tx, &by, On::platform(), Change::RecoveryCodeUsed { left }).await?;
                self.tell(tx, &user.email, TwoStepEvent::CodeUsed(left)).await?;
                Ok(Judged::Right)
            }
        }
    }

    async fn tell(&self, tx: &mut Tx, to: &Email, event: TwoStepEvent) -> Result<()> {
        let at: Timestamp = self.now();
        self.post(tx, &Mail::TwoStep { to: to.to_string(), event, at: at.micros() }).await
    }
}

async fn new_codes(tx: &mut Tx, user: UserId) -> Result<Vec<RecoveryCode>> {
    let codes: Vec<_> = (0..RECOVERY_CODES).map(|_| RecoveryCode::from_random(crypto::random())).collect();
    for code in &codes {
        tx.insert_recovery_code(user, &hash(user, code)).await?;
    }
    Ok(codes)
}

/// Bound to its user. 80 random bits need no slow hash: they are too many to try.
fn hash(user: UserId, code: &RecoveryCode) -> [u8; 32] {
    Sha256::digest(format!("recovery code {user} {}", code.expose())).into()
}
