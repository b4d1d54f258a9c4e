//! The icon on `/apps/{app}/information`, and `/icons/{hash}` (S62)

mod requests;

use portico::domain::{app::App, time::Span};
use reqwest::Method;

use super::{Flow, at, only_error, refusal};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
    pictures::{animation, bomb, exif, gif, jpeg, jpeg_with_exif, noise, padded, plain, png},
};

on_both!(
    gif_jpeg_and_png_are_known_by_their_content,
    only_squares_of_160_to_400_pixels_fit,
    a_file_may_have_1_mib_and_not_a_byte_more,
    what_is_no_icon_is_named_for_what_it_is,
    a_refused_icon_leaves_the_old_one_and_everything_typed,
    what_is_served_was_drawn_anew,
    an_icon_is_served_for_good_and_runs_nothing,
    a_good_icon_outlives_a_refusal_of_another_field_for_an_hour,
    an_icon_can_be_removed_and_replaced,
);

pub(super) async fn upload(flow: &Flow, app: &App, name: &str, bytes: &[u8]) -> Page {
    let path = at(app, "/information");
    let form = flow.client.visit(&path).await.form(&path);
    flow.client.submit(&form.file("icon", name, bytes)).await
}

/// Where the page shows the icon from, if it shows one.
pub(super) async fn shown(flow: &Flow, app: &App) -> Option<String> {
    flow.client.visit(&at(app, "/information")).await.attribute("#icon-tile img", "src")
}

async fn bytes(flow: &Flow, path: &str) -> Vec<u8> {
    let response = flow.client.request(Method::GET, path).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    response.bytes().await.expect("bytes").to_vec()
}

fn says(page: &Page, sentence: &str) {
    assert_eq!(only_error(page), (String::from("icon"), sentence.to_owned()));
}

async fn gif_jpeg_and_png_are_known_by_their_content(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let picture = plain(200, 200, [200, 30, 30, 255]);
    for (name, file) in [
        ("icon.png", png(&picture)),
        ("icon.gif", gif(&picture)),
        ("icon.jpg", jpeg(&picture)),
        // The name and the declared type say nothing.
        ("page.html", gif(&picture)),
        ("../../etc/passwd", jpeg(&picture)),
        ("ïcon \"x\".webp", png(&picture)),
    ] {
        let page = upload(&flow, &app, name, &file).await;
        assert_eq!(page.status, 303, "{name}: {}", page.text());
        let served = bytes(&flow, &shown(&flow, &app).await.expect("an icon")).await;
        assert!(served.starts_with(b"\x89PNG\r\n\x1a\n"), "{name}");
        let drawn =
            image::ImageReader::new(std::io::Cursor::new(&served)).with_guessed_format().expect("a format");
        assert_eq!(drawn.into_dimensions().expect("a size"), (200, 200), "{name}");
    }
    // The overview and the list show it too.
    let icon = shown(&flow, &app).await.expect("an icon");
    for page in [String::from("/apps"), at(&app, "")] {
        assert!(flow.client.visit(&page).await.has(&format!("img[src='{icon}']")), "{page}");
    }
}

async fn only_squares_of_160_to_400_pixels_fit(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    for side in [160, 400] {
        for file in [
            png(&plain(side, side, [1, 2, 3, 255])),
            gif(&plain(side, side, [1, 2, 3, 255])),
            jpeg(&plain(side, side, [1, 2, 3, 255])),
        ] {
            assert_eq!(upload(&flow, &app, "icon", &file).await.status, 303, "{side}");
        }
    }
    for (width, height) in [(159, 159), (401, 401), (200, 201), (512, 300), (400, 160), (1, 1)] {
        let picture = plain(width, height, [1, 2, 3, 255]);
        let sentence =
            format!("This image is {width} × {height} pixels; it must be square, 160 to 400 pixels a side.");
        for file in [png(&picture), gif(&picture), jpeg(&picture)] {
            says(&upload(&flow, &app, "icon.png", &file).await, &sentence);
        }
    }
}

async fn a_file_may_have_1_mib_and_not_a_byte_more(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let picture = png(&plain(160, 160, [9, 9, 9, 255]));
    assert_eq!(upload(&flow, &app, "icon.png", &padded(&picture, 1_048_576)).await.status, 303);
    let old = shown(&flow, &app).await;
    let path = at(&app, "/information");
    let form = flow.client.visit(&path).await.form(&path).with("company_name", "Typed beside it");
    for (size, words) in [(1_048_577, "1,048,577 bytes"), (1_468_006, "1.4 MB"), (7_000_000, "6.7 MB")] {
        let page = flow.client.submit(&form.clone().file("icon", "icon.png", &padded(&picture, size))).await;
        says(&page, &format!("This file is {words}; an icon may have at most 1 MB (1,048,576 bytes)."));
        assert_eq!(page.form(&path).value("company_name"), Some("Typed beside it"));
        assert!(page.says("The icon you had is kept."), "{}", page.text());
    }
    assert_eq!(shown(&flow, &app).await, old);
}

