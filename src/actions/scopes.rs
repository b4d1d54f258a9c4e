//! The catalog of scopes: read by everybody, changed by admins and by the operator's file.

use super::{By, Context, On, Result};
use crate::{
    domain::{
        audit::{Change, FieldChange},
        scope::ScopeName,
        scope_catalog::{NewScope, Scope},
    },
    store::Tx,
};

/// The catalog, in its order.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(ctx: &Context) -> Result<Vec<Scope>> {
    Ok(ctx.read().await?.scopes().await?)
}

/// A new scope, the last of the catalog, written down.
pub(super) async fn add(ctx: &Context, tx: &mut Tx, by: &By, new: &NewScope) -> Result<()> {
    tx.insert_scope(new).await?;
    let changes = changes(None, Some(new));
    let change = Change::ScopeCreated { name: new.name.to_string(), changes };
    ctx.audit(tx, by, On::platform(), change).await
}

/// Makes a scope as it is entered now, and writes it down; whether it was otherwise.
pub(super) async fn change(ctx: &Context, tx: &mut Tx, by: &By, old: &Scope, new: &NewScope) -> Result<bool> {
    let changes = changes(Some(&entered(old)), Some(new));
    if changes.is_empty() {
        return Ok(false);
    }
    tx.update_scope(new).await?;
    let change = Change::ScopeChanged { name: new.name.to_string(), changes };
    ctx.audit(tx, by, On::platform(), change).await?;
    Ok(true)
}

/// Offers a scope no more, and writes it down.
pub(super) async fn retire(ctx: &Context, tx: &mut Tx, by: &By, name: &ScopeName) -> Result<()> {
    tx.set_scope_retired(name, Some(ctx.now())).await?;
    ctx.audit(tx, by, On::platform(), Change::ScopeRetired { name: name.to_string() }).await
}

/// Offers a scope again, and writes it down.
pub(super) async fn bring_back(ctx: &Context, tx: &mut Tx, by: &By, name: &ScopeName) -> Result<()> {
    tx.set_scope_retired(name, None).await?;
    ctx.audit(tx, by, On::platform(), Change::ScopeBroughtBack { name: name.to_string() }).await
}

/// What was entered of a scope.
pub(super) fn entered(scope: &Scope) -> NewScope {
    let Scope { name, description, retired: _, version: _ } = scope.clone();
    NewScope { name, description }
}

/// What differs, field by field.
pub(super) fn changes(old: Option<&NewScope>, new: Option<&NewScope>) -> Vec<FieldChange> {
    let words = |one: &NewScope| one.description.to_string();
    FieldChange::of([("description", old.map(words).unwrap_or_default(), new.map(words).unwrap_or_default())])
}
