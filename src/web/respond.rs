//! How pages and redirects become responses.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, Accept, Header},
    },
};
use askama::Template;

use super::{
    cookies::{self, Name},
    error::PageError,
    extract::visit::Visit,
    flash::Done,
};

/// What a handler of a page answers.
pub(super) type PageResult = Result<HttpResponse, PageError>;

/// A page. It is the viewer's own, so nobody keeps a copy.
pub(super) fn page(status: StatusCode, page: &impl Template) -> PageResult {
    Ok(HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/html; charset=utf-8")
        .body(page.render().map_err(PageError::template)?))
}

pub(super) fn ok(template: &impl Template) -> PageResult {
    page(StatusCode::OK, template)
}

/// A form that was refused, drawn again with what was typed.
pub(super) fn refused(template: &impl Template) -> PageResult {
    page(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// A page that holds a secret: not compressed either, since its length would then tell of it.
pub(super) fn secret_page(template: &impl Template) -> PageResult {
    uncompressed(ok(template)?)
}

/// A form that was refused, on a page that holds a secret.
pub(super) fn refused_secret_page(template: &impl Template) -> PageResult {
    uncompressed(refused(template)?)
}

fn uncompressed(mut response: HttpResponse) -> PageResult {
    response.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("identity"));
    Ok(response)
}

/// A secret for script to show in place.
pub(super) fn secret_json(value: &str) -> PageResult {
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .json(serde_json::json!({ "value": value })))
}

/// A file to keep.
pub(super) fn download(file_name: &str, content: &serde_json::Value) -> PageResult {
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file_name}\"")))
        .content_type("application/json")
        .body(format!("{content:#}\n")))
}

/// Whether the client would rather have JSON than a page (RFC 9110 §12.5.1).
pub(super) fn prefers_json(request: &HttpRequest) -> bool {
    Accept::parse(request).is_ok_and(|accept| accept.preference().essence_str() == "application/json")
}

/// On to another page after a post (RFC 9110 §15.4.4).
pub(super) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// As [`see_other`]; the next page says what was done.
pub(super) fn done(visit: &Visit, location: &str, done: Done) -> PageResult {
    let mut response = see_other(location);
    // A cookie of ours is always well formed.
    let _ = response.add_cookie(&cookies::set(Name::Flash, done.as_str(), visit.https));
    Ok(response)
}
