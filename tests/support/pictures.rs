//! Files to choose as an icon, made with the image crate or byte by byte.
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, ImageFormat, RgbaImage,
    codecs::{gif::GifEncoder, jpeg::JpegEncoder},
};

pub fn plain(width: u32, height: u32, colour: [u8; 4]) -> RgbaImage {
    RgbaImage::from_pixel(width, height, image::Rgba(colour))
}

/// Pixels that do not compress, the same ones each time.
pub fn noise(side: u32) -> RgbaImage {
    let mut state = 1_u64;
    RgbaImage::from_fn(side, side, |_, _| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [a, b, c, ..] = state.to_be_bytes();
        image::Rgba([a, b, c, 255])
    })
}

pub fn png(image: &RgbaImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(image.clone()).write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

pub fn gif(image: &RgbaImage) -> Vec<u8> {
    animation(std::slice::from_ref(image))
}

pub fn animation(frames: &[RgbaImage]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let frames = frames.iter().cloned().map(image::Frame::new);
    GifEncoder::new(&mut bytes).encode_frames(frames).expect("a GIF");
    bytes
}

pub fn jpeg(image: &RgbaImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let rgb = DynamicImage::ImageRgba8(image.clone()).into_rgb8();
    JpegEncoder::new_with_quality(&mut bytes, 95)
        .write_image(&rgb, rgb.width(), rgb.height(), ExtendedColorType::Rgb8)
        .expect("a JPEG");
    bytes
}

/// The JPEG with EXIF in its `APP1` segment.
pub fn jpeg_with_exif(image: &RgbaImage, exif: &[u8]) -> Vec<u8> {
    let mut bytes = jpeg(image);
    let data = [b"Exif\0\0", exif].concat();
    let length = u16::try_from(data.len() + 2).expect("a short segment");
    bytes.splice(2..2, [&[0xff, 0xe1][..], &length.to_be_bytes(), &data].concat());
    bytes
}

/// A TIFF header, an orientation, and a text behind them.
pub fn exif(orientation: u8, text: &str) -> Vec<u8> {
    let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4], text.as_bytes()].concat()
}

/// The PNG, made longer by a chunk of text before its end.
pub fn padded(png: &[u8], length: usize) -> Vec<u8> {
    let end = png.len() - 12;
    let text = vec![b'x'; length - png.len() - 12];
    [&png[..end], &chunk(b"teXt", &text), &png[end..]].concat()
}

/// A PNG of some kilobytes that is what its header says: a byte a pixel, when it is unpacked.
pub fn packed(side: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::ImageLuma8(GrayImage::new(side, side));
    image.write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

/// A PNG of a few bytes whose header claims a size.
pub fn bomb(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let pixels = [0x78, 0x9c, 0x63, 0, 0, 0, 1, 0, 1];
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &pixels), &chunk(b"IEND", &[])]
        .concat()
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let checked = [&name[..], data].concat();
    let length = u32::try_from(data.len()).expect("a short chunk").to_be_bytes();
    [&length[..], &checked, &crc32fast::hash(&checked).to_be_bytes()].concat()
}
