//! `/authorize`: yes or no for a gateway, before it lets a request through (nginx
//! `auth_request`, Traefik `ForwardAuth`, Caddy `forward_auth`, Envoy `ext_authz`).

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    web::{BytesMut, Data},
};
use url::form_urlencoded;

use super::{
    decision::{broken, counted},
    me::bearer,
    problem::Refusals,
    rate_limit,
};
use crate::{
    actions::{
        Context,
        authorize::{self, Caller},
    },
    crypto,
    domain::{
        authorization::{Code, Refusal},
        id::{DIGITS, Id},
    },
    web::{extract::client, middleware::panics},
};

/// The identity of the caller, for the upstream. Always every one, empty where there is
/// nothing, so that a client's own copy never gets through (S40).
const ACCOUNT: HeaderName = HeaderName::from_static("x-portico-account");
const EXTERNAL_ID: HeaderName = HeaderName::from_static("x-portico-account-external-id");
const APP: HeaderName = HeaderName::from_static("x-portico-app");
const APP_TYPE: HeaderName = HeaderName::from_static("x-portico-app-type");
const SCOPES: HeaderName = HeaderName::from_static("x-portico-scopes");
const USER: HeaderName = HeaderName::from_static("x-portico-user");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-portico-request-id");

/// A gateway that was told no asks once more with this, for the words of it: nginx keeps no
/// body of the first answer. It holds the code that was given, and that is the one explained: nginx
/// answers with its status. The call is one, and counted once. Never answered with a pass, which
/// would carry no identity and let a client's own headers stand.
const EXPLAIN: HeaderName = HeaderName::from_static("x-portico-explain");

/// Any method; no body is read.
pub(in crate::web) async fn any(
    ctx: Data<Context>,
    refusals: Data<Refusals>,
    request: HttpRequest,
) -> HttpResponse {
    panics::answered(answer(&ctx, &refusals, &request), || {
        let refusal = broken();
        refusals.answer(&refusal, refusal.code.gateway_status())
    })
    .await
}

async fn answer(ctx: &Context, refusals: &Refusals, request: &HttpRequest) -> HttpResponse {
    let refusal = if let Some(asked) = request.headers().get(&EXPLAIN) {
        Box::pin(authorize::explain(ctx, unambiguous(request), &needs(request), said(asked))).await
    } else {
        match counted(ctx, judge(ctx, request)).await {
            Ok(caller) => return pass(&caller),
            Err(refusal) => refusal,
        }
    };
    refusals.answer(&refusal, refusal.code.gateway_status())
}

async fn judge(ctx: &Context, request: &HttpRequest) -> Result<Caller, Refusal> {
    let token = unambiguous(request)?;
    authorize::call(ctx, token, &needs(request), || client::address(request)).await
}

/// The scopes that the gateway asks for, with spaces between them. Beneath `/authorize` the query
/// is the client's own, and asks for nothing.
fn needs(request: &HttpRequest) -> Cow<'_, str> {
    if request.query_string().is_empty() || request.path() != "/authorize" {
        return Cow::Borrowed("");
    }
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let scopes = pairs.filter(|(name, _)| name == "scope").map(|(_, scopes)| scopes);
    scopes.reduce(|all, more| Cow::Owned(format!("{all} {more}"))).unwrap_or_default()
}

/// The code that was given. A gateway that got none had no answer, and said that it knows nothing.
fn said(asked: &HeaderValue) -> Option<Code> {
    match asked.to_str().map(str::trim) {
        Ok("") => Some(Code::Unavailable),
        Ok(code) => code.parse().ok(),
        Err(_) => None,
    }
}

/// The token of a request whose headers can be taken for nothing else.
fn unambiguous(request: &HttpRequest) -> Result<&str, Refusal> {
    if request.headers().keys().any(imitates_identity) {
        let detail = "The request has a header that a server could take for an identity header (x-portico-…), written with another sign than a hyphen. Remove it.";
        return Err(Refusal::new(Code::AmbiguousIdentityHeader, detail));
    }
    bearer(request)
}

/// `X_Portico_App`, `X.Portico.App` and `X+Portico+App` are read as `X-Portico-App` by servers that
/// turn header names into variables (CVE-2026-39858), in which only letters and digits stay.
fn imitates_identity(name: &HeaderName) -> bool {
    let name = name.as_str().as_bytes();
    let folded = name.iter().map(|byte| if byte.is_ascii_alphanumeric() { *byte } else { b'-' });
    let is_other = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'-';
    folded.take(10).eq(*b"x-portico-") && name.iter().any(is_other)
}

/// Exactly 200 with an empty body: Envoy takes no other success.
fn pass(caller: &Caller) -> HttpResponse {
    let account = caller.account();
    let app = caller.app();
    let mut response = HttpResponse::new(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCOUNT, id(account.id));
    headers.insert(EXTERNAL_ID, account.external_id.as_deref().map_or_else(empty, text));
    headers.insert(APP, app.map_or_else(empty, |app| id(app.id)));
    headers.insert(APP_TYPE, HeaderValue::from_static(app.map_or("jwt", |app| app.app_type.as_str())));
    headers.insert(SCOPES, scopes(caller.scopes()));
    headers.insert(USER, caller.user().map_or_else(empty, |user| id(user.id)));
    headers.insert(REQUEST_ID, request_id(crypto::once()));
    rate_limit::tell(headers, caller.left);
    response
}

fn scopes(granted: &str) -> HeaderValue {
    if granted == "*" { HeaderValue::from_static("*") } else { text(granted) }
}

fn empty() -> HeaderValue {
    HeaderValue::from_static("")
}

/// As an id is shown, put together by hand: formatting takes several times as long.
fn id<I: Id>(id: I) -> HeaderValue {
    let mut text = BytesMut::with_capacity(I::PREFIX.len() + 1 + DIGITS);
    text.extend_from_slice(I::PREFIX.as_bytes());
    text.extend_from_slice(b"_");
    text.extend_from_slice(&id.digits());
    HeaderValue::from_maybe_shared(text.freeze()).unwrap_or_else(|_| empty())
}

/// Sixteen hexadecimal digits.
fn request_id(number: u64) -> HeaderValue {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
    let text = number.to_be_bytes().map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    HeaderValue::from_bytes(text.as_flattened()).unwrap_or_else(|_| empty())
}

/// What no header can hold becomes empty rather than something else.
fn text(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or_else(|_| empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::AccountId, time::Timestamp};

    #[test]
    fn ids_stand_in_headers_as_they_are_shown() {
        let account = AccountId::generate(Timestamp::from_seconds(1_795_504_800), [7; 10]);
        assert_eq!(id(account), account.to_string());
        for number in [0, 9, 0xa0b_1c2d_3e4f_5067, u64::MAX] {
            assert_eq!(request_id(number), format!("{number:016x}"));
        }
    }

    #[test]
    fn other_spellings_of_an_identity_header_are_known() {
        let imitates = |name: &str| imitates_identity(&HeaderName::from_bytes(name.as_bytes()).unwrap());
        for name in [
            "x_portico_app",
            "X_Portico_App",
            "x.portico.app",
            "x-portico_app",
            "x_portico-account",
            "x-portico-app_type",
            "x+portico+app",
            "X~Portico-App",
            "x!portico*app",
        ] {
            assert!(imitates(name), "{name}");
        }
        for name in ["x-portico-app", "x_forwarded_for", "x_portic", "authorization", "x.y", "x+portics"] {
            assert!(!imitates(name), "{name}");
        }
    }
}
