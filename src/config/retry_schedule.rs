//! `PORTICO_WEBHOOK_RETRY_SCHEDULE`: `0s,5s,5m,30m,2h`, the wait before each attempt.

use std::str::FromStr;

use super::error::Wrong;
use crate::domain::{delivery::schedule::Schedule, time::Span};

#[derive(Clone, Debug)]
pub(super) struct RetrySchedule(pub(super) Schedule);

impl FromStr for RetrySchedule {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let waits = text.split(',').map(wait).collect::<Option<Vec<_>>>();
        let rule =
            "up to 30 waits of at most 7d with commas between, the first of them 0s, such as 0s,5s,5m,2h";
        waits.and_then(Schedule::new).map(Self).ok_or_else(|| Wrong::must_be(rule, text))
    }
}

fn wait(text: &str) -> Option<Span> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u32 = digits.parse().ok()?;
    let one = match text.get(digits.len()..)? {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Span::seconds(i64::from(number) * one))
}
