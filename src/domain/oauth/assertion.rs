//! What a client signs to authenticate: `private_key_jwt` (RFC 7523 §2.2, §3).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use thiserror::Error;

use crate::domain::{
    client::{JwkSet, jwks::PublicKey},
    jwt::{
        self, LEEWAY, MILLISECONDS,
        json::{self, Json},
    },
    time::{Span, Timestamp},
};

/// `client_assertion_type` of it.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The algorithms that are taken, as metadata lists them.
pub const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];
/// How far ahead `exp` may lie: as far as libraries set it that are not told otherwise.
const LONGEST: Span = Span::hours(1);
/// Of the id that makes it good once.
const JTI_BYTES: usize = 255;

/// An assertion whose form is right and whose signature nobody has looked at.
#[derive(Debug)]
pub struct Assertion<'a> {
    signing_input: &'a str,
    signature: &'a str,
    algorithm: Algorithm,
    kid: Option<String>,
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    exp: Timestamp,
    begins: Vec<Timestamp>,
    jti: String,
}

/// What a client has proven by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Not to be taken a second time,
    pub jti: String,
    /// until nobody would take it any more.
    pub until: Timestamp,
}

/// Why an assertion proves nothing. For the log and for tests: clients are told that they could
/// not be authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AssertionError {
    #[error("it is no JWT with the claims that RFC 7523 asks for")]
    Malformed,
    #[error("its algorithm is none of those that are taken")]
    Algorithm,
    #[error("iss and sub must be the client id")]
    Issuer,
    #[error("aud must be the issuer or the token endpoint")]
    Audience,
    #[error("its time is over, not yet come, or too long")]
    Time,
    #[error("no registered key made its signature")]
    Signature,
}

impl<'a> Assertion<'a> {
    /// Takes it apart.
    ///
    /// # Errors
    /// `Malformed`, or an algorithm that is not taken.
    pub fn parse(text: &'a str) -> Result<Self, AssertionError> {
        use AssertionError::Malformed;
        if text.len() > jwt::MAX_BYTES {
            return Err(Malformed);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(Malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed);
        let (header, payload) = (decode(header)?, decode(payload)?);
        let header = json::parse(&header).map_err(|_| Malformed)?;
        let claims = json::parse(&payload).map_err(|_| Malformed)?;
        let algorithm = match text_of(&header, "alg")?.as_deref() {
            Some("RS256") => Algorithm::RS256,
            Some("PS256") => Algorithm::PS256,
            Some("ES256") => Algorithm::ES256,
            Some("EdDSA") => Algorithm::EdDSA,
            Some(_) | None => return Err(AssertionError::Algorithm),
        };
        // RFC 7515 §4.1.11: what is critical and not understood must be refused.
        if header.get("crit").is_some() {
            return Err(Malformed);
        }
        let jti = text_of(&claims, "jti")?.filter(|jti| (1..=JTI_BYTES).contains(&jti.len()));
        let begins = ["nbf", "iat"].into_iter().filter_map(|name| time_of(&claims, name).transpose());
        Ok(Self {
            kid: text_of(&header, "kid")?,
            issuer: text_of(&claims, "iss")?.ok_or(Malformed)?,
            subject: text_of(&claims, "sub")?.ok_or(Malformed)?,
            audiences: audiences(claims.get("aud").ok_or(Malformed)?)?,
            exp: time_of(&claims, "exp")?.ok_or(Malformed)?,
            begins: begins.collect::<Result<_, _>>()?,
            jti: jti.ok_or(Malformed)?,
            signing_input,
            signature,
            algorithm,
        })
    }

    /// The client that it says it comes from. Nobody has proven it.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.subject
    }

    /// What the client of this id and these keys has proven, if it was meant for one of `us`.
    ///
    /// # Errors
    /// It proves nothing.
    pub fn verify(
        self,
        client: &str,
        keys: &JwkSet,
        us: &[&str],
        now: Timestamp,
    ) -> Result<Signed, AssertionError> {
        if self.issuer != client || self.subject != client {
            return Err(AssertionError::Issuer);
        }
        if !self.audiences.iter().any(|audience| us.contains(&audience.as_str())) {
            return Err(AssertionError::Audience);
        }
        let until = self.exp + LEEWAY;
        if until <= now
            || self.exp > now + LONGEST + LEEWAY
            || self.begins.iter().any(|at| *at > now + LEEWAY)
        {
            return Err(AssertionError::Time);
        }
        if !keys.candidates(self.kid.as_deref()).any(|key| self.is_by(key)) {
            return Err(AssertionError::Signature);
        }
        Ok(Signed { jti: self.jti, until })
    }

    fn is_by(&self, key: &PublicKey) -> bool {
        let key = match (key, self.algorithm) {
            (PublicKey::Rsa { n, e }, Algorithm::RS256 | Algorithm::PS256) => {
                DecodingKey::from_rsa_components(n, e)
            }
            (PublicKey::P256 { x, y, .. }, Algorithm::ES256) => DecodingKey::from_ec_components(x, y),
            (PublicKey::Ed25519 { x, .. }, Algorithm::EdDSA) => DecodingKey::from_ed_components(x),
            (PublicKey::Rsa { .. } | PublicKey::P256 { .. } | PublicKey::Ed25519 { .. }, _) => return false,
        };
        let verified = key.and_then(|key| {
            jsonwebtoken::crypto::verify(self.signature, self.signing_input.as_bytes(), &key, self.algorithm)
        });
        verified.unwrap_or(false)
    }
}

fn text_of(object: &Json<'_>, name: &str) -> Result<Option<String>, AssertionError> {
    match object.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone().into_owned())),
        Some(_) => Err(AssertionError::Malformed),
    }
}

fn time_of(claims: &Json<'_>, name: &str) -> Result<Option<Timestamp>, AssertionError> {
    match claims.get(name) {
        None => Ok(None),
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the guard")]
        Some(Json::Number(seconds)) if seconds.abs() < MILLISECONDS => {
            Ok(Some(Timestamp::from_seconds(seconds.floor() as i64)))
        }
        Some(_) => Err(AssertionError::Malformed),
    }
}

fn audiences(value: &Json<'_>) -> Result<Vec<String>, AssertionError> {
    let text = |one: &Json<'_>| match one {
        Json::Text(text) => Ok(text.clone().into_owned()),
        Json::Null | Json::Bool | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            Err(AssertionError::Malformed)
        }
    };
    match value {
        Json::Array(many) => many.iter().map(text).collect(),
        Json::Null | Json::Bool | Json::Number(_) | Json::Text(_) | Json::Object(_) => Ok(vec![text(value)?]),
    }
}

#[cfg(test)]
#[path = "assertion/tests.rs"]
mod tests;
