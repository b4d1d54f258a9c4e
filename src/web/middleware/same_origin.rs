//! What changes something must come from a page of ours: browsers say so in
//! `Sec-Fetch-Site` and `Origin`. The form's own value is checked besides (S18).

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap},
    },
    middleware::Next,
    web::Data,
};

use crate::web::{Settings, error::PageError, pages::errors::Refused};

pub(in crate::web) async fn require<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let public = request.app_data::<Data<Settings>>().map(|settings| settings.public_url.clone());
    if safe || is_ours(request.headers(), &public.unwrap_or_default()) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let refusal = PageError::Refused(Refused::FormExpired);
    let (request, _) = request.into_parts();
    let response = actix_web::ResponseError::error_response(&refusal);
    Ok(ServiceResponse::new(request, response).map_into_right_body())
}

fn is_ours(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let host = text("host").unwrap_or_default();
    let origin = text(header::ORIGIN.as_str()).is_none_or(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        origin == public_url || authority.is_some_and(|authority| authority == host)
    });
    site && origin
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_our_own_pages_may_post() {
        let ours = |pairs: &[_]| is_ours(&headers(pairs), "https://portico.example");
        assert!(ours(&[]));
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "https://portico.example")]));
        assert!(ours(&[("sec-fetch-site", "none")]));
        assert!(ours(&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[("origin", "https://evil.example")]));
        assert!(!ours(&[("origin", "null")]));
        assert!(!ours(&[("host", "portico.example"), ("origin", "https://portico.example.evil.example")]));
    }
}
