//! Makes the files of the tests, with the image crate or byte by byte.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbaImage,
    codecs::{gif::GifEncoder, jpeg::JpegEncoder},
};

pub(super) const RED: [u8; 4] = [255, 0, 0, 255];
pub(super) const BLUE: [u8; 4] = [0, 0, 255, 255];

/// Red on the left, blue on the right.
pub(super) fn half_red(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, _| image::Rgba(if x < width / 2 { RED } else { BLUE }))
}

pub(super) fn plain(side: u32, colour: [u8; 4]) -> RgbaImage {
    RgbaImage::from_pixel(side, side, image::Rgba(colour))
}

/// Pixels that do not compress, the same ones each time.
pub(super) fn noise(side: u32) -> RgbaImage {
    let mut state = 1_u64;
    RgbaImage::from_fn(side, side, |_, _| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [a, b, c, d, ..] = state.to_be_bytes();
        image::Rgba([a, b, c, d])
    })
}

pub(super) fn png(image: &RgbaImage) -> Vec<u8> {
    png_bytes(&DynamicImage::ImageRgba8(image.clone()))
}

pub(super) fn png_bytes(image: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

pub(super) fn jpeg(image: &RgbaImage) -> Vec<u8> {
    jpeg_with_exif(image, &[])
}

pub(super) fn jpeg_with_exif(image: &RgbaImage, exif: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let rgb = DynamicImage::ImageRgba8(image.clone()).into_rgb8();
    JpegEncoder::new_with_quality(&mut bytes, 95)
        .write_image(&rgb, rgb.width(), rgb.height(), ExtendedColorType::Rgb8)
        .expect("a JPEG");
    if !exif.is_empty() {
        let data = [b"Exif\0\0", exif].concat();
        bytes.splice(2..2, segment(0xe1, &data));
    }
    bytes
}

pub(super) fn gif(image: &RgbaImage) -> Vec<u8> {
    animation(std::slice::from_ref(image))
}

pub(super) fn animation(frames: &[RgbaImage]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let frames = frames.iter().cloned().map(image::Frame::new);
    GifEncoder::new(&mut bytes).encode_frames(frames).expect("a GIF");
    bytes
}

/// A TIFF header and one entry: the orientation.
pub(super) fn exif_of_orientation(orientation: u8) -> Vec<u8> {
    let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat()
}

/// The chunks of a PNG, in order.
pub(super) fn chunks(png: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let mut rest = png.get(8..).unwrap_or_default();
    let mut chunks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((name, after)) = after.split_first_chunk::<4>() else { break };
        let Some((data, after)) = after.split_at_checked(length) else { break };
        chunks.push((*name, data.to_vec()));
        rest = after.get(4..).unwrap_or_default();
    }
    chunks
}

fn assemble(chunks: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in chunks {
        png.extend(u32::try_from(data.len()).expect("a short chunk").to_be_bytes());
        let checked = [name, &data[..]].concat();
        png.extend(&checked);
        png.extend(crc32fast::hash(&checked).to_be_bytes());
    }
    png
}

/// A PNG with its checksums made right again, so that a change gets past them.
pub(super) fn repaired(bytes: &[u8]) -> Vec<u8> {
    if bytes.starts_with(b"\x89PNG") { assemble(&chunks(bytes)) } else { bytes.to_vec() }
}

fn chunk(name: &str, data: &[u8]) -> ([u8; 4], Vec<u8>) {
    (name.as_bytes().try_into().expect("four letters"), data.to_vec())
}

/// The PNG with one more chunk after its header.
pub(super) fn with_chunk(png: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
    let mut all = chunks(png);
    all.insert(1, chunk(name, data));
    assemble(&all)
}

pub(super) fn with_header(png: &[u8], header: &[u8]) -> Vec<u8> {
    let mut all = chunks(png);
    all[0] = chunk("IHDR", header);
    assemble(&all)
}

pub(super) fn png_header(width: u32, height: u32, bits: u8, colour_type: u8) -> Vec<u8> {
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &[bits, colour_type, 0, 0, 0]].concat()
}