async fn what_is_no_icon_is_named_for_what_it_is(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let picture = noise(200);
    let other = |what: &str| format!("This file is {what}; an icon must be a GIF, JPEG or PNG.");
    let damaged = |what: &str| {
        format!("This {what} image is damaged or cut short; save it again and choose it once more.")
    };
    let huge = |side: u32| {
        format!("This image is {side} × {side} pixels; it must be square, 160 to 400 pixels a side.")
    };
    let half = |mut file: Vec<u8>| {
        file.truncate(file.len() / 2);
        file
    };
    let less = |mut file: Vec<u8>, bytes: usize| {
        file.truncate(file.len() - bytes);
        file
    };
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let html = b"<!doctype html><script>alert(1)</script>";
    let table = [
        ("WebP", b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0".to_vec(), other("a WebP image")),
        ("SVG", svg.to_vec(), other("an SVG image")),
        ("HTML", html.to_vec(), other("an HTML page")),
        ("text", b"not an image at all".to_vec(), other("text")),
        ("BMP", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0".to_vec(), other("a BMP image")),
        ("ZIP", b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), other("a ZIP archive")),
        ("bytes", vec![0, 1, 2, 3, 0xff, 0xfe], String::from("This file is not a GIF, JPEG or PNG image.")),
        ("half a PNG", half(png(&picture)), damaged("PNG")),
        ("a PNG without its end", less(png(&picture), 12), damaged("PNG")),
        ("half a GIF", half(gif(&picture)), damaged("GIF")),
        ("a GIF without its end", less(gif(&picture), 1), damaged("GIF")),
        ("half a JPEG", half(jpeg(&picture)), damaged("JPEG")),
        ("the beginning of a PNG", b"\x89PNG\r\n\x1a\n".to_vec(), damaged("PNG")),
        ("a PNG bomb", bomb(30_000, 30_000), huge(30_000)),
        ("a PNG of 2^31", bomb(1 << 31, 1 << 31), huge(1 << 31)),
        ("a PNG of nothing", bomb(0, 0), huge(0)),
    ];
    for (what, file, sentence) in table {
        let page = upload(&flow, &app, "icon.png", &file).await;
        assert_eq!(page.status, 422, "{what}: {}", page.text());
        assert_eq!(only_error(&page), (String::from("icon"), sentence), "{what}");
    }
    assert_eq!(shown(&flow, &app).await, None);
    assert!(flow.portal.world.database.texts("select hash from icons").await.is_empty(), "none is kept");
}

async fn a_refused_icon_leaves_the_old_one_and_everything_typed(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    upload(&flow, &app, "icon.png", &png(&plain(160, 160, [9, 9, 9, 255]))).await;
    let old = shown(&flow, &app).await;
    assert!(old.is_some());
    let path = at(&app, "/information");
    let form = flow
        .client
        .visit(&path)
        .await
        .form(&path)
        .with("name", "")
        .with("contact_email", "x")
        .with("company_name", "Typed");
    let page = flow.client.submit(&form.file("icon", "icon.png", b"<html>")).await;
    let fields: Vec<_> = refusal(&page).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["name", "icon", "contact_email"], "in the order of the page");
    assert_eq!(page.form(&path).value("company_name"), Some("Typed"));
    assert_eq!(page.attribute("#icon-tile img", "src"), old);
    assert_eq!(shown(&flow, &app).await, old);
}

async fn what_is_served_was_drawn_anew(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    // A JPEG with EXIF that says "turn me", the place it was taken at, and a script behind its end.
    let mut file = jpeg_with_exif(&plain(200, 200, [10, 200, 10, 255]), &exif(6, "48.8584 N, 2.2945 E"));
    file.extend(b"<script>alert('polyglot')</script>");
    assert_eq!(upload(&flow, &app, "icon.jpg", &file).await.status, 303);
    let served = bytes(&flow, &shown(&flow, &app).await.expect("an icon")).await;
    for gone in [&b"Exif"[..], b"eXIf", b"48.8584", b"script", b"II*"] {
        assert!(!served.windows(gone.len()).any(|part| part == gone), "{:?}", String::from_utf8_lossy(gone));
    }
    // Of an animation the first frame stands still.
    let frames = [plain(160, 160, [255, 0, 0, 255]), plain(160, 160, [0, 0, 255, 255])];
    assert_eq!(upload(&flow, &app, "icon.gif", &animation(&frames)).await.status, 303);
    let served = bytes(&flow, &shown(&flow, &app).await.expect("an icon")).await;
    let drawn = image::ImageReader::new(std::io::Cursor::new(served))
        .with_guessed_format()
        .expect("a format")
        .decode()
        .expect("a picture");
    assert_eq!(drawn.into_rgba8().get_pixel(80, 80).0, [255, 0, 0, 255]);
}

