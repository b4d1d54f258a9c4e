//! `PORTICO_PLATFORM_NAME` and `PORTICO_SUPPORT`: what visitors see of the operator.

use std::{fmt, str::FromStr};

use icu_properties::{CodePointMapData, props::GeneralCategory as Category};
use url::Url;

use super::{error::Wrong, mail::address};

/// The platform's name: one line of 1 to 50 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformName(String);

impl PlatformName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for PlatformName {
    fn default() -> Self {
        Self(String::from("Portico"))
    }
}

impl fmt::Display for PlatformName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PlatformName {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(c) = name.chars().find(|&c| is_invisible(c)) {
            let code = u32::from(c);
            let rest = format!("contains a character that cannot be shown (U+{code:04X}); remove it");
            return Err(Wrong::new(rest));
        }
        match name.chars().count() {
            1..=50 => Ok(Self(name)),
            length => Err(Wrong::new(format!("must have 1 to 50 characters; it has {length}"))),
        }
    }
}

/// It stands in pages, in logs and in the headers of mail (S12).
fn is_invisible(c: char) -> bool {
    matches!(
        CodePointMapData::<Category>::new().get(c),
        Category::Control
            | Category::Format
            | Category::PrivateUse
            | Category::Unassigned
            | Category::Surrogate
            | Category::LineSeparator
            | Category::ParagraphSeparator
    )
}

/// Where "Need help?" leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    Page(Url),
    Address(String),
}

impl Support {
    /// What a link to it holds.
    #[must_use]
    pub fn href(&self) -> String {
        match self {
            Self::Page(url) => url.to_string(),
            // An address may hold `?`, `&` and `%`, which would end it in a mailto URL (RFC 6068 §2).
            Self::Address(address) => {
                let mut url = String::from("mailto:");
                for byte in address.bytes() {
                    match byte {
                        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'@' | b'.' | b'-' | b'_' | b'+' => {
                            url.push(char::from(byte));
                        }
                        other => url.push_str(&format!("%{other:02X}")),
                    }
                }
                url
            }
        }
    }
}

impl FromStr for Support {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        let wrong = || {
            Wrong::new(
                "must be a URL such as https://help.example or an e-mail address such as help@platform.example",
            )
        };
        match Url::parse(text) {
            // No script and no data behind a link (S24).
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                if url.username().is_empty() && url.password().is_none() && text.len() <= 2_048 {
                    Ok(Self::Page(url))
                } else {
                    Err(Wrong::new("must be a URL of at most 2,048 bytes without user name and password"))
                }
            }
            Ok(_) => Err(wrong()),
            Err(_) => address(text).map(Self::Address).ok_or_else(wrong),
        }
    }
}
