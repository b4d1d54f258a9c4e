//! Whether the process lives, and whether it can work.

use actix_web::{HttpResponse, http::header, web::Data};

use crate::actions::Context;

/// The process answers.
pub(in crate::web) async fn healthz() -> HttpResponse {
    plain(HttpResponse::Ok(), "ok\n")
}

/// The database answers and is migrated.
pub(in crate::web) async fn readyz(ctx: Data<Context>) -> HttpResponse {
    match ctx.store.ping().await {
        Ok(()) => plain(HttpResponse::Ok(), "ready\n"),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            let why = if error.is_not_migrated() {
                "the database lacks a migration of this program\n"
            } else {
                "the database does not answer\n"
            };
            plain(HttpResponse::ServiceUnavailable(), why)
        }
    }
}

fn plain(mut response: actix_web::HttpResponseBuilder, text: &'static str) -> HttpResponse {
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body(text)
}
