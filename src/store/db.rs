//! The only place that knows which of the two databases is open.

mod opening;

use std::{collections::BTreeSet, fmt, ops, path::PathBuf, time::Duration};

use sqlx::{
    PgPool, Pool, Postgres, Sqlite, SqlitePool, Transaction, migrate::Migrator, pool::PoolConnection,
};

use super::{
    Result, StoreError,
    changes::{Watcher, Watchers},
    dialect::{self, Texts},
    statements,
};
use crate::domain::{
    audit::Entry,
    id::{AccountId, AuditId},
};

/// Which database to open.
#[derive(Clone)]
pub enum Database {
    /// A file, made if it is missing.
    Sqlite(PathBuf),
    /// A `postgres://` URL, password included.
    Postgres(String),
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        })
    }
}

/// The database, open. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pools: Pools,
    watchers: Watchers,
}

/// Each has a connection apart for the log of changes: a process whose pages take all others must
/// not lose sight of it.
#[derive(Clone, Debug)]
enum Pools {
    /// One writer, since SQLite has one: a queue in memory is fairer than `SQLITE_BUSY`.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
        log: SqlitePool,
    },
    Postgres {
        all: PgPool,
        log: PgPool,
    },
}

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a request waits for a connection before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(4);
const CONNECTIONS: u32 = 16;

/// The connections of one pool at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    pub name: &'static str,
    pub in_use: u32,
    pub idle: u32,
    /// The most that it opens.
    pub max: u32,
}

/// A connection that reads.
#[derive(Debug)]
pub struct Conn(pub(super) Backend);

/// A transaction: everything written through it holds together, or none of it.
/// Dropped without [`Tx::commit`], it is undone.
#[derive(Debug)]
pub struct Tx {
    conn: Conn,
    /// Accounts whose authorisation changes when this holds.
    pub(super) touched: BTreeSet<AccountId>,
    /// What is written down when this holds.
    pub(super) audited: Vec<(AuditId, Entry)>,
    watchers: Watchers,
}

#[derive(Debug)]
pub(super) enum Backend {
    Sqlite(Held<Sqlite>),
    Postgres(Held<Postgres>),
}

#[derive(Debug)]
pub(super) enum Held<DB: sqlx::Database> {
    Pooled(PoolConnection<DB>),
    InTransaction(Transaction<'static, DB>),
}

impl<DB: sqlx::Database> Held<DB> {
    pub(super) fn get(&mut self) -> &mut DB::Connection {
        match self {
            Self::Pooled(connection) => connection,
            Self::InTransaction(transaction) => transaction,
        }
    }
}

/// Runs one body against whichever connection is open. Expanded once for each database.
macro_rules! on {
    ($conn:expr, |$c:ident| $body:expr) => {
        match &mut $conn.0 {
            $crate::store::db::Backend::Sqlite(held) => {
                let $c = held.get();
                $body
            }
            $crate::store::db::Backend::Postgres(held) => {
                let $c = held.get();
                $body
            }
        }
    };
}

/// The row, if there is one: `optional!(self, APP_BY_ID, account, id)`.
macro_rules! optional {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::db::on!($conn, |c| sqlx::query_as($sql)$(.bind($bind))*.fetch_optional(c).await)?
    };
}

/// Every row.
macro_rules! all {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::db::on!($conn, |c| sqlx::query_as($sql)$(.bind($bind))*.fetch_all(c).await)?
    };
}

/// Every row for a list of values, bound after the others: `among!(self, APPS_AT, since; places)`.
macro_rules! among {
    ($conn:expr, $sql:expr $(, $bind:expr)*; $list:expr) => {
        $crate::store::db::on!($conn, |c| {
            let asked = sqlx::query_as($sql)$(.bind($bind))*;
            $list.into_iter().fold(asked, |asked, one| asked.bind(one)).fetch_all(c).await
        })?
    };
}

/// The one value of the one row.
macro_rules! value {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::db::on!($conn, |c| sqlx::query_scalar($sql)$(.bind($bind))*.fetch_one(c).await)?
    };
}

/// How many rows the statement changed.
macro_rules! execute {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::store::db::on!($conn, |c| sqlx::query($sql)$(.bind($bind))*.execute(c).await.map(|done| done.rows_affected()))?
    };
}

pub(super) use {all, among, execute, on, optional, value};

impl Store {
    /// Brings the schema up to date. Safe to run from several processes at once.
    ///
    /// # Errors
    /// The database is newer than this program, or a migration fails.
    pub async fn migrate(&self) -> Result<()> {
        let migrated = match &self.pools {
            Pools::Sqlite { write, .. } => SQLITE_MIGRATIONS.run(write).await,
            Pools::Postgres { all, .. } => POSTGRES_MIGRATIONS.run(all).await,
        };
        migrated.map_err(StoreError::Migration)
    }

    /// A connection to read with.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if none is free in time.
    pub async fn read(&self) -> Result<Conn> {
        Ok(Conn(match &self.pools {
            Pools::Sqlite { read, .. } => Backend::Sqlite(Held::Pooled(read.acquire().await?)),
            Pools::Postgres { all, .. } => Backend::Postgres(Held::Pooled(all.acquire().await?)),
        }))
    }

    /// The connection to read the log of changes with, of which there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it is not free in time.
    pub async fn read_log(&self) -> Result<Conn> {
        Ok(Conn(match &self.pools {
            Pools::Sqlite { log, .. } => Backend::Sqlite(Held::Pooled(log.acquire().await?)),
            Pools::Postgres { log, .. } => Backend::Postgres(Held::Pooled(log.acquire().await?)),
        }))
    }

