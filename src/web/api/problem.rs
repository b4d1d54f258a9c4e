//! Refusals as RFC 9457 problems, with the challenge of RFC 6750.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use serde::Serialize;

use crate::domain::authorization::{Code, Refusal};

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
}

/// The answer to a request that was refused.
pub(super) fn refused(public_url: &str, refusal: &Refusal) -> HttpResponse {
    let Refusal { code, detail } = refusal;
    let problem = Problem {
        r#type: format!("{public_url}/docs/refusals#{code}"),
        title: code.title(),
        status: code.status(),
        code: code.as_str(),
        detail,
    };
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::CONTENT_TYPE, "application/problem+json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-portico-error", code.as_str()));
    if let Some(challenge) = challenge(*code, detail) {
        response.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((header::RETRY_AFTER, "1"));
    }
    response.body(body)
}

/// RFC 6750 §3: without a token the bare scheme, else the error by its registered name.
fn challenge(code: Code, detail: &str) -> Option<String> {
    let error = match code {
        Code::MissingToken => return Some(String::from("Bearer")),
        // Of the names that RFC 6750 registers none fits a stopped app better: a token is
        // "invalid for other reasons". The problem's code says which.
        Code::InvalidToken
        | Code::TokenExpired
        | Code::TokenNotYetValid
        | Code::AppRequired
        | Code::AppDraft
        | Code::AppDeactivated
        | Code::AppSuspended
        | Code::AccountPending
        | Code::AccountSuspended => "invalid_token",
        Code::Unavailable => return None,
    };
    // What RFC 6750 §3 allows within the quotes; our sentences hold nothing else.
    let described: String =
        detail.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
    Some(format!("Bearer error=\"{error}\", error_description=\"{described}\""))
}
