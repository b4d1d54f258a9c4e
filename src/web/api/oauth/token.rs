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
        Context,
        oauth::tokens::{self, GrantRequest, Tokens},
    },
    domain::{
        oauth::{ErrorCode, OauthError, parameters::Parameters},
        scope::ScopeSet,
    },
};

#[derive(Serialize)]
struct Answer<'a> {
    access_token: &'a str,
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
    tokens::issue(ctx, &client, grant(&parameters)?).await
}

fn grant(parameters: &Parameters) -> Result<GrantRequest, OauthError> {
    match parameters.get("grant_type") {
        Some("client_credentials") => Ok(GrantRequest::ClientCredentials { scope: scope(parameters)? }),
        Some(_) => {
            let description = "This grant_type is not known here; the metadata at /.well-known/oauth-authorization-server lists those that are.";
            Err(OauthError::new(ErrorCode::UnsupportedGrantType, description))
        }
        None => Err(OauthError::invalid_request("grant_type is missing; send client_credentials.")),
    }
}

fn scope(parameters: &Parameters) -> Result<Option<ScopeSet>, OauthError> {
    let parsed = parameters.get("scope").map(str::parse::<ScopeSet>).transpose();
    parsed.map_err(|_| {
        let description =
            "scope must be names of scopes with spaces between them, such as meeting:read user:read.";
        OauthError::new(ErrorCode::InvalidScope, description)
    })
}
