//! `PORTICO_LOG` and `PORTICO_LOG_FORMAT`: what is logged, and in which shape.

use std::str::FromStr;

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::error::Wrong;

/// A filter in the language of `tracing`: `info`, or `warn,portico=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self(String::from("info"))
    }
}

impl FromStr for LogFilter {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let allowed = "error, warn, info, debug or trace, or a filter such as info,portico=debug";
        // A bare word that is no level would be read as a module's name: "inof" would log nothing.
        let misspelt = text
            .split(',')
            .map(str::trim)
            .any(|part| !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err());
        match EnvFilter::builder().parse(text) {
            Ok(_) if !misspelt => Ok(Self(text.to_owned())),
            Ok(_) | Err(_) => Err(Wrong::must_be(allowed, text)),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text.trim() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Wrong::must_be("text or json", text)),
        }
    }
}
