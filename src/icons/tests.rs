//! Good, edge, broken and hostile files (S62).

use proptest::prelude::*;

use super::*;
use crate::domain::icon::{IconError::*, OtherKind};

mod files;

use files::*;

/// The pixels of an accepted icon, after what holds for every one of them is checked.
#[expect(clippy::disallowed_methods, reason = "reads what was just written here")]
fn accepted(bytes: &[u8]) -> image::RgbaImage {
    let icon = decode(bytes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(icon.hash, IconHash::of(&icon.png));
    let names: Vec<[u8; 4]> = chunks(&icon.png).into_iter().map(|(name, _)| name).collect();
    let (first, rest) = names.split_first().expect("a first chunk");
    let (last, middle) = rest.split_last().expect("a last chunk");
    assert_eq!((first, last), (b"IHDR", b"IEND"));
    assert!(middle.iter().all(|name| name == b"IDAT"), "only pixels: {names:?}");
    assert!(icon.png.ends_with(b"IEND\xae\x42\x60\x82"), "nothing after the image");
    let image = image::load_from_memory(&icon.png).expect("what was written can be read");
    assert_eq!((image.width(), image.height()), (icon.side, icon.side));
    image.into_rgba8()
}

fn refused(bytes: &[u8]) -> IconError {
    decode(bytes).expect_err("refused")
}

fn near(pixel: &image::Rgba<u8>, wanted: [u8; 4]) -> bool {
    pixel.0.iter().zip(wanted).all(|(&have, want)| have.abs_diff(want) < 12)
}

#[test]
fn every_format_is_held_to_the_same_shape() {
    for make in [gif, jpeg, png] {
        for side in [160, 161, 399, 400] {
            assert_eq!(accepted(&make(&half_red(side, side))).width(), side);
        }
        for (width, height) in [(159, 159), (401, 401), (160, 161), (400, 399), (512, 300), (1, 1)] {
            let shape = WrongShape { width, height };
            assert_eq!(refused(&make(&half_red(width, height))), shape);
        }
    }
}

#[test]
fn what_is_drawn_stays_as_it_was() {
    for make in [gif, jpeg, png] {
        let icon = accepted(&make(&half_red(160, 160)));
        assert!(near(icon.get_pixel(20, 80), RED));
        assert!(near(icon.get_pixel(140, 80), BLUE));
    }
    let half_clear = image::RgbaImage::from_pixel(160, 160, image::Rgba([10, 20, 30, 128]));
    assert!(near(accepted(&png(&half_clear)).get_pixel(0, 0), [10, 20, 30, 128]));
}

#[test]
fn a_file_may_have_a_mebibyte_and_no_byte_more() {
    let whole = png(&half_red(200, 200));
    let mut bytes = with_chunk(&whole, "tEXt", &vec![b'x'; MAX_BYTES - whole.len() - 12]);
    assert_eq!(bytes.len(), 1_048_576);
    accepted(&bytes);
    bytes.push(0);
    assert_eq!(refused(&bytes), TooLarge { size_bytes: 1_048_577 });
    // Length is judged first: more than that is not looked at.
    assert_eq!(refused(&vec![0; 2_000_000]), TooLarge { size_bytes: 2_000_000 });
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let files = [
        (IconFormat::Gif, gif(&half_red(160, 160))),
        (IconFormat::Gif, animation(&[half_red(160, 160), plain(160, BLUE)])),
        (IconFormat::Jpeg, jpeg(&noise(160))),
        (IconFormat::Jpeg, grey_jpeg(160, 3)),
        (IconFormat::Png, png(&noise(160))),
    ];
    for (format, file) in files {
        accepted(&file);
        for cut in (1..60).map(|part| file.len() * part / 60).chain([8, 12, 20, 30, file.len() - 1]) {
            let bytes = file.get(..cut).unwrap_or_default();
            let is_refused = decode(bytes) == Err(Damaged(format));
            assert!(is_refused || cut < 10 && decode(bytes).is_err(), "{format} cut to {cut}");
        }
    }
}

#[test]
fn a_broken_checksum_or_missing_picture_is_refused() {
    let mut file = png(&half_red(160, 160));
    let middle = file.len() / 2;
    file[middle] ^= 0xff;
    assert_eq!(refused(&file), Damaged(IconFormat::Png));
    let empty = [&b"GIF89a"[..], &[200, 0, 200, 0, 0, 0, 0, 0x3b]].concat();
    assert_eq!(refused(&empty), Damaged(IconFormat::Gif));
    let end = [&b"\xff\xd8\xff\xd9"[..]].concat();
    assert_eq!(refused(&end), Damaged(IconFormat::Jpeg));
}

#[test]
fn a_bomb_is_refused_by_its_header_which_says_its_size() {
    let file = png(&half_red(160, 160));
    for (width, height) in [(30_000, 30_000), (1 << 31, 1 << 31), (u32::MAX, u32::MAX), (0, 0)] {
        let header = png_header(width, height, 8, 6);
        let shape = WrongShape { width, height };
        assert_eq!(refused(&with_header(&file, &header)), shape);
    }
    let mut screen = gif(&plain(1, RED));
    screen[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(refused(&screen), WrongShape { width: 65_535, height: 65_535 });
    let mut huge = grey_jpeg(160, 3);
    let size = frame_size_at(&huge);
    huge[size..size + 4].copy_from_slice(&[0xff; 4]);
    assert_eq!(refused(&huge), WrongShape { width: 65_535, height: 65_535 });
}

#[test]
fn a_second_header_does_not_replace_the_first() {
    let file = png(&half_red(160, 160));
    let second = png_header(30_000, 30_000, 8, 6);
    assert_eq!(refused(&with_chunk(&file, "IHDR", &second)), Damaged(IconFormat::Png));
    let twice = [&grey_jpeg(160, 3)[..200], &grey_jpeg(300, 3)[2..]].concat();
    assert_eq!(refused(&twice), Damaged(IconFormat::Jpeg));
}

#[test]
fn compressed_bombs_beside_the_picture_are_not_unpacked() {
    let file = png(&half_red(160, 160));
    let bomb = zlib_of_zeros(6_000);
    for (name, keyword) in [("zTXt", &b"Comment\0\0"[..]), ("iCCP", b"icc\0\0")] {
        let data = [keyword, &bomb].concat();
        assert_eq!(accepted(&with_chunk(&file, name, &data)), half_red(160, 160));
    }
    // More pixels than the header has room for are left out.
    let grey = png_of(&png_header(160, 160, 8, 0), &[], &bomb);
    assert_eq!(accepted(&grey), plain(160, [0, 0, 0, 255]));
}

#[test]
fn the_first_picture_of_an_animation_is_kept() {
    let frames = [half_red(200, 200), plain(200, BLUE)];
    assert_eq!(accepted(&animation(&frames)), half_red(200, 200));
    let bytes = animated_png(&png(&half_red(200, 200)), &png(&plain(200, BLUE)));
    assert_eq!(accepted(&bytes), half_red(200, 200));
}

#[test]
fn a_gif_picture_stays_within_its_screen() {
    let mut small_frame = gif(&plain(1, RED));
    small_frame[6..10].copy_from_slice(&[200, 0, 200, 0]);
    let icon = accepted(&small_frame);
    assert_eq!(icon.get_pixel(0, 0).0, RED);
    assert_eq!(icon.get_pixel(1, 0).0, [0, 0, 0, 0]);
    let mut large_frame = gif(&plain(300, RED));
    large_frame[6..10].copy_from_slice(&[200, 0, 200, 0]);
    assert_eq!(refused(&large_frame), Damaged(IconFormat::Gif));
}

#[test]
fn other_files_are_refused_by_what_they_are() {
    for (bytes, kind) in [
        (&b""[..], OtherKind::Empty),
        (b"G", OtherKind::Text),
        (b"\x89", OtherKind::Unknown),
        (b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0", OtherKind::WebP),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\"/>", OtherKind::Svg),
        (b"<!doctype html><script>alert(1)</script>", OtherKind::Html),
    ] {
        assert_eq!(refused(bytes), WrongKind(kind));
    }
}

#[test]
fn a_picture_is_turned_as_the_camera_was_held() {
    // 6: the camera's top is to the right, so the left half comes to the top.
    let exif = exif_of_orientation(6);
    let photo = jpeg_with_exif(&half_red(160, 160), &exif);
    let drawing = with_chunk(&png(&half_red(160, 160)), "eXIf", &exif);
    for bytes in [photo, drawing] {
        let icon = accepted(&bytes);
        assert!(near(icon.get_pixel(140, 20), RED));
        assert!(near(icon.get_pixel(20, 140), BLUE));
    }
    let broken = jpeg_with_exif(&half_red(160, 160), b"II*\0\xff\xff\xff\xff");
    assert!(near(accepted(&broken).get_pixel(20, 140), RED));
}

#[test]
fn nothing_but_pixels_is_kept() {
    let script = b"Comment\0<script>alert(1)</script>";
    let page = b"<html><script>alert(1)</script></html>";
    let clean = png(&half_red(160, 160));
    let dirty = [&with_chunk(&clean, "tEXt", script)[..], page].concat();
    // Equal pictures are one icon, whatever came with them.
    assert_eq!(decode(&dirty), decode(&clean));
    for make in [gif, jpeg] {
        let clean = make(&half_red(160, 160));
        assert_eq!(decode(&[&clean[..], page].concat()), decode(&clean));
    }
}

#[test]
fn every_way_to_store_colours_can_be_read() {
    let deep = image::DynamicImage::ImageRgba8(half_red(160, 160)).into_rgb16();
    assert_eq!(accepted(&png_bytes(&deep.into())), half_red(160, 160));
    let grey = image::GrayImage::from_pixel(160, 160, image::Luma([77]));
    assert_eq!(accepted(&png_bytes(&grey.into())), plain(160, [77, 77, 77, 255]));
    // One bit a pixel, every one the first of two colours.
    let palette = [("PLTE", vec![1, 2, 3, 9, 9, 9])];
    let file = png_of(&png_header(160, 160, 1, 3), &palette, &zlib_of_zeros(20));
    assert_eq!(accepted(&file), plain(160, [1, 2, 3, 255]));

    for components in [1, 3] {
        let icon = accepted(&grey_jpeg(160, components));
        assert!(near(icon.get_pixel(80, 80), [128, 128, 128, 255]), "{components}");
    }
    // Half of every ink, black included.
    assert!(near(accepted(&grey_jpeg(160, 4)).get_pixel(80, 80), [64, 64, 64, 255]));
}

#[test]
fn a_jpeg_of_endless_scans_is_refused() {
    let file = grey_jpeg(160, 1);
    let scan = file.windows(2).position(|pair| pair == [0xff, 0xda]).expect("a scan");
    let (head, tail) = file.split_at(scan);
    let scan = &tail[..tail.len() - 2];
    let many = [head, &scan.repeat(101), b"\xff\xd9"].concat();
    assert_eq!(refused(&many), Damaged(IconFormat::Jpeg));
}

#[test]
fn the_largest_icon_is_smaller_than_its_upload_may_be() {
    let icon = decode(&png(&noise(400))).expect("an icon");
    assert!(icon.png.len() < 650_000, "{}", icon.png.len());
}

#[tokio::test]
async fn icons_are_decoded_in_turn() {
    let decoder = Decoder::new(0);
    let file = png(&half_red(160, 160));
    let (first, second, wrong) = tokio::join!(
        decoder.decode(file.clone()),
        decoder.decode(file.clone()),
        decoder.decode(b"text".to_vec()),
    );
    assert_eq!(first, decode(&file));
    assert_eq!(second, first);
    assert_eq!(wrong, Err(WrongKind(OtherKind::Text)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_the_decoder_panic(
        format in 0_usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = match format {
            0 => gif(&half_red(160, 160)),
            1 => jpeg(&half_red(160, 160)),
            2 => grey_jpeg(160, 4),
            3 => animation(&[half_red(160, 160), plain(160, BLUE)]),
            _ => animated_png(&png(&half_red(160, 160)), &png(&plain(160, BLUE))),
        };
        let length = file.len();
        for (at, byte) in changes {
            file[at.index(length)] = byte;
        }
        let _ = decode(&file);
        let _ = decode(&repaired(&file));
    }
}
