//! `PORTICO_SECRET_KEY_FILE` and `PORTICO_WEBHOOK_CA_FILE`: files that are read at the start.

use std::{path::PathBuf, str::FromStr};

use super::error::Wrong;

/// The path of a file.
#[derive(Clone, Debug)]
pub(super) struct FilePath(pub(super) PathBuf);

impl FromStr for FilePath {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if text.is_empty() || text.ends_with('/') || text.contains('\0') {
            return Err(Wrong::must_be("the path of a file", text));
        }
        Ok(Self(PathBuf::from(text)))
    }
}
