//! Proof that whoever redeems a code is whoever asked for it (RFC 7636), by S256 alone.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::domain::secret::Secret;

/// The SHA-256 of a verifier, in base64url without padding: 43 characters (§4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

/// What a client keeps to itself until it redeems its code: 43 to 128 unreserved characters (§4.1).
#[derive(Clone, Debug)]
pub struct Verifier(Secret<String>);

/// The text is no challenge of S256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the base64url of a SHA-256")]
pub struct NotAChallenge;

/// The text is no verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not 43 to 128 unreserved characters")]
pub struct NotAVerifier;

impl Challenge {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Challenge {
    type Err = NotAChallenge;

    fn from_str(text: &str) -> Result<Self, NotAChallenge> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAChallenge)?;
        if bytes.len() == 32 { Ok(Self(text.to_owned())) } else { Err(NotAChallenge) }
    }
}

impl Verifier {
    /// Whether the challenge was made of it (§4.6).
    #[must_use]
    pub fn fits(&self, challenge: &Challenge) -> bool {
        let made = URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.expose().as_bytes()));
        made.as_bytes().ct_eq(challenge.0.as_bytes()).into()
    }
}

impl FromStr for Verifier {
    type Err = NotAVerifier;

    fn from_str(text: &str) -> Result<Self, NotAVerifier> {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        let fits = matches!(text.len(), 43..=128) && text.bytes().all(unreserved);
        if fits { Ok(Self(Secret::new(text.to_owned()))) } else { Err(NotAVerifier) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn a_verifier_fits_the_challenge_made_of_it_and_no_other() {
        let challenge: Challenge = CHALLENGE.parse().unwrap();
        let fits = |text: &str| text.parse::<Verifier>().is_ok_and(|verifier| verifier.fits(&challenge));
        assert!(fits(VERIFIER));
        // As a client would send that was told that `plain` is enough.
        assert!(!fits(CHALLENGE));
        assert!(!fits(&VERIFIER.to_lowercase()));
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for good in [VERIFIER, &"a".repeat(43), &"~".repeat(128)] {
            assert!(good.parse::<Verifier>().is_ok(), "{good}");
        }
        for wrong in ["", &"a".repeat(42), &"a".repeat(129), &format!("{}+", "a".repeat(43))] {
            assert!(wrong.parse::<Verifier>().is_err(), "{wrong}");
        }
        assert!(!format!("{:?}", VERIFIER.parse::<Verifier>().unwrap()).contains(VERIFIER));
    }

    #[test]
    fn a_challenge_is_the_base64url_of_a_sha_256() {
        assert_eq!(CHALLENGE.parse::<Challenge>().unwrap().as_str(), CHALLENGE);
        for wrong in ["", "x", &CHALLENGE[1..], &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+")] {
            assert!(wrong.parse::<Challenge>().is_err(), "{wrong}");
        }
    }
}
