//! Static files, held in the binary and addressed by the hash of their content.
//!
//! A page names a file as `href("app.css")` and gets `/assets/app.0123456789ab.css`:
//! the content never changes under its address, so a browser keeps it for good.
//! The style sheets are sent joined as one, and the scripts likewise, so that a first visit
//! takes at most six requests.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

/// Where the files are served.
const ROOT: &str = "/assets/";

/// Hexadecimal characters of the hash that stand in an address.
const HASH_LENGTH: usize = 16;

#[derive(Embed)]
#[folder = "static/"]
struct Static;

/// A file as it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    pub bytes: &'static [u8],
    pub content_type: &'static str,
    /// Whether `bytes` are compressed with brotli.
    pub brotli: bool,
}

struct Stored {
    href: String,
    content_type: &'static str,
    raw: Vec<u8>,
    brotli: Vec<u8>,
}

struct Assets {
    by_name: HashMap<String, Stored>,
    name_of: HashMap<String, String>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::build);

/// Joins and compresses the files now rather than while the first visitor waits.
pub fn prepare() {
    LazyLock::force(&ASSETS);
}

/// The address of a static file, for use in a template. A name that does not exist gives an
/// empty address; a test holds every name in every template to the files there are.
#[must_use]
pub fn href(name: &str) -> &'static str {
    ASSETS.by_name.get(name).map_or("", |stored| stored.href.as_str())
}

/// The file under an address, without its `/assets/`.
#[must_use]
pub fn lookup(path: &str, accepts_brotli: bool) -> Option<Asset> {
    let stored = ASSETS.by_name.get(ASSETS.name_of.get(path)?)?;
    let brotli = accepts_brotli && stored.brotli.len() < stored.raw.len();
    Some(Asset {
        bytes: if brotli { &stored.brotli } else { &stored.raw },
        content_type: stored.content_type,
        brotli,
    })
}

/// `GET /assets/{path}`
pub async fn get(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    let Some(asset) = lookup(&path, accepts_brotli(request.headers())) else {
        return HttpResponse::NotFound().finish();
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "accept-encoding"));
    if asset.brotli {
        response.insert_header((header::CONTENT_ENCODING, "br"));
    }
    response.body(asset.bytes)
}

/// Whether `br` is among the encodings and not weighted to nothing (RFC 9110 section 12.5.3).
fn accepts_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
            let weight = parts
                .find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")))
                .map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
            named && weight.is_some_and(|weight| weight > 0.0)
        })
}

impl Assets {
    fn build() -> Self {
        let mut assets = Self { by_name: HashMap::new(), name_of: HashMap::new() };
        assets.add("app.css", join_styles().into_bytes());
        assets.add("app.js", join_scripts().into_bytes());
        for name in Static::iter().filter(|name| !is_part(name)) {
            if let Some(file) = Static::get(&name) {
                assets.add(&name, file.data.into_owned());
            }
        }
        assets
    }

    fn add(&mut self, name: &str, raw: Vec<u8>) {
        let hash = hash(&raw);
        let path = match name.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
            None => format!("{name}.{hash}"),
        };
        let stored = Stored {
            href: format!("{ROOT}{path}"),
            content_type: content_type(name),
            brotli: compress(&raw),
            raw,
        };
        self.name_of.insert(path, name.to_owned());
        self.by_name.insert(name.to_owned(), stored);
    }
}

/// Parts of the joined files are not served by themselves.
fn is_part(name: &str) -> bool {
    name.starts_with("css/") || name.starts_with("js/")
}

/// `css/app.css` with each `@import url("…") layer(…);` replaced by its file in that layer.
fn join_styles() -> String {
    let mut joined = String::new();
    for line in minify(&text("css/app.css")).lines() {
        match import_of_style(line) {
            Some((file, layer)) => {
                let body = minify(&text(&format!("css/{file}")));
                // Writing into a string does not fail.
                let _ = write!(joined, "@layer {layer}{{\n{body}}}\n");
            }
            None => {
                joined.push_str(line);
                joined.push('\n');
            }
        }
    }
    joined
}

fn import_of_style(line: &str) -> Option<(&str, &str)> {
    let (file, rest) = line.strip_prefix("@import url(\"")?.split_once("\")")?;
    let (_, layer) = rest.split_once("layer(")?;
    Some((file, layer.split_once(')')?.0))
}

/// `js/app.js` with each `import './…';` replaced by its file in a block, so that what one
/// behaviour names is not seen by another.
fn join_scripts() -> String {
    let mut joined = String::new();
    for line in text("js/app.js").lines() {
        if let Some(file) = import_of_script(line) {
            let body = minify_script(&text(&format!("js/{file}")));
            let _ = write!(joined, "{{\n{body}}}\n");
        }
    }
    joined
}

fn import_of_script(line: &str) -> Option<&str> {
    line.strip_prefix("import './")?.strip_suffix("';")
}

/// Without comments, indentation and empty lines.
fn minify(style: &str) -> String {
    let mut rest = style;
    let mut bare = String::with_capacity(style.len());
    while let Some((before, after)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    lines(&bare, |_| true)
}

/// Without lines of comment, indentation and empty lines.
fn minify_script(script: &str) -> String {
    lines(script, |line| !line.starts_with("//"))
}

fn lines(text: &str, keep: impl Fn(&str) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && keep(line)) {
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

fn text(name: &str) -> Cow<'static, str> {
    match Static::get(name).map(|file| file.data) {
        Some(Cow::Borrowed(bytes)) => String::from_utf8_lossy(bytes),
        Some(Cow::Owned(bytes)) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        None => Cow::Borrowed(""),
    }
}

fn hash(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex.truncate(HASH_LENGTH);
    hex
}

/// The bytes compressed; the bytes themselves if that fails.
fn compress(mut raw: &[u8]) -> Vec<u8> {
    let original = raw;
    let mut compressed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams::default();
    match brotli::BrotliCompress(&mut raw, &mut compressed, &parameters) {
        Ok(_) => compressed,
        Err(_) => original.to_vec(),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
