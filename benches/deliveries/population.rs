//! Accounts that receive events, each with one app and one endpoint.

use std::time::{Duration, Instant};

use portico::{
    actions::installation,
    crypto::{self, keyring::Keyring},
    domain::{
        account::Standing,
        app::{AppType, StateKind},
        credential::SigningSecret,
        id::{AccountId, AppId, Id as _, LaneId, SubscriptionId},
        lane::LaneKind,
        secret::Secret,
        subscription::{Endpoints, EventTypes, NewSubscription},
    },
    store::{Database, Store, Tx},
};
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::{
    Result,
    common::{now, parsed},
    postgres::safe,
    publisher,
    sealed::seal,
};

pub(crate) const KEY: [u8; 32] = [7; 32];

/// An account for each endpoint, in their order.
pub(crate) async fn write(database: &Database, endpoints: &[String]) -> Result<Vec<AccountId>> {
    let store = Store::open(database).await?;
    store.migrate().await?;
    let keys = installation::unlock(&store, &Secret::new(KEY)).await?;
    let mut tx = store.begin().await?;
    let mut accounts = Vec::new();
    for (n, endpoint) in endpoints.iter().enumerate() {
        accounts.push(insert(&mut tx, &keys, n, endpoint).await?);
    }
    tx.commit().await?;
    store.close().await;
    Ok(accounts)
}

async fn insert(tx: &mut Tx, keys: &Keyring, n: usize, endpoint: &str) -> Result<AccountId> {
    let now = now();
    let account = AccountId::generate(now, crypto::random());
    tx.insert_account(account, &parsed("An account of the benchmark")?, Standing::Approved, now).await?;
    let app = AppId::generate(now, crypto::random());
    tx.insert_app(app, account, AppType::Webhook, &parsed(&format!("App {n}"))?, now).await?;
    tx.set_app_state(account, app, StateKind::Active, Some(now)).await?;
    tx.set_events_on(account, app, true).await?;
    let subscription = SubscriptionId::generate(now, crypto::random());
    let new = NewSubscription {
        name: None,
        endpoints: Endpoints::new(None, Some(parsed(endpoint)?)).ok_or("no endpoint")?,
        event_types: EventTypes::new(vec![parsed(publisher::TYPE)?]).ok_or("no type")?,
    };
    tx.insert_subscription(app, subscription, &new, now).await?;
    let secret = SigningSecret::from_random(crypto::random());
    let sealed = seal(keys, "signing_secrets.secret", (secret.expose(), secret.hint()), now)?;
    tx.insert_signing_secret(subscription, &sealed).await?;
    let lane = LaneId::generate(now, crypto::random());
    tx.ensure_lane(lane, subscription, LaneKind::Production).await?;
    Ok(account)
}

/// What waits in the queue of every endpoint alike: `NUMBERS` are the rows 1 to the count, `ID` is
/// the id of a number, `NOW` is now, in microseconds since 1970.
const WAITING: [&str; 3] = [
    "insert into events (id, account_id, event_type, environment, body, size_bytes, occurred_at, created_at)
        select ID, lane.account_id, 'meeting.started', 'production', '{\"data\":{\"n\":' || n || '}}', 16, NOW, NOW
        from NUMBERS s join (LANES) lane on lane.place = n % (select count(*) from lanes)",
    "insert into deliveries (id, event_id, app_id, subscription_id, lane_id, kind, environment, event_type, status,
            created_at, next_at, attempts, tries)
        select ID, ID, lane.app_id, lane.subscription_id, lane.id, 'event', 'production', 'meeting.started', 'waiting',
            NOW, NOW, 0, 0
        from NUMBERS s join (LANES) lane on lane.place = n % (select count(*) from lanes)",
    "update lanes set due_at = NOW",
];
const LANES: &str =
    "select l.id, l.subscription_id, s.app_id, a.account_id, row_number() over (order by l.id) - 1 as place
    from lanes l join subscriptions s on s.id = l.subscription_id join apps a on a.id = s.app_id";

/// Has so many deliveries wait.
pub(crate) async fn wait(database: &Database, deliveries: u64) -> Result<()> {
    let now = now().micros().to_string();
    let said = |statement: &str, numbers: &str, id: &str| {
        statement
            .replace("NUMBERS", numbers)
            .replace("LANES", LANES)
            .replace("ID", id)
            .replace("NOW", &now)
            .replace("COUNT", &deliveries.to_string())
    };
    match database {
        Database::Sqlite(path) => {
            let numbers = "(with recursive s(n) as (select 1 union all select n + 1 from s where n < COUNT) select n from s)";
            let mut direct = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await?;
            for statement in WAITING {
                direct.execute(safe(said(statement, numbers, "unhex(printf('%032x', n))"))).await?;
            }
            direct.close().await?;
        }
        Database::Postgres(url) => {
            let numbers = "(select n from generate_series(1::bigint, COUNT) n)";
            let id = "cast(lpad(to_hex(n), 32, '0') as uuid)";
            let mut direct = PgConnection::connect(url).await?;
            for statement in WAITING {
                direct.execute(safe(said(statement, numbers, id))).await?;
            }
            // What autovacuum does in a while.
            direct.execute("vacuum analyze").await?;
        }
    }
    Ok(())
}

/// Waits until no delivery waits any more.
pub(crate) async fn drained(store: &Store, patience: Duration) -> Result<()> {
    let began = Instant::now();
    loop {
        let waiting = store.read().await?.waiting_deliveries(i64::MAX).await?;
        if waiting == 0 {
            return Ok(());
        }
        if began.elapsed() > patience {
            return Err(format!("{waiting} deliveries still wait").into());
        }
        // Counting takes time from whoever delivers.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
