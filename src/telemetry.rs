//! The log: to stderr, as text or as JSON. stdout belongs to what commands print.

pub mod metrics;

use std::io::{IsTerminal as _, stderr};

use thiserror::Error;
use tracing_subscriber::{EnvFilter, fmt, util::SubscriberInitExt as _};

/// The log cannot be started.
#[derive(Debug, Error)]
#[error("the log cannot be started")]
pub struct LogError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Logs lines for people from now on, coloured on a terminal.
///
/// # Errors
/// A filter that is none, or a log that was started before.
pub fn text(filter: &str) -> Result<(), LogError> {
    fmt()
        .with_env_filter(parsed(filter)?)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .finish()
        .try_init()
        .map_err(|error| LogError(Box::new(error)))
}

/// Logs a JSON object a line from now on.
///
/// # Errors
/// As [`text`].
pub fn json(filter: &str) -> Result<(), LogError> {
    fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_env_filter(parsed(filter)?)
        .with_writer(stderr)
        .finish()
        .try_init()
        .map_err(|error| LogError(Box::new(error)))
}

fn parsed(filter: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::builder().parse(filter).map_err(|error| LogError(Box::new(error)))
}
