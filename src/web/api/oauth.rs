//! The endpoints of the authorization server that programs ask: no cookie is read, no page drawn.

mod client_auth;
pub(in crate::web) mod introspect;
pub(in crate::web) mod metadata;
pub(in crate::web) mod par;
pub(in crate::web) mod revoke;
pub(in crate::web) mod token;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::Payload,
};
use serde::Serialize;

use crate::domain::oauth::{ErrorCode, OauthError, parameters::Parameters};

/// The paths of these endpoints. Whatever else is beneath `/oauth` is for people.
const PATHS: &[&str] = &[
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/par",
    "/.well-known/oauth-authorization-server",
];

/// Whether a program asks there.
pub(in crate::web) fn is_one(path: &str) -> bool {
    PATHS.contains(&path)
}

/// The most bytes of a body: two tokens and an assertion fit in.
const MAX_BODY_BYTES: usize = 64 * 1_024;

#[derive(Serialize)]
struct Refused<'a> {
    error: &'static str,
    error_description: &'a str,
}

/// The parameters of a request, which stand in its body alone.
///
/// # Errors
/// `invalid_request`: also for a query, which logs would keep with the secrets in it.
async fn parameters(request: &HttpRequest, body: Payload) -> Result<Parameters, OauthError> {
    if !request.query_string().is_empty() {
        let description = "Send the parameters in the body, never in the address: addresses are written to logs. If a secret was in it, make a new one.";
        return Err(OauthError::invalid_request(description));
    }
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let description =
            "Send the parameters as application/x-www-form-urlencoded, and say so in Content-Type.";
        return Err(OauthError::invalid_request(description));
    }
    let body = match body.to_bytes_limited(MAX_BODY_BYTES).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(OauthError::invalid_request("The body broke off.")),
        Err(_) => return Err(OauthError::invalid_request("The body is longer than 64 KiB.")),
    };
    Parameters::parse(&body).map_err(|error| OauthError::invalid_request(error.to_string()))
}

/// An answer that nobody keeps (RFC 6749 §5.1).
fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    fresh(status).json(body)
}

fn fresh(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((header::PRAGMA, HeaderValue::from_static("no-cache")));
    response
}

/// A no (RFC 6749 §5.2).
fn refused(error: &OauthError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = fresh(status);
    if error.code == ErrorCode::InvalidClient {
        response
            .insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"portico\"")));
    }
    if let Some(seconds) = error.retry_after_s {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    response.json(Refused { error: error.code.as_str(), error_description: error.description() })
}

/// Scripts of any site may read the answer, and never send cookies.
fn for_scripts(mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After, WWW-Authenticate, X-Request-Id"),
    );
    response
}

/// A preflight of a script elsewhere (Fetch §4.8).
pub(in crate::web) async fn options_post() -> HttpResponse {
    preflight("POST")
}

/// As [`options_post`], of what is read.
pub(in crate::web) async fn options_get() -> HttpResponse {
    preflight("GET")
}

fn preflight(methods: &'static str) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}
