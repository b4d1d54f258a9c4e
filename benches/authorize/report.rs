//! What is told in the end: targets and results, side by side.

use std::{
    collections::HashMap,
    io::{Write as _, stdout},
};

use crate::{
    FEW, MANY, Result,
    load::{CONNECTIONS, Measured},
    process::Facts,
};

pub(crate) const BARE: &str = "bare handler";
pub(crate) const PASS: &str = "pass";
pub(crate) const ACCESS_TOKEN: &str = "pass with an access token";
pub(crate) const HUNDRED_APPS: &str = "pass of an account with 100 apps";
pub(crate) const FEW_ACCOUNTS: &str = "pass of few accounts";
pub(crate) const MANY_ACCOUNTS: &str = "pass of many accounts";
pub(crate) const EXPIRED: &str = "expired";
pub(crate) const BAD_SIGNATURE: &str = "bad signature";
pub(crate) const BAD_SIGNATURES: &str = "bad signatures, each another";
pub(crate) const UNKNOWN_KEY: &str = "unknown key";
pub(crate) const DEACTIVATED: &str = "deactivated app";
pub(crate) const MALFORMED: &str = "malformed token";
pub(crate) const MISSING: &str = "no token";

/// What was measured of each scenario, a value a round.
pub(crate) struct Report {
    facts: Facts,
    measured: HashMap<&'static str, Vec<Measured>>,
}

impl Report {
    pub(crate) fn new(facts: Facts) -> Self {
        Self { facts, measured: HashMap::new() }
    }

    pub(crate) fn add(&mut self, scenario: &'static str, measured: Measured) {
        self.measured.entry(scenario).or_default().push(measured);
    }

    pub(crate) fn print(&self) -> Result<()> {
        let ratio = |one, other| -> Result<String> {
            let by_time = self.ratio(one, other, |one| one.requests_a_second)?;
            let by_processor = self.ratio(one, other, |one| one.requests_a_processor_second)?;
            Ok(format!("{by_time:.2}  ({by_processor:.2})"))
        };
        let p99_ms = median(self.of(PASS)?.iter().map(|one| one.p99_us / 1_000.0))?;
        let mut rows = vec![
            (String::from("pass ÷ bare handler"), "≥ 0.75", ratio(PASS, BARE)?),
            (format!("p99 of a pass at {CONNECTIONS} connections"), "< 5 ms", format!("{p99_ms:.2} ms")),
        ];
        rows.push((format!("{ACCESS_TOKEN} ÷ pass"), "≥ 0.90", ratio(ACCESS_TOKEN, PASS)?));
        for refusal in [EXPIRED, BAD_SIGNATURE, UNKNOWN_KEY, DEACTIVATED, MALFORMED, MISSING] {
            rows.push((format!("{refusal} ÷ pass"), "≥ 1", ratio(refusal, PASS)?));
        }
        // Beside passes that are different tokens too.
        let row = format!("{BAD_SIGNATURES} ÷ {FEW_ACCOUNTS}");
        rows.push((row, "", ratio(BAD_SIGNATURES, FEW_ACCOUNTS)?));
        rows.push((format!("{MANY} accounts ÷ {FEW}"), "≈ 1", ratio(MANY_ACCOUNTS, FEW_ACCOUNTS)?));
        rows.push((String::from("100 apps in the account ÷ 1"), "≈ 1", ratio(HUNDRED_APPS, PASS)?));
        let Facts { accounts, filled_in, resident_mib, resident_at_most_mib } = self.facts;
        let filled_in = format!("{:.1} s", filled_in.as_secs_f64());
        rows.push((format!("{accounts} accounts read at the start"), "seconds", filled_in));
        rows.push((String::from("resident memory then"), "< 150 MB", format!("{resident_mib:.0} MiB")));
        let at_most = format!("{resident_at_most_mib:.0} MiB");
        rows.push((String::from("most of it until then"), "< 150 MB", at_most));
        let mut out = stdout();
        writeln!(out, "{:<54} {:>9}  result  (by the processor's time)", "", "target")?;
        for (name, target, result) in rows {
            writeln!(out, "{name:<54} {target:>9}  {result}")?;
        }
        Ok(())
    }

    /// The median of the ratios of each round.
    fn ratio(&self, one: &str, other: &str, speed: impl Fn(&Measured) -> f64) -> Result<f64> {
        let rounds = self.of(one)?.iter().zip(self.of(other)?);
        median(rounds.map(|(one, other)| speed(one) / speed(other)))
    }

    fn of(&self, scenario: &str) -> Result<&[Measured]> {
        Ok(self.measured.get(scenario).ok_or(format!("{scenario} was not measured"))?)
    }
}

fn median(values: impl Iterator<Item = f64>) -> Result<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    Ok(*values.get(values.len() / 2).ok_or("nothing was measured")?)
}
