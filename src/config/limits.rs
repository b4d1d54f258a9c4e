//! `PORTICO_MAX_APPS`, `PORTICO_MAX_SUBSCRIPTIONS`, `PORTICO_DIRECTORY_MAX` and
//! `PORTICO_API_RATE_LIMIT`: how much there may be of a thing.

use std::{num::NonZeroU32, str::FromStr};

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

/// `off`, or calls a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RateLimit(pub(super) Option<NonZeroU32>);

impl RateLimit {
    const MAX: u32 = 10_000_000;
}

impl FromStr for RateLimit {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if text.trim() == "off" {
            return Ok(Self(None));
        }
        let number = text.trim().parse::<NonZeroU32>().ok().filter(|number| number.get() <= Self::MAX);
        let wrong = || Wrong::must_be(&format!("off, or requests a minute from 1 to {}", Self::MAX), text);
        number.map(|number| Self(Some(number))).ok_or_else(wrong)
    }
}
