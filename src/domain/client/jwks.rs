//! Public keys that a client registered to authenticate by (RFC 7517).

use std::{collections::BTreeSet, fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::domain::fields::{Complaint, capitalised};

/// One to ten public keys. What a key has beyond its public parts is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

/// A public key, with the id by which a signature may name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    #[serde(flatten)]
    pub key: PublicKey,
}

/// What a signature is verified with; numbers in base64url, as RFC 7518 §6 has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kty")]
pub enum PublicKey {
    /// At least 2,048 bits.
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    /// On the curve P-256.
    #[serde(rename = "EC")]
    P256 { crv: &'static str, x: String, y: String },
    /// Ed25519 (RFC 8037).
    #[serde(rename = "OKP")]
    Ed25519 { crv: &'static str, x: String },
}

/// What can be wrong with a key set. Keys are counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwkSetError {
    TooLong,
    NotASet,
    Count(usize),
    /// It holds a private key.
    Private(usize),
    /// Of a kind that is not taken.
    Kind(usize),
    /// A part of it is missing or malformed.
    Malformed(usize),
    /// RSA of fewer bits.
    Weak(usize),
    /// Two keys have one `kid`.
    SameId(usize),
    /// Meant for another use or algorithm.
    Use(usize),
}

impl Complaint for JwkSetError {
    fn sentence(&self, what: &str) -> String {
        let says = match self {
            Self::TooLong => format!("must be at most {} KiB.", JwkSet::MAX_BYTES / 1_024),
            Self::NotASet => String::from("must be a JWK set: JSON such as {\"keys\":[{\"kty\":\"EC\",…}]}."),
            Self::Count(was) => format!("must have 1 to {} keys; it has {was}.", JwkSet::MAX_KEYS),
            Self::Private(n) => format!(
                "must hold public keys alone; key {n} is private. Do not use it any more, and enter the public part of another one."
            ),
            Self::Kind(n) => {
                format!("must hold RSA, EC P-256 or Ed25519 keys; key {n} is none of them.")
            }
            Self::Malformed(n) => format!("has a key {n} of which a part is missing or malformed."),
            Self::Weak(n) => format!("has an RSA key {n} of fewer than 2,048 or more than 8,192 bits."),
            Self::SameId(n) => format!("has a key {n} whose kid another key has; each must have its own."),
            Self::Use(n) => {
                format!("has a key {n} that is not for signatures with RS256, PS256, ES256 or EdDSA.")
            }
        };
        capitalised(&format!("{what} {says}"))
    }
}

#[derive(Deserialize)]
struct AnySet {
    keys: Vec<AnyKey>,
}

#[derive(Deserialize)]
struct AnyKey {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    for_use: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
    // Private parts (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
    #[serde(default)]
    d: Option<IgnoredAny>,
    #[serde(default)]
    p: Option<IgnoredAny>,
    #[serde(default)]
    q: Option<IgnoredAny>,
    #[serde(default)]
    k: Option<IgnoredAny>,
}

const P256: &str = "P-256";
const ED25519: &str = "Ed25519";
/// The longest id of a key.
const KID_BYTES: usize = 200;

impl JwkSet {
    pub const MAX_BYTES: usize = 16 * 1_024;
    pub const MAX_KEYS: usize = 10;

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Jwk> {
        self.keys.iter()
    }

    /// Enough of each key to know it again: its id, or its kind and how it begins.
    #[must_use]
    pub fn summary(&self) -> String {
        let of = |jwk: &Jwk| match (&jwk.kid, &jwk.key) {
            (Some(kid), _) => kid.clone(),
            (None, PublicKey::Rsa { n: start, .. }) => format!("RSA {start:.12}…"),
            (None, PublicKey::P256 { x: start, .. }) => format!("{P256} {start:.12}…"),
            (None, PublicKey::Ed25519 { x: start, .. }) => format!("{ED25519} {start:.12}…"),
        };
        self.iter().map(of).collect::<Vec<_>>().join(", ")
    }

    /// The keys that a signature with this `kid` may have been made with: those of the id, or
    /// all of them if it names none.
    pub fn candidates<'a>(&'a self, kid: Option<&'a str>) -> impl Iterator<Item = &'a PublicKey> {
        let fits = move |jwk: &&Jwk| kid.is_none() || jwk.kid.as_deref() == kid;
        self.keys.iter().filter(fits).map(|jwk| &jwk.key)
    }
}

impl FromStr for JwkSet {
    type Err = JwkSetError;

    fn from_str(text: &str) -> Result<Self, JwkSetError> {
        if text.len() > Self::MAX_BYTES {
            return Err(JwkSetError::TooLong);
        }
        let AnySet { keys } = serde_json::from_str(text).map_err(|_| JwkSetError::NotASet)?;
        if keys.is_empty() || keys.len() > Self::MAX_KEYS {
            return Err(JwkSetError::Count(keys.len()));
        }
        let keys = (1..).zip(keys).map(|(n, key)| key.public(n)).collect::<Result<Vec<_>, _>>()?;
        let mut ids = BTreeSet::new();
        let same = keys.iter().position(|jwk| jwk.kid.as_ref().is_some_and(|kid| !ids.insert(kid)));
        match same {
            Some(place) => Err(JwkSetError::SameId(place + 1)),
            None => Ok(Self { keys }),
        }
    }
}

impl AnyKey {
    fn public(self, number: usize) -> Result<Jwk, JwkSetError> {
        if self.d.is_some() || self.p.is_some() || self.q.is_some() || self.k.is_some() {
            return Err(JwkSetError::Private(number));
        }
        if self.for_use.as_deref().is_some_and(|used| used != "sig") {
            return Err(JwkSetError::Use(number));
        }
        let algorithms: &[&str] = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => &["RS256", "PS256"],
            ("EC", Some(P256)) => &["ES256"],
            ("OKP", Some(ED25519)) => &["EdDSA", ED25519],
            _ => return Err(JwkSetError::Kind(number)),
        };
        if self.alg.as_deref().is_some_and(|alg| !algorithms.contains(&alg)) {
            return Err(JwkSetError::Use(number));
        }
        if self.kid.as_ref().is_some_and(|kid| kid.is_empty() || kid.len() > KID_BYTES) {
            return Err(JwkSetError::Malformed(number));
        }
        let key = match (self.kty.as_str(), self.n, self.e, self.x, self.y) {
            ("RSA", Some(n), Some(e), ..) => rsa(n, e, number)?,
            ("EC", _, _, Some(x), Some(y)) if is_of(&x, 32) && is_of(&y, 32) => {
                PublicKey::P256 { crv: P256, x, y }
            }
            ("OKP", _, _, Some(x), _) if is_of(&x, 32) => PublicKey::Ed25519 { crv: ED25519, x },
            _ => return Err(JwkSetError::Malformed(number)),
        };
        Ok(Jwk { kid: self.kid, key })
    }
}

