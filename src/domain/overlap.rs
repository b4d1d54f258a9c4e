//! How long an old secret goes on working beside its successor.

use super::{text_enum::text_enum, time::Span};

/// The choice made when a secret is regenerated or rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepOld {
    /// It stops now, and every older one with it.
    No,
    Hour,
    Day,
    Week,
}

text_enum!(KeepOld, "time to keep the old secret", No = "0", Hour = "1h", Day = "24h", Week = "7d");

/// The most old secrets that may work at one time.
pub const MAX_OLD: usize = 3;

impl KeepOld {
    /// How long, unless it stops at once.
    #[must_use]
    pub const fn lasts(self) -> Option<Span> {
        match self {
            Self::No => None,
            Self::Hour => Some(Span::hours(1)),
            Self::Day => Some(Span::hours(24)),
            Self::Week => Some(Span::days(7)),
        }
    }
}
