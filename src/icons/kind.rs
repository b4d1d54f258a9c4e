//! What a file is, by its content.

use crate::domain::icon::{IconFormat, OtherKind};

/// The format of an icon, or the best guess at what the file is instead.
pub(super) fn of(bytes: &[u8]) -> Result<IconFormat, OtherKind> {
    let formats: [(&[u8], IconFormat); 4] = [
        (b"\x89PNG\r\n\x1a\n", IconFormat::Png),
        (b"\xff\xd8\xff", IconFormat::Jpeg),
        (b"GIF87a", IconFormat::Gif),
        (b"GIF89a", IconFormat::Gif),
    ];
    formats
        .into_iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, format)| format)
        .ok_or_else(|| other(bytes))
}

/// A guess is only ever shown to the person who chose the file, so it may be rough.
fn other(bytes: &[u8]) -> OtherKind {
    let starts: [(&[u8], OtherKind); 10] = [
        (b"BM", OtherKind::Bmp),
        (b"II*\0", OtherKind::Tiff),
        (b"MM\0*", OtherKind::Tiff),
        (b"\0\0\x01\0", OtherKind::WindowsIcon),
        (b"\0\0\x02\0", OtherKind::WindowsIcon),
        (b"%PDF-", OtherKind::Pdf),
        (b"PK\x03\x04", OtherKind::Zip),
        (b"\xff\x0a", OtherKind::JpegXl),
        (b"\0\0\0\x0cJXL ", OtherKind::JpegXl),
        (b"<svg", OtherKind::Svg),
    ];
    if bytes.is_empty() {
        return OtherKind::Empty;
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return OtherKind::WebP;
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return match bytes.get(8..12) {
            Some(b"avif" | b"avis") => OtherKind::Avif,
            Some(b"heic" | b"heix" | b"heif" | b"mif1" | b"msf1") => OtherKind::Heic,
            Some(_) | None => OtherKind::Unknown,
        };
    }
    let text = written(bytes);
    let plain_start = starts.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| kind);
    match (plain_start, text) {
        // Two letters alone do not make a picture of a text that begins with them.
        (Some(OtherKind::Bmp), Some(text)) => text,
        (Some(kind), _) => kind,
        (None, Some(text)) => text,
        (None, None) => OtherKind::Unknown,
    }
}

/// Which kind of text, if it is text, as far as its first kilobyte tells.
fn written(bytes: &[u8]) -> Option<OtherKind> {
    let start = bytes.get(..1_024).unwrap_or(bytes);
    let start = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The kilobyte may end within a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(start.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    if start.contains(|c: char| c.is_control() && !c.is_whitespace()) {
        return None;
    }
    let start = start.trim_start_matches('\u{feff}').to_ascii_lowercase();
    let markup = start.trim_start().starts_with('<');
    Some(if markup && start.contains("<svg") && !start.contains("<html") {
        OtherKind::Svg
    } else if markup && !start.trim_start().starts_with("<?xml") {
        OtherKind::Html
    } else {
        OtherKind::Text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_named_by_their_content() {
        let table: [(&[u8], OtherKind); 18] = [
            (b"", OtherKind::Empty),
            (b"\x89", OtherKind::Unknown),
            (b"\x89PNG\r\n", OtherKind::Unknown),
            (b"RIFF\x24\0\0\0WEBPVP8 ", OtherKind::WebP),
            (b"RIFF\x24\0\0\0WAVEfmt ", OtherKind::Unknown),
            (b"\0\0\0\x20ftypavif\0\0\0\0", OtherKind::Avif),
            (b"\0\0\0\x18ftypheic\0\0\0\0", OtherKind::Heic),
            (b"BM\x36\x10\x0e\0\0\0", OtherKind::Bmp),
            (b"BMW and others", OtherKind::Text),
            (b"II*\0\x08\0\0\0", OtherKind::Tiff),
            (b"%PDF-1.7\n", OtherKind::Pdf),
            (b"PK\x03\x04\x14\0", OtherKind::Zip),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", OtherKind::Svg),
            (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><svg/>", OtherKind::Svg),
            (b"<!DOCTYPE html><p>Hello", OtherKind::Html),
            (b" \n<HTML><body><svg></svg></body></HTML>", OtherKind::Html),
            (b"just text", OtherKind::Text),
            (b"just text\0", OtherKind::Unknown),
        ];
        for (bytes, kind) in table {
            assert_eq!(of(bytes), Err(kind), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_kilobyte_that_ends_within_a_character_is_text_still() {
        let text = "é".repeat(2_000);
        for cut in 1..4 {
            let bytes = &text.as_bytes()[..1_024 - cut];
            assert_eq!(of(bytes), Err(OtherKind::Text));
        }
    }
}
