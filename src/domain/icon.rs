//! What an app's icon must be, and the sentences that say so.
//!
//! How a file is read is the business of `icons`; here are the rules it is held to.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::fields::Complaint;

/// An uploaded file may have this many bytes and no more.
pub const MAX_BYTES: usize = 1_048_576;
/// The shortest side of an icon, in pixels.
pub const MIN_SIDE: u32 = 160;
/// The longest side of an icon, in pixels.
pub const MAX_SIDE: u32 = 400;

/// The name of an icon: the SHA-256 of its bytes as they are served, 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IconHash([u8; 32]);

impl IconHash {
    /// The name of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for IconHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for IconHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the name of an icon: 64 lower-case hex digits")]
pub struct NotAnIconHash;

impl FromStr for IconHash {
    type Err = NotAnIconHash;

    /// Only what `Display` writes: one text for one icon, so that caches hold one copy.
    fn from_str(text: &str) -> Result<Self, NotAnIconHash> {
        let mut hash = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != hash.len() || !rest.is_empty() {
            return Err(NotAnIconHash);
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
        }
        Ok(Self(hash))
    }
}

fn hex_digit(digit: u8) -> Result<u8, NotAnIconHash> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(NotAnIconHash),
    }
}

/// The formats an icon may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IconFormat {
    Gif,
    Jpeg,
    Png,
}

impl fmt::Display for IconFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gif => "GIF",
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
        })
    }
}

/// What else an uploaded file turned out to be, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherKind {
    Avif,
    Bmp,
    Empty,
    Heic,
    Html,
    JpegXl,
    Pdf,
    Svg,
    Text,
    Tiff,
    Unknown,
    WebP,
    WindowsIcon,
    Zip,
}

impl OtherKind {
    /// "a WebP image"; `None` where there is no name for it.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Avif => Some("an AVIF image"),
            Self::Bmp => Some("a BMP image"),
            Self::Heic => Some("an HEIC image"),
            Self::Html => Some("an HTML page"),
            Self::JpegXl => Some("a JPEG XL image"),
            Self::Pdf => Some("a PDF document"),
            Self::Svg => Some("an SVG image"),
            Self::Text => Some("text"),
            Self::Tiff => Some("a TIFF image"),
            Self::WebP => Some("a WebP image"),
            Self::WindowsIcon => Some("a Windows icon"),
            Self::Zip => Some("a ZIP archive"),
            Self::Empty | Self::Unknown => None,
        }
    }
}

/// Why a file cannot be an icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IconError {
    /// The whole file's length, counted also where it was not kept.
    TooLarge {
        size_bytes: u64,
    },
    WrongKind(OtherKind),
    WrongShape {
        width: u32,
        height: u32,
    },
    /// Of a right format by its first bytes, but cut short or not readable.
    Damaged(IconFormat),
}

impl std::error::Error for IconError {}

impl fmt::Display for IconError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooLarge { size_bytes } => {
                f.write_str("This file is ")?;
                write_size(f, size_bytes)?;
                f.write_str("; an icon may have at most 1 MB (1,048,576 bytes).")
            }
            Self::WrongKind(OtherKind::Empty) => {
                f.write_str("This file is empty; an icon must be a GIF, JPEG or PNG.")
            }
            Self::WrongKind(kind) => match kind.name() {
                Some(name) => write!(f, "This file is {name}; an icon must be a GIF, JPEG or PNG."),
                None => f.write_str("This file is not a GIF, JPEG or PNG image."),
            },
            Self::WrongShape { width, height } => write!(
                f,
                "This image is {width} × {height} pixels; \
                 it must be square, {MIN_SIDE} to {MAX_SIDE} pixels a side."
            ),
            Self::Damaged(format) => write!(
                f,
                "This {format} image is damaged or cut short; save it again and choose it once more."
            ),
        }
    }
}

impl Complaint for IconError {
    /// The field is clear from the sentence, so its name is not needed.
    fn sentence(&self, _what: &str) -> String {
        self.to_string()
    }
}

/// `1.4 MB`; in bytes where the rounded figure would look like the limit itself.
fn write_size(f: &mut fmt::Formatter<'_>, size_bytes: u64) -> fmt::Result {
    let tenths = size_bytes.saturating_mul(10).saturating_add(524_288) / 1_048_576;
    if tenths > 10 {
        return write!(f, "{}.{} MB", tenths / 10, tenths % 10);
    }
    let (millions, thousands, ones) =
        (size_bytes / 1_000_000, size_bytes / 1_000 % 1_000, size_bytes % 1_000);
    write!(f, "{millions},{thousands:03},{ones:03} bytes")
}

/// The side of a square image of a size that is allowed.
///
/// # Errors
/// `WrongShape`, with the size it has.
pub fn side(width: u32, height: u32) -> Result<u32, IconError> {
    if width == height && (MIN_SIDE..=MAX_SIDE).contains(&width) {
        Ok(width)
    } else {
        Err(IconError::WrongShape { width, height })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_only_as_it_was_written() {
        let hash = IconHash::of(b"an icon");
        let text = hash.to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse(), Ok(hash));
        for wrong in [
            text.to_uppercase(),
            format!("{text}0"),
            text.chars().skip(1).collect(),
            text.replacen(|c: char| c.is_ascii_digit(), "g", 1),
            String::new(),
        ] {
            assert_eq!(wrong.parse::<IconHash>(), Err(NotAnIconHash), "{wrong}");
        }
    }

    #[test]
    fn the_rule_of_shape_holds_at_its_edges() {
        assert_eq!(side(160, 160), Ok(160));
        assert_eq!(side(400, 400), Ok(400));
        for (width, height) in [(159, 159), (401, 401), (200, 201), (0, 0), (u32::MAX, u32::MAX)] {
            assert_eq!(side(width, height), Err(IconError::WrongShape { width, height }));
        }
    }

    #[test]
    fn a_refusal_says_what_the_file_was_and_what_is_right() {
        let table = [
            (
                IconError::TooLarge { size_bytes: 1_468_006 },
                "This file is 1.4 MB; an icon may have at most 1 MB (1,048,576 bytes).",
            ),
            (
                IconError::TooLarge { size_bytes: 1_048_577 },
                "This file is 1,048,577 bytes; an icon may have at most 1 MB (1,048,576 bytes).",
            ),
            (
                IconError::WrongKind(OtherKind::WebP),
                "This file is a WebP image; an icon must be a GIF, JPEG or PNG.",
            ),
            (IconError::WrongKind(OtherKind::Unknown), "This file is not a GIF, JPEG or PNG image."),
            (
                IconError::WrongKind(OtherKind::Empty),
                "This file is empty; an icon must be a GIF, JPEG or PNG.",
            ),
            (
                IconError::WrongShape { width: 512, height: 300 },
                "This image is 512 × 300 pixels; it must be square, 160 to 400 pixels a side.",
            ),
            (
                IconError::Damaged(IconFormat::Png),
                "This PNG image is damaged or cut short; save it again and choose it once more.",
            ),
        ];
        for (error, sentence) in table {
            assert_eq!(error.sentence("the icon"), sentence);
        }
    }
}
