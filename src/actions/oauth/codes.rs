//! Codes and refresh tokens, each good once, and what comes of them.
//!
//! Whatever is done with the tokens of a grant takes the grant's row first, so that of many who
//! come at once one is the first, and all others see what it did. What is unknown is told before any
//! of that: nobody writes for what a stranger sends.

use super::super::{By, Context, On, Result};
use crate::{
    crypto::{self, token::TokenHash},
    directory::Family,
    domain::{
        account::Standing,
        app::{AppType, StateKind},
        audit::Change,
        credential::{AuthorizationCode, RefreshToken},
        grant::{FAMILY_LASTS, REFRESHES_AN_HOUR},
        id::{AppId, FamilyId, GrantId},
        oauth::pkce::Verifier,
        scope::ScopeSet,
        time::Span,
    },
    store::{GrantStanding, Tx},
};

/// What a code or refresh token came to.
#[derive(Debug)]
pub struct Redeemed {
    pub family: FamilyId,
    pub scopes: ScopeSet,
    /// For the next time.
    pub refresh: RefreshToken,
}

/// Why nothing came of one (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unredeemed {
    /// `invalid_grant`, and what is wrong.
    Grant(&'static str),
    /// `invalid_scope`: more than was granted.
    Scope,
    /// `invalid_scope`: nothing that the app still asks for.
    LostScope,
    /// Too often, for so many seconds.
    TooOften(u64),
}

const UNKNOWN_CODE: Unredeemed = Unredeemed::Grant("The code is unknown, too old or another client’s.");
const USED_CODE: Unredeemed =
    Unredeemed::Grant("The code was used before. All tokens that came of it are revoked.");
const UNKNOWN_TOKEN: Unredeemed =
    Unredeemed::Grant("The refresh token is unknown, too old or another client’s.");
const USED_TOKEN: Unredeemed =
    Unredeemed::Grant("The refresh token was used before. All tokens of its authorisation are revoked.");
const HELD: Unredeemed =
    Unredeemed::Grant("The app, its account, the user or the user’s account is not active now.");

pub(super) type Outcome = Result<std::result::Result<Redeemed, Unredeemed>>;

/// What a client sends to redeem a code.
#[derive(Debug)]
pub struct CodeSent<'a> {
    pub code: &'a str,
    pub redirect_uri: Option<&'a str>,
    pub verifier: &'a Verifier,
}

/// Redeems a code of the app (RFC 6749 §4.1.3). One that was redeemed before ends what came of it.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn redeem(ctx: &Context, by: &By, app: AppId, sent: &CodeSent<'_>) -> Outcome {
    let Ok(code) = sent.code.parse::<AuthorizationCode>() else { return Ok(Err(UNKNOWN_CODE)) };
    let hash = TokenHash::of_secret(&code);
    let found = ctx.read().await?.code(hash.as_bytes()).await?;
    let Some(found) = found else { return Ok(Err(UNKNOWN_CODE)) };
    let mut tx = ctx.begin().await?;
    let Some(standing) = held(&mut tx, found.grant, app).await? else { return Ok(Err(UNKNOWN_CODE)) };
    // Read again, now that nobody else redeems it.
    let Some(code) = tx.code(hash.as_bytes()).await? else { return Ok(Err(UNKNOWN_CODE)) };
    let now = ctx.now();
    if code.used_at.is_some() {
        let change = Change::CodeReused { grant: standing.grant.id };
        end_family(ctx, tx, by, &standing, code.family, change).await?;
        return Ok(Err(USED_CODE));
    }
    if now >= code.expires_at {
        return Ok(Err(UNKNOWN_CODE));
    }
    if !code.redirect_uri.is_empty() && sent.redirect_uri != Some(code.redirect_uri.as_str()) {
        return Ok(Err(Unredeemed::Grant("redirect_uri is not the one that the code was asked for with.")));
    }
    if !sent.verifier.fits(&code.challenge) {
        return Ok(Err(Unredeemed::Grant("code_verifier does not fit the code_challenge.")));
    }
    if !goes_on(&standing) {
        return Ok(Err(HELD));
    }
    if !tx.use_code(hash.as_bytes(), now).await? {
        return Ok(Err(UNKNOWN_CODE));
    }
    tx.insert_family(code.family, code.grant, &code.scopes, now, now + FAMILY_LASTS).await?;
    let refresh = RefreshToken::from_random(crypto::random());
    tx.insert_refresh_token(TokenHash::of_secret(&refresh).as_bytes(), code.family, now).await?;
    tx.commit().await?;
    Ok(Ok(Redeemed { family: code.family, scopes: code.scopes, refresh }))
}

