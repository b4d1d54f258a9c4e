//! A form that makes its sender a user and signs them in.

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Extracted,
    form::{MAX_BYTES, bad_request, check_csrf, read, received},
    visit::Visit,
};
use crate::{
    actions::{Context, FormValue, sign_up},
    web::{error::PageError, pages::errors::Refused},
};

/// A form `F` by which a visitor comes in. Having come in they have another cookie, to which the
/// `csrf` of the page they left does not belong; that page sent once more, by reloading the answer
/// for one, is known by its one-time value and by whom it made, and does nothing (S18).
#[derive(Debug)]
pub(in crate::web) enum Entry<F> {
    /// As a [`Post`](super::form::Post) is.
    Posted(Visit, F),
    /// It made the very user who sends it.
    Again(Visit, F),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hidden {
    csrf: String,
    once: String,
}

impl<F: DeserializeOwned + 'static> FromRequest for Entry<F> {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let (visit, bytes): (Visit, _) = received(&request, read(&request, payload, MAX_BYTES)).await?;
            let Hidden { csrf, once } = serde_html_form::from_bytes(&bytes).map_err(|_| bad_request())?;
            let is_again = match check_csrf(&request, &csrf).await {
                Ok(()) => false,
                Err(PageError::Refused(Refused::FormExpired)) if made(&request, &visit, &once).await? => true,
                Err(refused) => return Err(refused),
            };
            let form = serde_html_form::from_bytes(&bytes).map_err(|_| bad_request())?;
            Ok(if is_again { Self::Again(visit, form) } else { Self::Posted(visit, form) })
        })
    }
}

/// Whether the form with this one-time value made whoever is signed in here.
async fn made(request: &HttpRequest, visit: &Visit, once: &str) -> Result<bool, PageError> {
    let Some(who) = &visit.who else { return Ok(false) };
    let ctx = request.app_data::<Data<Context>>().ok_or_else(bad_request)?;
    Ok(sign_up::has_made(ctx, FormValue::of_visitor(once), who.user.id).await?)
}
