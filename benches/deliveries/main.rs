//! What deliveries cost, beside the same client that posts the same messages in a loop.
//!
//! `scripts/bench --deliveries` runs it, on both databases. Speeds are ratios of one run. Nothing
//! fails for being slow.

mod bare;
#[path = "../../tests/support/certificates.rs"]
mod certificates;
#[path = "../common/mod.rs"]
mod common;
#[path = "../console/filled.rs"]
mod filled;
mod population;
#[path = "../console/postgres.rs"]
mod postgres;
mod process;
mod publisher;
mod receiver;
#[path = "../authorize/sealed.rs"]
mod sealed;

use std::{
    error::Error,
    fs,
    io::{Write as _, stderr, stdout},
    path::Path,
    time::{Duration, Instant},
};

use portico::{
    domain::id::AccountId,
    store::{Database, Store},
};
use process::{Portico, Trust};
use receiver::{HANGS, Receiver};

use self::{bare::per_second, common::now};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Endpoints, each of an account of its own.
const ENDPOINTS: usize = 10;
/// Posts under way at once: sixteen to each endpoint, as the worker sends.
const AT_ONCE: usize = 16 * ENDPOINTS;
/// Deliveries that wait when memory is looked at.
const WAITING: u64 = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a run takes.
#[derive(Clone, Copy)]
struct Pace {
    rounds: usize,
    events: u64,
    each: Duration,
}

const USUAL: Pace = Pace { rounds: 5, events: 30_000, each: Duration::from_secs(10) };
const QUICK: Pace = Pace { rounds: 3, events: 10_000, each: Duration::from_secs(4) };

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare", url, authority, seconds] => {
            bare::post(url, authority, Duration::from_secs(seconds.parse()?))
        }
        flags => compare(if flags.contains(&"--quick") { QUICK } else { USUAL }),
    }
}

fn compare(pace: Pace) -> Result<()> {
    let server = std::env::var("PORTICO_TEST_POSTGRES")
        .map_err(|_| "PORTICO_TEST_POSTGRES must name a PostgreSQL server; run scripts/bench --deliveries")?;
    let folder = tempfile::tempdir()?;
    let receiver = Receiver::start()?;
    let trust = Trust(folder.path().join("authority.pem"));
    fs::write(&trust.0, &receiver.authority_pem)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let run = Run { receiver: &receiver, trust: &trust, pace };
        run.on_sqlite(folder.path()).await?;
        run.on_postgres(&server).await
    })
}

/// The parts of a run that both databases share.
struct Run<'a> {
    receiver: &'a Receiver,
    trust: &'a Trust,
    pace: Pace,
}

/// What was measured on one database.
struct Measured {
    bare: f64,
    delivered: f64,
    again: u64,
    late: [Duration; 2],
    batches_to_singles: f64,
    nine_beside_one_that_hangs: f64,
    resident_mib: f64,
}

