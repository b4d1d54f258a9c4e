//! Mail that waits to be sent.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{execute, optional, value},
    statements::statements,
};
use crate::domain::{id::MailId, time::Timestamp};

statements! {
    /// One more mail.
    INSERT_MAIL = "insert into outbox (id, mail_sealed, created_at, next_at, tries) values ($1, $2, $3, $3, 0)";
    /// Takes one that is due, and with it the right to send it until `next_at` comes again.
    CLAIM_MAIL = "update outbox set next_at = $2, tries = tries + 1
        where next_at <= $1 and id in (select id from outbox where next_at <= $1 order by next_at, id limit 1)
        returning id, mail_sealed, created_at, tries";
    /// It was sent, or never will be.
    DELETE_MAIL = "delete from outbox where id = $1";
    /// It is tried again later.
    POSTPONE_MAIL = "update outbox set next_at = $2 where id = $1";
    /// How many are due.
    DUE_MAIL = "select count(*) from outbox where next_at <= $1";
}

/// A mail that this process may send now.
#[derive(Debug, FromRow)]
pub struct Waiting {
    pub id: MailId,
    pub mail_sealed: Vec<u8>,
    pub created_at: Timestamp,
    /// This try included.
    pub tries: i64,
}

impl Conn {
    pub async fn due_mail(&mut self, now: Timestamp) -> Result<i64> {
        Ok(value!(self, DUE_MAIL, now))
    }
}

impl Tx {
    pub async fn insert_mail(&mut self, id: MailId, sealed: &[u8], now: Timestamp) -> Result<()> {
        execute!(self, INSERT_MAIL, id, sealed, now);
        Ok(())
    }

    /// The mail that is due longest; nobody else takes it before `lease_ends`. `None` also if
    /// another has just taken it.
    pub async fn claim_mail(&mut self, now: Timestamp, lease_ends: Timestamp) -> Result<Option<Waiting>> {
        Ok(optional!(self, CLAIM_MAIL, now, lease_ends))
    }

    pub async fn delete_mail(&mut self, id: MailId) -> Result<()> {
        execute!(self, DELETE_MAIL, id);
        Ok(())
    }

    pub async fn postpone_mail(&mut self, id: MailId, next_at: Timestamp) -> Result<()> {
        execute!(self, POSTPONE_MAIL, id, next_at);
        Ok(())
    }
}
