//! App-signed JWTs: RFC 7519 over RFC 7515, by the strict reading of RFC 8725.
//!
//! [`Unverified::parse`] judges the form, [`Unverified::verify`] the signature,
//! [`Claims::check`] times and audience. `authorization::decide` does the rest.
//! What of this is RFC 7515 alone stands in [`Compact`].

pub mod json;
mod misfits;
pub mod pasted;
mod sign;
mod verifier;

use std::{hint::black_box, iter};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{
    authorization::{
        Code, Refusal,
        checks::{Check, Witness},
    },
    id::SecretId,
    overlap::MAX_OLD,
    time::{Span, Timestamp},
};
use json::Json;
pub use misfits::Misfits;
pub use sign::sign;
pub use verifier::Verifier;
use verifier::{NOBODYS, is_same};

/// The headers that most libraries write, encoded. They are right, and need not be read each time.
const USUAL_HEADERS: [&str; 2] =
    ["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9"];
/// The most bytes a token may have.
pub const MAX_BYTES: usize = 8 * 1024;
/// How far a caller's clock may be off.
pub const LEEWAY: Span = Span::seconds(60);
/// How far ahead `exp` may lie.
pub const MAX_LIFETIME: Span = Span::days(365);
/// A `NumericDate` of this size is in milliseconds: in seconds it would be the year 5138.
pub const MILLISECONDS: f64 = 1e11;

/// A JWS in compact serialisation (RFC 7515 §3.1) whose form and header are right, whatever
/// its payload says. Nobody has looked at the signature.
#[derive(Debug)]
pub struct Compact<'a> {
    signing_input: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// A token whose form is right and whose signature nobody has looked at.
#[derive(Debug)]
pub struct Unverified<'a> {
    jws: Compact<'a>,
    claims: Claims,
}

/// What a token claims. Only those are kept that decide something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub iss: String,
    pub sub: Option<String>,
    pub exp: Timestamp,
    pub nbf: Option<Timestamp>,
    pub iat: Option<Timestamp>,
    /// Absent, or every audience named.
    pub aud: Option<Vec<String>>,
}

impl<'a> Compact<'a> {
    /// Takes it apart. Signed with HS256 and without extensions, or refused.
    ///
    /// # Errors
    /// `invalid_token` with what is wrong with its form.
    pub fn parse(token: &'a str) -> Result<Self, Refusal> {
        Self::parse_seen_by(&mut (), token)
    }

    /// As [`Compact::parse`], before a witness.
    ///
    /// # Errors
    /// Those of [`Compact::parse`].
    pub fn parse_seen_by(witness: &mut impl Witness, token: &'a str) -> Result<Self, Refusal> {
        let Parts { signing_input, header, payload, signature } = witness.saw(Check::Form, parts(token))?;
        check_header(witness, header)?;
        let payload = witness.saw(Check::Encoding, decode(payload, "payload"))?;
        let signature = witness.saw(Check::Encoding, decode(signature, "signature"))?;
        Ok(Self { signing_input, payload, signature })
    }

    /// Whether this key made the signature (RFC 7515 §5.2), compared in constant time.
    #[must_use]
    pub fn signed_with(&self, verifier: &Verifier) -> bool {
        verifier.made(&self.signature, self.signing_input)
    }
}

impl<'a> Unverified<'a> {
    /// Reads a token: a [`Compact`] JWS whose payload holds claims.
    ///
    /// # Errors
    /// `invalid_token` with what is wrong with its form.
    pub fn parse(token: &'a str) -> Result<Self, Refusal> {
        Self::parse_seen_by(&mut (), token)
    }

    /// As [`Unverified::parse`], before a witness.
    ///
    /// # Errors
    /// Those of [`Unverified::parse`].
    pub fn parse_seen_by(witness: &mut impl Witness, token: &'a str) -> Result<Self, Refusal> {
        let jws = Compact::parse_seen_by(witness, token)?;
        let payload = witness.saw(Check::Payload, object(&jws.payload, "payload"))?;
        let claims = witness.saw(Check::Claims, Claims::read(&payload))?;
        Ok(Self { jws, claims })
    }

    /// The API key that the token names.
    #[must_use]
    pub fn iss(&self) -> &str {
        &self.claims.iss
    }

    /// The app that the token says calls. Nobody has proven it.
    #[must_use]
    pub fn sub(&self) -> Option<&str> {
        self.claims.sub.as_deref()
    }

