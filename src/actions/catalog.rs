//! The catalog of events, and how a file becomes the catalogs: read by everybody, changed by admins and by the operator's file.

use super::{By, Context, Error, On, Result, scopes};
use crate::{
    domain::{
        audit::{Change, FieldChange},
        event_type::{EventType, EventTypeName, NewEventType, Placed, order},
        fields::FieldErrors,
        scope_catalog::{NewScope, Scope},
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
    pub scope: ListedScopeOf,
}

/// What a file says of the scope that an event type needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListedScopeOf {
    /// Nothing: it stays as it is.
    Unsaid,
    /// That it is as in the event type.
    Said,
}

/// A scope as a file lists it.
#[derive(Clone, Debug)]
pub struct ListedScope {
    pub scope: NewScope,
    /// As [`Listed::retired`].
    pub retired: Option<bool>,
}

/// What a file lists. No name is listed twice.
#[derive(Clone, Debug, Default)]
pub struct File {
    pub scopes: Vec<ListedScope>,
    pub event_types: Vec<Listed>,
}

/// What an import came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub scopes: Count,
    pub event_types: Count,
}

/// What became of the entries of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
}

impl Count {
    fn add(&mut self, was_there: bool, is_other: bool) {
        *match (was_there, is_other) {
            (false, _) => &mut self.created,
            (true, true) => &mut self.changed,
            (true, false) => &mut self.unchanged,
        } += 1;
    }
}

/// Creates what is listed and not there, and makes the rest as it is listed; what is not
/// listed stays. Whole or not at all.
///
/// # Errors
/// `Invalid` if an event type needs a scope that is neither listed nor there.
pub async fn import(ctx: &Context, file: &File) -> Result<Imported> {
    let mut tx = ctx.begin().await?;
    let before = held(ctx, &mut tx).await?;
    let scopes = import_scopes(ctx, &mut tx, &file.scopes).await?;
    refuse_unknown_scopes(&mut tx, &file.event_types).await?;
    let event_types = import_event_types(ctx, &mut tx, &before, &file.event_types).await?;
    tx.commit().await?;
    Ok(Imported { scopes, event_types })
}

async fn import_scopes(ctx: &Context, tx: &mut Tx, listed: &[ListedScope]) -> Result<Count> {
    let (by, mut count) = (By::operator(), Count::default());
    let before: Vec<Scope> = tx.scopes().await?;
    for ListedScope { scope, retired } in listed {
        let old = before.iter().find(|one| one.name == scope.name);
        let is_other = match old {
            None => scopes::add(ctx, tx, &by, scope).await.map(|()| true)?,
            Some(old) => scopes::change(ctx, tx, &by, old, scope).await?,
        };
        let was_retired = old.is_some_and(|old| old.retired);
        let is_turned = match retired.unwrap_or(was_retired) {
            true if !was_retired => scopes::retire(ctx, tx, &by, &scope.name).await.map(|()| true)?,
            false if was_retired => scopes::bring_back(ctx, tx, &by, &scope.name).await.map(|()| true)?,
            true | false => false,
        };
        count.add(old.is_some(), is_other || is_turned);
    }
    Ok(count)
}

async fn refuse_unknown_scopes(tx: &mut Tx, listed: &[Listed]) -> Result<()> {
    let known = tx.scopes().await?;
    let mut errors = FieldErrors::default();
    for NewEventType { name, scope, .. } in listed.iter().map(|one| &one.event_type) {
        if let Some(scope) = scope.as_ref().filter(|scope| !known.iter().any(|one| one.name == **scope)) {
            let sentence = format!(
                "“{name}” needs the scope “{scope}”, which is not in the catalog: list it among the file’s `scopes`."
            );
            errors.add("event_types", sentence);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

async fn import_event_types(
    ctx: &Context,
    tx: &mut Tx,
    before: &[EventType],
    listed: &[Listed],
) -> Result<Count> {
    let (by, mut count) = (By::operator(), Count::default());
    for Listed { event_type, retired, scope } in listed {
        let old = before.iter().find(|one| one.name == event_type.name);
        let is_other = match old {
            None => add(ctx, tx, &by, event_type).await.map(|()| true)?,
            Some(old) => {
                let scope = match scope {
                    ListedScopeOf::Said => event_type.scope.clone(),
                    ListedScopeOf::Unsaid => old.scope.clone(),
                };
                change(ctx, tx, &by, old, &NewEventType { scope, ..event_type.clone() }).await?
            }
        };
        let was_retired = old.is_some_and(|old| old.retired);
        let is_turned = match retired.unwrap_or(was_retired) {
            true if !was_retired => retire(ctx, tx, &by, &event_type.name).await.map(|()| true)?,
            false if was_retired => bring_back(ctx, tx, &by, &event_type.name).await.map(|()| true)?,
            true | false => false,
        };
        count.add(old.is_some(), is_other || is_turned);
    }
    let listed: Vec<_> = listed.iter().map(|one| one.event_type.clone()).collect();
    let order = arrange(tx, before, &listed).await?;
    // That one stands in another group now is told by its own change.
    let moves = |old: &EventType| listed.iter().any(|one| one.name == old.name && one.group != old.group);
    let stayed: Vec<_> = before.iter().filter(|old| !moves(old)).map(|old| &old.name).collect();
    if !order.iter().filter(|name| stayed.contains(name)).eq(stayed.iter().copied()) {
        ctx.audit(tx, &by, On::platform(), Change::EventTypesReordered {}).await?;
    }
    Ok(count)
}

/// Nobody else changes the catalogs until the transaction ends.
pub(super) async fn hold(ctx: &Context, tx: &mut Tx) -> Result<()> {
    Ok(tx.lock_bucket(&ctx.keys.bucket("catalog", "change"), ctx.now()).await?)
}

/// The catalog of events, held.
pub(super) async fn held(ctx: &Context, tx: &mut Tx) -> Result<Vec<EventType>> {
    hold(ctx, tx).await?;
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
    let EventType { name, group, description, example, scope, retired: _, version: _ } = event_type.clone();
    NewEventType { name, group, description, example, scope }
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
        field("scope", |one| one.scope.as_ref().map(ToString::to_string).unwrap_or_default()),
    ])
}
