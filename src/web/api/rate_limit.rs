//! `RateLimit` and `RateLimit-Policy`: how many calls the account has left
//! (draft-ietf-httpapi-ratelimit-headers-10).

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::calls::Left;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Says so, if the operator limits calls.
pub(super) fn tell(headers: &mut HeaderMap, left: Option<Left>) {
    let Some(Left { limit, remaining, whole_in_s }) = left else { return };
    let texts = [
        (POLICY, format!("\"account\";q={limit};w=60")),
        (RATE_LIMIT, format!("\"account\";r={remaining};t={whole_in_s}")),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}
