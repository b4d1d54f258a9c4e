//! A QR code (ISO/IEC 18004) as the path of a picture, so that no page needs an image from
//! elsewhere or a `data:` address.

use qrcode::{Color, EcLevel, QrCode, types::QrError};

/// Modules of quiet around it, without which a camera may not find it.
const QUIET: usize = 4;

/// The path of an SVG picture: a square for each dark module.
pub(crate) struct Qr {
    /// Modules a side, the quiet ones too.
    pub(crate) size: usize,
    /// Runs of dark modules, row by row.
    pub(crate) path: String,
}

impl Qr {
    /// # Errors
    /// The text is longer than a QR code can hold.
    pub(crate) fn of(text: &str) -> Result<Self, QrError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if run.first() == Some(&Color::Dark) {
                    let (left, top, wide) = (x + QUIET, y + QUIET, run.len());
                    path.push_str(&format!("M{left} {top}h{wide}v1h-{wide}z"));
                }
                x += run.len();
            }
        }
        Ok(Self { size: width + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the path again, and compares it with the code module by module.
    #[test]
    fn the_path_is_the_code() {
        let text = "otpauth://totp/Meridian:ada%40meridian.example?secret=GEZDGNBVGY3TQOJQ&issuer=Meridian";
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let qr = Qr::of(text).unwrap();
        assert_eq!(qr.size, code.width() + 8);
        let mut drawn = vec![vec![false; qr.size]; qr.size];
        for run in qr.path.split('M').skip(1) {
            let (at, rest) = run.split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let (wide, _) = rest.split_once('v').unwrap();
            let (x, y, wide): (usize, usize, usize) =
                (x.parse().unwrap(), y.parse().unwrap(), wide.parse().unwrap());
            drawn[y][x..x + wide].fill(true);
        }
        for (y, row) in drawn.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                let inside = (4..qr.size - 4).contains(&x) && (4..qr.size - 4).contains(&y);
                let expected = inside && code[(x - 4, y - 4)] == Color::Dark;
                assert_eq!(*dark, expected, "{x} {y}");
            }
        }
    }

    #[test]
    fn the_longest_names_fit() {
        assert!(Qr::of(&"a".repeat(2_000)).is_ok());
        assert!(Qr::of(&"a".repeat(3_000)).is_err());
    }
}
