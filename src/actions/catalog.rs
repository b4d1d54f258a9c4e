//! The catalog of events: read by everybody, changed by admins and by the operator's file.

use super::{By, Context, On, Result};
use crate::{
    domain::{
        audit::{Change, FieldChange},
        event_type::{EventType, EventTypeName, NewEventType, Placed, order},
    },
    store::Tx,
};

/// The catalog, in its order.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(ctx: &Context) -> Result<Vec<EventType>> {
    Ok(ctx.read().await?.event_types().await?)
}

/// An event type as a file lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub event_type: NewEventType,
    /// Whether it is to be retired; if the file does not say, it stays as it is.
    pub retired: Option<bool>,
}

/// What an import came to, in event types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
}

/// Creates what is listed and not there, and makes the rest as it is listed; what is not
/// listed stays. Whole or not at all. No name is listed twice.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn import(ctx: &Context, listed: &[Listed]) -> Result<Imported> {
    let by = By::operator();
    let mut tx = ctx.begin().await?;
    let before = held(ctx, &mut tx).await?;
    let mut imported = Imported::default();
    for Listed { event_type, retired } in listed {
        let old = before.iter().find(|one| one.name == event_type.name);
        let is_other = match old {
            None => add(ctx, &mut tx, &by, event_type).await.map(|()| true)?,
            Some(old) => change(ctx, &mut tx, &by, old, event_type).await?,
        };
        let was_retired = old.is_some_and(|old| old.retired);
        let is_turned = match retired.unwrap_or(was_retired) {
            true if !was_retired => retire(ctx, &mut tx, &by, &event_type.name).await.map(|()| true)?,
            false if was_retired => bring_back(ctx, &mut tx, &by, &event_type.name).await.map(|()| true)?,
            true | false => false,
        };
        *match old {
            None => &mut imported.created,
            Some(_) if is_other || is_turned => &mut imported.changed,
            Some(_) => &mut imported.unchanged,
        } += 1;
    }
    let listed: Vec<_> = listed.iter().map(|one| one.event_type.clone()).collect();
    let order = arrange(&mut tx, &before, &listed).await?;
    // That one stands in another group now is told by its own change.
    let moves = |old: &EventType| listed.iter().any(|one| one.name == old.name && one.group != old.group);
    let stayed: Vec<_> = before.iter().filter(|old| !moves(old)).map(|old| &old.name).collect();
    if !order.iter().filter(|name| stayed.contains(name)).eq(stayed.iter().copied()) {
        ctx.audit(&mut tx, &by, On::platform(), Change::EventTypesReordered {}).await?;
    }
    tx.commit().await?;
    Ok(imported)
}

/// The catalog, held: nobody else changes it until the transaction ends.
pub(super) async fn held(ctx: &Context, tx: &mut Tx) -> Result<Vec<EventType>> {
    tx.lock_bucket(&ctx.keys.bucket("catalog", "change"), ctx.now()).await?;
    Ok(tx.event_types().await?)
}

/// A new event type, written down. Its place comes by [`arrange`].
pub(super) async fn add(ctx: &Context, tx: &mut Tx, by: &By, new: &NewEventType) -> Result<()> {
    tx.insert_event_type(new).await?;
    let changes = changes(None, Some(new));
    let change = Change::EventTypeCreated { name: new.name.to_string(), changes };
    ctx.audit(tx, by, On::platform(), change).await
}

/// Makes an event type as it is entered now, and writes it down; whether it was otherwise.
pub(super) async fn change(
    ctx: &Context,
    tx: &mut Tx,
    by: &By,
    old: &EventType,
    new: &NewEventType,
) -> Result<bool> {
    let changes = changes(Some(&entered(old)), Some(new));
    if changes.is_empty() {
        return Ok(false);
    }
    tx.update_event_type(new).await?;
    let change = Change::EventTypeChanged { name: new.name.to_string(), changes };
    ctx.audit(tx, by, On::platform(), change).await?;
    Ok(true)
}

/// Offers an event type no more, and writes it down.
pub(super) async fn retire(ctx: &Context, tx: &mut Tx, by: &By, name: &EventTypeName) -> Result<()> {
    tx.set_event_type_retired(name, Some(ctx.now())).await?;
    ctx.audit(tx, by, On::platform(), Change::EventTypeRetired { name: name.to_string() }).await
}

/// Offers an event type again, and writes it down.
pub(super) async fn bring_back(ctx: &Context, tx: &mut Tx, by: &By, name: &EventTypeName) -> Result<()> {
    tx.set_event_type_retired(name, None).await?;
    ctx.audit(tx, by, On::platform(), Change::EventTypeBroughtBack { name: name.to_string() }).await
}

/// Puts what was added or changed in its place; the order of the catalog as it is now.
pub(super) async fn arrange(
    tx: &mut Tx,
    before: &[EventType],
    written: &[NewEventType],
) -> Result<Vec<EventTypeName>> {
    let place = |name: &EventTypeName, group| Placed { name: name.clone(), group };
    let current: Vec<_> = before.iter().map(|one| place(&one.name, one.group.clone())).collect();
    let listed: Vec<_> = written.iter().map(|one| place(&one.name, one.group.clone())).collect();
    let order = order(&current, &listed);
    tx.order_event_types(&order).await?;
    Ok(order)
}

/// What was entered of an event type.
pub(super) fn entered(event_type: &EventType) -> NewEventType {
    let EventType { name, group, description, example, retired: _, version: _ } = event_type.clone();
    NewEventType { name, group, description, example }
}

/// What differs, field by field.
pub(super) fn changes(old: Option<&NewEventType>, new: Option<&NewEventType>) -> Vec<FieldChange> {
    let field = |name, of: fn(&NewEventType) -> String| {
        (name, old.map(of).unwrap_or_default(), new.map(of).unwrap_or_default())
    };
    FieldChange::of([
        field("group", |one| one.group.to_string()),
        field("description", |one| one.description.to_string()),
        field("example", |one| one.example.to_string()),
    ])
}
