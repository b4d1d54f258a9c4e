//! Icons: what was uploaded is read under limits, drawn anew and named by its content.
//!
//! Nothing of the upload but its pixels is kept, so whatever else was in the file (EXIF,
//! scripts, a second file behind the image) cannot be served (S62). A colour profile is
//! dropped too: colours are taken as sRGB.

use std::{io::Cursor, sync::Arc};

use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageResult, Limits,
    codecs::{
        gif::GifDecoder,
        jpeg::JpegDecoder,
        png::{CompressionType, FilterType, PngDecoder, PngEncoder},
    },
    error::{LimitError, LimitErrorKind},
    metadata::Orientation,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::domain::icon::{self, IconError, IconFormat, IconHash, MAX_BYTES, MAX_SIDE};

mod bytes;
mod kind;
mod structure;
#[cfg(test)]
mod tests;

/// An image's decoder may use this much memory beside the upload itself, in bytes.
///
/// The image crate takes 512 MiB unless told.
const MAX_ALLOC: u64 = 8 * 1024 * 1024;

/// An icon as it is kept and served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    /// The name of `png`.
    pub hash: IconHash,
    /// A PNG of 8-bit RGBA with no metadata, at most about 650 kB.
    pub png: Vec<u8>,
    /// Width and height in pixels.
    pub side: u32,
}

/// Decodes icons off the async threads, a bounded number at once.
#[derive(Clone, Debug)]
pub struct Decoder {
    turns: Arc<Semaphore>,
}

impl Decoder {
    /// A decoder that works on at most `at_once` icons, and on one at least.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once.max(1))) }
    }

    /// The icon in an uploaded file; see [`decode`]. Waits for its turn.
    ///
    /// # Errors
    /// The first rule that the file breaks.
    pub async fn decode(&self, bytes: Vec<u8>) -> Result<Icon, IconError> {
        // Should a library panic on a file, then that file cannot be read.
        let unreadable = kind::of(&bytes).map_or_else(IconError::WrongKind, IconError::Damaged);
        // The semaphore is never closed, so this always is a turn.
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok();
        let work = spawn_blocking(move || {
            // Held here, so that a request that is given up does not let in one more.
            let _turn = turn;
            decode(&bytes)
        });
        work.await.unwrap_or(Err(unreadable))
    }
}

/// The icon in an uploaded file, whose format is told by its content alone.
///
/// Of an animated GIF the first frame is kept; of an animated PNG the still image that
/// stands for it, which in nearly all files is the first frame.
///
/// A file must be whole: a PNG to its `IEND`, a GIF to its trailer, a JPEG to its
/// end-of-image marker. A JPEG that was cut short and then given that marker is not told
/// from a whole one; its missing part is grey.
///
/// # Errors
/// The first rule that the file breaks, in this order: length, format, shape, wholeness.
pub fn decode(bytes: &[u8]) -> Result<Icon, IconError> {
    if bytes.len() > MAX_BYTES {
        return Err(IconError::TooLarge { size_bytes: bytes.len() as u64 });
    }
    let format = kind::of(bytes).map_err(IconError::WrongKind)?;
    let damaged = IconError::Damaged(format);
    // The header's word is judged before a decoder sees the file.
    let (width, height) = structure::size(format, bytes).ok_or(damaged)?;
    let side = icon::side(width, height)?;
    structure::check_whole(format, bytes).ok_or(damaged)?;
    let png = redraw(format, bytes, side).map_err(|_| damaged)?;
    Ok(Icon { hash: IconHash::of(&png), png, side })
}

fn redraw(format: IconFormat, bytes: &[u8], side: u32) -> ImageResult<Vec<u8>> {
    let file = Cursor::new(bytes);
    let image = match format {
        IconFormat::Gif => pixels(GifDecoder::new(file)?, side)?,
        IconFormat::Jpeg => pixels(JpegDecoder::new(file)?, side)?,
        IconFormat::Png => pixels(PngDecoder::with_limits(file, limits())?, side)?,
    };
    // 8-bit RGBA holds what every browser shows of any of the three formats: 16-bit samples
    // lose what no screen shows, grey and palette images compress about as well as before.
    let pixels = image.into_rgba8();
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive).write_image(
        &pixels,
        side,
        side,
        ExtendedColorType::Rgba8,
    )?;
    Ok(png)
}

/// The pixels, turned the way the camera was held.
fn pixels(mut decoder: impl ImageDecoder, side: u32) -> ImageResult<DynamicImage> {
    let mut limits = limits();
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    // A file may hold two headers; the one that was judged must be the one that is used.
    if decoder.dimensions() != (side, side) {
        let kind = LimitErrorKind::DimensionError;
        return Err(ImageError::Limits(LimitError::from_kind(kind)));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    limits
}
