//! A posted form: first whose it is, then whether it is theirs to send, then what it says.

use std::time::Duration;

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    error::PayloadError,
    web::{Bytes, Data, Payload as Body},
};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Extracted, visit::Visit};
use crate::{
    actions::Context,
    web::{error::PageError, pages::errors::Refused},
};

/// The most bytes a form without files may have, unless it says otherwise.
pub(super) const MAX_BYTES: usize = 64 * 1024;
/// How long the bytes of a form may take to come, its file among them: a phone in a tunnel
/// sends an icon slowly, but it does send.
pub(super) const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long no byte at all may come.
const SILENCE: Duration = Duration::from_secs(20);

/// A form `F` posted by `A`. `A` is judged before a byte of the form is looked at and once it
/// is there, and the form's `csrf` before its fields (S18). It has at most `MAX` bytes.
#[derive(Debug)]
pub(in crate::web) struct Post<A, F, const MAX: usize = MAX_BYTES> {
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

impl<A, F, const MAX: usize> FromRequest for Post<A, F, MAX>
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
            let (at, bytes) = received(&request, read(&request, payload, MAX)).await?;
            let Csrf { csrf } = serde_html_form::from_bytes(&bytes).map_err(|_| bad_request())?;
            check_csrf(&request, &csrf).await?;
            let form = serde_html_form::from_bytes(&bytes).map_err(|_| bad_request())?;
            Ok(Self { at, form })
        })
    }
}

/// What was posted, and who posted it as they are once the last byte has come: in the minutes
/// that a body may take, a session can end, and a role can be taken from whoever had it (S15).
/// Whoever may not post at all is refused before anything of the body is read.
pub(super) async fn received<A, T>(
    request: &HttpRequest,
    read: impl Future<Output = Result<T, PageError>>,
) -> Result<(A, T), PageError>
where
    A: FromRequest,
    A::Error: Into<PageError>,
{
    let _: A = judged(request).await?;
    let body = read.await?;
    Visit::forget(request);
    Ok((judged(request).await?, body))
}

async fn judged<A>(request: &HttpRequest) -> Result<A, PageError>
where
    A: FromRequest,
    A::Error: Into<PageError>,
{
    A::from_request(request, &mut Payload::None).await.map_err(Into::into)
}

/// Whether the value was given to this visitor.
pub(super) async fn check_csrf(request: &HttpRequest, value: &str) -> Result<(), PageError> {
    let visit = Visit::of(request).await?;
    let ctx = request.app_data::<Data<Context>>().ok_or_else(bad_request)?;
    let theirs = !visit.is_new && ctx.keys.is_csrf(visit.cookie.expose(), value);
    if theirs { Ok(()) } else { Err(PageError::Refused(Refused::FormExpired)) }
}

/// The body, which ends as one that broke off once nothing comes of it.
pub(super) fn unless_silent(payload: Payload) -> Payload {
    unless_silent_for(SILENCE, payload)
}

fn unless_silent_for(silence: Duration, payload: Payload) -> Payload {
    let chunks = stream::unfold(payload, move |mut payload| async move {
        match tokio::time::timeout(silence, payload.next()).await {
            Ok(chunk) => chunk.map(|chunk| (chunk, payload)),
            Err(_) => Some((Err(PayloadError::Incomplete(None)), Payload::None)),
        }
    });
    // A multipart form is asked for more after its end.
    Payload::Stream { payload: Box::pin(chunks.fuse()) }
}

pub(super) async fn read(request: &HttpRequest, payload: Payload, max: usize) -> Result<Bytes, PageError> {
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Err(PageError::Refused(Refused::FormExpired));
    }
    let body = Body::from_request(request, &mut unless_silent(payload)).await.map_err(|_| bad_request())?;
    let body = tokio::time::timeout(PATIENCE, body.to_bytes_limited(max));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk each time this long has passed.
    fn slowly(chunks: usize, pause: Duration) -> Payload {
        let chunks = stream::iter(0..chunks).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok(Bytes::from_static(b"x"))
        });
        Payload::Stream { payload: Box::pin(chunks) }
    }

    #[actix_web::test]
    async fn a_slow_body_is_waited_for_and_a_silent_one_is_not() {
        let silence = Duration::from_millis(400);
        let slow = unless_silent_for(silence, slowly(10, Duration::from_millis(60)));
        assert_eq!(slow.filter(|chunk| std::future::ready(chunk.is_ok())).count().await, 10);
        let mut silent = unless_silent_for(silence, slowly(1, Duration::from_secs(60)));
        assert!(matches!(silent.next().await, Some(Err(PayloadError::Incomplete(None)))));
        assert!(silent.next().await.is_none());
        assert!(silent.next().await.is_none(), "and it may be asked again");
    }
}
