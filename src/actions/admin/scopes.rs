//! The catalog of scopes: scopes created, put in other words, retired, brought back, deleted.

use std::collections::HashMap;

use super::{
    super::{
        Conflict, Context, Error, FormValue, On, Once, Result,
        catalog::hold,
        scopes::{self, changes, entered},
    },
    AsAdmin,
};
use crate::{
    domain::{
        audit::Change,
        fields::FieldErrors,
        scope::ScopeName,
        scope_catalog::{NewScope, Scope},
    },
    store::Tx,
};

/// The catalog in its order, and how many apps ask for each scope, counted as far as a list is.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(ctx: &Context, acting: &AsAdmin) -> Result<(Vec<Scope>, HashMap<ScopeName, i64>)> {
    let mut read = ctx.read().await?;
    Ok((read.scopes().await?, read.scope_uses(acting.admin).await?))
}

/// One scope, and what uses it.
#[derive(Clone, Debug)]
pub struct UsedScope {
    pub scope: Scope,
    /// How many apps ask for it, counted as far as a list is.
    pub apps: i64,
    /// The event types that need it, in the order of the catalog.
    pub event_types: Vec<String>,
    /// Whether users granted it and nothing else uses it: the last thing that keeps it.
    pub is_only_granted: bool,
}

/// # Errors
/// `NotFound` if there is none.
pub async fn view(ctx: &Context, acting: &AsAdmin, name: &ScopeName) -> Result<UsedScope> {
    let mut read = ctx.read().await?;
    let scope = read.scope(name).await?.ok_or(Error::NotFound)?;
    let apps = read.scope_use(acting.admin, name).await?;
    let event_types = read.event_types_of_scope(name).await?;
    // Every grant is looked at for this, so it is asked where it decides.
    let is_unused = apps == 0 && event_types.is_empty();
    let is_only_granted = is_unused && read.scope_is_granted(acting.admin, name).await?;
    Ok(UsedScope { scope, apps, event_types, is_only_granted })
}

/// A new scope, the last of the catalog.
///
/// # Errors
/// `Invalid` for a name that is taken.
pub async fn create(
    ctx: &Context,
    acting: &AsAdmin,
    form: FormValue,
    new: &NewScope,
) -> Result<Once<ScopeName>> {
    let mut tx = ctx.begin().await?;
    hold(ctx, &mut tx).await?;
    if let Some(made) = ctx.form_result(&mut tx, form, &new.name).await? {
        return Ok(Once::Before(made));
    }
    if tx.scope(&new.name).await?.is_some() {
        let sentence = format!("There is a scope “{}” already.", new.name);
        return Err(FieldErrors::one("name", sentence).into());
    }
    scopes::add(ctx, &mut tx, &acting.by(), new).await?;
    tx.commit().await?;
    Ok(Once::Now(new.name.clone()))
}

/// Puts a scope in the words that are entered now. `seen` is the version that the admin saw,
/// if that is known.
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if it is not the one seen.
pub async fn save(ctx: &Context, acting: &AsAdmin, seen: Option<i64>, new: &NewScope) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let old = seen_one(ctx, &mut tx, &new.name, seen).await?;
    if !scopes::change(ctx, &mut tx, &acting.by(), &old, new).await? {
        return Ok(());
    }
    Ok(tx.commit().await?)
}

/// Offers a scope no more. Apps that ask for it keep it. `seen` is as in [`save`].
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if it is retired already, or not the one seen.
pub async fn retire(ctx: &Context, acting: &AsAdmin, seen: Option<i64>, name: &ScopeName) -> Result<()> {
    let mut tx = ctx.begin().await?;
    if seen_one(ctx, &mut tx, name, seen).await?.retired {
        return Err(Conflict::Overtaken.into());
    }
    scopes::retire(ctx, &mut tx, &acting.by(), name).await?;
    Ok(tx.commit().await?)
}

/// Offers a retired scope again. `seen` is as in [`save`].
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if it is offered already, or not the one seen.
pub async fn bring_back(ctx: &Context, acting: &AsAdmin, seen: Option<i64>, name: &ScopeName) -> Result<()> {
    let mut tx = ctx.begin().await?;
    if !seen_one(ctx, &mut tx, name, seen).await?.retired {
        return Err(Conflict::Overtaken.into());
    }
    scopes::bring_back(ctx, &mut tx, &acting.by(), name).await?;
    Ok(tx.commit().await?)
}

/// Takes a scope out of the catalog that nothing uses. `seen` is as in [`save`].
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if an app asks for it, an event type needs it or a
/// user has granted it, or it is not the one seen.
pub async fn delete(ctx: &Context, acting: &AsAdmin, seen: Option<i64>, name: &ScopeName) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let old = seen_one(ctx, &mut tx, name, seen).await?;
    if tx.scope_use(acting.admin, name).await? > 0 || !tx.event_types_of_scope(name).await?.is_empty() {
        return Err(Conflict::ScopeInUse.into());
    }
    // What users granted in these words must not be theirs in the words of another one of its name.
    if tx.scope_is_granted(acting.admin, name).await? {
        return Err(Conflict::ScopeGranted.into());
    }
    // Whoever chooses it for an app at this moment is either before it, which is a conflict
    // here, or behind it, which is one there.
    tx.delete_scope(name).await?;
    let changes = changes(Some(&entered(&old)), None);
    let change = Change::ScopeDeleted { name: name.to_string(), changes };
    ctx.audit(&mut tx, &acting.by(), On::platform(), change).await?;
    Ok(tx.commit().await?)
}

/// The scope, if it is the version that was seen; the catalog is held from here on.
async fn seen_one(ctx: &Context, tx: &mut Tx, name: &ScopeName, seen: Option<i64>) -> Result<Scope> {
    hold(ctx, tx).await?;
    let found = tx.scope(name).await?.ok_or(Error::NotFound)?;
    if seen.is_some_and(|seen| seen != found.version) {
        return Err(Conflict::Overtaken.into());
    }
    Ok(found)
}
