//! What an app may be allowed to do, by name.

use std::{fmt, str::FromStr};

use super::{
    fields::{Complaint, capitalised},
    text::{self, define_text},
};

/// The name of a scope, such as `meeting:read`: words of lower-case letters, digits and `_`,
/// joined by `:` or `.`. All of it may stand in a scope value (RFC 6749 §3.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeName(Box<str>);

/// What can be wrong with the name of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeNameError {
    Malformed,
    TooLong { was: usize },
}

impl Complaint for ScopeNameError {
    fn sentence(&self, what: &str) -> String {
        match self {
            Self::Malformed => capitalised(&format!(
                "{what} must be two or more words joined by colons, such as meeting:read, of lower-case letters, digits and underscores."
            )),
            Self::TooLong { was } => capitalised(&format!(
                "{what} must be at most {} characters; it has {was}.",
                ScopeName::MAX_BYTES
            )),
        }
    }
}

impl ScopeName {
    pub const MAX_BYTES: usize = 100;

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ScopeName {
    type Err = ScopeNameError;

    fn from_str(text: &str) -> Result<Self, ScopeNameError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ScopeNameError::TooLong { was: text.len() });
        }
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let words = || text.split([':', '.']);
        if words().count() >= 2 && words().all(is_word) {
            Ok(Self(text.into()))
        } else {
            Err(ScopeNameError::Malformed)
        }
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Scopes in the order of their names, each once. Its text has spaces between them (RFC 6749 §3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet(Vec<ScopeName>);

/// What can be wrong with a list of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeSetError {
    Name(ScopeNameError),
    TooLong,
}

impl ScopeSet {
    /// The most bytes that its text may have, so that a token has room for it.
    pub const MAX_BYTES: usize = 4_096;

    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.binary_search_by(|known| known.as_str().cmp(scope)).is_ok()
    }

    #[must_use]
    pub fn is_subset(&self, of: &Self) -> bool {
        self.iter().all(|scope| of.contains(scope.as_str()))
    }

    /// The scopes that both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.iter().filter(|scope| other.contains(scope.as_str())).cloned().collect())
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &ScopeName> {
        self.0.iter()
    }

    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The first of these names that is none of any scope here, such as `openid`; nothing if the text is
/// no list of names at all (RFC 6749 §3.3).
#[must_use]
pub fn never_a_scope(text: &str) -> Option<&str> {
    let is_of_names = text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'));
    let strange =
        |name: &&str| !name.is_empty() && name.parse() == Err::<ScopeName, _>(ScopeNameError::Malformed);
    text.split(' ').find(strange).filter(|_| is_of_names)
}

impl FromIterator<ScopeName> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = ScopeName>>(scopes: I) -> Self {
        let mut scopes: Vec<_> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }
}

impl FromStr for ScopeSet {
    type Err = ScopeSetError;

    /// Of names with spaces between them; an empty text is no scope.
    fn from_str(text: &str) -> Result<Self, ScopeSetError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ScopeSetError::TooLong);
        }
        let names = text.split(' ').filter(|name| !name.is_empty());
        names.map(|name| name.parse().map_err(ScopeSetError::Name)).collect()
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, scope) in self.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

define_text!(
    /// Why an app needs a scope, in its developers' words: at most 200 characters on one line.
    WhyNeeded,
    text::line,
    200
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_scope_is_named_by_words_with_colons() {
        let longest = format!("a:{}", "b".repeat(98));
        for right in ["user:read", "meeting:read:all", "a.b", "a1:b_2", &longest] {
            assert_eq!(right.parse::<ScopeName>().map(|name| name.to_string()), Ok(right.to_owned()));
        }
        for wrong in [
            "",
            "user",
            "user:",
            ":read",
            "user::read",
            "User:read",
            "1user:read",
            "user read",
            "user:rëad",
            "*",
        ] {
            assert_eq!(wrong.parse::<ScopeName>(), Err(ScopeNameError::Malformed), "{wrong}");
        }
        let long = format!("a:{}", "b".repeat(99));
        assert_eq!(long.parse::<ScopeName>(), Err(ScopeNameError::TooLong { was: 101 }));
    }

    fn set(text: &str) -> ScopeSet {
        text.parse().unwrap()
    }

    #[test]
    fn a_set_has_each_scope_once_and_in_order() {
        assert_eq!(set(" user:read  meeting:read user:read ").to_string(), "meeting:read user:read");
        assert!(set("").is_empty() && set(" ").is_empty());
        assert_eq!("user:read READ".parse::<ScopeSet>(), Err(ScopeSetError::Name(ScopeNameError::Malformed)));
        let long = "a:b ".repeat(1_024);
        assert!(long.parse::<ScopeSet>().is_ok());
        assert_eq!(format!("{long} ").parse::<ScopeSet>(), Err(ScopeSetError::TooLong));
    }

    #[test]
    fn a_name_of_the_standard_that_is_none_here_is_known() {
        for (text, name) in [
            ("openid", Some("openid")),
            ("user:read  openid profile", Some("openid")),
            ("user:read,meeting:read", Some("user:read,meeting:read")),
            ("user:read", None),
            ("", None),
            ("openid \"", None),
            ("open\\id", None),
            ("openid\tprofile", None),
            ("öpenid", None),
        ] {
            assert_eq!(never_a_scope(text), name, "{text}");
        }
    }

    #[test]
    fn sets_are_held_against_each_other() {
        let (all, some) = (set("a:b c:d e:f"), set("e:f a:b"));
        assert!(some.is_subset(&all) && !all.is_subset(&some) && set("").is_subset(&some));
        assert!(all.contains("c:d") && !some.contains("c:d") && !all.contains("c"));
        assert_eq!(all.intersection(&set("x:y e:f")).to_string(), "e:f");
    }

    proptest! {
        #[test]
        fn every_set_is_read_as_it_was_written(names in prop::collection::vec("[a-z][a-z0-9_]{0,5}[:.][a-z]{1,5}", 0..20)) {
            let scopes: ScopeSet = names.iter().map(|name| name.parse::<ScopeName>().unwrap()).collect();
            prop_assert_eq!(scopes.to_string().parse::<ScopeSet>(), Ok(scopes.clone()));
            prop_assert!(names.iter().all(|name| scopes.contains(name)));
            let ordered: Vec<_> = scopes.iter().collect();
            prop_assert!(ordered.is_sorted());
        }
    }
}
