//! `GET /api/v1/me`: who is calling, so that a fresh token can be tried.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web::Data,
};
use serde::Serialize;

use super::{decision::counted, problem::Refusals, rate_limit};
use crate::{
    actions::{
        Context,
        authorize::{self, Caller},
    },
    domain::authorization::{Code, Refusal},
    web::extract::client,
};

#[derive(Serialize)]
struct Me {
    account: MyAccount,
    /// Null when several active apps share the key and the token does not say which calls.
    app: Option<MyApp>,
    /// Null unless the app acts for a user.
    user: Option<MyUser>,
    scopes: Vec<String>,
    token: MyToken,
}

#[derive(Serialize)]
struct MyAccount {
    id: String,
    name: String,
    external_id: Option<String>,
}

#[derive(Serialize)]
struct MyApp {
    id: String,
    name: String,
    r#type: &'static str,
}

#[derive(Serialize)]
struct MyUser {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct MyToken {
    expires_at: String,
}

pub(in crate::web) async fn get(
    ctx: Data<Context>,
    refusals: Data<Refusals>,
    request: HttpRequest,
) -> HttpResponse {
    let caller = async { authorize::call(&ctx, bearer(&request)?, "", || client::address(&request)).await };
    let mut response = match counted(&ctx, caller).await {
        Ok(caller) => {
            let left = caller.left;
            let mut response =
                HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(Me::from(caller));
            rate_limit::tell(response.headers_mut(), left);
            response
        }
        Err(refusal) => refusals.answer(&refusal, refusal.code.status()),
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    response
}

/// What scripts of other sites may read beside the body (Fetch §3.3.6).
const EXPOSED: &str =
    "RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Portico-Error, X-Request-Id";

/// A preflight of a script elsewhere (Fetch §4.8): it may send a token, never cookies.
pub(in crate::web) async fn options() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

/// Before the token, in any case (RFC 9110 §11.1).
const SCHEME: &str = "Bearer ";

/// The token of the request (RFC 6750 §2.1). Never from the query.
pub(super) fn bearer(request: &HttpRequest) -> Result<&str, Refusal> {
    let missing = || {
        let detail = "Send the token in the header: Authorization: Bearer followed by the token.";
        Refusal::new(Code::MissingToken, detail)
    };
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(Refusal::new(Code::InvalidToken, "Send one Authorization header, not several."));
    }
    let text = str::from_utf8(value.as_bytes()).ok().filter(|text| text.is_ascii()).ok_or_else(missing)?;
    let (scheme, token) = text.split_at_checked(SCHEME.len()).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case(SCHEME) { Ok(token.trim()) } else { Err(missing()) }
}

impl From<Caller> for Me {
    fn from(caller: Caller) -> Self {
        let account = caller.account();
        Self {
            account: MyAccount {
                id: account.id.to_string(),
                name: account.name.to_string(),
                external_id: account.external_id.as_deref().map(str::to_owned),
            },
            app: caller.app().map(|app| MyApp {
                id: app.id.to_string(),
                name: app.name.to_string(),
                r#type: app.app_type.as_str(),
            }),
            user: caller.user().map(|user| MyUser { id: user.id.to_string(), name: user.name.to_string() }),
            scopes: caller.scopes().split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            token: MyToken { expires_at: caller.expires_at.iso() },
        }
    }
}
