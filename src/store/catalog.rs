//! The catalog of events.

use sqlx::FromRow;

use super::{Conn, Result, db::all, statements::statements};
use crate::domain::{
    event_type::{EventType, EventTypeName},
    time::Timestamp,
};

statements! {
    /// Every event type, in the order of the catalog.
    EVENT_TYPES = "select name, event_group, description, retired_at from event_types order by position, name";
}

#[derive(FromRow)]
struct EventTypeRow {
    name: EventTypeName,
    event_group: String,
    description: String,
    retired_at: Option<Timestamp>,
}

impl Conn {
    pub async fn event_types(&mut self) -> Result<Vec<EventType>> {
        let rows: Vec<EventTypeRow> = all!(self, EVENT_TYPES);
        let typed = |row: EventTypeRow| EventType {
            name: row.name,
            group: row.event_group,
            description: row.description,
            retired: row.retired_at.is_some(),
        };
        Ok(rows.into_iter().map(typed).collect())
    }
}
