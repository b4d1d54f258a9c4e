//! Keys, secrets and what else is drawn at random and shown: how they look, and how they are told from
//! anything else without asking anyone.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;

use super::{
    id::{SecretId, UserId},
    secret::Secret,
    time::Timestamp,
};

/// Digits of base62, in ASCII order.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 256 bits need 43 digits: 62^43 > 2^256.
const SECRET_DIGITS: usize = 43;
/// A CRC-32 needs 6 digits: 62^6 > 2^32.
const CHECKSUM_DIGITS: usize = 6;
/// 128 bits need 22 digits.
pub(super) const KEY_DIGITS: usize = 22;

/// Defines the public half of a pair: a prefix and 22 characters of base62. Its text lies in
/// place, since authorisation holds very many.
macro_rules! define_public {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; $prefix.len() + $crate::domain::credential::KEY_DIGITS]);

        impl $name {
            #[must_use]
            pub fn from_random(random: [u8; 16]) -> Self {
                let digits = $crate::domain::credential::base62(&random, $crate::domain::credential::KEY_DIGITS);
                let mut text = [0; _];
                text.iter_mut().zip($prefix.bytes().chain(digits.bytes())).for_each(|(to, from)| *to = from);
                Self(text)
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                // All of it is ASCII.
                str::from_utf8(&self.0).unwrap_or_default()
            }

            /// Its last four characters, where the whole would be in the way: `ak_…w2hx`.
            #[must_use]
            pub fn hint(&self) -> String {
                format!("{}…{}", $prefix, $crate::domain::credential::hint(self.as_str(), 0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::credential::Malformed;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let digits = text
                    .strip_prefix($prefix)
                    .filter(|digits| digits.bytes().all(|b| b.is_ascii_alphanumeric()));
                let fits = digits.and_then(|_| text.as_bytes().try_into().ok());
                fits.map(Self).ok_or($crate::domain::credential::Malformed($what))
            }
        }
    };
}
pub(super) use define_public;

define_public!(
    /// The public half of an account's pair: `ak_` and 22 characters of base62. A JWT's `iss`.
    ApiKey,
    "ak_",
    "an API key"
);

/// The text does not have the form of the credential that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not {0}")]
pub struct Malformed(pub(super) &'static str);

/// What is drawn at random with 256 bits. A hash of it needs neither key nor salt: nothing but
/// the text itself leads to it.
pub trait Drawn {
    /// The text as it is shown and sent.
    fn text(&self) -> &str;
}

/// Defines a secret: a prefix, 43 characters that carry 256 bits, 6 of checksum.
macro_rules! define_secret {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(Secret<String>);

        impl $name {
            #[must_use]
            pub fn from_random(random: [u8; 32]) -> Self {
                Self(Secret::new(with_checksum($prefix, &random)))
            }

            /// The text as shown.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose()
            }

            /// The last four characters before the checksum, by which people tell them apart.
            #[must_use]
            pub fn hint(&self) -> String {
                hint(self.expose(), CHECKSUM_DIGITS)
            }
        }

        impl Drawn for $name {
            fn text(&self) -> &str {
                self.expose()
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                if has_checksum($prefix, text) {
                    Ok(Self(Secret::new(text.to_owned())))
                } else {
                    Err(Malformed($what))
                }
            }
        }
    };
}

define_secret!(
    /// The secret half of an account's pair. Its text as shown, byte for byte, is the HMAC key
    /// (RFC 7515 §3.1 needs the key's octets agreed).
    ApiSecret,
    "as_",
    "an API secret"
);
define_secret!(
    /// What one of the platform's own services shows with each call.
    PlatformKey,
    "pk_",
    "a platform key"
);
define_secret!(
    /// By which a client of OAuth authenticates (RFC 6749 §2.3.1).
    ClientSecret,
    "cs_",
    "a client secret"
);
define_secret!(
    /// What a client gets new access tokens for, once (RFC 6749 §1.5).
    RefreshToken,
    "rt_",
    "a refresh token"
);
define_secret!(
    /// What a client gets its first tokens for, once (RFC 6749 §1.3.1).
    AuthorizationCode,
    "ac_",
    "an authorization code"
);

/// What signs a subscription's deliveries: `whsec_` and the base64 of 32 bytes, as
/// Standard Webhooks has it.
#[derive(Clone, Debug)]
pub struct SigningSecret(Secret<String>);

impl SigningSecret {
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(Secret::new(format!("whsec_{}", STANDARD.encode(random))))
    }

    /// The text as shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Four characters near its end, by which people tell secrets apart.
    #[must_use]
    pub fn hint(&self) -> String {
        hint(self.expose(), 1)
    }
}

impl FromStr for SigningSecret {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bytes = text.strip_prefix("whsec_").and_then(|encoded| STANDARD.decode(encoded).ok());
        match bytes {
            Some(bytes) if bytes.len() == 32 => Ok(Self(Secret::new(text.to_owned()))),
            Some(_) | None => Err(Malformed("a signing secret")),
        }
    }
}