impl Run<'_> {
    async fn on_sqlite(&self, folder: &Path) -> Result<()> {
        let file = |name: &str| Database::Sqlite(folder.join(name));
        print(
            "SQLite",
            &self.measure("SQLite", &file("usual.db"), &file("hangs.db"), &file("million.db")).await?,
        )
    }

    async fn on_postgres(&self, server: &str) -> Result<()> {
        let names =
            ["usual", "hangs", "million"].map(|name| format!("portico_bench_{}_{name}", std::process::id()));
        let [usual, hangs, million] = &names;
        let databases = [
            postgres::create(server, usual).await?,
            postgres::create(server, hangs).await?,
            postgres::create(server, million).await?,
        ];
        let [usual, hangs, million] = &databases;
        let measured = self.measure("PostgreSQL", usual, hangs, million).await;
        for name in &names {
            postgres::remove(server, name).await?;
        }
        print("PostgreSQL", &measured?)
    }

    async fn measure(
        &self,
        kind: &str,
        usual: &Database,
        hangs: &Database,
        million: &Database,
    ) -> Result<Measured> {
        let good: Vec<String> = (0..ENDPOINTS).map(|n| self.url(&format!("/{n}"))).collect();
        let accounts = population::write(usual, &good).await?;
        let before = self.receiver.seen.again();
        let (bare, delivered) = self.throughput(kind, usual, &accounts).await?;
        let again = self.receiver.seen.again() - before;
        say(&format!("{kind}: half as fast"))?;
        let late = self.latency(usual, &accounts, delivered / 2.0).await?;
        say(&format!("{kind}: publishing alone"))?;
        let batches_to_singles = self.publishing(usual, &accounts).await?;
        say(&format!("{kind}: beside one that hangs"))?;
        let nine_beside_one_that_hangs = self.beside_one_that_hangs(usual, &accounts, hangs).await?;
        say(&format!("{kind}: with {WAITING} deliveries that wait"))?;
        let resident_mib = self.memory(million, &good).await?;
        Ok(Measured {
            bare,
            delivered,
            again,
            late,
            batches_to_singles,
            nine_beside_one_that_hangs,
            resident_mib,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.receiver.address)
    }

    /// Posts of the bare loop and deliveries, a second, in turn; of each the median.
    async fn throughput(
        &self,
        kind: &str,
        database: &Database,
        accounts: &[AccountId],
    ) -> Result<(f64, f64)> {
        let (mut bare, mut delivered) = (Vec::new(), Vec::new());
        let portico = Portico::serve(database, self.trust, &[])?;
        for round in 1..=self.pace.rounds {
            say(&format!("{kind}: round {round} of {}", self.pace.rounds))?;
            bare.push(process::bare(&self.url("/bare"), self.trust, self.pace.each)?);
            delivered.push(self.deliver(&portico, database, accounts, self.pace.events).await?);
        }
        Ok((median(bare), median(delivered)))
    }

    /// How many deliveries a second come to their end: published, stored, sent, and written down.
    async fn deliver(
        &self,
        portico: &Portico,
        database: &Database,
        accounts: &[AccountId],
        events: u64,
    ) -> Result<f64> {
        let store = Store::open(database).await?;
        self.receiver.seen.take();
        let began = Instant::now();
        portico.publisher.flood(accounts, events).await?;
        population::drained(&store, PATIENCE).await?;
        let took = began.elapsed();
        store.close().await;
        let came = self.receiver.seen.take().len();
        match u64::try_from(came)? == events {
            true => Ok(per_second(events, took)),
            false => Err(format!("{came} of {events} events came").into()),
        }
    }

    /// From the answer to a publisher until an event is there: the median, and what all but one of
    /// a hundred are within.
    async fn latency(&self, database: &Database, accounts: &[AccountId], rate: f64) -> Result<[Duration; 2]> {
        let portico = Portico::serve(database, self.trust, &[])?;
        let store = Store::open(database).await?;
        self.receiver.seen.take();
        let accepted = portico.publisher.pace(accounts, rate, 2 * self.pace.each).await?;
        population::drained(&store, PATIENCE).await?;
        store.close().await;
        let came = self.receiver.seen.take();
        let late = accepted.iter().map(|(n, at)| {
            came.get(n).map(|came| came.saturating_duration_since(*at)).ok_or(format!("event {n} never came"))
        });
        let mut late = late.collect::<std::result::Result<Vec<_>, _>>()?;
        late.sort_unstable();
        let at = |percent: usize| late.get(late.len() * percent / 100).copied().unwrap_or_default();
        Ok([at(50), at(99)])
    }

    /// Events a second of one publisher that sends a hundred in a request, by those of one that
    /// sends them one by one; each waits for every answer, and nothing is delivered meanwhile.
    async fn publishing(&self, database: &Database, accounts: &[AccountId]) -> Result<f64> {
        let portico = Portico::serve(database, self.trust, &["--no-worker"])?;
        let mut ratios = Vec::new();
        for _ in 0..self.pace.rounds {
            let singles = portico.publisher.in_turn(accounts, 1, self.pace.each / 4).await?;
            let batches = portico.publisher.in_turn(accounts, 100, self.pace.each / 4).await?;
            ratios.push(batches / singles);
        }
        Ok(median(ratios))
    }

    /// How fast nine endpoints get their events while a tenth never answers, by how fast they do
    /// while it answers.
    async fn beside_one_that_hangs(
        &self,
        usual: &Database,
        accounts: &[AccountId],
        hangs: &Database,
    ) -> Result<f64> {
        let mut endpoints: Vec<String> = (1..ENDPOINTS).map(|n| self.url(&format!("/{n}"))).collect();
        endpoints.insert(0, self.url(HANGS));
        let with_hanging = population::write(hangs, &endpoints).await?;
        let mut ratios = Vec::new();
        let store = Store::open(usual).await?;
        let portico = Portico::serve(usual, self.trust, &[])?;
        // What was published while nothing was delivered.
        population::drained(&store, PATIENCE).await?;
        store.close().await;
        let beside = Portico::serve(hangs, self.trust, &[])?;
        for _ in 0..self.pace.rounds {
            let alone = self.nine(&portico, accounts).await?;
            ratios.push(self.nine(&beside, &with_hanging).await? / alone);
        }
        Ok(median(ratios))
    }

    /// How many events a second come to all endpoints but the first.
    async fn nine(&self, portico: &Portico, accounts: &[AccountId]) -> Result<f64> {
        self.receiver.seen.take();
        let all = self.pace.events;
        let expected = all - all.div_ceil(u64::try_from(ENDPOINTS)?);
        let began = Instant::now();
        portico.publisher.flood(accounts, all).await?;
        let mut last = began;
        let mut came = std::collections::HashSet::new();
        while u64::try_from(came.len())? < expected {
            if began.elapsed() > PATIENCE {
                return Err(format!("{} of {expected} events came", came.len()).into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            for (n, at) in self.receiver.seen.take() {
                if usize::try_from(n)? % ENDPOINTS != 0 && came.insert(n) {
                    last = last.max(at);
                }
            }
        }
        Ok(per_second(expected, last.duration_since(began)))
    }

    /// The most memory that the process takes while it sends and a million deliveries wait.
    async fn memory(&self, database: &Database, endpoints: &[String]) -> Result<f64> {
        population::write(database, endpoints).await?;
        population::wait(database, WAITING).await?;
        let before = self.receiver.seen.requests();
        let portico = Portico::serve(database, self.trust, &[])?;
        tokio::time::sleep(4 * self.pace.each).await;
        match self.receiver.seen.requests() - before {
            0..100 => Err("hardly anything was sent".into()),
            _ => portico.resident_at_most_mib(),
        }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

fn print(kind: &str, measured: &Measured) -> Result<()> {
    let Measured { bare, delivered, .. } = measured;
    let [half, most] = measured.late.map(|one| one.as_secs_f64() * 1e3);
    let mut out = stdout();
    writeln!(out, "{kind}")?;
    writeln!(
        out,
        "  deliveries ÷ posts of the bare loop     {:>8.3}  ({delivered:.0} ÷ {bare:.0} a second)",
        delivered / bare
    )?;
    writeln!(out, "  deliveries that came twice              {:>8}", measured.again)?;
    writeln!(out, "  accepted to received, at half the rate  {half:>5.0} ms  p50, {most:.0} ms p99")?;
    writeln!(out, "  batches of 100 ÷ one by one             {:>8.2}", measured.batches_to_singles)?;
    writeln!(out, "  nine, beside one that hangs ÷ without   {:>8.2}", measured.nine_beside_one_that_hangs)?;
    Ok(writeln!(out, "  most memory, a million waiting          {:>5.0} MiB", measured.resident_mib)?)
}

fn say(what: &str) -> Result<()> {
    Ok(writeln!(stderr(), "bench: {what}")?)
}
