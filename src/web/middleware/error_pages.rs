//! Draws the page of an answer that has none, with the viewer's own frame around it.

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web::Data,
};

use super::request_id::RequestId;
use crate::{
    actions::Context,
    web::{
        cookies::{self, Name},
        error::ToDraw,
        extract::visit::Visit,
        pages::errors::{BrokenPage, NotFoundPage, Refused, RefusedPage},
        respond,
    },
};

pub(in crate::web) async fn draw<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    let to_draw = response.response().extensions().get::<ToDraw>().cloned();
    let to_draw = to_draw.or_else(|| of_status(&response));
    let mut response = match to_draw {
        Some(to_draw) => page(response, to_draw).await.map_into_right_body(),
        None => response.map_into_left_body(),
    };
    set_cookies(&mut response);
    Ok(response)
}

/// Answers of the framework itself, which have no page yet.
fn of_status<B>(response: &ServiceResponse<B>) -> Option<ToDraw> {
    if response.headers().contains_key(header::CONTENT_TYPE) {
        return None;
    }
    match response.status() {
        StatusCode::NOT_FOUND => Some(ToDraw::NotFound),
        StatusCode::METHOD_NOT_ALLOWED => Some(ToDraw::Refused(Refused::MethodNotAllowed)),
        StatusCode::BAD_REQUEST => Some(ToDraw::Refused(Refused::BadRequest)),
        StatusCode::PAYLOAD_TOO_LARGE => Some(ToDraw::Refused(Refused::TooLarge)),
        _ => None,
    }
}

async fn page<B>(response: ServiceResponse<B>, to_draw: ToDraw) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let kept = [header::ALLOW, header::RETRY_AFTER]
        .map(|name| response.headers().get(&name).cloned().map(|value| (name, value)));
    let request = response.request().clone();
    let mut drawn = match request.app_data::<Data<Context>>() {
        None => HttpResponse::new(status),
        Some(ctx) => {
            let visit = Visit::of(&request).await.unwrap_or_else(|_| Visit::unknown(&request));
            let chrome = visit.chrome(ctx);
            let drawn = match to_draw {
                ToDraw::NotFound => respond::page(status, &NotFoundPage { chrome }),
                ToDraw::Refused(why) => respond::page(status, &RefusedPage { chrome, why }),
                ToDraw::Broken { unavailable } => {
                    let id = request.extensions().get::<RequestId>().map(ToString::to_string);
                    let request_id = id.unwrap_or_default();
                    respond::page(status, &BrokenPage { chrome, unavailable, request_id })
                }
            };
            drawn.unwrap_or_else(|_| HttpResponse::new(status))
        }
    };
    for (name, value) in kept.into_iter().flatten() {
        drawn.headers_mut().insert(name, value);
    }
    ServiceResponse::new(request, drawn)
}

/// A new visitor's cookie, and the end of a flash that was shown.
fn set_cookies<B>(response: &mut ServiceResponse<B>) {
    let visit = response.request().extensions().get::<Visit>().cloned();
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("text/html")));
    let Some(visit) = visit.filter(|_| is_page) else { return };
    let response = response.response_mut();
    // Cookies of ours are always well formed.
    if visit.is_new {
        let _ = response.add_cookie(&cookies::set(Name::Visit, visit.cookie.expose(), visit.https));
    }
    if visit.has_flash() {
        let _ = response.add_cookie(&cookies::clear(Name::Flash, visit.https));
    }
}