    /// When the token says it was made.
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.claims.iat
    }

    /// The claims, if one of the secrets signed them, and which of them did; the current one stands
    /// first. If none did, it takes the same time however many there were to try: as long as there
    /// can be at most, or the first alone if that is known already.
    ///
    /// # Errors
    /// `invalid_token`, in the same words for an unknown key and a bad signature.
    pub fn verify<'s>(
        &self,
        secrets: impl IntoIterator<Item = (SecretId, &'s Verifier), IntoIter: Clone>,
        misfits: &Misfits,
    ) -> Result<(&Claims, usize), Refusal> {
        let Compact { signing_input, signature, .. } = &self.jws;
        let secrets = secrets.into_iter();
        let mut verifiers = secrets.clone().map(|(_, verifier)| verifier);
        let current = verifiers.next();
        let right = current.unwrap_or(&NOBODYS).sign(signing_input);
        let mut others = (1..).zip(verifiers.map(Some).chain(iter::repeat(None))).take(MAX_OLD);
        let fits = |(n, verifier): (usize, Option<&Verifier>)| match verifier {
            Some(verifier) => self.jws.signed_with(verifier).then_some(n),
            None => {
                black_box(self.jws.signed_with(&NOBODYS));
                None
            }
        };
        // Compared for nobody's key too, which makes nothing that is taken.
        let which = if is_same(&right, signature) && current.is_some() {
            Some(0)
        } else {
            let ids = secrets.map(|(id, _)| id);
            misfits.unless_known(signature, &right, ids, || others.find_map(fits))
        };
        which.map(|n| (&self.claims, n)).ok_or_else(Refusal::not_verified)
    }
}

/// Whose a token says it is, without a word of it being proven or even well formed.
#[derive(Debug, Deserialize)]
pub struct Claimed {
    pub iss: String,
    #[serde(default)]
    pub sub: Option<String>,
}

/// What can be read of a token that [`Unverified::parse`] refuses, for its developers' eyes.
#[must_use]
pub fn claimed(token: &str) -> Option<Claimed> {
    let payload = token.get(..token.len().min(MAX_BYTES))?.split('.').nth(1)?;
    serde_json::from_slice(&decode(payload, "payload").ok()?).ok()
}

impl Claims {
    /// Judges times and audience.
    ///
    /// # Errors
    /// `token_expired`, `token_not_yet_valid` or `invalid_token`.
    pub fn check(&self, now: Timestamp, audience: &str) -> Result<(), Refusal> {
        self.check_seen_by(&mut (), now, audience)
    }

    /// As [`Claims::check`], before a witness.
    ///
    /// # Errors
    /// Those of [`Claims::check`].
    pub fn check_seen_by(
        &self,
        witness: &mut impl Witness,
        now: Timestamp,
        audience: &str,
    ) -> Result<(), Refusal> {
        witness.saw(Check::Expiry, self.check_expiry(now))?;
        witness.saw(Check::NotBefore, check_begun("nbf", self.nbf, now))?;
        witness.saw(Check::IssuedAt, check_begun("iat", self.iat, now))?;
        witness.saw(Check::Audience, self.check_audience(audience))
    }

    fn check_expiry(&self, now: Timestamp) -> Result<(), Refusal> {
        if now >= self.exp + LEEWAY {
            let ago = now.since(self.exp).as_seconds();
            let detail = format!(
                "The token expired {ago} seconds ago. Sign a new one; if it is new, check your clock."
            );
            return Err(Refusal::new(Code::TokenExpired, detail).off_by(ago));
        }
        if self.exp > now + MAX_LIFETIME + LEEWAY {
            return Err(invalid("exp lies more than one year ahead; sign a token that ends sooner."));
        }
        Ok(())
    }

    fn check_audience(&self, audience: &str) -> Result<(), Refusal> {
        match &self.aud {
            Some(named) if !named.iter().any(|one| one == audience) => {
                Err(invalid(format!("aud does not contain {audience}; name it or leave aud out.")))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn read(payload: &Json<'_>) -> Result<Self, Refusal> {
        let text = |name: &'static str| match payload.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone().into_owned())),
            Some(_) => Err(invalid(format!("{name} must be a string."))),
        };
        let time = |name: &'static str| payload.get(name).map(|value| numeric_date(name, value)).transpose();
        Ok(Self {
            iss: text("iss")?.ok_or_else(|| invalid("iss is missing; it must be your API key (ak_…)."))?,
            sub: text("sub")?,
            exp: time("exp")?.ok_or_else(|| {
                invalid("exp is missing; it must say when the token ends, in seconds since 1970.")
            })?,
            nbf: time("nbf")?,
            iat: time("iat")?,
            aud: payload.get("aud").map(audiences).transpose()?,
        })
    }
}

/// A token cut at its dots.
struct Parts<'a> {
    /// Header and payload, as they are signed.
    signing_input: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

fn parts(token: &str) -> Result<Parts<'_>, Refusal> {
    if token.len() > MAX_BYTES {
        return Err(invalid("The token is longer than 8 KiB."));
    }
    let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
    let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
        return Err(not_compact());
    };
    let cut = || {
        Some(Parts {
            signing_input: token.get(..second)?,
            header: token.get(..first)?,
            payload: token.get(first + 1..second)?,
            signature: token.get(second + 1..)?,
        })
    };
    cut().ok_or_else(not_compact)
}

