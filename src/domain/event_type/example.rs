//! What the data of an event looks like, as JSON (RFC 8259).

use std::{fmt, str::FromStr};

use crate::domain::{
    fields::{Complaint, capitalised},
    jwt::json::{self, Json},
    publication::MAX_EVENT_BYTES,
    text::grouped,
};

/// A JSON object, its members in the order in which they were typed and without white space
/// around them: at most 16 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example(String);

impl Example {
    pub const MAX_BYTES: usize = 16 * 1024;

    /// On one line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// On lines of its own for each member, two spaces a level.
    #[must_use]
    pub fn pretty(&self) -> String {
        pretty(&self.0)
    }
}

/// The most levels that are set apart, and the most bytes that come of it.
const MAX_LEVELS: usize = 64;
const MAX_PRETTY: usize = 1_024 * 1_024;

/// JSON on lines of its own for each member, two spaces a level; on one line if it is nested
/// deeper than 64 levels or would grow beyond 1 MiB. Its numbers and strings stay as they were
/// written.
#[must_use]
pub fn pretty(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut depth = 0_usize;
    let mut inside = Inside::default();
    let compact = compact(json);
    let mut chars = compact.chars().peekable();
    while let Some(c) = chars.next() {
        if inside.a_string(c) {
            text.push(c);
            continue;
        }
        match c {
            '{' | '[' => {
                text.push(c);
                if let Some(end) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    if depth > MAX_LEVELS || text.len() > MAX_PRETTY {
                        return compact.clone();
                    }
                    new_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                if text.len() > MAX_PRETTY {
                    return compact.clone();
                }
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            other => text.push(other),
        }
    }
    text
}

/// JSON without the white space around its members.
fn compact(json: &str) -> String {
    let mut inside = Inside::default();
    json.chars().filter(|c| inside.a_string(*c) || !c.is_ascii_whitespace()).collect()
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
}

/// Follows a text of JSON in and out of its strings.
#[derive(Default)]
struct Inside {
    string: bool,
    escape: bool,
}

impl Inside {
    /// Whether the next character belongs to a string, its quotes included.
    fn a_string(&mut self, c: char) -> bool {
        let was = self.string;
        if self.escape {
            self.escape = false;
        } else if was && c == '\\' {
            self.escape = true;
        } else if c == '"' {
            self.string = !was;
        }
        was || self.string
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a developer sends as the data of a test event: a JSON object as an example is one, as
/// large as the data of any event may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload(String);

impl Payload {
    pub const MAX_BYTES: usize = MAX_EVENT_BYTES;

    /// On one line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What can be wrong with an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExampleError {
    Empty,
    /// In words, with the line and the column.
    NotJson(String),
    /// JSON, but no object.
    NotAnObject,
    TooLong {
        was: usize,
        max: usize,
    },
}

impl Complaint for ExampleError {
    fn sentence(&self, what: &str) -> String {
        let sentence = match self {
            Self::Empty => return format!("Enter {what}, a JSON object such as {{\"id\": \"m_41Xa\"}}."),
            Self::NotJson(why) => format!("{what} is not JSON: {why}."),
            Self::NotAnObject => {
                format!("{what} must be a JSON object, which begins with {{ and ends with }}.")
            }
            Self::TooLong { was, max } => format!(
                "{what} must be at most {} bytes without white space; it has {}.",
                grouped(*max as u64),
                grouped(*was as u64)
            ),
        };
        capitalised(&sentence)
    }
}

impl FromStr for Example {
    type Err = ExampleError;

    fn from_str(text: &str) -> Result<Self, ExampleError> {
        object(text, Self::MAX_BYTES).map(Self)
    }
}

impl FromStr for Payload {
    type Err = ExampleError;

    fn from_str(text: &str) -> Result<Self, ExampleError> {
        object(text, Self::MAX_BYTES).map(Self)
    }
}

/// A JSON object on one line, of at most so many bytes.
fn object(text: &str, max: usize) -> Result<String, ExampleError> {
    if text.trim().is_empty() {
        return Err(ExampleError::Empty);
    }
    match json::parse(text.as_bytes()).map_err(ExampleError::NotJson)? {
        Json::Object(_) => {}
        Json::Null | Json::Bool | Json::Number(_) | Json::Text(_) | Json::Array(_) => {
            return Err(ExampleError::NotAnObject);
        }
    }
    let compact = compact(text);
    match compact.len() {
        was if was > max => Err(ExampleError::TooLong { was, max }),
        _ => Ok(compact),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn example(text: &str) -> Example {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    #[test]
    fn members_keep_their_order_and_numbers_their_spelling() {
        let typed = "{ \"b\" : [1.50, {}, [ ]],\n\t\"a\": \"x \\\" {, \\\\\" }";
        let read = example(typed);
        assert_eq!(read.as_str(), r#"{"b":[1.50,{},[]],"a":"x \" {, \\"}"#);
        let pretty = "{\n  \"b\": [\n    1.50,\n    {},\n    []\n  ],\n  \"a\": \"x \\\" {, \\\\\"\n}";
        assert_eq!(read.pretty(), pretty);
        assert_eq!(example("{}").pretty(), "{}");
    }

    #[test]
    fn what_would_grow_beyond_measure_stays_on_its_line() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(pretty(&nested(64)).contains('\n'));
        assert_eq!(pretty(&nested(130_000)), nested(130_000));
        let wide = format!("{}{}{}", "[".repeat(60), ["1"; 100_000].join(","), "]".repeat(60));
        assert_eq!(pretty(&wide), wide);
    }

    #[test]
    fn what_is_no_json_object_is_told_with_its_place() {
        let sentence = |text: &str| text.parse::<Example>().unwrap_err().sentence("the example");
        let missing = sentence("{\n  \"id\": 1\n  \"at\": 2\n}");
        assert!(missing.starts_with("The example is not JSON: expected `,` or `}` at line 3"), "{missing}");
        for (text, words) in [
            (" \n", "Enter the example, a JSON object"),
            ("[1]", "must be a JSON object"),
            ("\"x\"", "must be a JSON object"),
            ("{\"a\": 1} x", "not JSON"),
            ("{\"a\": 1, \"a\": 2}", "not JSON"),
            ("{'a': 1}", "line 1 column 2"),
        ] {
            assert!(sentence(text).contains(words), "{text}: {}", sentence(text));
        }
    }

    #[test]
    fn it_has_at_most_16_kib() {
        let of = |bytes: usize| format!("{{ \"a\" : \"{}\" }}", "x".repeat(bytes - 8));
        assert_eq!(example(&of(16_384)).as_str().len(), 16_384);
        let (was, max) = (16_385, 16_384);
        assert_eq!(of(was).parse::<Example>(), Err(ExampleError::TooLong { was, max }));
    }

    #[test]
    fn a_payload_has_as_much_as_an_event_may() {
        let of = |bytes: usize| format!("{{ \"a\" : \"{}\" }}", "x".repeat(bytes - 8));
        assert_eq!(of(262_144).parse::<Payload>().unwrap().as_str().len(), 262_144);
        let (was, max) = (262_145, 262_144);
        assert_eq!(of(was).parse::<Payload>(), Err(ExampleError::TooLong { was, max }));
        assert_eq!("[]".parse::<Payload>(), Err(ExampleError::NotAnObject));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_it_was(texts in proptest::collection::vec("\\PC{0,8}", 1..5)) {
            let value = serde_json::json!({ "a": texts, "b": { "c": [null, { "d": [] }] } });
            let read = example(&value.to_string());
            prop_assert_eq!(read.as_str(), value.to_string());
            prop_assert_eq!(example(&read.pretty()), read);
        }
    }
}
