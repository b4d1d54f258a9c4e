//! A fresh, migrated database a test: a SQLite file, or a PostgreSQL database.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "shared by test binaries, each of which uses its own part"
)]

use portico::{
    crypto,
    store::{Conn, Database, Store, Tx},
};
use sqlx::Connection;
use tempfile::TempDir;

/// One of the two databases that everything must work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A database that goes when it is dropped.
pub struct TestDatabase {
    pub store: Store,
    pub database: Database,
    /// Kept for its file.
    folder: Option<TempDir>,
}

/// Both, always: a suite that ran on one only has shown nothing.
pub const BOTH: [Kind; 2] = [Kind::Sqlite, Kind::Postgres];

/// One test a database for each function named, so that a failure names its database:
/// `apps::sqlite::a_name_is_taken_once`, `apps::postgres::a_name_is_taken_once`.
#[allow(unused_macros, reason = "the tests of the command line need one database a time")]
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test($crate::support::databases::Kind::Sqlite).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test($crate::support::databases::Kind::Postgres).await;
            }
        )+}
    };
}
#[allow(unused_imports, reason = "the tests of the command line need one database a time")]
pub(crate) use on_both;

impl TestDatabase {
    pub async fn new(kind: Kind) -> Self {
        let database = Self::empty(kind).await;
        database.store.migrate().await.expect("migrations run");
        database
    }

    /// Without a schema.
    pub async fn empty(kind: Kind) -> Self {
        let (database, folder) = match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                (Database::Sqlite(folder.path().join("portico.db")), Some(folder))
            }
            Kind::Postgres => (Database::Postgres(new_postgres_database().await), None),
        };
        let store = Store::open(&database).await.expect("the database opens");
        Self { store, database, folder }
    }

    pub fn kind(&self) -> Kind {
        if self.folder.is_some() { Kind::Sqlite } else { Kind::Postgres }
    }

    /// A connection to read with.
    pub async fn read(&self) -> Conn {
        self.store.read().await.expect("a connection")
    }

    /// A transaction.
    pub async fn begin(&self) -> Tx {
        self.store.begin().await.expect("a transaction")
    }

    /// Runs statements that no function of the store has, past its types: to break things.
    pub async fn run(&self, sql: &str) {
        self.try_to_run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// What the database says against statements that it must refuse.
    pub async fn refusal(&self, sql: &str) -> String {
        let outcome = self.try_to_run(sql).await;
        outcome.err().unwrap_or_else(|| panic!("{sql} is taken")).to_string()
    }

    async fn try_to_run(&self, sql: &str) -> Result<(), sqlx::Error> {
        #[expect(clippy::disallowed_methods, reason = "statements of a test are its own")]
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match &self.database {
            Database::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut direct = sqlx::SqliteConnection::connect(&url).await.expect("the file opens");
                let outcome = sqlx::raw_sql(sql).execute(&mut direct).await;
                direct.close().await.expect("the file closes");
                outcome.map(|_| ())
            }
            Database::Postgres(url) => {
                let mut direct = sqlx::PgConnection::connect(url).await.expect("PostgreSQL answers");
                sqlx::raw_sql(sql).execute(&mut direct).await.map(|_| ())
            }
        }
    }
}

#[allow(dead_code, reason = "not every suite takes its database away")]
impl TestDatabase {
    /// Takes a PostgreSQL database out of everybody's reach.
    pub async fn cut_off(&self) {
        let name = self.name();
        on_server(format!("alter database {name} with allow_connections false")).await;
        let all = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
        on_server(all).await;
    }

    /// Lets everybody in again.
    pub async fn let_in(&self) {
        on_server(format!("alter database {} with allow_connections true", self.name())).await;
    }

    fn name(&self) -> String {
        let Database::Postgres(url) = &self.database else { panic!("a file is always in reach") };
        let url = url::Url::parse(url).expect("it was a URL");
        url.path().trim_start_matches('/').to_owned()
    }
}

impl Drop for TestDatabase {
    /// Drops the PostgreSQL database, on a thread with a runtime of its own, since this one may
    /// be ending. Whoever stops the server gets rid of what a killed test left there.
    fn drop(&mut self) {
        let Database::Postgres(url) = &self.database else { return };
        let url = url::Url::parse(url).expect("it was a URL");
        let name = url.path().trim_start_matches('/').to_owned();
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(on_server(format!("drop database {name} with (force)")));
        };
        let done = std::thread::spawn(work).join();
        assert!(done.is_ok() || std::thread::panicking(), "the database could not be dropped");
    }
}

/// The server that `scripts/test` starts. Without it the suite fails rather than run on one database.
fn server() -> String {
    std::env::var("PORTICO_TEST_POSTGRES")
        .expect("PORTICO_TEST_POSTGRES must name a PostgreSQL server; run scripts/test, which starts one")
}

async fn new_postgres_database() -> String {
    // Not a number: a server may outlive a process, and its number come again.
    let name = format!("portico_{:032x}", u128::from_be_bytes(crypto::random()));
    // Not from template1, which a machine's owner may have filled.
    on_server(format!("create database {name} template template0")).await;
    let mut url = url::Url::parse(&server()).expect("PORTICO_TEST_POSTGRES is a URL");
    url.set_path(&name);
    url.into()
}

async fn on_server(sql: String) {
    let mut admin = sqlx::PgConnection::connect(&server()).await.expect("PostgreSQL answers");
    #[expect(clippy::disallowed_methods, reason = "the name of a database cannot be bound")]
    let sql = sqlx::AssertSqlSafe(sql);
    sqlx::query(sql).execute(&mut admin).await.expect("the server obeys");
}
