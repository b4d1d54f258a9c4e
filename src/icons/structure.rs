//! What a file says of itself, read without decoding it: its size, and whether it is whole.
//!
//! The decoders read as far as they need pixels and are kind to files that end early, so
//! that a file which was cut in an upload or on a disk would be taken half drawn.

use super::bytes::Bytes;
use crate::domain::icon::IconFormat;

/// A JPEG may send its picture in this many passes. Cameras and editors make about ten; each
/// costs the time of a whole picture, however few bytes it has.
const MAX_SCANS: u32 = 100;

/// Width and height in pixels, by the header.
pub(super) fn size(format: IconFormat, bytes: &[u8]) -> Option<(u32, u32)> {
    match format {
        IconFormat::Gif => gif_screen(&mut Bytes(bytes)).map(|(width, height, _)| (width, height)),
        IconFormat::Jpeg => jpeg_size(bytes),
        IconFormat::Png => png_size(bytes),
    }
}

/// Something, if the file goes on to its proper end. What follows that end is not looked at.
pub(super) fn check_whole(format: IconFormat, bytes: &[u8]) -> Option<()> {
    match format {
        IconFormat::Gif => check_gif(bytes),
        IconFormat::Jpeg => check_jpeg(bytes),
        IconFormat::Png => check_png(bytes),
    }
}

/// PNG 3rd edition, §11.2.1: `IHDR` comes first.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut file = Bytes(bytes);
    file.skip(8)?;
    if file.u32_be()? != 13 || file.array()? != *b"IHDR" {
        return None;
    }
    Some((file.u32_be()?, file.u32_be()?))
}

/// PNG 3rd edition, §5.3: chunks of a length, a name, data and a checksum, up to `IEND`.
fn check_png(bytes: &[u8]) -> Option<()> {
    let mut file = Bytes(bytes);
    file.skip(8)?;
    loop {
        let length = usize::try_from(file.u32_be()?).ok()?;
        let name = file.array()?;
        file.skip(length)?;
        file.skip(4)?;
        if name == *b"IEND" {
            return Some(());
        }
    }
}

/// The GIF standard (89a), §17 and §18: width and height of the screen, and its flags.
fn gif_screen(file: &mut Bytes<'_>) -> Option<(u32, u32, u8)> {
    file.skip(6)?;
    let (width, height) = (file.u16_le()?, file.u16_le()?);
    let flags = file.u8()?;
    file.skip(2)?;
    Some((width.into(), height.into(), flags))
}

/// The GIF standard (89a), appendix B: blocks up to the trailer, one image at least, and
/// the first of them within the screen, which browsers would else stretch to hold it.
fn check_gif(bytes: &[u8]) -> Option<()> {
    let mut file = Bytes(bytes);
    let (screen_width, screen_height, flags) = gif_screen(&mut file)?;
    skip_colours(&mut file, flags)?;
    let mut images = 0_u32;
    loop {
        match file.u8()? {
            0x21 => file.skip(1)?,
            0x2c => {
                let (left, top) = (file.u16_le()?, file.u16_le()?);
                let (width, height) = (file.u16_le()?, file.u16_le()?);
                let right = u32::from(left) + u32::from(width);
                let bottom = u32::from(top) + u32::from(height);
                let fits = right <= screen_width && bottom <= screen_height;
                if images == 0 && !(fits && width > 0 && height > 0) {
                    return None;
                }
                images += 1;
                let flags = file.u8()?;
                skip_colours(&mut file, flags)?;
                // The size of the first codes.
                file.skip(1)?;
            }
            0x3b => return (images > 0).then_some(()),
            _ => return None,
        }
        skip_sub_blocks(&mut file)?;
    }
}

fn skip_colours(file: &mut Bytes<'_>, flags: u8) -> Option<()> {
    let has_table = flags & 0x80 != 0;
    let colours = 2_usize << (flags & 7);
    file.skip(if has_table { 3 * colours } else { 0 })
}

fn skip_sub_blocks(file: &mut Bytes<'_>) -> Option<()> {
    loop {
        match file.u8()? {
            0 => return Some(()),
            length => file.skip(length.into())?,
        }
    }
}

/// A JPEG's markers, with what follows them. Picture data between two markers is passed over.
struct Markers<'a>(Bytes<'a>);

impl<'a> Markers<'a> {
    /// The next marker, and its segment's content: ITU T.81, §B.1.1.
    fn next(&mut self) -> Option<(u8, Bytes<'a>)> {
        loop {
            while self.0.u8()? != 0xff {}
            let mut marker = self.0.u8()?;
            while marker == 0xff {
                marker = self.0.u8()?;
            }
            match marker {
                // A byte 0xff of the picture, and markers that stand alone.
                0x00 | 0x01 | 0xd0..=0xd8 => {}
                END_OF_IMAGE => return Some((marker, Bytes(&[]))),
                _ => {
                    let length = usize::from(self.0.u16_be()?).checked_sub(2)?;
                    let segment = self.0.0.get(..length)?;
                    self.0.skip(length)?;
                    return Some((marker, Bytes(segment)));
                }
            }
        }
    }
}

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// Every kind of picture; between their codes stand those of tables.
fn is_start_of_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf)
}

/// ITU T.81, §B.2.2. No height in the header (which a later marker may give) is height 0.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut markers = Markers(Bytes(bytes));
    loop {
        let (marker, mut segment) = markers.next()?;
        if is_start_of_frame(marker) {
            segment.skip(1)?;
            let (height, width) = (segment.u16_be()?, segment.u16_be()?);
            return Some((width.into(), height.into()));
        }
    }
}

/// One frame, a bounded number of scans, and the end-of-image marker.
fn check_jpeg(bytes: &[u8]) -> Option<()> {
    let mut markers = Markers(Bytes(bytes));
    let (mut frames, mut scans) = (0_u32, 0_u32);
    loop {
        let (marker, _) = markers.next()?;
        frames += u32::from(is_start_of_frame(marker));
        scans += u32::from(marker == START_OF_SCAN);
        if frames > 1 || scans > MAX_SCANS {
            return None;
        }
        if marker == END_OF_IMAGE {
            return (frames == 1 && scans > 0).then_some(());
        }
    }
}
