//! Signatures that fitted none of the secrets they were tried with.

use std::{
    fmt,
    hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

use super::verifier::Signature;
use crate::domain::id::SecretId;

/// How many are remembered.
const PLACES: usize = 4_096;

/// Signatures that fitted none of the secrets they were tried with, the last ones: a client that
/// goes on sending such a token costs no more than one whose token is right. It is refused all
/// the same, in the same words, and whether its key is anybody's makes no difference.
///
/// What is remembered is a keyed hash of the signature, of the one that the current secret makes of
/// the same text, and of the ids of these secrets. A secret more or less makes it another one.
pub struct Misfits {
    hashes: RandomState,
    /// A later one takes the place of an earlier one. Zero is none.
    places: Box<[AtomicU64]>,
}

impl Misfits {
    /// What `look` finds among these secrets, unless it is remembered that there is nothing.
    /// `right` is what the first of them, or nobody's, makes of the text.
    pub(super) fn unless_known<T>(
        &self,
        signature: &[u8],
        right: &Signature,
        secrets: impl Iterator<Item = SecretId>,
        look: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        let mut hasher = self.hashes.build_hasher();
        (signature, right.as_slice()).hash(&mut hasher);
        secrets.for_each(|secret| secret.hash(&mut hasher));
        let known = hasher.finish();
        let place = self.places.get(known as usize % PLACES)?;
        if place.load(Ordering::Relaxed) == known {
            return None;
        }
        let found = look();
        if found.is_none() {
            place.store(known, Ordering::Relaxed);
        }
        found
    }
}

impl Default for Misfits {
    fn default() -> Self {
        Self { hashes: RandomState::new(), places: (0..PLACES).map(|_| AtomicU64::default()).collect() }
    }
}

impl fmt::Debug for Misfits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Misfits")
    }
}
