//! A posted form: first whose it is, then whether it is theirs to send, then what it says.

use std::time::Duration;

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    web::{Bytes, Data, Payload as Body},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Extracted, visit::Visit};
use crate::{
    actions::Context,
    web::{error::PageError, pages::errors::Refused},
};

/// The most bytes a form without files may have.
const MAX_BYTES: usize = 64 * 1024;
/// How long its bytes may take to come.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A form `F` posted by `A`. `A` is judged before a byte of the form is looked at, and the
/// form's `csrf` before its fields (S18).
#[derive(Debug)]
pub(in crate::web) struct Post<A, F> {
    pub(in crate::web) at: A,
    pub(in crate::web) form: F,
}

/// A form of which nothing but its being sent matters.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Nothing {}

#[derive(Deserialize)]
struct Csrf {
    #[serde(default)]
    csrf: String,
}

impl<A, F> FromRequest for Post<A, F>
where
    A: FromRequest + 'static,
    A::Error: Into<PageError>,
    F: DeserializeOwned + 'static,
{
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let at = A::from_request(&request, &mut Payload::None).await.map_err(Into::into)?;
            let bytes = read(&request, payload).await?;
            let Csrf { csrf } = serde_html_form::from_bytes(&bytes).map_err(|_| bad_request())?;
            check_csrf(&request, &csrf).await?;
            let form = serde_html_form::from_bytes(&bytes).map_err(|_| bad_request())?;
            Ok(Self { at, form })
        })
    }
}

/// Whether the value was given to this visitor.
pub(super) async fn check_csrf(request: &HttpRequest, value: &str) -> Result<(), PageError> {
    let visit = Visit::of(request).await?;
    let ctx = request.app_data::<Data<Context>>().ok_or_else(bad_request)?;
    let theirs = !visit.is_new && ctx.keys.is_csrf(visit.cookie.expose(), value);
    if theirs { Ok(()) } else { Err(PageError::Refused(Refused::FormExpired)) }
}

async fn read(request: &HttpRequest, mut payload: Payload) -> Result<Bytes, PageError> {
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Err(PageError::Refused(Refused::FormExpired));
    }
    let body = Body::from_request(request, &mut payload).await.map_err(|_| bad_request())?;
    let body = tokio::time::timeout(PATIENCE, body.to_bytes_limited(MAX_BYTES));
    match body.await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(_))) | Err(_) => Err(bad_request()),
        Ok(Err(_)) => Err(PageError::Refused(Refused::TooLarge)),
    }
}

/// Not what this page expects.
pub(in crate::web) const fn bad_request() -> PageError {
    PageError::Refused(Refused::BadRequest)
}
