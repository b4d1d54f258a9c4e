//! Databases of a run in PostgreSQL.

use portico::store::Database;
use sqlx::{Connection as _, Executor as _, PgConnection, SqlSafeStr};
use url::Url;

use crate::Result;

/// A new database in PostgreSQL.
pub(crate) async fn create(server: &str, name: &str) -> Result<Database> {
    remove(server, name).await?;
    let mut direct = PgConnection::connect(server).await?;
    direct.execute(safe(format!("create database {name} template template0"))).await?;
    let mut url: Url = server.parse()?;
    url.set_path(name);
    Ok(Database::Postgres(url.into()))
}

pub(crate) async fn remove(server: &str, name: &str) -> Result<()> {
    let mut direct = PgConnection::connect(server).await?;
    direct.execute(safe(format!("drop database if exists {name} with (force)"))).await?;
    Ok(())
}

/// A statement that the bench itself put together.
#[expect(clippy::disallowed_methods, reason = "statements of the bench are its own")]
pub(crate) fn safe(sql: String) -> impl SqlSafeStr {
    sqlx::AssertSqlSafe(sql)
}
