use std::fs;
use std::path::{Path, PathBuf};

use actix_web::test::TestRequest;

use super::*;

fn path_of(name: &str) -> &'static str {
    href(name).strip_prefix(ROOT).unwrap()
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_asset_named_in_a_template_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut templates = Vec::new();
    files_below(&root, &mut templates);
    let mut named = 0;
    for template in templates {
        let text = fs::read_to_string(&template).unwrap();
        for part in text.split("assets::href(").skip(1) {
            let name = part.strip_prefix('"').and_then(|p| p.split_once('"'));
            let (name, _) = name.unwrap_or_else(|| panic!("{template:?}: not a literal name"));
            assert_ne!(href(name), "", "{template:?} names {name}");
            named += 1;
        }
    }
    assert!(named >= 3, "the base layout names its style, script and icon");
}

#[test]
fn an_address_holds_the_hash_of_the_content() {
    let path = path_of("app.css");
    let hash = path.strip_prefix("app.").and_then(|rest| rest.strip_suffix(".css")).unwrap();
    assert_eq!(hash.len(), HASH_LENGTH);
    let asset = lookup(path, false).unwrap();
    assert_eq!(super::hash(asset.bytes), hash);
}

#[test]
fn both_forms_of_a_file_hold_the_same() {
    let raw = lookup(path_of("app.css"), false).unwrap();
    let small = lookup(path_of("app.css"), true).unwrap();
    assert!(!raw.brotli && small.brotli);
    let mut plain = Vec::new();
    brotli::BrotliDecompress(&mut &small.bytes[..], &mut plain).unwrap();
    assert_eq!(plain, raw.bytes);
}

#[test]
fn the_style_fits_its_budget() {
    let size = lookup(path_of("app.css"), true).unwrap().bytes.len();
    assert!(size <= 10 * 1024, "{size} bytes");
}

#[test]
fn every_part_is_joined_into_the_file_it_belongs_to() {
    let styles = join_styles();
    let scripts = join_scripts();
    assert!(!styles.contains("@import") && !styles.contains("/*"));
    assert!(styles.starts_with("@layer reset, tokens, base, layout, components, utilities;"));
    assert_eq!(styles.matches('{').count(), styles.matches('}').count());
    assert!(!scripts.contains("import ") && !scripts.contains("\n//"));
    for name in Static::iter().filter(|name| is_part(name)) {
        let line = |file: &str, text: &str| {
            text.contains(&format!("/{file}")) || text.contains(&format!("\"{file}"))
        };
        match name.split_once('/').unwrap() {
            (_, "app.css" | "app.js") => {}
            ("css", file) => assert!(line(file, &text("css/app.css")), "{name}"),
            (_, file) => assert!(line(file, &text("js/app.js")), "{name}"),
        }
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    for path in ["", "app.css", "css/base.css", "../Cargo.toml", "app.0000000000000000.css"] {
        assert_eq!(lookup(path, true), None, "{path}");
    }
}

#[test]
fn brotli_is_sent_to_those_who_take_it() {
    let accepts = |value: &str| {
        let request = TestRequest::get().insert_header((header::ACCEPT_ENCODING, value));
        accepts_brotli(request.to_http_request().headers())
    };
    assert!(accepts("gzip, deflate, br, zstd"));
    assert!(accepts("gzip;q=0.8, BR;q=0.5"));
    assert!(!accepts("gzip, deflate"));
    assert!(!accepts("br;q=0, gzip"));
    assert!(!accepts("brotli"));
    assert!(!accepts_brotli(TestRequest::get().to_http_request().headers()));
}

#[actix_web::test]
async fn a_file_is_kept_for_good() {
    let request = TestRequest::get().insert_header((header::ACCEPT_ENCODING, "br")).to_http_request();
    let response = get(request, web::Path::from(path_of("app.js").to_owned())).await;
    let value = |name| response.headers().get(name).unwrap().to_str().unwrap();
    assert_eq!(value(header::CONTENT_TYPE), "text/javascript; charset=utf-8");
    assert_eq!(value(header::CONTENT_ENCODING), "br");
    assert_eq!(value(header::CACHE_CONTROL), "public, max-age=31536000, immutable");
    assert_eq!(value(header::VARY), "accept-encoding");
}
