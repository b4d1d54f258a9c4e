//! The catalog of events that a platform publishes.

use std::{fmt, str::FromStr};

use super::text_enum::Unknown;

/// `meeting.started`: words of lower-case letters, digits and `_`, joined by dots; at most 100 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTypeName(String);

impl EventTypeName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EventTypeName {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let fits = text.len() <= 100 && text.contains('.') && text.split('.').all(word);
        if fits { Ok(Self(text.to_owned())) } else { Err(Unknown::new("event type", text)) }
    }
}

/// One entry of the catalog.
#[derive(Clone, Debug)]
pub struct EventType {
    pub name: EventTypeName,
    /// The heading it stands under: `Meetings`.
    pub group: String,
    pub description: String,
    /// No longer offered; subscriptions that hold it keep it.
    pub retired: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dotted_lower_case_words() {
        for good in ["meeting.started", "app.deauthorized", "a.b.c_1"] {
            assert!(good.parse::<EventTypeName>().is_ok(), "{good}");
        }
        for wrong in [
            "meeting",
            "Meeting.started",
            "meeting..started",
            ".x",
            "x.",
            "meeting.start ed",
            "meeting.1st",
            "",
        ] {
            assert!(wrong.parse::<EventTypeName>().is_err(), "{wrong}");
        }
    }
}
