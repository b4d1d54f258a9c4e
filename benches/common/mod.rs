//! What all that is written before a benchmark needs.

use std::{
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use portico::domain::time::Timestamp;

use crate::Result;

pub(crate) fn parsed<T: FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| format!("{text:?} cannot be read").into())
}

#[expect(clippy::disallowed_methods, reason = "what is written must be recent by the clock of the server")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or_default())
}
