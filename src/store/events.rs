//! Events that were published.

use serde::Serialize;

use super::{
    Conn, Result, Tx,
    db::{all, execute},
    dialect::INSERT_EVENTS,
    rows::{self, IdText},
    statements::statements,
};
use crate::domain::{event::Event, id::EventId};

statements! {
    /// Some events of an age of which nothing waits, the oldest first: after one, before one.
    ENDED_EVENTS = "select e.id from events e where e.id > $1 and e.id < $2
        and not exists (select 1 from deliveries d where d.event_id = e.id and d.next_at is not null)
        order by e.id limit $3";
    /// An event goes with its deliveries and their attempts, unless one of them still waits.
    DELETE_ENDED_EVENT = "delete from events where id = $1
        and not exists (select 1 from deliveries d where d.event_id = $1 and d.next_at is not null)";
}

impl Conn {
    /// Events of which the ids, which are in the order of time, lie between two, the oldest first,
    /// and of which nothing waits.
    pub async fn ended_events(
        &mut self,
        after: EventId,
        before: EventId,
        limit: i64,
    ) -> Result<Vec<EventId>> {
        let rows: Vec<(EventId,)> = all!(self, ENDED_EVENTS, after, before, limit);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }
}

impl Tx {
    pub async fn insert_events(&mut self, events: &[Event]) -> Result<()> {
        let sql = self.text(INSERT_EVENTS);
        for some in events.chunks(rows::AT_ONCE) {
            execute!(self, sql, rows::json(some.iter().map(EventRow::of)));
        }
        Ok(())
    }

    /// Whether it went: it stays as long as something of it waits.
    pub async fn delete_ended_event(&mut self, id: EventId) -> Result<bool> {
        Ok(execute!(self, DELETE_ENDED_EVENT, id) > 0)
    }
}

#[derive(Serialize)]
struct EventRow<'a> {
    id: IdText,
    account_id: IdText,
    event_type: &'a str,
    environment: &'static str,
    body: &'a str,
    size_bytes: usize,
    occurred_at: i64,
    created_at: i64,
}

impl<'a> EventRow<'a> {
    fn of(event: &'a Event) -> Self {
        Self {
            id: IdText::of(event.id),
            account_id: IdText::of(event.account),
            event_type: event.event_type.as_str(),
            environment: event.environment.as_str(),
            body: &event.body,
            size_bytes: event.body.len(),
            occurred_at: event.occurred_at.micros(),
            created_at: event.created_at.micros(),
        }
    }
}
