//! The master key, held against the database before anything else is done with either.

use thiserror::Error;

use crate::{
    crypto::keyring::{Keyring, Place},
    domain::secret::Secret,
    store::{Store, StoreError},
};

const PLACE: Place<'_> = Place { column: "installation.key_check", row: &1 };

/// Why the database cannot be used with this key.
#[derive(Debug, Error)]
pub enum UnlockError {
    #[error("the secret key does not fit this database")]
    DoesNotFit,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether the database knows its key already, and so may hold secrets sealed under it.
///
/// # Errors
/// The database does not answer.
pub async fn is_sealed(store: &Store) -> Result<bool, StoreError> {
    Ok(store.read().await?.key_check().await?.is_some())
}

/// What seals and opens under the master key. A new database takes the first key it is given.
///
/// # Errors
/// The database has another key, or does not answer.
pub async fn unlock(store: &Store, master: &Secret<[u8; 32]>) -> Result<Keyring, UnlockError> {
    let keys = Keyring::new(master);
    if !is_sealed(store).await? {
        let check = keys.seal(PLACE, b"portico").map_err(|_| UnlockError::DoesNotFit)?;
        let mut tx = store.begin().await?;
        tx.insert_key_check(&check).await?;
        tx.commit().await?;
    }
    // Read even after writing: another process may have been first, with another key.
    let check = store.read().await?.key_check().await?.unwrap_or_default();
    keys.open(PLACE, &check).map_err(|_| UnlockError::DoesNotFit)?;
    Ok(keys)
}
