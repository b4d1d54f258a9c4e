//! Calls with access tokens: judged from memory, as those with app-signed tokens are.

use std::{net::IpAddr, sync::Arc};

use super::{Caller, Context, Who, limited, refused_call, unavailable};
use crate::{
    directory::{Client, Family, Holder},
    domain::{
        access_token::{AccessToken, Kind},
        app::AppType,
        authorization::{
            Refusal,
            access::{decide, enough, not_expired, not_valid},
        },
        calls::SignedWith,
        time::Timestamp,
    },
    tally::{Call, Outcome, Seats},
};

/// An access token that may be used at this moment.
#[derive(Debug)]
pub struct Access {
    pub token: AccessToken,
    pub client: Arc<Client>,
    /// What it came of, if the app acts for a user.
    pub family: Option<Arc<Family>>,
    /// What it grants by now.
    pub scopes: Arc<str>,
}

impl Access {
    /// The account that the token is for: of a user's the one that the user chose.
    #[must_use]
    pub fn account(&self) -> &Holder {
        self.family.as_ref().map_or(&self.client.owner, |family| &family.account)
    }
}

/// Judges a call, counts what became of it, and takes it off what the account has left.
pub(super) async fn call(
    ctx: &Context,
    text: &str,
    needs: &str,
    now: Timestamp,
    from: impl FnOnce() -> Option<IpAddr>,
) -> Result<Caller, Refusal> {
    let mut client = None;
    let judged = judge(ctx, text, needs, now, &mut client).await;
    let judged = judged.and_then(|access| limited(ctx, Caller::from(access)));
    let app = client.as_ref().map(|client| client.app.id);
    let outcome = match &judged {
        Ok(_) => Outcome::Allowed { app, at: now },
        Err(refusal) if !refusal.code.has_a_caller() => return judged,
        Err(refusal) => {
            let known = client.as_ref().map_or(SignedWith::Unknown, |_| SignedWith::AccessToken);
            Outcome::Refused(refused_call(refusal, app, known, now, from()))
        }
    };
    // Of the app's own account, whose developers read it, whoever it acts for.
    let client = client.as_deref();
    let account = client.map(|client| client.owner.id);
    let seats =
        Seats { account: client.map(|client| &client.seats), app: client.map(|client| &client.app.seat) };
    ctx.tally.count(Call { account, is_unnamed: false, old_secret: None, outcome, seats });
    judged
}

/// Judges a call whose no is out already: nothing is counted.
pub(super) async fn explain(ctx: &Context, text: &str, needs: &str) -> Result<Caller, Refusal> {
    judge(ctx, text, needs, ctx.now(), &mut None).await.map(Caller::from)
}

/// What a token of ours may be used for at this moment, whoever asks.
///
/// # Errors
/// Why it may not.
pub async fn inspect(ctx: &Context, text: &str) -> Result<Access, Refusal> {
    judge(ctx, text, "", ctx.now(), &mut None).await
}

/// Every check of an access token, in order. `found` is its client, as soon as that is known.
async fn judge(
    ctx: &Context,
    text: &str,
    needs: &str,
    now: Timestamp,
    found: &mut Option<Arc<Client>>,
) -> Result<Access, Refusal> {
    let token = ctx.keys.read_access_token(text).ok_or_else(not_valid)?;
    let client = ctx
        .directory
        .client(&token.client)
        .await
        .map_err(|blind| unavailable(ctx, &blind))?
        .ok_or_else(not_valid)?;
    *found = Some(Arc::clone(&client));
    not_expired(token.expires_at, now)?;
    if client.has_revoked(&token) {
        return Err(not_valid());
    }
    let family = match (token.kind, client.app.app_type) {
        (Kind::Client, AppType::ServerToServer) => None,
        (Kind::User(id), AppType::Oauth) => {
            let family = ctx.directory.family(id).await.map_err(|blind| unavailable(ctx, &blind))?;
            Some(family.filter(|family| family.app == client.app.id).ok_or_else(not_valid)?)
        }
        (Kind::Client, AppType::Jwt | AppType::Oauth | AppType::Webhook)
        | (Kind::User(_), AppType::Jwt | AppType::ServerToServer | AppType::Webhook) => {
            return Err(not_valid());
        }
    };
    let granted_for = family.as_ref().map(|family| family.account.standing);
    decide([client.owner.standing].into_iter().chain(granted_for), client.app.state)?;
    let scopes = granted(&token, &client, family.as_deref());
    enough(&scopes, needs)?;
    Ok(Access { token, client, family, scopes })
}

/// What the token says, as far as the app still asks for it and the user still grants it.
fn granted(token: &AccessToken, client: &Client, family: Option<&Family>) -> Arc<str> {
    let holds = |scope: &str| {
        client.scopes.contains(scope) && family.is_none_or(|family| family.scopes.contains(scope))
    };
    let is_all = family.is_none_or(|family| client.scopes.is_subset(&family.scopes));
    if is_all && *token.scopes == *client.scopes_text {
        return Arc::clone(&client.scopes_text);
    }
    token.scopes.split(' ').filter(|scope| holds(scope)).collect::<Vec<_>>().join(" ").into()
}

impl From<Access> for Caller {
    fn from(access: Access) -> Self {
        let expires_at = access.token.expires_at;
        Self { who: Who::Client(Box::new(access)), expires_at, left: None }
    }
}
