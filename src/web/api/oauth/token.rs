//! `POST /oauth/token`: tokens for a grant (RFC 6749 §3.2).

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use serde::Serialize;

use super::{client_auth, for_scripts, json, parameters, refused};
use crate::{
    actions::{
        By, Context,
        oauth::tokens::{self, GrantRequest, Tokens},
    },
    domain::{
        credential::RefreshToken,
        oauth::{ErrorCode, OauthError, parameters::Parameters, pkce::Verifier},
        scope::{ScopeSet, never_a_scope},
        secret::Secret,
    },
    web::extract::client::origin,
};

#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
}

pub(in crate::web) async fn post(ctx: Data<Context>, request: HttpRequest, body: Payload) -> HttpResponse {
    for_scripts(match issue(&ctx, &request, body).await {
        Ok(tokens) => json(
            StatusCode::OK,
            &Answer {
                access_token: tokens.access_token.expose(),
                refresh_token: tokens.refresh_token.as_ref().map(RefreshToken::expose),
                token_type: "Bearer",
                expires_in: tokens.expires_in_s,
                scope: tokens.scope.to_string(),
            },
        ),
        Err(error) => refused(&error),
    })
}

async fn issue(ctx: &Context, request: &HttpRequest, body: Payload) -> Result<Tokens, OauthError> {
    let parameters = parameters(request, body).await?;
    let client = client_auth::authenticate(ctx, request, &parameters).await?;
    tokens::issue(ctx, &By::visitor(origin(request)), &client, grant(&parameters)?).await
}

fn grant(parameters: &Parameters) -> Result<GrantRequest, OauthError> {
    match parameters.get("grant_type") {
        Some("client_credentials") => Ok(GrantRequest::ClientCredentials { scope: scope(parameters)? }),
        Some("authorization_code") => Ok(GrantRequest::AuthorizationCode {
            code: needed(parameters, "code", "code is missing.")?,
            redirect_uri: parameters.get("redirect_uri").map(str::to_owned),
            verifier: verifier(parameters)?,
        }),
        Some("refresh_token") => Ok(GrantRequest::Refresh {
            token: needed(parameters, "refresh_token", "refresh_token is missing.")?,
            scope: scope(parameters)?,
        }),
        Some(_) => {
            let description = "This grant_type is not known here; the metadata at /.well-known/oauth-authorization-server lists those that are.";
            Err(OauthError::new(ErrorCode::UnsupportedGrantType, description))
        }
        None => Err(OauthError::invalid_request(
            "grant_type is missing; send authorization_code, refresh_token or client_credentials.",
        )),
    }
}

fn needed(parameters: &Parameters, name: &str, missing: &'static str) -> Result<Secret<String>, OauthError> {
    let value = parameters.get(name).ok_or_else(|| OauthError::invalid_request(missing))?;
    Ok(Secret::new(value.to_owned()))
}

/// One that is none fits no challenge.
fn verifier(parameters: &Parameters) -> Result<Verifier, OauthError> {
    let missing = "code_verifier is missing (RFC 7636).";
    let text = parameters.get("code_verifier").ok_or_else(|| OauthError::invalid_request(missing))?;
    text.parse().map_err(|_| {
        let description = "code_verifier must be 43 to 128 letters, digits, and signs of -._~ alone.";
        OauthError::new(ErrorCode::InvalidGrant, description)
    })
}

fn scope(parameters: &Parameters) -> Result<Option<ScopeSet>, OauthError> {
    let Some(text) = parameters.get("scope") else { return Ok(None) };
    let names = "scope must be names of scopes with spaces between them, such as meeting:read user:read.";
    text.parse::<ScopeSet>().map(Some).map_err(|_| match never_a_scope(text) {
        Some(name) => {
            OauthError::new(ErrorCode::InvalidScope, format!("There is no scope {name} here: {names}"))
        }
        None => OauthError::new(ErrorCode::InvalidScope, names),
    })
}
