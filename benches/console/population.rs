//! A platform of many apps, written in a few statements: the same in both databases but for how
//! they count and write ids.

use std::time::{SystemTime, UNIX_EPOCH};

use portico::store::{Database, Store};
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::{Result, postgres::safe};

/// As many apps has an account.
const APPS_EACH: u64 = 10;
/// `NUMBERS(n)` are the rows 1 to n, `ID(n)` is the id of a number, `LAST` is the moment at which
/// the last app was made, in microseconds since 1970.
const STATEMENTS: [&str; 10] = [
    "insert into accounts (id, name, name_key, standing, created_at)
        select ID(n), 'Account ' || n, 'account ' || n, case when n % 50 = 7 then 'pending' else 'approved' end,
            LAST - 1000000 * (ACCOUNTS - n)
        from NUMBERS(ACCOUNTS) s",
    "insert into users (id, name, name_key, email, email_key, password_hash, proven_at, is_admin, created_at)
        select ID(n), 'Person ' || n, 'person ' || n, 'person.' || n || '@company.example',
            'person.' || n || '@company.example',
            '$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA', LAST, false, LAST - 1000000 * (ACCOUNTS - n)
        from NUMBERS(ACCOUNTS) s",
    "insert into memberships (account_id, user_id, role, created_at)
        select ID(n), ID(n), 'owner', LAST - 1000000 * (ACCOUNTS - n) from NUMBERS(ACCOUNTS) s",
    "insert into api_keys (account_id, api_key)
        select ID(n), 'ak_' || substr('0000000000000000000000', 1, 22 - length('' || n)) || n
        from NUMBERS(ACCOUNTS) s",
    "insert into apps (id, account_id, app_type, name, name_key, events_on, state, suspended_reason,
            suspended_before, created_at)
        select ID(n), ID((n - 1) / APPS_EACH + 1), case when n % 2 = 0 then 'webhook' else 'jwt' end, name, name,
            false, state, case when state = 'suspended' then 'Spam' end,
            case when state = 'suspended' then 'active' end, LAST - 1000000 * (APPS - n)
        from (select n,
            trim(substr('relay  ledger courierbeacon harbor signal meadow lantern', cast(1 + 7 * ((n * 7919 + n / 13) % 8) as integer), 7))
            || ' ' || trim(substr('syncsdesk boardflow castsmeet note dial linesport gateslinks', cast(1 + 5 * ((n * 31 + n / 7) % 12) as integer), 5))
            || ' ' || n || case when n % RARE = 7 then ' quartz' else '' end
            || case when n % (APPS / 10) = 7 then ' zephyr' else '' end as name,
            case when n % RARE in (3, 4) then 'suspended' when n % 10 = 1 then 'draft'
                when n % 10 = 2 then 'deactivated' else 'active' end as state
        from NUMBERS(APPS) s) made",
    "insert into subscriptions (id, app_id, name, production_url, created_at)
        select ID(n), ID(n), 'Hook', 'https://hooks.company.example/' || n, LAST
        from NUMBERS(APPS) s where n % 10 = 1",
    "insert into subscription_event_types (subscription_id, event_type)
        select ID(n), t.name from NUMBERS(APPS) s cross join event_types t where n % 10 = 1 and t.position < 6",
    "insert into app_calls (app_id, hour, allowed, refused, unnamed)
        select ID(n), LAST / 3600000000, 100, case when n % 50 = 9 then 3 else 0 end, 0 from NUMBERS(APPS) s",
    "insert into refused_by_hour (hour, refused) select hour, sum(refused) from app_calls group by hour",
    "insert into audit_log (id, chain, seq, at, actor, app_id, action, detail, hash)
        select ID(n), ID((n - 1) / APPS_EACH + 1), n, LAST - 1000000 * (APPS - n), 'system', ID(n),
            'app_renamed', '{\"from\":\"before\",\"to\":\"after\"}', HASH
        from NUMBERS(APPS) s",
];

/// An account's key.
pub(crate) fn key_of_account(number: u64) -> String {
    format!("ak_{number:022}")
}

/// The account of an app.
pub(crate) fn account_of_app(number: u64) -> u64 {
    (number - 1) / APPS_EACH + 1
}

/// Migrates the database and fills it with so many apps.
pub(crate) async fn fill(database: &Database, apps: u64) -> Result<()> {
    let store = Store::open(database).await?;
    store.migrate().await?;
    let last = now()?;
    match database {
        Database::Sqlite(path) => {
            let mut direct = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await?;
            direct.execute("pragma synchronous = off").await?;
            for statement in STATEMENTS {
                direct.execute(safe(in_sqlite(statement, apps, last))).await?;
            }
            direct.close().await?;
        }
        Database::Postgres(url) => {
            let mut direct = PgConnection::connect(url).await?;
            for statement in STATEMENTS {
                direct.execute(safe(in_postgres(statement, apps, last))).await?;
            }
        }
    }
    let mut tx = store.begin().await?;
    tx.sum_figures().await?;
    tx.commit().await?;
    store.close().await;
    if let Database::Postgres(url) = database {
        // What autovacuum does in a while.
        PgConnection::connect(url).await?.execute("vacuum analyze").await?;
    }
    Ok(())
}

fn in_sqlite(statement: &str, apps: u64, last: u128) -> String {
    let numbers =
        "(with recursive s(n) as (select 1 union all select n + 1 from s where n < #) select n from s)";
    said(statement, apps, last, numbers, "unhex(printf('%032x', #))").replace("HASH", "zeroblob(32)")
}

fn in_postgres(statement: &str, apps: u64, last: u128) -> String {
    let numbers = "(select n from generate_series(1::bigint, #) n)";
    let id = "cast(lpad(to_hex(#), 32, '0') as uuid)";
    said(statement, apps, last, numbers, id).replace("HASH", "decode(repeat('00', 32), 'hex')")
}

fn said(statement: &str, apps: u64, last: u128, numbers: &str, id: &str) -> String {
    let accounts = apps.div_ceil(APPS_EACH).to_string();
    let statement = statement
        .replace("NUMBERS(ACCOUNTS)", &numbers.replace('#', &accounts))
        .replace("NUMBERS(APPS)", &numbers.replace('#', &apps.to_string()))
        .replace("ID(n)", &id.replace('#', "n"))
        .replace("ID((n - 1) / APPS_EACH + 1)", &id.replace('#', "(n - 1) / APPS_EACH + 1"));
    // So that it fills a page of few apps too.
    let rare = if apps <= 1_000 { "16" } else { "800" };
    statement
        .replace("RARE", rare)
        .replace("APPS_EACH", &APPS_EACH.to_string())
        .replace("ACCOUNTS", &accounts)
        .replace("APPS", &apps.to_string())
        .replace("LAST", &last.to_string())
}

#[expect(clippy::disallowed_methods, reason = "calls must be recent by the clock of the servers")]
fn now() -> Result<u128> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())
}
