//! What a client gets for a grant (RFC 6749 §4, §5.1).

use super::{super::Context, clients::Authenticated};
use crate::{
    crypto,
    directory::Client,
    domain::{
        access_token::{self, AccessToken, Kind, TokenId},
        app::AppType,
        authorization::access::decide,
        oauth::{ErrorCode, OauthError},
        scope::ScopeSet,
        secret::Secret,
    },
};

/// What a client asks tokens for.
#[derive(Clone, Debug)]
pub enum GrantRequest {
    /// For itself (RFC 6749 §4.4). Without scopes it means all that its app asks for.
    ClientCredentials { scope: Option<ScopeSet> },
}

/// What a client got.
#[derive(Debug)]
pub struct Tokens {
    pub access_token: Secret<String>,
    pub expires_in_s: i64,
    pub scope: ScopeSet,
}

/// The tokens for a grant.
///
/// # Errors
/// Those of RFC 6749 §5.2.
pub async fn issue(
    ctx: &Context,
    client: &Authenticated,
    request: GrantRequest,
) -> Result<Tokens, OauthError> {
    match request {
        GrantRequest::ClientCredentials { scope } => for_itself(ctx, client.client(), scope),
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
fn may_act(client: &Client) -> Result<(), OauthError> {
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
    /// A new access token of this moment.
    pub(super) fn access_token(&self, kind: Kind, client: &Client, scope: ScopeSet) -> Tokens {
        let id = TokenId::from_random(crypto::random());
        let token = AccessToken::new(id, kind, client.client_id, self.now(), &scope);
        let access_token = Secret::new(self.keys.write_access_token(&token));
        Tokens { access_token, expires_in_s: access_token::LASTS.as_seconds(), scope }
    }
}