pub(super) fn png_of(header: &[u8], between: &[(&str, Vec<u8>)], pixels: &[u8]) -> Vec<u8> {
    let mut all = vec![chunk("IHDR", header)];
    all.extend(between.iter().map(|(name, data)| chunk(name, data)));
    all.extend([chunk("IDAT", pixels), chunk("IEND", &[])]);
    assemble(&all)
}

/// Two frames of a second each; `first` is the still image too.
pub(super) fn animated_png(first: &[u8], second: &[u8]) -> Vec<u8> {
    let pixels = |png| chunks(png).into_iter().filter(|(name, _)| name == b"IDAT").map(|(_, data)| data);
    let [.., size] = [chunks(first).remove(0).1[..8].to_vec()];
    let control = |order: u8| {
        let (order, place) = ([0, 0, 0, order], [0; 8]);
        chunk("fcTL", &[&order[..], &size, &place, &[0, 1, 0, 1, 0, 0]].concat())
    };
    let mut all = chunks(first);
    all.insert(1, chunk("acTL", &[0, 0, 0, 2, 0, 0, 0, 0]));
    all.insert(2, control(0));
    let end = all.pop().expect("an end");
    all.push(control(1));
    let more = pixels(second).zip(2_u32..);
    all.extend(more.map(|(data, order)| chunk("fdAT", &[&order.to_be_bytes()[..], &data].concat())));
    all.push(end);
    assemble(&all)
}

/// A zlib stream of that many kilobytes of zeros, a hundredth or less of it in length.
///
/// One block of fixed codes (RFC 1951 §3.2.6): a zero, then copies of 258 bytes from one
/// byte back, which are 13 bits each.
pub(super) fn zlib_of_zeros(kilobytes: usize) -> Vec<u8> {
    let length = 1 + (kilobytes * 1_000).div_ceil(258) * 258;
    let mut bits = String::from("110");
    bits.push_str("00110000");
    for _ in 0..length / 258 {
        bits.push_str("11000101");
        bits.push_str("00000");
    }
    bits.push_str("0000000");
    let bytes = bits.as_bytes().chunks(8).map(|bits| {
        let set = bits.iter().zip(0..).filter(|(bit, _)| **bit == b'1');
        set.map(|(_, place)| 1 << place).sum::<u8>()
    });
    let mut stream = vec![0x78, 0x9c];
    stream.extend(bytes);
    // Adler-32 of zeros: one sum stays 1, the other counts the bytes.
    let sum = u32::try_from(length % 65_521).expect("below 2^16");
    stream.extend((sum << 16 | 1).to_be_bytes());
    stream
}

/// A plain JPEG of 1 (grey), 3 (YCbCr) or 4 (CMYK) components, all of them at the middle.
pub(super) fn grey_jpeg(side: u16, components: u8) -> Vec<u8> {
    let ids = 1..=components;
    let mut frame = vec![8];
    frame.extend([side.to_be_bytes(), side.to_be_bytes()].concat());
    frame.push(components);
    frame.extend(ids.clone().flat_map(|id| [id, 0x11, 0]));
    let mut scan = vec![components];
    scan.extend(ids.flat_map(|id| [id, 0]));
    scan.extend([0, 63, 0]);
    // One code of one bit: "no difference" in one table, "end of block" in the other.
    let table = |class: u8| [&[class, 1][..], &[0; 15], &[0]].concat();
    let blocks = usize::from(side).div_ceil(8).pow(2) * usize::from(components);
    [
        b"\xff\xd8".to_vec(),
        segment(0xee, b"Adobe\0\x64\0\0\0\0\0").into_iter().filter(|_| components == 4).collect(),
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(0xc0, &frame),
        segment(0xc4, &table(0x00)),
        segment(0xc4, &table(0x10)),
        segment(0xda, &scan),
        vec![0; blocks.div_ceil(4)],
        b"\xff\xd9".to_vec(),
    ]
    .concat()
}

/// Where the height and width stand in a JPEG of `grey_jpeg`.
pub(super) fn frame_size_at(jpeg: &[u8]) -> usize {
    jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame") + 5
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).expect("a short segment");
    [&[0xff, marker][..], &length.to_be_bytes(), data].concat()
}
