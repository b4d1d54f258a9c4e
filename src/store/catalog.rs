//! The catalog of events.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{
    COUNTED, Conn, Result, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    event_type::{EventDescription, EventType, EventTypeName, Example, GroupName, NewEventType},
    scope::ScopeName,
    time::Timestamp,
    user::Admin,
};

statements! {
    /// Every event type, in the order of the catalog.
    EVENT_TYPES = "select name, event_group, description, example, scope, version, retired_at from event_types
        order by position, name";
    /// One event type.
    EVENT_TYPE = "select name, event_group, description, example, scope, version, retired_at from event_types where name = $1";
    /// How many subscriptions hold each event type, counted up to a number. In the order of the
    /// index: of a type that nobody holds, PostgreSQL would read the whole table to find none.
    EVENT_TYPE_USES = "select t.name, (select count(*) from
            (select 1 as one from subscription_event_types s where s.event_type = t.name
                order by s.subscription_id limit $1) uses)
        from event_types t";
    /// How many subscriptions hold one, counted up to a number.
    EVENT_TYPE_USE = "select count(*) from
        (select 1 as one from subscription_event_types where event_type = $1
            order by subscription_id limit $2) uses";
    /// A new event type, at the end.
    INSERT_EVENT_TYPE = "insert into event_types (name, event_group, description, example, scope, position, version)
        values ($1, $2, $3, $4, $5, (select coalesce(max(position), 0) + 1 from event_types), 1)";
    /// What is entered of an event type.
    UPDATE_EVENT_TYPE = "update event_types set event_group = $2, description = $3, example = $4, scope = $5, version = version + 1
        where name = $1";
    /// Since when an event type is not offered, if it is not.
    SET_EVENT_TYPE_RETIRED = "update event_types set retired_at = $2, version = version + 1 where name = $1";
    /// The place of an event type.
    SET_EVENT_TYPE_POSITION = "update event_types set position = $2 where name = $1 and position <> $2";
    /// An event type goes.
    DELETE_EVENT_TYPE = "delete from event_types where name = $1";
}

#[derive(FromRow)]
struct EventTypeRow {
    name: EventTypeName,
    event_group: GroupName,
    description: EventDescription,
    example: Example,
    scope: Option<ScopeName>,
    version: i64,
    retired_at: Option<Timestamp>,
}

impl From<EventTypeRow> for EventType {
    fn from(row: EventTypeRow) -> Self {
        let EventTypeRow { name, event_group, description, example, scope, version, retired_at } = row;
        let retired = retired_at.is_some();
        Self { name, group: event_group, description, example, scope, retired, version }
    }
}

impl Conn {
    pub async fn event_types(&mut self) -> Result<Vec<EventType>> {
        let rows: Vec<EventTypeRow> = all!(self, EVENT_TYPES);
        Ok(rows.into_iter().map(EventType::from).collect())
    }

    pub async fn event_type(&mut self, name: &EventTypeName) -> Result<Option<EventType>> {
        let row: Option<EventTypeRow> = optional!(self, EVENT_TYPE, name);
        Ok(row.map(EventType::from))
    }

    /// How many subscriptions of the platform hold each event type, [`COUNTED`] and one more for
    /// any number above it.
    pub async fn event_type_uses(&mut self, _admin: Admin) -> Result<HashMap<EventTypeName, i64>> {
        let rows: Vec<(EventTypeName, i64)> = all!(self, EVENT_TYPE_USES, COUNTED + 1);
        Ok(rows.into_iter().collect())
    }

    /// How many subscriptions of the platform hold this event type, counted as in
    /// [`Conn::event_type_uses`].
    pub async fn event_type_use(&mut self, _admin: Admin, name: &EventTypeName) -> Result<i64> {
        Ok(value!(self, EVENT_TYPE_USE, name, COUNTED + 1))
    }
}

impl Tx {
    /// At the end of the catalog, and offered.
    ///
    /// # Errors
    /// [`super::StoreError::Duplicate`] if there is one of this name; `Dangling` for an unknown scope.
    pub async fn insert_event_type(&mut self, new: &NewEventType) -> Result<()> {
        let NewEventType { name, group, description, example, scope } = new;
        execute!(self, INSERT_EVENT_TYPE, name, group, description, example, scope);
        Ok(())
    }

    pub async fn update_event_type(&mut self, new: &NewEventType) -> Result<()> {
        let NewEventType { name, group, description, example, scope } = new;
        execute!(self, UPDATE_EVENT_TYPE, name, group, description, example, scope);
        Ok(())
    }

    pub async fn set_event_type_retired(
        &mut self,
        name: &EventTypeName,
        retired_at: Option<Timestamp>,
    ) -> Result<()> {
        execute!(self, SET_EVENT_TYPE_RETIRED, name, retired_at);
        Ok(())
    }

    /// Puts the whole catalog in this order.
    pub async fn order_event_types(&mut self, names: &[EventTypeName]) -> Result<()> {
        for (position, name) in (1_i64..).zip(names) {
            execute!(self, SET_EVENT_TYPE_POSITION, name, position);
        }
        Ok(())
    }

    /// # Errors
    /// [`super::StoreError::Dangling`] if a subscription holds it.
    pub async fn delete_event_type(&mut self, name: &EventTypeName) -> Result<()> {
        execute!(self, DELETE_EVENT_TYPE, name);
        Ok(())
    }
}