fn check_header(witness: &mut impl Witness, encoded: &str) -> Result<(), Refusal> {
    if USUAL_HEADERS.contains(&encoded) {
        let all = [Check::Header, Check::Algorithm, Check::Type, Check::Critical];
        return all.into_iter().try_for_each(|check| witness.saw(check, Ok(())));
    }
    let text = witness.saw(Check::Header, decode(encoded, "header"))?;
    let header = witness.saw(Check::Header, object(&text, "header"))?;
    witness.saw(Check::Algorithm, check_algorithm(&header))?;
    witness.saw(Check::Type, check_type(&header))?;
    witness.saw(Check::Critical, check_critical(&header))
}

fn check_algorithm(header: &Json<'_>) -> Result<(), Refusal> {
    match header.get("alg") {
        Some(Json::Text(alg)) if alg == "HS256" => Ok(()),
        Some(_) | None => Err(invalid("alg must be HS256.")),
    }
}

fn check_type(header: &Json<'_>) -> Result<(), Refusal> {
    match header.get("typ") {
        None => Ok(()),
        Some(Json::Text(typ)) if typ.eq_ignore_ascii_case("JWT") => Ok(()),
        Some(_) => Err(invalid("typ must be JWT or be left out.")),
    }
}

/// RFC 7515 §4.1.11: what is critical and not understood must be refused, and we understand none.
fn check_critical(header: &Json<'_>) -> Result<(), Refusal> {
    match header.get("crit") {
        None => Ok(()),
        Some(_) => Err(invalid("crit is not supported; leave it out.")),
    }
}

/// `nbf` and `iat` alike: a token is not used before its time.
fn check_begun(name: &str, at: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    match at {
        Some(at) if at > now + LEEWAY => {
            let ahead = at.since(now).as_seconds();
            let detail = format!("{name} lies {ahead} seconds ahead. Check your clock.");
            Err(Refusal::new(Code::TokenNotYetValid, detail).off_by(ahead))
        }
        Some(_) | None => Ok(()),
    }
}

fn numeric_date(name: &str, value: &Json<'_>) -> Result<Timestamp, Refusal> {
    let Json::Number(seconds) = value else {
        return Err(invalid(format!("{name} must be a number of seconds since 1970.")));
    };
    if seconds.abs() >= MILLISECONDS {
        return Err(invalid(format!(
            "{name} is in milliseconds; it must be in seconds since 1970 (divide by 1000)."
        )));
    }
    // Below 10^11 every whole number of seconds is exact in an f64, and a fraction is dropped.
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
    Ok(Timestamp::from_seconds(seconds.floor() as i64))
}

fn audiences(value: &Json<'_>) -> Result<Vec<String>, Refusal> {
    let wrong = || invalid("aud must be a string or an array of strings.");
    match value {
        Json::Text(one) => Ok(vec![one.clone().into_owned()]),
        Json::Array(many) => many
            .iter()
            .map(|one| match one {
                Json::Text(text) => Ok(text.clone().into_owned()),
                Json::Null | Json::Bool | Json::Number(_) | Json::Array(_) | Json::Object(_) => Err(wrong()),
            })
            .collect(),
        Json::Null | Json::Bool | Json::Number(_) | Json::Object(_) => Err(wrong()),
    }
}

fn object<'a>(bytes: &'a [u8], name: &str) -> Result<Json<'a>, Refusal> {
    match json::parse(bytes) {
        Ok(value @ Json::Object(_)) => Ok(value),
        Ok(_) => Err(invalid(format!("The {name} must be a JSON object."))),
        Err(why) => Err(invalid(format!("The {name} is not acceptable JSON: {why}."))),
    }
}

fn decode(part: &str, name: &str) -> Result<Vec<u8>, Refusal> {
    // `decode` asks for zeroed memory, which never comes from what was freed last.
    let mut decoded = Vec::with_capacity(base64::decoded_len_estimate(part.len()));
    let outcome = URL_SAFE_NO_PAD.decode_vec(part, &mut decoded);
    outcome.map_err(|_| invalid(format!("The {name} is not base64url without padding.")))?;
    Ok(decoded)
}

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(Code::InvalidToken, detail)
}

fn not_compact() -> Refusal {
    invalid("A token has three parts with dots between them.")
}

#[cfg(test)]
#[path = "jwt/tests.rs"]
mod tests;
