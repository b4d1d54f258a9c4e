//! The name of an app, unique on the whole platform.

use std::{fmt, str::FromStr};

use crate::domain::text::{TextError, casefolded, line};

/// 1 to 50 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppName(String);

impl AppName {
    pub const MAX: usize = 50;

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Two names with the same key are the same name.
    #[must_use]
    pub fn key(&self) -> NameKey {
        NameKey(casefolded(&self.0))
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AppName {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        line(text, Self::MAX).map(Self)
    }
}

/// A name under NFKC_Casefold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameKey(String);

impl NameKey {
    /// The key of any text, such as the platform's own name.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(casefolded(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_50_characters() {
        assert_eq!("  ".parse::<AppName>(), Err(TextError::Empty));
        assert!("x".parse::<AppName>().is_ok());
        assert!("x".repeat(50).parse::<AppName>().is_ok());
        assert!("x".repeat(51).parse::<AppName>().is_err());
        assert_eq!("\u{3164}".parse::<AppName>(), Err(TextError::Unseen));
        assert_eq!("\u{301}".parse::<AppName>(), Err(TextError::Unseen));
    }

    #[test]
    fn case_width_and_runs_of_space_do_not_make_another_name() {
        let key = |name: &str| name.parse::<AppName>().map(|name| name.key()).ok();
        assert_eq!(key("Ledger Bridge"), key("  ledger\u{3000}BRIDGE "));
        assert_eq!(key("Ledger Bridge"), key("Ｌedger  Bridge"));
        assert_ne!(key("Ledger Bridge"), key("Ledger Bridges"));
    }
}
