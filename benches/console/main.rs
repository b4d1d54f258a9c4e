//! What the console costs an admin at a thousand apps and at a million, on both databases.
//!
//! `scripts/bench --console` runs it. Each page is asked of the small platform and of the large
//! one in turn, so that whatever else the machine does disturbs both. Nothing fails for being slow.

mod filled;
mod population;
mod postgres;
mod server;

use std::{
    error::Error,
    io::{Write as _, stderr, stdout},
    time::Duration,
};

use portico::{
    domain::id::{AccountId, AppId, Id},
    store::Database,
};
use server::Server;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Apps of the small platform and of the large one.
const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;
/// How often each page is asked for.
const ROUNDS: u64 = 200;
const QUICK_ROUNDS: u64 = 40;
/// Rounds before those that count.
const WARM_UP: u64 = 10;

/// What is asked: of a platform with so many apps, in a round.
type Asked = fn(apps: u64, round: u64) -> String;

const SEARCHES: [(&str, Asked); 16] = [
    ("no search", |_, _| String::from("/admin/apps")),
    ("in every 8th name", |_, _| String::from("/admin/apps?q=relay")),
    ("in 62 names; in 1,250", |_, _| String::from("/admin/apps?q=quartz")),
    ("in 10 names", |_, _| String::from("/admin/apps?q=zephyr")),
    ("in no name", |_, _| String::from("/admin/apps?q=xylophone")),
    ("an account's name", |apps, round| {
        format!("/admin/apps?q=account+{}", population::account_of_app(some(apps, round)))
    }),
    ("one character", |_, _| String::from("/admin/apps?q=b")),
    ("two characters", |_, _| String::from("/admin/apps?q=LA")),
    ("two that begin none", |_, _| String::from("/admin/apps?q=qz")),
    ("an app's id", |apps, round| format!("/admin/apps?q={}", id(some(apps, round)))),
    ("an API key", |apps, round| {
        let account = population::account_of_app(some(apps, round));
        format!("/admin/apps?q={}", population::key_of_account(account))
    }),
    ("suspended: 125; 2,500", |_, _| String::from("/admin/apps?state=suspended")),
    ("suspended, Webhook Only", |_, _| String::from("/admin/apps?state=suspended&type=webhook")),
    ("suspended, in every 8th name", |_, _| String::from("/admin/apps?state=suspended&q=relay")),
    ("draft, Webhook Only, a name", |_, _| String::from("/admin/apps?state=draft&type=webhook&q=relay")),
    ("active, in 62; in 1,250 names", |_, _| String::from("/admin/apps?state=active&q=quartz")),
];
const OTHERS: [(&str, Asked); 9] = [
    ("an app's page", |apps, round| format!("/admin/apps/{}", id(some(apps, round)))),
    ("the overview", |_, _| String::from("/admin")),
    ("accounts", |_, _| String::from("/admin/accounts")),
    ("accounts of a name", |apps, round| {
        format!("/admin/accounts?q=account+{}", population::account_of_app(some(apps, round)))
    }),
    ("an account's page", |apps, round| {
        let account = population::account_of_app(some(apps, round));
        format!("/admin/accounts/{}", AccountId::from_uuid(number(account)))
    }),
    ("users", |_, _| String::from("/admin/users")),
    ("a user's address", |apps, round| {
        let user = population::account_of_app(some(apps, round));
        format!("/admin/users?q=person.{user}%40company.example")
    }),
    ("event types", |_, _| String::from("/admin/event-types")),
    ("audit by action", |_, _| String::from("/admin/audit?action=app_renamed")),
];
const SECOND_PAGE: &str = "page 2 of every 8th name";

/// Another app in each round, from all over the platform.
fn some(apps: u64, round: u64) -> u64 {
    (round * 7_919 * apps / 1_000) % apps + 1
}

fn id(app: u64) -> AppId {
    AppId::from_uuid(number(app))
}

fn number(number: u64) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(number))
}

fn main() -> Result<()> {
    let rounds = if std::env::args().any(|one| one == "--quick") { QUICK_ROUNDS } else { ROUNDS };
    let server = std::env::var("PORTICO_TEST_POSTGRES")
        .map_err(|_| "PORTICO_TEST_POSTGRES must name a PostgreSQL server; run scripts/bench --console")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let file = |apps: u64| Database::Sqlite(folder.path().join(format!("{apps}.db")));
        compare("SQLite", [file(FEW), file(MANY)], rounds).await?;
        let names = [FEW, MANY].map(|apps| format!("portico_bench_{}_{apps}", std::process::id()));
        let [few, many] = &names;
        let databases = [postgres::create(&server, few).await?, postgres::create(&server, many).await?];
        let outcome = compare("PostgreSQL", databases, rounds).await;
        for name in &names {
            postgres::remove(&server, name).await?;
        }
        outcome
    })
}

