//! What `/authorize` costs, beside a bare handler that answers the same bytes.
//!
//! `scripts/bench` runs it. Speeds are ratios of one run: each scenario takes its turn in every
//! round, and the medians of the rounds are what is told. Nothing fails for being slow.

mod bare;
#[path = "../common/mod.rs"]
mod common;
mod load;
mod oauth;
mod population;
mod process;
mod report;
mod sealed;

use std::{
    error::Error,
    io::{Write as _, stderr},
    path::{Path, PathBuf},
    time::Duration,
};

use load::{Load, Measured};
use population::{Callers, Population};
use process::{Bare, Portico, Server};
use report::Report;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Accounts of the small portal and of the large one.
const FEW: usize = 1_000;
const MANY: usize = 100_000;

/// How long a run takes.
#[derive(Clone, Copy)]
struct Pace {
    rounds: usize,
    each: Duration,
}

const USUAL: Pace = Pace { rounds: 25, each: Duration::from_secs(1) };
const QUICK: Pace = Pace { rounds: 3, each: Duration::from_secs(1) };

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare", listen] => bare::serve(listen.parse()?),
        flags => compare(if flags.contains(&"--quick") { QUICK } else { USUAL }),
    }
}

/// Who is asked, with which requests.
struct Scenario<'a> {
    name: &'static str,
    server: &'a Server,
    tokens: PathBuf,
    status: u16,
}

fn compare(pace: Pace) -> Result<()> {
    let folder = tempfile::tempdir()?;
    say(&format!("writing {FEW} and {MANY} accounts"))?;
    let few = Population::write(folder.path(), FEW)?;
    let many = Population::write(folder.path(), MANY)?;
    say("starting the servers")?;
    let small = Portico::serve(&few.database)?;
    let large = Portico::serve(&many.database)?;
    let pass = load::ask(&small.server, &few.one)?;
    if pass.status != 200 {
        return Err(format!("{} instead of a pass: {:?}", pass.status, pass.headers).into());
    }
    let bare = Bare::serve(&pass.headers)?;
    let scenarios = scenarios(folder.path(), &few, &many, [&bare.server, &small.server, &large.server])?;
    for scenario in &scenarios {
        expect_answer(scenario, &pass)?;
    }
    let mut report = Report::new(large.facts()?);
    for round in 1..=pace.rounds {
        say(&format!("round {round} of {}", pace.rounds))?;
        for Scenario { name, server, tokens, .. } in &scenarios {
            let measured: Measured = Load { server, tokens, duration: pace.each }.run()?;
            report.add(name, measured);
        }
    }
    report.print()
}

fn scenarios<'a>(
    folder: &Path,
    few: &Population,
    many: &Population,
    [bare, small, large]: [&'a Server; 3],
) -> Result<Vec<Scenario<'a>>> {
    let refusals: [(&'static str, &Callers, u16); 7] = [
        (report::EXPIRED, &few.expired, 401),
        (report::BAD_SIGNATURE, &few.bad_signature, 401),
        (report::BAD_SIGNATURES, &few.bad_signatures, 401),
        (report::UNKNOWN_KEY, &few.unknown_key, 401),
        (report::DEACTIVATED, &few.deactivated, 403),
        (report::MALFORMED, &few.malformed, 401),
        (report::MISSING, &few.missing, 401),
    ];
    let passes = [
        (report::BARE, bare, &few.one),
        (report::PASS, small, &few.one),
        (report::ACCESS_TOKEN, small, &few.for_user),
        (report::HUNDRED_APPS, small, &few.of_hundred_apps),
        (report::FEW_ACCOUNTS, small, &few.all),
        (report::MANY_ACCOUNTS, large, &many.all),
    ];
    let passes = passes.into_iter().map(|(name, server, callers)| (name, server, callers, 200));
    let refusals = refusals.into_iter().map(|(name, callers, status)| (name, small, callers, status));
    passes
        .chain(refusals)
        .map(|(name, server, callers, status)| {
            let tokens = folder.join(name.replace(' ', "-"));
            callers.write(&tokens)?;
            Ok(Scenario { name, server, tokens, status })
        })
        .collect()
}

/// Whether the server answers as it should, and the bare one just as Portico does.
fn expect_answer(scenario: &Scenario<'_>, pass: &load::Answer) -> Result<()> {
    let answer = load::ask(scenario.server, &Callers::read(&scenario.tokens)?)?;
    if answer.status != scenario.status {
        return Err(format!("{}: {} instead of {}", scenario.name, answer.status, scenario.status).into());
    }
    if scenario.name == report::BARE && answer.bytes != pass.bytes {
        return Err(format!("{} bytes from the bare server, not {}", answer.bytes, pass.bytes).into());
    }
    Ok(())
}

fn say(what: &str) -> Result<()> {
    Ok(writeln!(stderr(), "bench: {what}")?)
}
