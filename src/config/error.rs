//! What is wrong with the settings, said so that an operator can put it right.

use std::fmt;

/// Every setting that is wrong, a sentence each: the setting, what is wrong, what is
/// allowed. Values of secret settings are never among the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    sentences: Vec<String>,
}

impl ConfigError {
    pub(super) const fn new(sentences: Vec<String>) -> Self {
        Self { sentences }
    }

    /// The sentences, in the order of the table of settings.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        self.sentences.iter().map(String::as_str)
    }
}

/// One sentence a line.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentences.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// What is wrong with one value: the rest of a sentence that begins with the setting's
/// name, such as "must be a whole number from 1 to 1000, not \"many\"".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong(String);

impl Wrong {
    pub(super) fn new(rest: impl Into<String>) -> Self {
        Self(rest.into())
    }

    /// "must be `allowed`, not "`value`""; never for a setting that may hold a secret.
    pub(super) fn must_be(allowed: &str, value: &str) -> Self {
        Self(format!("must be {allowed}, not {}", quoted(value)))
    }

    /// The whole sentence.
    pub(super) fn sentence(&self, setting: &str) -> String {
        format!("{setting} {}.", self.0)
    }
}

/// The value in quotes, cut after 80 characters, nothing in it able to disturb a terminal.
fn quoted(value: &str) -> String {
    let mut shown: String = value.chars().take(80).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    format!("\"{}\"", shown.escape_debug())
}
