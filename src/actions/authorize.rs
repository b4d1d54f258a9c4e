//! Who is calling the API, by the token of the request. Answered from memory.

use std::sync::Arc;

use super::Context;
use crate::{
    directory::{Blind, Entry, EntryApp},
    domain::{
        authorization::{Code, Refusal, decide},
        id::AppId,
        jwt::Unverified,
        time::Timestamp,
    },
};

/// A caller whose token was accepted.
#[derive(Debug)]
pub struct Caller {
    pub account: Arc<Entry>,
    app: Option<AppId>,
    pub expires_at: Timestamp,
}

impl Caller {
    /// Unknown when several active apps share the key and the token names none.
    #[must_use]
    pub fn app(&self) -> Option<&EntryApp> {
        self.app.and_then(|id| self.account.app(id))
    }
}

/// Judges an app-signed JWT.
///
/// # Errors
/// The refusal, with what to do about it; `unavailable` if Portico cannot know.
pub async fn jwt(ctx: &Context, token: &str) -> Result<Caller, Refusal> {
    let now = ctx.now();
    let unverified = Unverified::parse(token)?;
    let account = ctx.directory.account(unverified.iss()).await.map_err(unavailable)?;
    let claims = unverified.verify(account.iter().flat_map(|account| account.secrets(now)))?;
    // Without an account there was no secret, and nothing would have verified.
    let Some(account) = account else { return Err(Refusal::not_verified()) };
    claims.check(now, &ctx.policy.audience)?;
    let apps = account.apps.iter().map(|app| (app.id, app.state));
    let pass = decide(claims.sub.as_deref(), account.account, account.standing, apps)?;
    Ok(Caller { account, app: pass.app, expires_at: claims.exp })
}

/// A no when Portico cannot know. What went wrong is for the log.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unavailable(blind: Blind) -> Refusal {
    tracing::error!(error = &blind as &dyn std::error::Error, "a token could not be judged");
    Refusal::new(Code::Unavailable, "Portico cannot judge the token right now. Try again in a moment.")
}