    /// A connection whose reads all see the database as it was at the first of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if none is free in time.
    pub async fn snapshot(&self) -> Result<Conn> {
        Ok(Conn(match &self.pools {
            Pools::Sqlite { read, .. } => Backend::Sqlite(Held::InTransaction(read.begin().await?)),
            Pools::Postgres { all, .. } => {
                let begin = "begin isolation level repeatable read, read only";
                Backend::Postgres(Held::InTransaction(all.begin_with(begin).await?))
            }
        }))
    }

    /// A transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it cannot begin in time.
    pub async fn begin(&self) -> Result<Tx> {
        let conn = Conn(match &self.pools {
            // A deferred transaction could fail when it turns from reading to writing.
            Pools::Sqlite { write, .. } => {
                Backend::Sqlite(Held::InTransaction(write.begin_with("begin immediate").await?))
            }
            Pools::Postgres { all, .. } => Backend::Postgres(Held::InTransaction(all.begin().await?)),
        });
        Ok(Tx { conn, touched: BTreeSet::new(), audited: Vec::new(), watchers: self.watchers.clone() })
    }

    /// Has every change of authorisation told to `watcher` before the commit that makes it
    /// returns.
    pub fn watch(&self, watcher: Watcher) {
        self.watchers.add(watcher);
    }

    /// Whether the database answers and has every migration of this program. It may have
    /// more: those of a newer program that runs beside this one.
    ///
    /// # Errors
    /// It does not answer, or lacks one.
    pub async fn ping(&self) -> Result<()> {
        let applied = self.read().await?.migrations().await?;
        let migrator = match &self.pools {
            Pools::Sqlite { .. } => &SQLITE_MIGRATIONS,
            Pools::Postgres { .. } => &POSTGRES_MIGRATIONS,
        };
        let missing = migrator.iter().find(|migration| !applied.contains(&migration.version));
        missing.map_or(Ok(()), |missing| Err(StoreError::NotMigrated(missing.version)))
    }

    /// Prepares every statement; those that cannot be are named with the database's words.
    ///
    /// # Errors
    /// No connection.
    pub async fn refused_statements(&self) -> Result<Vec<String>> {
        let mut conn = self.read().await?;
        let mut refused = Vec::new();
        let of_two = dialect::ALL.iter().chain(dialect::memory::ALL);
        let of_two: Vec<_> = of_two.map(|(name, texts)| (*name, conn.text(*texts))).collect();
        for (name, sql) in statements::all().chain(of_two) {
            use sqlx::{Executor, SqlSafeStr};
            let outcome = on!(conn, |c| c.prepare(sql.into_sql_str()).await.map(|_| ()));
            if let Err(error) = outcome {
                refused.push(format!("{name}: {error}"));
            }
        }
        Ok(refused)
    }

    /// How much of each pool is in use, but for the one that reads the log of changes alone.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolUse> {
        match &self.pools {
            Pools::Sqlite { read, write, .. } => vec![pool_use("read", read), pool_use("write", write)],
            Pools::Postgres { all, .. } => vec![pool_use("all", all)],
        }
    }

    /// Closes every connection; waits for those in use.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write, log } => {
                log.close().await;
                read.close().await;
                write.close().await;
            }
            Pools::Postgres { all, log } => {
                log.close().await;
                all.close().await;
            }
        }
    }
}

fn pool_use<DB: sqlx::Database>(name: &'static str, pool: &Pool<DB>) -> PoolUse {
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    let in_use = pool.size().saturating_sub(idle);
    PoolUse { name, in_use, idle, max: pool.options().get_max_connections() }
}

impl Conn {
    /// The statement as this database says it.
    pub(super) const fn text(&self, texts: Texts) -> &'static str {
        match self.0 {
            Backend::Sqlite(_) => texts.sqlite,
            Backend::Postgres(_) => texts.postgres,
        }
    }

    /// Whether nobody else writes while a transaction is open.
    pub(super) const fn writes_alone(&self) -> bool {
        matches!(self.0, Backend::Sqlite(_))
    }

    /// Whether the index of trigrams gives rows in the order of their places.
    pub(super) const fn finds_in_order(&self) -> bool {
        matches!(self.0, Backend::Sqlite(_))
    }
}

impl Tx {
    /// Makes everything written hold.
    ///
    /// # Errors
    /// The database could not; then nothing holds, unless the connection broke while it
    /// answered.
    pub async fn commit(mut self) -> Result<()> {
        self.write_audit().await?;
        let changes = self.write_changes().await?;
        let outcome = match self.conn.0 {
            Backend::Sqlite(Held::InTransaction(transaction)) => transaction.commit().await,
            Backend::Postgres(Held::InTransaction(transaction)) => transaction.commit().await,
            Backend::Sqlite(Held::Pooled(_)) | Backend::Postgres(Held::Pooled(_)) => Ok(()),
        };
        // Told even if the answer was lost, since it may hold all the same.
        self.watchers.tell(&changes);
        Ok(outcome?)
    }

    /// Writes down a change, when the transaction holds.
    pub fn audit(&mut self, id: AuditId, entry: Entry) {
        self.audited.push((id, entry));
    }

    /// Other processes, and this one's memory, hear of this account when the transaction holds.
    pub(super) fn touch(&mut self, account: AccountId) {
        self.touched.insert(account);
    }
}

impl ops::Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