/// What was measured of one page: of the small platform and of the large one.
struct Measured {
    name: &'static str,
    few: Vec<Duration>,
    many: Vec<Duration>,
}

async fn compare(kind: &str, [few, many]: [Database; 2], rounds: u64) -> Result<()> {
    say(&format!("{kind}: writing {FEW} and {MANY} apps"))?;
    population::fill(&few, FEW).await?;
    population::fill(&many, MANY).await?;
    say(&format!("{kind}: starting the servers"))?;
    let (few, many) = (Server::serve(&few).await?, Server::serve(&many).await?);
    expect_answers(&few, &many).await?;
    let mut measured = Vec::new();
    for (name, asked) in SEARCHES.into_iter().chain(OTHERS) {
        measured.push(measure(name, [&few, &many], asked, rounds).await?);
    }
    let next = [next_of(&few).await?, next_of(&many).await?];
    measured.push(measure_paths(SECOND_PAGE, [&few, &many], |_| next.clone(), rounds).await?);
    print(kind, &measured)
}

/// Whether the searches find what they should.
async fn expect_answers(few: &Server, many: &Server) -> Result<()> {
    for server in [few, many] {
        for (path, words) in [
            ("/admin/apps?q=zephyr", "10 apps"),
            ("/admin/apps?q=xylophone", "No app fits"),
            ("/admin/apps?q=relay", "More than 100 apps"),
        ] {
            let page = server.page(path).await?;
            if !page.contains(words) {
                return Err(format!("{path} does not say {words:?}: {page}").into());
            }
        }
    }
    Ok(())
}

/// The address of the second page of a search.
async fn next_of(server: &Server) -> Result<String> {
    let page = server.page("/admin/apps?q=relay").await?;
    let (_, rest) =
        page.split_once("&#38;after=").or(page.split_once("&amp;after=")).ok_or("no second page")?;
    let after = rest.split('"').next().unwrap_or_default();
    Ok(format!("/admin/apps?q=relay&after={after}"))
}

async fn measure(name: &'static str, servers: [&Server; 2], asked: Asked, rounds: u64) -> Result<Measured> {
    measure_paths(name, servers, |round| [asked(FEW, round), asked(MANY, round)], rounds).await
}

async fn measure_paths(
    name: &'static str,
    [small, large]: [&Server; 2],
    paths: impl Fn(u64) -> [String; 2],
    rounds: u64,
) -> Result<Measured> {
    let mut measured = Measured { name, few: Vec::new(), many: Vec::new() };
    for round in 0..WARM_UP + rounds {
        let [of_few, of_many] = paths(round);
        let few = small.time(&of_few).await?;
        let many = large.time(&of_many).await?;
        if round >= WARM_UP {
            measured.few.push(few);
            measured.many.push(many);
        }
    }
    Ok(measured)
}

fn print(kind: &str, measured: &[Measured]) -> Result<()> {
    let mut out = stdout();
    let title = format!("{kind}, milliseconds");
    writeln!(out, "{title:<32} {:>16} {:>16}   p50    p95", "1,000 p50/p95", "1,000,000")?;
    let is_search = |one: &&Measured| !OTHERS.iter().any(|(name, _)| *name == one.name);
    let searches = Measured {
        name: "all searches of /admin/apps",
        few: measured.iter().filter(is_search).flat_map(|one| one.few.clone()).collect(),
        many: measured.iter().filter(is_search).flat_map(|one| one.many.clone()).collect(),
    };
    for Measured { name, few, many } in measured.iter().chain([&searches]) {
        let [few_50, few_95, many_50, many_95] =
            [at(few, 50), at(few, 95), at(many, 50), at(many, 95)].map(|one| one.as_secs_f64() * 1e3);
        let [of_few, of_many] =
            [(few_50, few_95), (many_50, many_95)].map(|(half, most)| format!("{half:.1} / {most:.1}"));
        let (half, most) = (many_50 / few_50, many_95 / few_95);
        writeln!(out, "{name:<32} {of_few:>16} {of_many:>16} {half:>5.2}x {most:>5.2}x")?;
    }
    Ok(())
}

/// What so many of a hundred came within.
fn at(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(place).copied().unwrap_or_default()
}

fn say(what: &str) -> Result<()> {
    Ok(writeln!(stderr(), "bench: {what}")?)
}
