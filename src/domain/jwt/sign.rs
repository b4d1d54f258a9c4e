//! Tokens of our own making, to be tried.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::domain::{
    credential::{ApiKey, ApiSecret},
    time::Timestamp,
};

/// What [`sign`] puts into a token.
#[derive(Serialize)]
struct NewClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
}

/// A token for one app, signed with the API secret's text (RFC 7515 §5.1).
#[must_use]
pub fn sign(key: &ApiKey, secret: &ApiSecret, sub: &str, now: Timestamp, exp: Timestamp) -> Option<String> {
    let claims = NewClaims { iss: key.as_str(), sub, iat: now.seconds(), exp: exp.seconds() };
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).ok()
}
