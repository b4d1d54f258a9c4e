//! Events that were published.

use super::{
    Conn, Result, Tx,
    db::{all, execute},
    statements::statements,
};
use crate::domain::{event::Event, id::EventId};

statements! {
    /// One more event.
    INSERT_EVENT = "insert into events (id, account_id, event_type, environment, body, size_bytes, occurred_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Some events of an age, the oldest first: after one, before one.
    EVENTS_BETWEEN = "select id from events where id > $1 and id < $2 order by id limit $3";
    /// An event goes with its deliveries and their attempts, unless one of them still waits.
    DELETE_ENDED_EVENT = "delete from events where id = $1
        and not exists (select 1 from deliveries d where d.event_id = $1 and d.next_at is not null)";
}

impl Conn {
    /// Events of which the ids, which are in the order of time, lie between two, the oldest first.
    pub async fn events_between(
        &mut self,
        after: EventId,
        before: EventId,
        limit: i64,
    ) -> Result<Vec<EventId>> {
        let rows: Vec<(EventId,)> = all!(self, EVENTS_BETWEEN, after, before, limit);
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }
}

impl Tx {
    pub async fn insert_event(&mut self, event: &Event) -> Result<()> {
        let size = i64::try_from(event.body.len()).unwrap_or(i64::MAX);
        execute!(
            self,
            INSERT_EVENT,
            event.id,
            event.account,
            &event.event_type,
            event.environment,
            event.body.as_str(),
            size,
            event.occurred_at,
            event.created_at,
        );
        Ok(())
    }

    /// Whether it went: it stays as long as something of it waits.
    pub async fn delete_ended_event(&mut self, id: EventId) -> Result<bool> {
        Ok(execute!(self, DELETE_ENDED_EVENT, id) > 0)
    }
}
