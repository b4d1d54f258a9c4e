//! How a request says which client it comes from (RFC 6749 §2.3, RFC 7521 §4.2).

use actix_web::{HttpRequest, http::header};
use base64::{Engine, engine::general_purpose::STANDARD};
use url::form_urlencoded;

use crate::{
    actions::{
        By, Context,
        oauth::clients::{self, Authenticated},
    },
    domain::{
        oauth::{
            OauthError, Presented, Proof,
            assertion::{self, Assertion},
            parameters::Parameters,
        },
        secret::Secret,
    },
    web::extract::client::origin,
};

/// The client that a request comes from.
///
/// # Errors
/// `invalid_client` if it is none; `invalid_request` if it says so in several ways at once.
pub(super) async fn authenticate(
    ctx: &Context,
    request: &HttpRequest,
    parameters: &Parameters,
) -> Result<Authenticated, OauthError> {
    let presented = presented(request, parameters)?;
    clients::authenticate(ctx, &By::visitor(origin(request)), &presented).await
}

fn presented(request: &HttpRequest, parameters: &Parameters) -> Result<Presented, OauthError> {
    let basic = basic(request)?;
    let named = parameters.get("client_id");
    let posted = parameters.get("client_secret");
    let assertion = assertion(parameters)?;
    let ways = [basic.is_some(), posted.is_some(), assertion.is_some()];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        return Err(OauthError::invalid_request(
            "The client authenticates in more than one way; use one alone (RFC 6749, section 2.3).",
        ));
    }
    let (client_id, proof) = match (basic, posted, assertion) {
        (Some((id, secret)), _, _) => (id, Proof::Secret(Secret::new(secret))),
        (None, Some(secret), _) => {
            let id = named.ok_or_else(|| {
                OauthError::invalid_request("client_secret was sent without client_id; send both.")
            })?;
            (id.to_owned(), Proof::Secret(Secret::new(secret.to_owned())))
        }
        (None, None, Some(text)) => {
            let said = Assertion::parse(text).map_err(|_| OauthError::invalid_client())?;
            (said.client().to_owned(), Proof::Assertion(Secret::new(text.to_owned())))
        }
        (None, None, None) => (named.ok_or_else(OauthError::invalid_client)?.to_owned(), Proof::None),
    };
    if named.is_some_and(|named| named != client_id) {
        return Err(OauthError::invalid_request(
            "client_id is not the client that authenticates; leave it out, or send the same.",
        ));
    }
    Ok(Presented { client_id, proof })
}

/// Client id and secret of the header, each encoded as a form's value (RFC 6749 §2.3.1).
fn basic(request: &HttpRequest) -> Result<Option<(String, String)>, OauthError> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(OauthError::invalid_request("Send one Authorization header, not several."));
    }
    let text = value.to_str().map_err(|_| OauthError::invalid_client())?;
    let (scheme, encoded) = text.split_once(' ').ok_or_else(OauthError::invalid_client)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(OauthError::invalid_client());
    }
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| OauthError::invalid_client())?;
    let text = String::from_utf8(bytes).map_err(|_| OauthError::invalid_client())?;
    let (id, secret) = text.split_once(':').ok_or_else(OauthError::invalid_client)?;
    Ok(Some((form_decoded(id)?, form_decoded(secret)?)))
}

fn form_decoded(text: &str) -> Result<String, OauthError> {
    // What cannot stand in a form's value would else be read as its end.
    if text.contains(['&', '=']) {
        return Err(OauthError::invalid_client());
    }
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    Ok(pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default())
}

fn assertion(parameters: &Parameters) -> Result<Option<&str>, OauthError> {
    match (parameters.get("client_assertion_type"), parameters.get("client_assertion")) {
        (None, None) => Ok(None),
        (Some(assertion::TYPE), Some(text)) => Ok(Some(text)),
        (Some(_), Some(_)) => Err(OauthError::invalid_client()),
        (Some(_), None) | (None, Some(_)) => Err(OauthError::invalid_request(
            "client_assertion and client_assertion_type go together; send both.",
        )),
    }
}
