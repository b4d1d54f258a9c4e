//! The schema of a database as it is, in words that do not tell which of the two it is.

use std::collections::BTreeSet;

use portico::store::Database;
use sqlx::Connection;

use crate::support::databases::TestDatabase;

/// One line for each column, key, index, reference and trigger.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Schema(BTreeSet<String>);

/// Table, column, type, whether it may be null.
type Column = (String, String, String, bool);
/// Table, kind (`primary key`, `unique`, `index` or `trigrams`), columns, what it is limited to.
type Index = (String, String, String, Option<String>);
/// Table, columns, the table they refer to, what happens when the row there goes.
type Reference = (String, String, String, String);

/// Table, name, and when it acts (`before update`).
type Trigger = (String, String, String);

// FTS5 is a table there, with tables of its own below, and here an index of the table it reads.
const SQLITE_COLUMNS: &str = "select t.name, c.name, lower(c.type), c.\"notnull\" = 0
    from pragma_table_list t join pragma_table_info(t.name) c
    where t.schema = 'main' and t.type = 'table' and t.name not like 'sqlite_%' and t.name <> '_sqlx_migrations'";
// A key of one integer column has no index of its own, so keys are read from the columns.
const SQLITE_INDEXES: &str = "select t.name, 'primary key', group_concat(c.name, ', ' order by c.pk), null
    from pragma_table_list t join pragma_table_info(t.name) c
    where t.schema = 'main' and t.type = 'table' and t.name not like 'sqlite_%' and t.name <> '_sqlx_migrations' and c.pk > 0
    group by t.name
    union all
    select t.name, iif(i.\"unique\", 'unique', 'index'),
        (select group_concat(k.name, ', ' order by k.seqno) from pragma_index_info(i.name) k),
        (select iif(i.partial, substr(x.sql, instr(x.sql, ' where ') + 7), null)
            from sqlite_schema x where x.name = i.name)
    from pragma_table_list t join pragma_index_list(t.name) i
    where t.schema = 'main' and t.type = 'table' and t.name not like 'sqlite_%' and t.name <> '_sqlx_migrations'
    and i.origin <> 'pk'
    union all
    select substr(f.sql, instr(f.sql, 'content=''') + 9, instr(substr(f.sql, instr(f.sql, 'content=''') + 9), '''') - 1),
        'trigrams', substr(f.sql, instr(f.sql, '(') + 1, instr(f.sql, ',') - instr(f.sql, '(') - 1), null
    from sqlite_schema f
    where f.sql like 'create virtual table % using fts5%tokenize=''trigram %'";
const SQLITE_REFERENCES: &str = "select t.name, f.\"from\", f.\"table\", lower(f.on_delete)
    from sqlite_schema t join pragma_foreign_key_list(t.name) f
    where t.type = 'table'";
// Its text begins `create trigger NAME before EVENT on TABLE`. `insert or replace` is known to
// SQLite alone, as `truncate` is to PostgreSQL; what guards against either has no counterpart.
// Nor has what keeps FTS5 true to the tables it reads: an index of PostgreSQL is so by itself.
const SQLITE_TRIGGERS: &str = "select tbl_name, name,
        lower(substr(sql, instr(sql, name) + length(name) + 1, instr(sql, ' on ') - instr(sql, name) - length(name) - 1))
    from sqlite_schema where type = 'trigger' and sql not like '% before insert on %'
    and name not like '%^_trigrams^_%' escape '^'";

const POSTGRES_COLUMNS: &str =
    "select table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
    from information_schema.columns
    where table_schema = 'public' and table_name <> '_sqlx_migrations'";
const POSTGRES_INDEXES: &str = "select t.relname::text,
        case when exists (select 1 from pg_opclass o where o.oid = any(i.indclass) and o.opcname = 'gin_trgm_ops')
            then 'trigrams' when i.indisprimary then 'primary key' when i.indisunique then 'unique' else 'index' end,
        (select string_agg(a.attname, ', ' order by k.place)
            from unnest(i.indkey::int2[]) with ordinality k (number, place)
            join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number),
        replace(lower(trim(both '()' from pg_get_expr(i.indpred, i.indrelid))), '::text', '')
    from pg_index i join pg_class t on t.oid = i.indrelid
    where t.relnamespace = 'public'::regnamespace and t.relname <> '_sqlx_migrations'";
const POSTGRES_REFERENCES: &str = "select f.conrelid::regclass::text,
        (select string_agg(a.attname, ', ' order by k.place)
            from unnest(f.conkey) with ordinality k (number, place)
            join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.number),
        f.confrelid::regclass::text,
        case f.confdeltype when 'c' then 'cascade' when 'n' then 'set null' when 'r' then 'restrict'
            when 'd' then 'set default' else 'no action' end
    from pg_constraint f where f.contype = 'f'";
// Bits of `tgtype`: 2 before, 8 delete, 16 update, 32 truncate.
const POSTGRES_TRIGGERS: &str = "select tgrelid::regclass::text, tgname::text,
        case when tgtype & 2 > 0 then 'before ' else 'after ' end
            || case when tgtype & 8 > 0 then 'delete' when tgtype & 16 > 0 then 'update' else 'insert' end
    from pg_trigger where not tgisinternal and tgenabled <> 'D' and tgtype & 32 = 0";

impl Schema {
    pub(crate) async fn of(database: &TestDatabase) -> Self {
        let (columns, indexes, references, triggers): (
            Vec<Column>,
            Vec<Index>,
            Vec<Reference>,
            Vec<Trigger>,
        ) = match &database.database {
            Database::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut direct = sqlx::SqliteConnection::connect(&url).await.expect("the file opens");
                read!(direct, SQLITE_COLUMNS, SQLITE_INDEXES, SQLITE_REFERENCES, SQLITE_TRIGGERS)
            }
            Database::Postgres(url) => {
                let mut direct = sqlx::PgConnection::connect(url).await.expect("PostgreSQL answers");
                read!(direct, POSTGRES_COLUMNS, POSTGRES_INDEXES, POSTGRES_REFERENCES, POSTGRES_TRIGGERS)
            }
        };
        let columns = columns.into_iter().map(|(table, column, its_type, nullable)| {
            let not_null = if nullable { "" } else { " not null" };
            format!("{table}.{column} {}{not_null}", common(&its_type))
        });
        let indexes = indexes.into_iter().map(|(table, kind, columns, limit)| {
            let limit = limit.map(|limit| format!(" where {limit}")).unwrap_or_default();
            format!("{table} {kind} ({columns}){limit}")
        });
        let references = references.into_iter().map(|(table, columns, other, on_delete)| {
            format!("{table} ({columns}) refers to {other}, on delete {on_delete}")
        });
        let triggers = triggers.into_iter().map(|(table, name, when)| {
            // Which columns it is for is not read from PostgreSQL.
            let when = when.split(" of ").next().unwrap_or_default();
            format!("{table} trigger {name} {when}")
        });
        Self(columns.chain(indexes).chain(references).chain(triggers).collect())
    }

    pub(crate) fn has(&self, line: &str) -> bool {
        self.0.contains(line)
    }
}

/// What one of the two has and the other has not.
pub(crate) fn differences(sqlite: &Schema, postgres: &Schema) -> Vec<String> {
    let (sqlite, postgres) = (&sqlite.0, &postgres.0);
    let alone = sqlite.difference(postgres).map(|line| format!("SQLite alone: {line}"));
    alone.chain(postgres.difference(sqlite).map(|line| format!("PostgreSQL alone: {line}"))).collect()
}

/// Rows of some queries over one connection.
macro_rules! read {
    ($direct:ident, $($sql:expr),+) => {
        ($(sqlx::query_as($sql).fetch_all(&mut $direct).await.expect("the schema can be read")),+)
    };
}
use read;

/// The one word for types that hold the same values.
fn common(its_type: &str) -> &'static str {
    match its_type {
        "blob" | "bytea" | "uuid" => "bytes",
        "integer" | "bigint" | "boolean" => "integer",
        "text" => "text",
        other => panic!("{other} is a type of neither kind"),
    }
}
