//! `PORTICO_SECRET_KEY`, `PORTICO_SECRET_KEY_FILE`: the master key that seals secrets at rest.

use std::{path::PathBuf, str::FromStr};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::error::Wrong;
use crate::domain::secret::Secret;

/// Where the master key comes from.
#[derive(Clone, Debug)]
pub enum SecretKey {
    Given(Secret<[u8; 32]>),
    /// `named` if the operator chose the path; else it is the default one.
    File {
        path: PathBuf,
        named: bool,
    },
}

/// The 32 bytes of a key as it stands in the setting or in the key's file.
#[derive(Clone, Debug)]
pub struct KeyText(pub Secret<[u8; 32]>);

impl FromStr for KeyText {
    type Err = Wrong;

    // The value is never repeated.
    fn from_str(text: &str) -> Result<Self, Wrong> {
        let padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let bytes = GeneralPurpose::new(&alphabet::STANDARD, padding)
            .decode(text.trim())
            .map(Zeroizing::new)
            .map_err(|_| Wrong::new(format!("is not base64; {MAKE_ONE}")))?;
        let length = bytes.len();
        <[u8; 32]>::try_from(bytes.as_slice())
            .map(|key| Self(Secret::new(key)))
            .map_err(|_| Wrong::new(format!("must hold 32 bytes in base64, not {length}; {MAKE_ONE}")))
    }
}

const MAKE_ONE: &str = "`openssl rand -base64 32` makes a key";
