//! Who is calling the API, by the token of the request.

use super::{Context, Error};
use crate::domain::{
    account::Account,
    app::{App, AppType},
    authorization::{AccountSnapshot, Code, Refusal, decide},
    credential::{ApiKey, ApiSecret},
    id::AccountId,
    jwt::Unverified,
    time::Timestamp,
};

/// A caller whose token was accepted.
#[derive(Debug)]
pub struct Caller {
    pub account: Account,
    /// Unknown when several active apps share the key and the token names none.
    pub app: Option<App>,
    pub expires_at: Timestamp,
}

/// Judges an app-signed JWT.
///
/// # Errors
/// The refusal, with what to do about it; `unavailable` if the database cannot tell.
pub async fn jwt(ctx: &Context, token: &str) -> Result<Caller, Refusal> {
    let unverified = Unverified::parse(token)?;
    let known = known(ctx, unverified.iss()).await.map_err(unavailable)?;
    let secrets = known.as_ref().map(|(_, secrets)| secrets.as_slice()).unwrap_or_default();
    let claims = unverified.verify(secrets)?;
    // Without an account there was no secret, and nothing would have verified.
    let Some((account, _)) = known else { return Err(Refusal::not_verified()) };
    claims.check(ctx.now(), &ctx.policy.audience)?;
    let (snapshot, account) = snapshot(ctx, account).await.map_err(unavailable)?;
    let pass = decide(claims.sub.as_deref(), &snapshot)?;
    let app = match pass.app {
        None => None,
        Some(id) => {
            let mut read = ctx.read().await.map_err(unavailable)?;
            read.app(pass.account, id).await.map_err(|error| unavailable(error.into()))?
        }
    };
    Ok(Caller { account, app, expires_at: claims.exp })
}

type Known = Option<(AccountId, Vec<ApiSecret>)>;

async fn known(ctx: &Context, iss: &str) -> Result<Known, Error> {
    let Ok(key) = iss.parse::<ApiKey>() else { return Ok(None) };
    let mut read = ctx.read().await?;
    let Some(account) = read.account_of_key(&key).await? else { return Ok(None) };
    let sealed = read.api_secrets(account, ctx.now()).await?;
    let secrets = sealed.iter().map(|secret| ctx.open_api_secret(secret)).collect::<Result<_, _>>()?;
    Ok(Some((account, secrets)))
}

async fn snapshot(ctx: &Context, id: AccountId) -> Result<(AccountSnapshot, Account), Error> {
    let mut read = ctx.read().await?;
    let account = read.account(id).await?.ok_or(Error::NotFound)?;
    let apps = read.apps_of_type(id, AppType::Jwt).await?;
    let apps = apps.into_iter().map(|(app, _, state)| (app, state)).collect();
    Ok((AccountSnapshot { account: id, standing: account.standing, apps }, account))
}

/// A no when Portico cannot know. What went wrong is for the log.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unavailable(error: Error) -> Refusal {
    tracing::error!(error = &error as &dyn std::error::Error, "a token could not be judged");
    Refusal::new(Code::Unavailable, "Portico cannot judge the token right now. Try again in a moment.")
}