fn rsa(n: String, e: String, number: usize) -> Result<PublicKey, JwkSetError> {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| JwkSetError::Malformed(number));
    let (modulus, exponent) = (bytes(&n)?, bytes(&e)?);
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let top = modulus.get(zeros).map_or(8, |byte| byte.leading_zeros() as usize);
    let bits = ((modulus.len() - zeros) * 8).saturating_sub(top);
    // An exponent of 1 would make every text its own signature.
    let is_odd = exponent.last().is_some_and(|last| last % 2 == 1);
    if !is_odd
        || exponent.len() > 8
        || matches!(exponent.as_slice(), [.., 1] if exponent.iter().rev().skip(1).all(|byte| *byte == 0))
    {
        return Err(JwkSetError::Malformed(number));
    }
    if (2_048..=8_192).contains(&bits) { Ok(PublicKey::Rsa { n, e }) } else { Err(JwkSetError::Weak(number)) }
}

fn is_of(text: &str, bytes: usize) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|decoded| decoded.len() == bytes)
}

/// As JSON, the public parts alone.
impl fmt::Display for JwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn base64(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn rsa_key(bits: usize) -> Value {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] = 0xff >> ((8 - bits % 8) % 8);
        json!({ "kty": "RSA", "n": base64(&n), "e": "AQAB" })
    }

    fn ec() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": base64(&[1; 32]), "y": base64(&[2; 32]) })
    }

    fn ed() -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(&[3; 32]) })
    }

    fn with(mut key: Value, member: &str, value: impl Into<Value>) -> Value {
        key[member] = value.into();
        key
    }

    fn read(keys: &[Value]) -> Result<JwkSet, JwkSetError> {
        json!({ "keys": keys }).to_string().parse()
    }

    #[test]
    fn public_keys_of_three_kinds_are_taken_and_nothing_else_of_them_is_kept() {
        let named = with(with(ec(), "kid", "one"), "x5c", json!(["…"]));
        let set = read(&[rsa_key(2_048), rsa_key(8_192), named, ed()]).unwrap();
        let text = set.to_string();
        assert_eq!(text.parse::<JwkSet>(), Ok(set.clone()));
        assert!(!text.contains("x5c") && text.contains("\"kid\":\"one\""), "{text}");
        assert_eq!((set.candidates(None).count(), set.candidates(Some("one")).count()), (4, 1));
        assert_eq!(set.candidates(Some("two")).count(), 0);
    }

    #[test]
    fn what_no_signature_should_be_verified_with_is_refused() {
        use JwkSetError::{Kind, Malformed, Private, SameId, Use, Weak};
        let cases = [
            (with(rsa_key(2_048), "d", "AQAB"), Private(1)),
            (with(rsa_key(2_048), "p", "AQAB"), Private(1)),
            (with(ec(), "d", json!(7)), Private(1)),
            (json!({ "kty": "oct", "k": "AQAB" }), Private(1)),
            (json!({ "kty": "oct" }), Kind(1)),
            (with(ec(), "crv", "P-384"), Kind(1)),
            (with(ed(), "crv", "X25519"), Kind(1)),
            (rsa_key(2_047), Weak(1)),
            (rsa_key(8_193), Weak(1)),
            (with(rsa_key(2_048), "e", "AQ"), Malformed(1)),
            (with(rsa_key(2_048), "e", "AQAA"), Malformed(1)),
            (with(rsa_key(2_048), "n", "not base64!"), Malformed(1)),
            (with(ec(), "x", base64(&[1; 31])), Malformed(1)),
            (with(ed(), "kid", ""), Malformed(1)),
            (with(ed(), "use", "enc"), Use(1)),
            (with(ec(), "alg", "RS256"), Use(1)),
        ];
        for (key, error) in cases {
            assert_eq!(read(std::slice::from_ref(&key)), Err(error), "{key}");
        }
        let named = with(ed(), "kid", "one");
        assert_eq!(read(&[named.clone(), named]), Err(SameId(2)));
        assert_eq!(read(&[]), Err(JwkSetError::Count(0)));
        assert!(read(&vec![ed(); 10]).is_ok());
        assert_eq!(read(&vec![ed(); 11]), Err(JwkSetError::Count(11)));
        for text in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[1]}"] {
            assert_eq!(text.parse::<JwkSet>(), Err(JwkSetError::NotASet), "{text}");
        }
        assert_eq!(" ".repeat(16_385).parse::<JwkSet>(), Err(JwkSetError::TooLong));
    }
}
