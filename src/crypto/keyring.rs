//! The master key: what it seals, and what is derived from it. Nothing else sees it.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac, digest::Key};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::domain::{access_token::AccessToken, secret::Secret};

/// First byte of everything sealed; another layout would have another.
const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;
const MAC: usize = 32;

/// Seals secrets at rest with XChaCha20-Poly1305, and makes the values that stand against
/// cross-site requests.
#[derive(Clone)]
pub struct Keyring {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
    csrf: Secret<[u8; 32]>,
    buckets: Secret<[u8; 32]>,
    /// Has taken in its key already: it is asked with each call.
    access_tokens: Hmac<Sha256>,
}

/// Where a sealed value stands. It opens nowhere else (S27).
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// `table.column`
    pub column: &'static str,
    pub row: &'a dyn fmt::Display,
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.column, self.row)
    }
}

/// The value was sealed under another key or for another place, or was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a sealed value does not open")]
pub struct DoesNotOpen;

impl Keyring {
    #[must_use]
    pub fn new(master: &Secret<[u8; 32]>) -> Self {
        let master = master.expose();
        let digest: [u8; 32] = Sha256::digest([b"portico key id".as_slice(), master].concat()).into();
        let [a, b, c, d, ..] = digest;
        Self {
            id: [a, b, c, d],
            cipher: XChaCha20Poly1305::new(master.into()),
            csrf: Secret::new(mac(master, &[b"portico csrf"])),
            buckets: Secret::new(mac(master, &[b"portico buckets"])),
            access_tokens: keyed(&mac(master, &[b"portico access tokens"])),
        }
    }

    /// The value under seal: version, key id, nonce, ciphertext and tag.
    ///
    /// # Errors
    /// Only for a value too large to encrypt, which none of ours is.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        // 192 random bits: a nonce never comes twice (draft-irtf-cfrg-xchacha §2).
        let nonce: [u8; NONCE] = super::random();
        let payload = Payload { msg: plain, aad: &self.associated(place) };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| DoesNotOpen)?;
        Ok([&[VERSION], self.id.as_slice(), &nonce, &sealed].concat())
    }

    /// The value that was sealed here.
    ///
    /// # Errors
    /// It does not open.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, DoesNotOpen> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(DoesNotOpen)?;
        let rest = rest.strip_prefix(&self.id).ok_or(DoesNotOpen)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(DoesNotOpen)?;
        let payload = Payload { msg: ciphertext, aad: &self.associated(place) };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| DoesNotOpen)?;
        Ok(Secret::new(plain))
    }

    /// [`Keyring::open`] for what is text.
    ///
    /// # Errors
    /// It does not open, or is not text.
    pub fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret<String>, DoesNotOpen> {
        let plain = self.open(place, sealed)?;
        let text = std::str::from_utf8(plain.expose()).map_err(|_| DoesNotOpen)?;
        Ok(Secret::new(text.to_owned()))
    }

    /// A value for the forms of whoever holds this cookie. Masked anew each time, so that
    /// a compressed page does not give it away (BREACH).
    #[must_use]
    pub fn csrf(&self, cookie: &str) -> String {
        let pad: [u8; MAC] = super::random();
        let masked = xor(&pad, &mac(self.csrf.expose(), &[cookie.as_bytes()]));
        URL_SAFE_NO_PAD.encode([pad, masked].concat())
    }

    /// Whether the value was made for this cookie.
    #[must_use]
    pub fn is_csrf(&self, cookie: &str, value: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(value) else { return false };
        let Some((pad, masked)) = bytes.split_first_chunk::<MAC>() else { return false };
        let Ok(masked) = <[u8; MAC]>::try_from(masked) else { return false };
        let expected = mac(self.csrf.expose(), &[cookie.as_bytes()]);
        xor(pad, &masked).ct_eq(&expected).into()
    }

    /// What a limit is counted under: tells nothing of whom it limits.
    #[must_use]
    pub fn bucket(&self, limit: &str, subject: &str) -> [u8; 32] {
        mac(self.buckets.expose(), &[limit.as_bytes(), &[0], subject.as_bytes()])
    }

    /// The text of an access token.
    #[must_use]
    pub fn write_access_token(&self, token: &AccessToken) -> String {
        token.write(|said| self.access_tokens.clone().chain_update(said).finalize().into_bytes().into())
    }

    /// What an access token says, if it was written under this key and nothing of it was changed.
    #[must_use]
    pub fn read_access_token(&self, text: &str) -> Option<AccessToken> {
        AccessToken::read(text, |said, mac| {
            self.access_tokens.clone().chain_update(said).verify_slice(mac).is_ok()
        })
    }

    fn associated(&self, place: Place<'_>) -> Vec<u8> {
        let mut associated = format!("{}\0{}\0", place.column, place.row).into_bytes();
        associated.extend_from_slice(&self.id);
        associated
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(***)")
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; MAC] {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// A key shorter than a block of the hash is filled up with zeros (RFC 2104 §2).
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Key::<Hmac<Sha256>>::default();
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::new(&block)
}

