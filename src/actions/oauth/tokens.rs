//! What a client gets for a grant (RFC 6749 §4, §5.1).

use super::{
    super::{By, Context},
    clients::Authenticated,
    codes::{self, CodeSent, Outcome, Redeemed, Unredeemed},
    unavailable,
};
use crate::{
    crypto,
    directory::Client,
    domain::{
        access_token::{self, AccessToken, Kind, TokenId},
        app::AppType,
        authorization::access::decide,
        credential::RefreshToken,
        oauth::{ErrorCode, OauthError, pkce::Verifier},
        scope::ScopeSet,
        secret::Secret,
    },
};

/// What a client asks tokens for.
#[derive(Clone, Debug)]
pub enum GrantRequest {
    /// For itself (RFC 6749 §4.4). Without scopes it means all that its app asks for.
    ClientCredentials { scope: Option<ScopeSet> },
    /// For the user who let it in (RFC 6749 §4.1.3).
    AuthorizationCode { code: Secret<String>, redirect_uri: Option<String>, verifier: Verifier },
    /// For the same user again (RFC 6749 §6). Without scopes it means all that were granted.
    Refresh { token: Secret<String>, scope: Option<ScopeSet> },
}

/// What a client got.
#[derive(Debug)]
pub struct Tokens {
    pub access_token: Secret<String>,
    /// By which a client that acts for a user gets the next ones.
    pub refresh_token: Option<RefreshToken>,
    pub expires_in_s: i64,
    pub scope: ScopeSet,
}

/// The tokens for a grant.
///
/// # Errors
/// Those of RFC 6749 §5.2.
pub async fn issue(
    ctx: &Context,
    by: &By,
    client: &Authenticated,
    request: GrantRequest,
) -> Result<Tokens, OauthError> {
    let client = client.client();
    match request {
        GrantRequest::ClientCredentials { scope } => for_itself(ctx, client, scope),
        GrantRequest::AuthorizationCode { code, redirect_uri, verifier } => {
            asks_users(client)?;
            let (code, redirect_uri) = (code.expose(), redirect_uri.as_deref());
            let sent = CodeSent { code, redirect_uri, verifier: &verifier };
            for_user(ctx, client, codes::redeem(ctx, by, client.app.id, &sent).await)
        }
        GrantRequest::Refresh { token, scope } => {
            asks_users(client)?;
            let (app, of_app) = (client.app.id, &client.scopes);
            let redeemed = codes::refresh(ctx, by, app, token.expose(), scope.as_ref(), of_app).await;
            for_user(ctx, client, redeemed)
        }
    }
}

fn asks_users(client: &Client) -> Result<(), OauthError> {
    match client.app.app_type {
        AppType::Oauth => Ok(()),
        AppType::ServerToServer | AppType::Jwt | AppType::Webhook => {
            let description =
                "Only OAuth apps act for users. This app gets its tokens by client_credentials.";
            Err(OauthError::new(ErrorCode::UnauthorizedClient, description))
        }
    }
}

/// What was granted, as far as the app still asks for it.
fn for_user(ctx: &Context, client: &Client, redeemed: Outcome) -> Result<Tokens, OauthError> {
    match redeemed.map_err(unavailable)? {
        Ok(Redeemed { family, scopes, refresh }) => {
            let scope = scopes.intersection(&client.scopes);
            let tokens = ctx.access_token(Kind::User(family), client, scope);
            Ok(Tokens { refresh_token: Some(refresh), ..tokens })
        }
        Err(Unredeemed::Grant(why)) => Err(OauthError::new(ErrorCode::InvalidGrant, why)),
        Err(Unredeemed::TooOften(retry_after_s)) => {
            let description = "This authorisation was refreshed sixty times within the hour. An access token lasts an hour: keep it, and refresh once it is over.";
            Err(OauthError::wait(description, retry_after_s))
        }
        Err(Unredeemed::Scope) => {
            let description = "The scope names more than was granted. Leave scope out to get all of that.";
            Err(OauthError::new(ErrorCode::InvalidScope, description))
        }
        Err(Unredeemed::LostScope) => {
            let description = "The app asks for none of these scopes on its Scopes page any more. Leave scope out to get what is left of those granted.";
            Err(OauthError::new(ErrorCode::InvalidScope, description))
        }
    }
}

/// From memory alone. It ends no older token.
fn for_itself(ctx: &Context, client: &Client, scope: Option<ScopeSet>) -> Result<Tokens, OauthError> {
    match client.app.app_type {
        AppType::ServerToServer => {}
        AppType::Oauth | AppType::Jwt | AppType::Webhook => {
            let description = "client_credentials is for Server-to-Server apps. An OAuth app acts for users, who are asked at /oauth/authorize.";
            return Err(OauthError::new(ErrorCode::UnauthorizedClient, description));
        }
    }
    may_act(client)?;
    Ok(ctx.access_token(Kind::Client, client, within(client, scope)?))
}

/// Whether the client may have tokens at this moment.
pub(super) fn may_act(client: &Client) -> Result<(), OauthError> {
    decide([client.owner.standing], client.app.state)
        .map_err(|refusal| OauthError::new(ErrorCode::UnauthorizedClient, refusal.detail))
}

/// The scopes that were asked for, all of the app's if none were.
///
/// # Errors
/// `invalid_scope` if they are more.
fn within(client: &Client, asked: Option<ScopeSet>) -> Result<ScopeSet, OauthError> {
    match asked {
        None => Ok(client.scopes.clone()),
        Some(asked) if asked.is_subset(&client.scopes) => Ok(asked),
        Some(_) => {
            let description = "The scope names more than the app asks for on its Scopes page. Leave scope out to get all of that.";
            Err(OauthError::new(ErrorCode::InvalidScope, description))
        }
    }
}

impl Context {
    /// A new access token of this moment, or of the one, within the next second, from which on they
    /// hold: a token says no parts of seconds.
    pub(super) fn access_token(&self, kind: Kind, client: &Client, scope: ScopeSet) -> Tokens {
        let id = TokenId::from_random(crypto::random());
        let now = self.now();
        let from = client.tokens_from.map_or(now, |from| from.max(now));
        let token = AccessToken::new(id, kind, client.client_id, from, &scope);
        let access_token = Secret::new(self.keys.write_access_token(&token));
        Tokens { access_token, refresh_token: None, expires_in_s: access_token::LASTS.as_seconds(), scope }
    }
}
