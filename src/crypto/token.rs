//! Values that prove something by being known: cookies, mailed links, form values, keys, secrets.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::{credential::Drawn, secret::Secret};

/// 256 random bits as 43 characters of base64url. Only its hash is stored, which needs no
/// key and no salt: nothing but the token itself leads to it.
#[derive(Clone, Debug)]
pub struct Token(Secret<String>);

impl Token {
    #[must_use]
    pub fn generate() -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(super::random::<32>())))
    }

    /// The token in a text from outside, if it has the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(Secret::new(text.to_owned())))
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.expose().as_bytes()).into())
    }

    /// A hash that is found by this holder alone: another's token never meets it.
    #[must_use]
    pub fn hash_for(&self, holder: impl fmt::Display) -> TokenHash {
        TokenHash(Sha256::digest(format!("{holder} {}", self.expose()).as_bytes()).into())
    }
}

/// The SHA-256 of a token, by which it is looked up. Two are compared by [`TokenHash::fits`] alone.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Of a key or secret, which is as hard to guess as a token and needs no key or salt either.
    #[must_use]
    pub fn of_secret(secret: &impl Drawn) -> Self {
        Self(Sha256::digest(secret.text().as_bytes()).into())
    }

    /// The hash that was stored, if it is one.
    #[must_use]
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Whether both are of one secret; takes as long if they are not.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::credential::ClientSecret;

    #[test]
    fn a_token_is_read_as_it_was_made_and_nothing_else_is() {
        let token = Token::generate();
        let again = Token::parse(token.expose()).unwrap();
        assert!(again.hash().fits(&token.hash()));
        assert!(!token.hash_for("usr_1").fits(&token.hash_for("usr_2")));
        for wrong in
            ["", "x", &token.expose()[1..], &format!("{}A", token.expose()), &format!("{} ", token.expose())]
        {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn a_stored_hash_fits_its_secret_alone() {
        let secret = ClientSecret::from_random([1; 32]);
        let hash = TokenHash::of_secret(&secret);
        let stored = TokenHash::stored(hash.as_bytes()).unwrap();
        assert!(stored.fits(&hash));
        assert!(!stored.fits(&TokenHash::of_secret(&ClientSecret::from_random([2; 32]))));
        assert!(TokenHash::stored(&[0; 31]).is_none());
    }
}
