//! What checks signatures.

#[cfg(test)]
use std::cell::Cell;
use std::{fmt, sync::LazyLock};

use hmac::{
    Hmac, KeyInit, Mac,
    block_api::HmacCore,
    digest::{
        Key, Output,
        block_api::{Buffer, CoreProxy},
    },
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::domain::credential::ApiSecret;

/// What `HS256` makes of a text (RFC 7518 §3.2).
pub(super) type Signature = Output<Sha256>;

/// Tried in place of a secret that is not there, so that the time does not tell. What it
/// signs is never accepted.
pub(super) const NOBODYS_SECRET: &[u8] = b"as_0000000000000000000000000000000000000000000000000";
pub(super) static NOBODYS: LazyLock<Verifier> = LazyLock::new(|| Verifier::keyed(NOBODYS_SECRET));

/// What checks the `HS256` signatures of one secret (RFC 7518 §3.2). It has taken in the key
/// already, which is a third of the work that a token of usual length asks for, and has no buffer
/// for text: there are as many as there are secrets.
#[derive(Clone)]
pub struct Verifier(HmacCore<Sha256>);

#[cfg(test)]
thread_local! {
    /// How many signatures were tried on this thread.
    pub(super) static TRIED: Cell<usize> = const { Cell::new(0) };
}

impl Verifier {
    /// The key is the secret's text as it is shown.
    #[must_use]
    pub fn of(secret: &ApiSecret) -> Self {
        Self::keyed(secret.expose().as_bytes())
    }

    /// A key longer than a block of the hash is hashed first, a shorter one filled up with
    /// zeros (RFC 2104 §2).
    #[must_use]
    pub fn keyed(key: &[u8]) -> Self {
        let mut block = Key::<HmacCore<Sha256>>::default();
        let hashed = (key.len() > block.len()).then(|| Sha256::digest(key));
        let key = hashed.as_deref().unwrap_or(key);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Self(HmacCore::new(&block))
    }

    /// What the key signs this text with.
    pub(super) fn sign(&self, text: &str) -> Signature {
        #[cfg(test)]
        TRIED.set(TRIED.get() + 1);
        let hmac = Hmac::compose(self.0.clone(), Buffer::<HmacCore<Sha256>>::default());
        hmac.chain_update(text).finalize().into_bytes()
    }

    /// Whether the key made this signature of this text (RFC 7515 §5.2), compared in constant time.
    pub(super) fn made(&self, signature: &[u8], text: &str) -> bool {
        is_same(&self.sign(text), signature)
    }
}

/// Compared in constant time.
pub(super) fn is_same(right: &Signature, signature: &[u8]) -> bool {
    right.as_slice().ct_eq(signature).into()
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
