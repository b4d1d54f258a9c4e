//! Secrets as the store keeps them.

use portico::{
    crypto::{
        self,
        keyring::{Keyring, Place},
    },
    domain::{
        credential::SecretFacts,
        id::{Id as _, SecretId},
        time::Timestamp,
    },
    store::SealedSecret,
};

use crate::Result;

/// A secret with its hint, sealed for a column.
pub(crate) fn seal(
    keys: &Keyring,
    column: &'static str,
    (secret, hint): (&str, String),
    now: Timestamp,
) -> Result<SealedSecret> {
    let id = SecretId::generate(now, crypto::random());
    let sealed = keys.seal(Place { column, row: &id }, secret.as_bytes())?;
    let facts = SecretFacts { id, hint, made_at: now, made_by: None, retires_at: None };
    Ok(SealedSecret { facts, sealed })
}