/// Refreshes an authorisation of the app (RFC 6749 §6): the token gives way to another one. One
/// that was used before ends the authorisation (RFC 9700 §4.14.2). `of_app` are the scopes that the
/// app asks for by now.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn refresh(
    ctx: &Context,
    by: &By,
    app: AppId,
    token: &str,
    scope: Option<&ScopeSet>,
    of_app: &ScopeSet,
) -> Outcome {
    let Ok(token) = token.parse::<RefreshToken>() else { return Ok(Err(UNKNOWN_TOKEN)) };
    let hash = TokenHash::of_secret(&token);
    let found = ctx.read().await?.refresh_token(hash.as_bytes()).await?;
    let Some(found) = found else { return Ok(Err(UNKNOWN_TOKEN)) };
    let mut tx = ctx.begin().await?;
    let Some(standing) = held(&mut tx, found.grant, app).await? else { return Ok(Err(UNKNOWN_TOKEN)) };
    // Read again, now that nobody else uses it.
    let Some(stored) = tx.refresh_token(hash.as_bytes()).await? else { return Ok(Err(UNKNOWN_TOKEN)) };
    let now = ctx.now();
    if stored.used_at.is_some() {
        let change = Change::RefreshTokenReused { grant: standing.grant.id };
        end_family(ctx, tx, by, &standing, stored.family, change).await?;
        return Ok(Err(USED_TOKEN));
    }
    if now >= stored.expires_at {
        return Ok(Err(UNKNOWN_TOKEN));
    }
    if !goes_on(&standing) {
        return Ok(Err(HELD));
    }
    let scopes = scope.unwrap_or(&stored.scopes).clone();
    if !scopes.is_subset(&stored.scopes) {
        return Ok(Err(Unredeemed::Scope));
    }
    if scope.is_some_and(|asked| !asked.is_empty() && asked.intersection(of_app).is_empty()) {
        return Ok(Err(Unredeemed::LostScope));
    }
    // Every one that was used is kept, so that one used twice is known.
    if let Some(at) = tx.nth_refresh(stored.family, now - Span::hours(1), REFRESHES_AN_HOUR).await? {
        let wait = (at + Span::hours(1)).since(now).micros().unsigned_abs();
        return Ok(Err(Unredeemed::TooOften(wait.div_ceil(1_000_000).max(1))));
    }
    if !tx.use_refresh_token(hash.as_bytes(), now).await? {
        return Ok(Err(UNKNOWN_TOKEN));
    }
    let refresh = RefreshToken::from_random(crypto::random());
    tx.insert_refresh_token(TokenHash::of_secret(&refresh).as_bytes(), stored.family, now).await?;
    tx.commit().await?;
    Ok(Ok(Redeemed { family: stored.family, scopes, refresh }))
}

/// Ends the tokens of a refresh token's authorisation (RFC 7009 §2.1). Whether it is none of another client:
/// one that is over is as good as ended.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn revoke(ctx: &Context, by: &By, app: AppId, token: &RefreshToken) -> Result<bool> {
    let hash = TokenHash::of_secret(token);
    let stored = ctx.read().await?.refresh_token(hash.as_bytes()).await?;
    let Some(stored) = stored else { return Ok(true) };
    let mut tx = ctx.begin().await?;
    let Some(standing) = held(&mut tx, stored.grant, app).await? else { return Ok(false) };
    let change = Change::TokensRevoked { grant: standing.grant.id };
    end_family(ctx, tx, by, &standing, stored.family, change).await?;
    Ok(true)
}

/// The same by one of its access tokens, whose app may do so.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub(super) async fn end(ctx: &Context, by: &By, family: &Family) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let Some(standing) = held(&mut tx, family.grant, family.app).await? else { return Ok(()) };
    let change = Change::TokensRevoked { grant: standing.grant.id };
    end_family(ctx, tx, by, &standing, family.id, change).await
}

/// The grant, if it is the app's, held until the end of the transaction.
async fn held(tx: &mut Tx, grant: GrantId, app: AppId) -> Result<Option<GrantStanding>> {
    tx.lock_grant(grant).await?;
    Ok(tx.standing_of_grant(grant).await?.filter(|standing| standing.grant.app == app))
}

/// Whether tokens may be given out by it now. If not, nothing is used up: it may pass.
fn goes_on(standing: &GrantStanding) -> bool {
    standing.app_type == AppType::Oauth
        && standing.state == StateKind::Active
        && standing.owner == Standing::Approved
        && standing.account == Standing::Approved
        && !standing.is_disabled
        && standing.role.is_some()
}

/// Ends what came of a code, and says so once: what was ended before has no more to lose, however
/// often a used code or token is sent.
async fn end_family(
    ctx: &Context,
    mut tx: Tx,
    by: &By,
    standing: &GrantStanding,
    family: FamilyId,
    change: Change,
) -> Result<()> {
    if !tx.end_family(family, standing.grant.account).await? {
        return Ok(());
    }
    if let Some(app) = tx.client_app(standing.grant.app).await? {
        ctx.audit(&mut tx, by, On::app(app.account, app.id), change).await?;
    }
    Ok(tx.commit().await?)
}
