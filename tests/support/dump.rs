//! What stands in a database, as text: to compare, and to look for what must not be there.
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::collections::BTreeMap;

use portico::{domain::id::Id, store::Database};
use sqlx::Connection;

use super::databases::{Kind, TestDatabase};

impl TestDatabase {
    /// One column of text, row by row.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        #[expect(clippy::disallowed_methods, reason = "statements of a test are its own")]
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match &self.database {
            Database::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut direct = sqlx::SqliteConnection::connect(&url).await.expect("the file opens");
                let rows = sqlx::query_scalar(sql).fetch_all(&mut direct).await.expect("rows");
                direct.close().await.expect("the file closes");
                rows
            }
            Database::Postgres(url) => {
                let mut direct = sqlx::PgConnection::connect(url).await.expect("PostgreSQL answers");
                sqlx::query_scalar(sql).fetch_all(&mut direct).await.expect("rows")
            }
        }
    }

    /// Every row of every table, bytes as hexadecimal digits, rows in order of their text.
    pub async fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let mut dump = BTreeMap::new();
        let tables = match self.kind() {
            Kind::Sqlite => {
                "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'"
            }
            Kind::Postgres => "select tablename::text from pg_tables where schemaname = 'public'",
        };
        for table in self.texts(tables).await {
            let rows = match self.kind() {
                Kind::Sqlite => {
                    let columns = format!("select name from pragma_table_info('{table}') order by cid");
                    let quoted = |column: String| format!("quote(\"{column}\")");
                    let columns: Vec<_> = self.texts(&columns).await.into_iter().map(quoted).collect();
                    format!("select {} from {table}", columns.join(" || ' ' || "))
                }
                Kind::Postgres => format!("select row_to_json({table})::text from {table}"),
            };
            let mut rows = self.texts(&rows).await;
            rows.sort();
            dump.insert(table, rows);
        }
        dump
    }

    /// An id as this database writes it in a statement.
    pub fn literal(&self, id: &impl Id) -> String {
        match self.kind() {
            Kind::Sqlite => format!("x'{}'", id.uuid().simple()),
            Kind::Postgres => format!("'{}'", id.uuid()),
        }
    }

    /// Changes one row, past the rules.
    pub async fn set(&self, table: &str, id: &impl Id, assignment: &str) {
        let id = self.literal(id);
        self.run(&format!("update {table} set {assignment} where id = {id}")).await;
    }

    /// How SQLite would run a statement, step by step.
    pub async fn plan(&self, statement: &str) -> Vec<String> {
        let Database::Sqlite(path) = &self.database else { panic!("SQLite") };
        #[expect(clippy::disallowed_methods, reason = "statements of a test are its own")]
        let sql = sqlx::AssertSqlSafe(format!("explain query plan {statement}"));
        let url = format!("sqlite://{}", path.display());
        let mut direct = sqlx::SqliteConnection::connect(&url).await.expect("the file opens");
        let steps: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sql).fetch_all(&mut direct).await.expect("a plan");
        direct.close().await.expect("the file closes");
        steps.into_iter().map(|(.., detail)| detail).collect()
    }

    /// How many rows of a table a condition fits.
    pub async fn count(&self, table: &str, condition: &str) -> usize {
        self.texts(&format!("select 'one' from {table} where {condition}")).await.len()
    }

    /// How often an action stands in the audit log.
    pub async fn audited(&self, action: &str) -> usize {
        let select = format!("select action from audit_log where action = '{action}'");
        self.texts(&select).await.len()
    }
}
