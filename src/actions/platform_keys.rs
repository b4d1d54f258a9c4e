//! The keys of the platform's own services: made by the operator, and recognised.

use super::{By, Context, Error, On, Result};
use crate::{
    crypto::{self, token::TokenHash},
    domain::{
        audit::Change,
        credential::PlatformKey,
        id::PlatformKeyId,
        platform_key::{PlatformKeyFacts, PlatformKeyName, PlatformService},
    },
    store::{Conn, Tx},
};

/// The service that shows this key. That it was used is written down a little later, and at
/// most once a minute.
///
/// # Errors
/// `NotFound` for a key that was never made or is revoked: which of the two is not told.
pub async fn authenticate(ctx: &Context, key: &PlatformKey) -> Result<PlatformService> {
    // The look-up is by the hash, whose bytes nobody can choose: its time tells nothing of a key.
    let hash = TokenHash::of_secret(key);
    let facts = ctx.read().await?.platform_key_of_hash(hash.as_bytes()).await?.ok_or(Error::NotFound)?;
    let service = PlatformService::prove(&facts).ok_or(Error::NotFound)?;
    let now = ctx.now();
    if facts.is_use_news(now) {
        ctx.tally.key_used(facts.id, now);
    }
    Ok(service)
}

/// Whether the key that was shown works as yet: it may have been revoked since.
pub(super) async fn still_works(read: &mut Conn, service: PlatformService) -> Result<bool> {
    let facts = read.platform_key(service.key()).await?;
    Ok(facts.is_some_and(|facts| PlatformService::prove(&facts).is_some()))
}

/// A new key by the operator's word. It is given out once.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn create(ctx: &Context, name: PlatformKeyName) -> Result<PlatformKey> {
    let mut tx = ctx.begin().await?;
    let key = ctx.insert_platform_key(&mut tx, &By::operator(), ctx.new_id(), name).await?;
    tx.commit().await?;
    Ok(key)
}

impl Context {
    /// A new key, written down.
    pub(super) async fn insert_platform_key(
        &self,
        tx: &mut Tx,
        by: &By,
        id: PlatformKeyId,
        name: PlatformKeyName,
    ) -> Result<PlatformKey> {
        let key = PlatformKey::from_random(crypto::random());
        let facts = PlatformKeyFacts {
            id,
            name,
            hint: key.hint(),
            made_at: self.now(),
            made_by: by.actor.user(),
            last_used_at: None,
            revoked_at: None,
        };
        tx.insert_platform_key(&facts, TokenHash::of_secret(&key).as_bytes()).await?;
        let change = Change::PlatformKeyMade { key: id, name: facts.name.to_string(), hint: facts.hint };
        self.audit(tx, by, On::platform(), change).await?;
        Ok(key)
    }
}
