//! What tells whether the master key and the program fit this database.

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional},
    statements::statements,
};

statements! {
    /// The value sealed under the master key.
    KEY_CHECK = "select key_check from installation where id = 1";
    /// Remembers it; the first process to come decides.
    INSERT_KEY_CHECK = "insert into installation (id, key_check) values (1, $1) on conflict (id) do nothing";
    /// The migrations that were applied, as sqlx keeps them.
    MIGRATIONS = "select version from _sqlx_migrations where success order by version";
}

impl Conn {
    pub async fn key_check(&mut self) -> Result<Option<Vec<u8>>> {
        let row: Option<(Vec<u8>,)> = optional!(self, KEY_CHECK);
        Ok(row.map(|(sealed,)| sealed))
    }

    pub(super) async fn migrations(&mut self) -> Result<Vec<i64>> {
        let rows: Vec<(i64,)> = all!(self, MIGRATIONS);
        Ok(rows.into_iter().map(|(version,)| version).collect())
    }
}

impl Tx {
    pub async fn insert_key_check(&mut self, sealed: &[u8]) -> Result<()> {
        execute!(self, INSERT_KEY_CHECK, sealed);
        Ok(())
    }
}
