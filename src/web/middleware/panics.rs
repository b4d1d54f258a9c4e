//! A panic in a handler ends that handler alone: the request is answered and the log says so
//! (S66). Around each endpoint rather than around all: further out a request must not be
//! held while it finds its way, and without one there is no answer.

use std::{any::Any, panic::AssertUnwindSafe};

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use futures_util::FutureExt;

use crate::web::{api::problem, error::PageError};

/// What the panic leaves undone is answered with the page of a broken portal.
pub(in crate::web) async fn to_page(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    caught(request, next, || PageError::Broken { unavailable: false }.error_response()).await
}

/// As [`to_page`], with a problem for a program.
pub(in crate::web) async fn to_problem(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    caught(request, next, problem::broken).await
}

async fn caught(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    broken: impl FnOnce() -> HttpResponse,
) -> Result<ServiceResponse, Error> {
    let held = request.request().clone();
    let answer = async { Ok(next.call(request).await?.map_into_boxed_body()) };
    answered(answer, || Ok(ServiceResponse::new(held, broken()))).await
}

/// What a handler answers, or what `broken` does in its place if it panics. No `async fn`, which
/// would hold the handler twice: what it was given, and what it waits for.
pub(in crate::web) fn answered<T>(
    handler: impl Future<Output = T>,
    broken: impl FnOnce() -> T,
) -> impl Future<Output = T> {
    // What a handler shares with others is behind the database's transactions, which roll back.
    AssertUnwindSafe(handler).catch_unwind().map(|answer| {
        answer.unwrap_or_else(|panic| {
            tracing::error!(panic = message(&*panic), "a handler panicked");
            broken()
        })
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not a message")
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App,
        body::to_bytes,
        http::header,
        test::{TestRequest, call_service, init_service},
        web::scope,
    };

    use super::answered;
    use crate::web::endpoint::Endpoint;

    async fn broken() -> &'static str {
        panic!("a secret of the house")
    }

    #[actix_web::test]
    async fn what_panics_is_answered_in_its_place() {
        assert_eq!(answered(async { 1 }, || 2).await, 1);
        assert_eq!(answered(async { panic!("a secret of the house") }, || 2).await, 2);
    }

    #[actix_web::test]
    async fn a_panic_is_answered_and_its_message_kept() {
        let site = scope("/app/{app}").service(Endpoint::site("/page").get(broken));
        let app = App::new().service(Endpoint::api("/api").get(broken)).service(site);
        let app = init_service(app).await;
        for (path, kind) in [("/api", Some("application/problem+json")), ("/app/1/page", None)] {
            let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
            assert_eq!(response.status(), 500, "{path}");
            let found = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            assert_eq!(found, kind, "{path}");
            let body = to_bytes(response.into_body()).await.unwrap_or_default();
            assert!(!String::from_utf8_lossy(&body).contains("secret"), "{path}");
        }
    }
}
