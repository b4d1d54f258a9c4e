//! What the token endpoint gives out a second, beside what PostgreSQL commits.
//!
//! `scripts/bench --tokens` runs it. Each round measures all of it in turn, and the medians are
//! what is told. Nothing fails for being slow.

#[path = "../common/mod.rs"]
mod common;
#[path = "../console/filled.rs"]
mod filled;
mod population;
#[path = "../console/postgres.rs"]
mod postgres;
mod server;

use std::{
    error::Error,
    io::{Write as _, stderr, stdout},
    time::{Duration, Instant},
};

use portico::store::Database;
use sqlx::{Connection as _, PgConnection};

use self::server::Server;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Clients that each wait for their answer, and connections that each wait for their commit.
const AT_ONCE: usize = 32;

/// How long a run takes.
#[derive(Clone, Copy)]
struct Pace {
    rounds: usize,
    each: Duration,
}

const USUAL: Pace = Pace { rounds: 15, each: Duration::from_secs(2) };
const QUICK: Pace = Pace { rounds: 3, each: Duration::from_secs(2) };

fn main() -> Result<()> {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let server = std::env::var("PORTICO_TEST_POSTGRES")
        .map_err(|_| "PORTICO_TEST_POSTGRES must name a PostgreSQL server; run scripts/bench --tokens")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let name = format!("portico_bench_{}_tokens", std::process::id());
        let database = postgres::create(&server, &name).await?;
        let measured = measure(&database, if is_quick { QUICK } else { USUAL }).await;
        postgres::remove(&server, &name).await?;
        print(&measured?)
    })
}

/// So many a second, a value a round.
#[derive(Default)]
struct Measured {
    commits: Vec<f64>,
    tokens: Vec<f64>,
}

async fn measure(database: &Database, pace: Pace) -> Result<Measured> {
    let machine = population::write(database).await?;
    let portico = Server::serve(database)?;
    let mut measured = Measured::default();
    for round in 1..=pace.rounds {
        writeln!(stderr(), "bench: round {round} of {}", pace.rounds)?;
        measured.commits.push(commits(database, pace.each).await?);
        let each = (0..AT_ONCE).map(|_| portico.tokens(&machine, pace.each));
        measured.tokens.push(per_second(pace.each, each).await?);
    }
    Ok(measured)
}

/// How many commits of one small row the database takes a second.
async fn commits(database: &Database, duration: Duration) -> Result<f64> {
    let Database::Postgres(url) = database else { return Err("this measures PostgreSQL".into()) };
    let mut direct = PgConnection::connect(url).await?;
    sqlx::query("create table if not exists bench_rows (id bigint generated always as identity, n int)")
        .execute(&mut direct)
        .await?;
    per_second(duration, (0..AT_ONCE).map(|_| one_by_one(url, duration))).await
}

async fn one_by_one(url: &str, duration: Duration) -> Result<u64> {
    let mut direct = PgConnection::connect(url).await?;
    let began = Instant::now();
    let mut done = 0;
    while began.elapsed() < duration {
        sqlx::query("insert into bench_rows (n) values (1)").execute(&mut direct).await?;
        done += 1;
    }
    Ok(done)
}

/// What several reach together who each count what they did.
async fn per_second<F>(duration: Duration, each: impl Iterator<Item = F>) -> Result<f64>
where
    F: Future<Output = Result<u64>>,
{
    let done = futures_util::future::try_join_all(each).await?;
    Ok(f64::from(u32::try_from(done.iter().sum::<u64>())?) / duration.as_secs_f64())
}

fn print(Measured { commits, tokens }: &Measured) -> Result<()> {
    let mut out = stdout();
    let commits_a_second = median(commits.iter().copied())?;
    let tokens_a_second = median(tokens.iter().copied())?;
    let ratio = median(tokens.iter().zip(commits).map(|(tokens, commits)| tokens / commits))?;
    writeln!(out, "commits of one row a second                 {commits_a_second:.0}")?;
    writeln!(out, "tokens by client credentials a second       {tokens_a_second:.0}  (wanted: ≥ 1000)")?;
    writeln!(out, "tokens ÷ commits                            {ratio:.2}  (or: ≥ 0.60)")?;
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> Result<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    Ok(*values.get(values.len() / 2).ok_or("nothing was measured")?)
}