async fn an_icon_is_served_for_good_and_runs_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    upload(&flow, &app, "icon.png", &png(&plain(160, 160, [9, 9, 9, 255]))).await;
    let path = shown(&flow, &app).await.expect("an icon");
    // Anybody may see it, signed in or not.
    let stranger = flow.portal.client();
    let response = stranger.request(Method::GET, &path).send().await.expect("an answer");
    let header = |name: &str| {
        response.headers().get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    };
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(header("content-disposition"), "inline; filename=\"icon.png\"");
    assert_eq!(header("set-cookie"), "");
    let unknown = path.chars().rev().map(|c| if c == '0' { '1' } else { '0' }).take(64).collect::<String>();
    for wrong in [
        format!("/icons/{unknown}"),
        path.to_uppercase().replace("/ICONS", "/icons"),
        format!("{path}.png"),
        format!("{path}0"),
        String::from("/icons/x"),
        String::from("/icons/"),
        String::from("/icons/..%2fapps"),
    ] {
        if wrong != path {
            assert_eq!(stranger.get(&wrong).await.status, 404, "{wrong}");
        }
    }
}

async fn a_good_icon_outlives_a_refusal_of_another_field_for_an_hour(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let path = at(&app, "/information");
    let form = flow.client.visit(&path).await.form(&path);
    let good = png(&plain(160, 160, [9, 9, 9, 255]));
    let refused = flow.client.submit(&form.with("company_name", "").file("icon", "icon.png", &good)).await;
    assert_eq!(only_error(&refused).0, "company_name");
    assert!(refused.says("This icon fits and is set aside."), "{}", refused.text());
    let aside = refused.attribute("#icon-tile img", "src").expect("the picture is shown");
    assert_eq!(shown(&flow, &app).await, None, "it is not the app's yet");
    let again = refused.form(&path);
    assert!(again.value("icon_kept").is_some());

    // It outlives another refusal, and is saved with the form that is right.
    let refused = flow.client.submit(&again).await;
    assert_eq!(only_error(&refused).0, "company_name");
    let saved = flow.client.submit(&refused.form(&path).with("company_name", "Meridian")).await;
    assert_eq!(saved.status, 303);
    assert_eq!(shown(&flow, &app).await, Some(aside));

    // After an hour what swept has taken it away, and the page says so.
    let other = flow.active_app("Other").await;
    let path = at(&other, "/information");
    let form = flow.client.visit(&path).await.form(&path).with("company_name", "");
    let refused = flow.client.submit(&form.file("icon", "icon.png", &png(&noise(160)))).await;
    flow.portal.world.clock.advance(Span::minutes(61));
    portico::actions::housekeeping::sweep(&flow.portal.world.ctx).await.expect("it sweeps");
    let late = flow.client.submit(&refused.form(&path).with("company_name", "Meridian")).await;
    says(&late, "The icon was kept for an hour; choose it again.");
    // What is forged is no icon either.
    let forged = flow.client.submit(&late.form(&path).with("icon_kept", "<script>")).await;
    says(&forged, "The icon was kept for an hour; choose it again.");
    assert_eq!(flow.client.submit(&late.form(&path)).await.status, 303, "the page lets go of it");
}

async fn an_icon_can_be_removed_and_replaced(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let path = at(&app, "/information");
    assert!(!flow.client.visit(&path).await.has("input[name=remove_icon]"), "there is nothing to remove");
    upload(&flow, &app, "icon.png", &png(&plain(160, 160, [9, 9, 9, 255]))).await;
    let first = shown(&flow, &app).await;
    // A file that is chosen counts for more than the tick.
    let form = flow.client.visit(&path).await.form(&path).with("remove_icon", "1");
    let page = flow.client.submit(&form.clone().file("icon", "x.png", &png(&noise(160)))).await;
    assert_eq!(page.status, 303, "{}", page.text());
    let second = shown(&flow, &app).await;
    assert!(second.is_some() && second != first);
    // The tick stays where another field is refused, and nothing is removed meanwhile.
    let refused = flow.client.submit(&form.clone().with("name", "")).await;
    assert_eq!(refused.form(&path).value("remove_icon"), Some("1"));
    assert_eq!(shown(&flow, &app).await, second);
    assert_eq!(flow.client.submit(&form).await.status, 303);
    assert_eq!(shown(&flow, &app).await, None);
    assert!(flow.client.visit(&path).await.says("No icon yet"));
}
