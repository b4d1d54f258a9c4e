//! `PORTICO_MAX_APPS`, `PORTICO_MAX_SUBSCRIPTIONS` and `PORTICO_DIRECTORY_MAX`: how much there
//! may be of a thing.

use std::str::FromStr;

use super::error::Wrong;

/// A whole number from 1 to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit<const MAX: u32>(pub(super) u32);

impl<const MAX: u32> FromStr for Limit<MAX> {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        text.trim()
            .parse::<u32>()
            .ok()
            .filter(|number| (1..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| Wrong::must_be(&format!("a whole number from 1 to {MAX}"), text))
    }
}
