//! How a database is opened: to work with, or to read alone.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path, str::FromStr};

use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{CONNECTIONS, Database, PATIENCE, Pools, Result, Store, Watchers};

impl Store {
    /// Opens the database; makes the file of a SQLite one.
    ///
    /// # Errors
    /// The file cannot be opened, or the server does not let us in.
    pub async fn open(database: &Database) -> Result<Self> {
        let pools = match database {
            Database::Sqlite(path) => {
                make_private(path);
                // By default there is a checkpoint after 4 MB, and 2 MB of pages in memory: who
                // writes much would read and write the same pages again and again.
                let options = sqlite(path)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .pragma("wal_autocheckpoint", "4000");
                let write = at_most(1)
                    .connect_with(options.clone().create_if_missing(true).pragma("cache_size", "-16000"))
                    .await?;
                let options = options.read_only(true);
                let log = at_most(1).connect_lazy_with(options.clone());
                Pools::Sqlite { read: at_most(CONNECTIONS).connect_lazy_with(options), write, log }
            }
            Database::Postgres(url) => {
                postgres(PgConnectOptions::from_str(url)?.application_name("portico")).await?
            }
        };
        Ok(Self::over(pools))
    }

    /// Opens a database that is there, and lets nothing be written to it, whoever tries. A file
    /// that nobody may write to, such as a copy that was put away, is read too.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub async fn open_read_only(database: &Database) -> Result<Self> {
        let pools = match database {
            Database::Sqlite(path) => {
                let options = sqlite(path).read_only(true);
                let opened = at_most(CONNECTIONS).connect_with(options.clone()).await;
                let read = match opened {
                    Ok(read) => read,
                    // A reader keeps account of itself beside the file. Where it cannot, and nothing
                    // waits to be put into the file, nobody changes it.
                    Err(_) if !has_log(path) => {
                        at_most(CONNECTIONS).connect_with(options.immutable(true)).await?
                    }
                    Err(error) => return Err(error.into()),
                };
                Pools::Sqlite { write: read.clone(), log: read.clone(), read }
            }
            Database::Postgres(url) => {
                let options = PgConnectOptions::from_str(url)?.application_name("portico, read-only");
                postgres(options.options([("default_transaction_read_only", "on")])).await?
            }
        };
        Ok(Self::over(pools))
    }

    fn over(pools: Pools) -> Self {
        Self { pools, watchers: Watchers::default() }
    }
}

/// Makes the file, if there is none, for its owner alone. What SQLite puts beside it (`-wal`,
/// `-shm`) has the mode of the file.
fn make_private(path: &Path) {
    // If it cannot be made, SQLite is about to say why.
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

fn sqlite(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).pragma("trusted_schema", "off")
}

fn at_most(connections: u32) -> SqlitePoolOptions {
    let options = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    // After a commit that the disk refused SQLite is out of the transaction, and the driver believes
    // that it is still in it and would begin no other.
    options.before_acquire(|connection, _| {
        let is_fit = !connection.is_in_transaction();
        Box::pin(async move { Ok(is_fit) })
    })
}

/// Whether a write-ahead log lies beside the file (`PATH-wal`).
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Path::new(&log).exists()
}

async fn postgres(options: PgConnectOptions) -> Result<Pools> {
    try_once(&options).await?;
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
    let log = pool.clone().max_connections(1).connect_lazy_with(options.clone());
    Ok(Pools::Postgres { all: pool.connect_with(options).await?, log })
}

/// The pool goes on trying until its patience ends and then says only that it ended. One
/// plain connection says at once what is wrong.
async fn try_once(options: &PgConnectOptions) -> Result<()> {
    let connection = tokio::time::timeout(PATIENCE, PgConnection::connect_with(options));
    Ok(connection.await.map_err(|_| sqlx::Error::PoolTimedOut)??.close().await?)
}
