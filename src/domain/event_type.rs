//! The catalog of events that a platform publishes.

mod example;
mod order;

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::{
    app::AppType,
    fields::{Complaint, capitalised},
    scope::ScopeName,
    text::{self, define_text},
};

pub use example::{Example, ExampleError, Payload, pretty};
pub use order::{Placed, order};

/// `meeting.started`: two words or more of lower-case letters, digits and `_`, joined by dots;
/// at most 100 bytes.
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

/// The event by which an app hears that a grant of it ended; it needs no scope.
pub const DEAUTHORIZED: &str = "app.deauthorized";

/// The text names no event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the name of an event type")]
pub struct NotAnEventType;

impl Complaint for NotAnEventType {
    fn sentence(&self, what: &str) -> String {
        capitalised(&format!(
            "{what} must be two words or more joined by dots, such as “meeting.started”: each begins with a letter and has lower-case letters, digits and _ alone. It has at most 100 characters."
        ))
    }
}

impl FromStr for EventTypeName {
    type Err = NotAnEventType;

    fn from_str(text: &str) -> Result<Self, NotAnEventType> {
        let word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let fits = text.len() <= 100 && text.contains('.') && text.split('.').all(word);
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAnEventType) }
    }
}

define_text!(
    /// The heading that event types stand under: `Meetings`. 1 to 50 characters on one line.
    GroupName,
    text::line,
    50
);

define_text!(
    /// What happened when such an event is published: 1 to 200 characters on one line.
    EventDescription,
    text::line,
    200
);

/// What is entered of an event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEventType {
    pub name: EventTypeName,
    pub group: GroupName,
    pub description: EventDescription,
    /// What the `data` of such an event looks like.
    pub example: Example,
    /// What an app that uses OAuth must have been granted to receive it; such apps do not
    /// receive it if there is none.
    pub scope: Option<ScopeName>,
}

/// One entry of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    pub name: EventTypeName,
    pub group: GroupName,
    pub description: EventDescription,
    pub example: Example,
    pub scope: Option<ScopeName>,
    /// No longer offered; subscriptions that hold it keep it.
    pub retired: bool,
    /// Counts its changes, so that whoever changes it can say which one they saw.
    pub version: i64,
}

impl EventType {
    /// Whether apps of this type may be sent it: that a grant ended is for those who were granted
    /// something.
    #[must_use]
    pub fn is_for(&self, app_type: AppType) -> bool {
        app_type.asks_users() || self.name.as_str() != DEAUTHORIZED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dotted_lower_case_words() {
        let longest = format!("a.{}", "b".repeat(98));
        for good in ["meeting.started", "app.deauthorized", "a.b.c_1", &longest] {
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
            &format!("{longest}b"),
        ] {
            assert!(wrong.parse::<EventTypeName>().is_err(), "{wrong}");
        }
    }
}
