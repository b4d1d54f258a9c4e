//! The keys of the platform's own services: listed, made, revoked.

use super::{
    super::{Conflict, Context, Error, FormValue, On, Result},
    AsAdmin,
};
use crate::domain::{
    audit::Change, credential::PlatformKey, id::PlatformKeyId, platform_key::PlatformKeyName,
};
pub use crate::store::KnownKey;

/// What came of a form that makes a key. A key is shown once, so that a form sent twice has
/// none to show again.
#[derive(Debug)]
pub enum Made {
    Now(PlatformKey),
    Before,
}

/// Every key: those that work before those that are revoked, the newest first.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(ctx: &Context, acting: &AsAdmin) -> Result<Vec<KnownKey>> {
    Ok(ctx.read().await?.platform_keys(acting.admin).await?)
}

/// A new key.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn make(ctx: &Context, acting: &AsAdmin, form: FormValue, name: PlatformKeyName) -> Result<Made> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let id: PlatformKeyId = ctx.new_id();
    if ctx.form_result(&mut tx, form, &id).await?.is_some() {
        return Ok(Made::Before);
    }
    let key = ctx.insert_platform_key(&mut tx, &acting.by(), id, name).await?;
    tx.commit().await?;
    Ok(Made::Now(key))
}

/// Stops a key: the next request that shows it is refused.
///
/// # Errors
/// `NotFound` if there is none, `Conflict` if it is revoked already.
pub async fn revoke(ctx: &Context, acting: &AsAdmin, id: PlatformKeyId) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let facts = tx.platform_key(id).await?.ok_or(Error::NotFound)?;
    if !tx.revoke_platform_key(id, ctx.now()).await? {
        return Err(Conflict::Overtaken.into());
    }
    let change = Change::PlatformKeyRevoked { key: id, name: facts.name.to_string(), hint: facts.hint };
    ctx.audit(&mut tx, &acting.by(), On::platform(), change).await?;
    Ok(tx.commit().await?)
}
