//! `POST /oauth/introspect`: what a token is worth (RFC 7662).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{Data, Payload},
};
use serde::Serialize;

use super::{client_auth, json, parameters, refused};
use crate::{
    actions::{
        Context, Error,
        oauth::introspection::{self, About, Active, Asking},
        platform_keys,
    },
    domain::{
        credential::PlatformKey,
        oauth::{OauthError, parameters::Parameters},
    },
};

/// All that is said of a token that would be refused (RFC 7662 §2.2).
#[derive(Serialize)]
struct Inactive {
    active: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    active: bool,
    scope: &'a str,
    client_id: &'a str,
    token_type: &'static str,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// The user that the token is for, else the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    aud: &'a str,
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
    account: AccountOf<'a>,
    app: Option<AppOf<'a>>,
}

#[derive(Serialize)]
struct AccountOf<'a> {
    id: &'a str,
    name: &'a str,
    external_id: Option<&'a str>,
}

#[derive(Serialize)]
struct AppOf<'a> {
    id: &'a str,
    name: &'a str,
    r#type: Option<&'a str>,
}

pub(in crate::web) async fn post(ctx: Data<Context>, request: HttpRequest, body: Payload) -> HttpResponse {
    let parameters = match parameters(&request, body).await {
        Ok(parameters) => parameters,
        Err(error) => return refused(&error),
    };
    let asking = match asking(&ctx, &request, &parameters).await {
        Ok(asking) => asking,
        Err(response) => return response,
    };
    let Some(token) = parameters.get("token") else {
        return refused(&OauthError::invalid_request("token is missing."));
    };
    match introspection::inspect(&ctx, &asking, token).await {
        Ok(Some(active)) => json(StatusCode::OK, &answer(&ctx, &active)),
        Ok(None) => json(StatusCode::OK, &Inactive { active: false }),
        Err(error) => refused(&error),
    }
}

/// A platform key shows itself by its prefix; everybody else is a client.
async fn asking(
    ctx: &Context,
    request: &HttpRequest,
    parameters: &Parameters,
) -> Result<Asking, HttpResponse> {
    let Some(shown) = bearer(request) else {
        let client = client_auth::authenticate(ctx, request, parameters).await.map_err(|e| refused(&e))?;
        // RFC 7662 §2.1: whoever asks must have proven who it is.
        if client.client().is_public {
            return Err(refused(&OauthError::invalid_client()));
        }
        return Ok(Asking::Client(client));
    };
    let Ok(key) = shown.parse::<PlatformKey>() else { return Err(not_a_key()) };
    match platform_keys::authenticate(ctx, &key).await {
        Ok(service) => Ok(Asking::Platform(service)),
        Err(Error::NotFound | Error::Invalid(_) | Error::Conflict(_)) => Err(not_a_key()),
        Err(error @ (Error::TooMany { .. } | Error::Unavailable(_) | Error::Internal(_))) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a platform key could not be judged");
            Err(refused(&OauthError::unavailable()))
        }
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let text = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// RFC 7662 §2.3, by the challenge of RFC 6750 §3.
fn not_a_key() -> HttpResponse {
    let mut response = refused(&OauthError::invalid_client());
    let challenge = "Bearer error=\"invalid_token\", error_description=\"The platform key is not valid.\"";
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

fn answer<'a>(ctx: &'a Context, active: &'a Active) -> Answer<'a> {
    let app = active.app.as_ref();
    // What an app signs by itself comes from its key, all else from here.
    let iss = match active.token_id {
        Some(_) => &ctx.policy.public_url,
        None => &active.client_id,
    };
    Answer {
        active: true,
        scope: &active.scope,
        client_id: &active.client_id,
        token_type: "Bearer",
        exp: active.expires_at.seconds(),
        iat: active.issued_at.map(|at| at.seconds()),
        sub: active.user.map(|user| user.to_string()).or_else(|| app.map(|app| app.id.clone())),
        aud: &ctx.policy.audience,
        iss,
        jti: active.token_id.as_deref(),
        account: AccountOf {
            id: &active.account.id,
            name: &active.account.name,
            external_id: active.account.more.as_deref(),
        },
        app: app.map(|About { id, name, more }| AppOf { id, name, r#type: more.as_deref() }),
    }
}