fn xor(a: &[u8; MAC], b: &[u8; MAC]) -> [u8; MAC] {
    let mut out = *a;
    for (out, b) in out.iter_mut().zip(b) {
        *out ^= b;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        access_token::{self, TokenId},
        client::ClientId,
        time::Timestamp,
    };

    fn keyring(n: u8) -> Keyring {
        Keyring::new(&Secret::new([n; 32]))
    }

    #[test]
    fn a_sealed_value_opens_in_its_place_alone() {
        let keys = keyring(1);
        let place = Place { column: "api_secrets.secret", row: &"sec_1" };
        let sealed = keys.seal(place, b"as_secret").unwrap();
        assert_eq!(keys.open_text(place, &sealed).unwrap().expose(), "as_secret");
        assert!(!sealed.windows(9).any(|bytes| bytes == b"as_secret"));
        for elsewhere in [
            Place { column: "api_secrets.secret", row: &"sec_2" },
            Place { column: "signing_secrets.secret", row: &"sec_1" },
        ] {
            assert!(keys.open(elsewhere, &sealed).is_err(), "{}", elsewhere.column);
        }
        assert!(keyring(2).open(place, &sealed).is_err());
        for place_changed in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place_changed] ^= 1;
            assert!(keys.open(place, &changed).is_err(), "byte {place_changed}");
        }
        assert!(keys.open(place, &sealed[..20]).is_err());
        assert_ne!(keys.seal(place, b"as_secret").unwrap(), sealed, "each has a nonce of its own");
    }

    #[test]
    fn a_form_value_serves_its_cookie_alone() {
        let keys = keyring(1);
        let value = keys.csrf("cookie");
        assert!(keys.is_csrf("cookie", &value));
        assert_ne!(value, keys.csrf("cookie"), "masked anew");
        assert!(!keys.is_csrf("other", &value));
        assert!(!keyring(2).is_csrf("cookie", &value));
        for wrong in ["", "AAAA", &value[1..], &format!("{value}A"), &URL_SAFE_NO_PAD.encode([0; 64])] {
            assert!(!keys.is_csrf("cookie", wrong), "{wrong}");
        }
    }

    #[test]
    fn of_an_access_token_no_byte_can_be_changed() {
        let keys = keyring(1);
        let token = AccessToken::new(
            TokenId::from_random([1; 8]),
            access_token::Kind::Client,
            ClientId::from_random([2; 16]),
            Timestamp::from_seconds(1_795_504_800),
            &"meeting:read user:read".parse().unwrap(),
        );
        let text = keys.write_access_token(&token);
        assert_eq!(keys.read_access_token(&text), Some(token));
        assert_eq!(keyring(2).read_access_token(&text), None);
        let bytes = URL_SAFE_NO_PAD.decode(&text[3..]).unwrap();
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                let text = format!("at_{}", URL_SAFE_NO_PAD.encode(changed));
                assert_eq!(keys.read_access_token(&text), None, "byte {place}");
            }
            let cut = format!("at_{}", URL_SAFE_NO_PAD.encode(&bytes[..place]));
            assert_eq!(keys.read_access_token(&cut), None, "{place} bytes");
        }
    }

    #[test]
    fn buckets_differ_by_limit_and_subject() {
        let keys = keyring(1);
        assert_ne!(keys.bucket("sign-in", "ada"), keys.bucket("reset", "ada"));
        assert_ne!(keys.bucket("sign-in", "ada"), keys.bucket("sign-in", "bo"));
    }
}
