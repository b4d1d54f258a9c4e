//! The catalog of events: event types created, edited, retired, brought back, deleted.

use std::collections::HashMap;

use super::{
    super::{
        Conflict, Context, Error, FormValue, On, Once, Result,
        catalog::{self, arrange, entered, held},
    },
    AsAdmin,
};
use crate::{
    domain::{
        audit::Change,
        event_type::{EventType, EventTypeName, NewEventType},
        fields::FieldErrors,
    },
    store::Tx,
};

/// What is said of a scope that is not in the catalog.
pub const NO_SUCH_SCOPE: &str = "Choose a scope of the catalog, or none.";

/// The catalog in its order, and how many subscriptions hold each event type, counted as far as a
/// list is.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(ctx: &Context, acting: &AsAdmin) -> Result<(Vec<EventType>, HashMap<EventTypeName, i64>)> {
    let mut read = ctx.read().await?;
    Ok((read.event_types().await?, read.event_type_uses(acting.admin).await?))
}

/// One event type, and how many subscriptions hold it, counted as far as a list is.
///
/// # Errors
/// `NotFound` if there is none.
pub async fn view(ctx: &Context, acting: &AsAdmin, name: &EventTypeName) -> Result<(EventType, i64)> {
    let mut read = ctx.read().await?;
    let event_type = read.event_type(name).await?.ok_or(Error::NotFound)?;
    let uses = read.event_type_use(acting.admin, name).await?;
    Ok((event_type, uses))
}

/// A new event type, the last one of its group.
///
/// # Errors
/// `Invalid` for a name that is taken or a scope that is not in the catalog.
pub async fn create(
    ctx: &Context,
    acting: &AsAdmin,
    form: FormValue,
    new: &NewEventType,
) -> Result<Once<EventTypeName>> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let before = held(ctx, &mut tx).await?;
    if let Some(made) = ctx.form_result(&mut tx, form, &new.name).await? {
        return Ok(Once::Before(made));
    }
    if before.iter().any(|one| one.name == new.name) {
        let sentence = format!("There is an event type “{}” already.", new.name);
        return Err(FieldErrors::one("name", sentence).into());
    }
    refuse_unknown_scope(&mut tx, new).await?;
    catalog::add(ctx, &mut tx, &acting.by(), new).await?;
    arrange(&mut tx, &before, std::slice::from_ref(new)).await?;
    tx.commit().await?;
    Ok(Once::Now(new.name.clone()))
}

/// Makes an event type as it is entered now. `seen` is the version that the admin saw, if
/// that is known.
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if it is not the one seen; `Invalid` for a scope that
/// is not in the catalog.
pub async fn save(ctx: &Context, acting: &AsAdmin, seen: Option<i64>, new: &NewEventType) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let before = held(ctx, &mut tx).await?;
    let old = seen_one(&before, &new.name, seen)?;
    refuse_unknown_scope(&mut tx, new).await?;
    if !catalog::change(ctx, &mut tx, &acting.by(), old, new).await? {
        return Ok(());
    }
    arrange(&mut tx, &before, std::slice::from_ref(new)).await?;
    Ok(tx.commit().await?)
}

/// Offers an event type no more. Subscriptions that hold it keep it. `seen` is as in [`save`].
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if it is retired already, or not the one seen.
pub async fn retire(ctx: &Context, acting: &AsAdmin, seen: Option<i64>, name: &EventTypeName) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let before = held(ctx, &mut tx).await?;
    if seen_one(&before, name, seen)?.retired {
        return Err(Conflict::Overtaken.into());
    }
    catalog::retire(ctx, &mut tx, &acting.by(), name).await?;
    Ok(tx.commit().await?)
}

/// Offers a retired event type again. `seen` is as in [`save`].
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if it is offered already, or not the one seen.
pub async fn bring_back(
    ctx: &Context,
    acting: &AsAdmin,
    seen: Option<i64>,
    name: &EventTypeName,
) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let before = held(ctx, &mut tx).await?;
    if !seen_one(&before, name, seen)?.retired {
        return Err(Conflict::Overtaken.into());
    }
    catalog::bring_back(ctx, &mut tx, &acting.by(), name).await?;
    Ok(tx.commit().await?)
}

/// Takes an event type out of the catalog that no subscription holds. `seen` is the version
/// that the admin saw, if that is known.
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if a subscription holds it, or it is not the one seen.
pub async fn delete(ctx: &Context, acting: &AsAdmin, seen: Option<i64>, name: &EventTypeName) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let before = held(ctx, &mut tx).await?;
    let old = seen_one(&before, name, seen)?;
    if tx.event_type_use(acting.admin, name).await? > 0 {
        return Err(Conflict::EventTypeInUse.into());
    }
    // Whoever subscribes to it at this moment is either before it, which is a conflict here,
    // or behind it, which is one there.
    tx.delete_event_type(name).await?;
    let changes = catalog::changes(Some(&entered(old)), None);
    let change = Change::EventTypeDeleted { name: name.to_string(), changes };
    ctx.audit(&mut tx, &acting.by(), On::platform(), change).await?;
    Ok(tx.commit().await?)
}

async fn refuse_unknown_scope(tx: &mut Tx, new: &NewEventType) -> Result<()> {
    match &new.scope {
        Some(scope) if tx.scope(scope).await?.is_none() => {
            Err(FieldErrors::one("scope", NO_SUCH_SCOPE).into())
        }
        Some(_) | None => Ok(()),
    }
}

fn find<'a>(catalog: &'a [EventType], name: &EventTypeName) -> Result<&'a EventType> {
    catalog.iter().find(|one| one.name == *name).ok_or(Error::NotFound)
}

/// The event type, if it is the version that was seen.
fn seen_one<'a>(catalog: &'a [EventType], name: &EventTypeName, seen: Option<i64>) -> Result<&'a EventType> {
    let found = find(catalog, name)?;
    if seen.is_some_and(|seen| seen != found.version) {
        return Err(Conflict::Overtaken.into());
    }
    Ok(found)
}
