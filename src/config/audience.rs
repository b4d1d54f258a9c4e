//! `PORTICO_AUDIENCE`: what a token's `aud` must name.

use std::{fmt, str::FromStr};

use super::error::Wrong;

/// 1 to 255 visible ASCII characters (a `StringOrURI`, RFC 7519 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(pub(super) String);

impl Audience {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Audience {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        // RFC 7519 §2: what contains a colon is a URI.
        let uri = !text.contains(':') || url::Url::parse(text).is_ok();
        if visible && uri && (1..=255).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Wrong::new(
            "must be a name or URI of 1 to 255 visible ASCII characters, such as https://api.platform.example",
        ))
    }
}