/// What is known of a stored secret without opening it.
#[derive(Clone, Debug)]
pub struct SecretFacts {
    pub id: SecretId,
    /// Four characters of it.
    pub hint: String,
    pub made_at: Timestamp,
    pub made_by: Option<UserId>,
    /// When it stops working; `None` is the current one.
    pub retires_at: Option<Timestamp>,
}

pub(super) fn hint(text: &str, from_end: usize) -> String {
    let end = text.len().saturating_sub(from_end);
    text.get(end.saturating_sub(4)..end).unwrap_or_default().to_owned()
}

/// `prefix`, 256 bits in base62, and the CRC-32 of both in base62: a scanner can tell a
/// real secret offline, as with GitHub's tokens.
fn with_checksum(prefix: &str, random: &[u8; 32]) -> String {
    let body = format!("{prefix}{}", base62(random, SECRET_DIGITS));
    let checksum = base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECKSUM_DIGITS);
    format!("{body}{checksum}")
}

fn has_checksum(prefix: &str, text: &str) -> bool {
    let whole = prefix.len() + SECRET_DIGITS + CHECKSUM_DIGITS;
    if !text.starts_with(prefix) || text.len() != whole || !text.is_ascii() {
        return false;
    }
    let (body, checksum) = text.split_at(prefix.len() + SECRET_DIGITS);
    let digits = body.get(prefix.len()..).unwrap_or_default();
    digits.bytes().all(|b| b.is_ascii_alphanumeric())
        && checksum == base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECKSUM_DIGITS)
}

/// The bytes, as one big-endian number, in `digits` digits of base62.
pub(super) fn base62(bytes: &[u8], digits: usize) -> String {
    let mut number = bytes.to_vec();
    let mut text = Vec::with_capacity(digits);
    for _ in 0..digits {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let part = remainder << 8 | u32::from(*byte);
            *byte = u8::try_from(part / 62).unwrap_or_default();
            remainder = part % 62;
        }
        text.push(BASE62.get(remainder as usize).copied().map_or('0', char::from));
    }
    text.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base62_agrees_with_numbers_small_enough_to_check() {
        assert_eq!(base62(&[0], 2), "00");
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[62], 2), "10");
        assert_eq!(base62(&u32::MAX.to_be_bytes(), 6), "4gfFC3");
        assert_eq!(base62(&[0xff; 32], SECRET_DIGITS).len(), 43);
    }

    #[test]
    fn a_mistyped_secret_is_told_offline() {
        let secret = ApiSecret::from_random([9; 32]);
        let text = secret.expose().to_owned();
        assert!(text.parse::<ApiSecret>().is_ok());
        assert_eq!(text.len(), 52);
        for place in 3..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[place] = if wrong[place] == b'x' { b'y' } else { b'x' };
            assert!(String::from_utf8(wrong).unwrap().parse::<ApiSecret>().is_err(), "place {place}");
        }
    }

    #[test]
    fn secrets_are_never_printed() {
        let secret = ApiSecret::from_random([9; 32]);
        let signing = SigningSecret::from_random([9; 32]);
        let platform = PlatformKey::from_random([9; 32]);
        assert!(!format!("{secret:?}{signing:?}{platform:?}").contains(&secret.hint()));
        assert!(!format!("{platform:?}").contains(&platform.hint()));
    }

    proptest! {
        #[test]
        fn every_credential_is_read_as_it_was_written(key: [u8; 16], random: [u8; 32]) {
            let key = ApiKey::from_random(key);
            let again: ApiKey = key.as_str().parse().unwrap();
            prop_assert_eq!(again, key);
            let secret = ApiSecret::from_random(random);
            let again: ApiSecret = secret.expose().parse().unwrap();
            prop_assert_eq!(again.expose(), secret.expose());
            prop_assert!(!secret.expose()[3..].contains(['-', '_']));
            prop_assert!(secret.expose().parse::<PlatformKey>().is_err());
            let platform = PlatformKey::from_random(random);
            let again: PlatformKey = platform.expose().parse().unwrap();
            prop_assert_eq!(again.expose(), platform.expose());
            prop_assert!(platform.expose().starts_with("pk_") && platform.expose().len() == 52);
            let client = ClientSecret::from_random(random);
            prop_assert!(client.expose().parse::<ClientSecret>().is_ok());
            prop_assert!(client.expose().parse::<RefreshToken>().is_err());
            let refresh = RefreshToken::from_random(random);
            prop_assert!(refresh.expose().parse::<RefreshToken>().is_ok());
            let code = AuthorizationCode::from_random(random);
            prop_assert!(code.expose().parse::<AuthorizationCode>().is_ok());
            let signing = SigningSecret::from_random(random);
            let again: SigningSecret = signing.expose().parse().unwrap();
            prop_assert_eq!(again.expose(), signing.expose());
        }
    }
}
