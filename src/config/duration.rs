//! Lengths of time in settings: a whole number and its unit, such as `30s`.

use std::{str::FromStr, time::Duration};

use super::error::Wrong;

/// One second to one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShortTime(pub(super) Duration);

impl FromStr for ShortTime {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let wrong = || Wrong::must_be("a length of time from 1s to 1h, such as 30s or 2m", text);
        let text = text.trim();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        let unit = match text.get(digits.len()..) {
            Some("s") => 1,
            Some("m") => 60,
            Some("h") => 3_600,
            Some(_) | None => return Err(wrong()),
        };
        number
            .checked_mul(unit)
            .filter(|seconds| (1..=3_600).contains(seconds))
            .map(|seconds| Self(Duration::from_secs(seconds)))
            .ok_or_else(wrong)
    }
}
