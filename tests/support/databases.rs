//! A fresh, migrated database a test: a SQLite file, or a PostgreSQL database.

use std::sync::atomic::{AtomicU32, Ordering};

use portico::store::{Database, Store};
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

static NUMBER: AtomicU32 = AtomicU32::new(0);

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
}

/// The server that `scripts/test` starts. Without it the suite fails rather than run on one database.
fn server() -> String {
    std::env::var("PORTICO_TEST_POSTGRES")
        .expect("PORTICO_TEST_POSTGRES must name a PostgreSQL server; run scripts/test, which starts one")
}

async fn new_postgres_database() -> String {
    use sqlx::Connection;
    let mut url = url::Url::parse(&server()).expect("PORTICO_TEST_POSTGRES is a URL");
    let name = format!("portico_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut admin = sqlx::PgConnection::connect(url.as_str()).await.expect("PostgreSQL answers");
    let create = sqlx::AssertSqlSafe(format!("create database {name} template template0"));
    sqlx::query(create).execute(&mut admin).await.expect("a database is made");
    url.set_path(&name);
    url.into()
}
