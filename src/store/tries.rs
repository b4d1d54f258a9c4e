//! Tries that count against a limit, in the database so that the limit holds across processes.

use super::{
    Conn, Result, Tx,
    db::{all, execute, value},
    statements::statements,
};
use crate::domain::{id::TryId, time::Timestamp};

statements! {
    /// Tries in a bucket since a moment.
    TRIES = "select count(*) from tries where bucket = $1 and tried_at > $2";
    /// When the last ones were, the last one first.
    LAST_TRIES = "select tried_at from tries where bucket = $1 and tried_at > $2 order by tried_at desc limit $3";
    /// Takes the bucket's row, so that tries at the same time are counted one after the other.
    LOCK_BUCKET = "insert into buckets (bucket, tried_at) values ($1, $2)
        on conflict (bucket) do update set tried_at = excluded.tried_at";
    /// One more.
    INSERT_TRY = "insert into tries (id, bucket, tried_at) values ($1, $2, $3)";
    /// A try that turned out not to count.
    DELETE_TRY = "delete from tries where id = $1 and bucket = $2";
    /// Drops buckets, with their tries, that no limit looks at any more.
    DELETE_OLD_BUCKETS = "delete from buckets where tried_at < $1";
}

impl Conn {
    pub async fn tries(&mut self, bucket: &[u8], since: Timestamp) -> Result<i64> {
        Ok(value!(self, TRIES, bucket, since))
    }

    /// When the last tries since a moment were, the last one first.
    pub async fn last_tries(&mut self, bucket: &[u8], since: Timestamp, most: i64) -> Result<Vec<Timestamp>> {
        let rows: Vec<(Timestamp,)> = all!(self, LAST_TRIES, bucket, since, most);
        Ok(rows.into_iter().map(|(at,)| at).collect())
    }
}

impl Tx {
    /// Makes others who would count in this bucket wait for this transaction.
    pub async fn lock_bucket(&mut self, bucket: &[u8], now: Timestamp) -> Result<()> {
        execute!(self, LOCK_BUCKET, bucket, now);
        Ok(())
    }

    /// `id` names the try, so that it can be taken back. Any fresh id serves.
    pub async fn insert_try(&mut self, id: TryId, bucket: &[u8], now: Timestamp) -> Result<()> {
        execute!(self, INSERT_TRY, id, bucket, now);
        Ok(())
    }

    pub async fn delete_try(&mut self, id: TryId, bucket: &[u8]) -> Result<()> {
        execute!(self, DELETE_TRY, id, bucket);
        Ok(())
    }

    pub async fn delete_old_tries(&mut self, before: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_BUCKETS, before))
    }
}
