//! Requests for authorisation that clients send ahead (RFC 9126).

use std::net::IpAddr;

use super::{
    super::{Context, throttle::place},
    clients::Authenticated,
    tokens::may_act,
    unavailable,
};
use crate::{
    crypto::token::Token,
    domain::{
        app::AppType,
        grant::PUSHED_LASTS,
        oauth::{
            ErrorCode, OauthError,
            authorization::{Parameters, RequestUri},
        },
    },
};

/// The most bytes of a request: what a browser would carry, and more.
const MAX_BYTES: usize = 16 * 1_024;

/// Keeps a client's request for a while; what to refer to it by.
///
/// # Errors
/// What would be said on a page is `invalid_request`; else as it would be said to the client.
pub async fn push(
    ctx: &Context,
    client: &Authenticated,
    parameters: Parameters,
    from: Option<IpAddr>,
) -> Result<RequestUri, OauthError> {
    let client = client.client();
    if client.app.app_type != AppType::Oauth {
        let description = "Only an OAuth app asks users; this is none.";
        return Err(OauthError::new(ErrorCode::UnauthorizedClient, description));
    }
    if parameters.has_request_uri() {
        return Err(OauthError::invalid_request("request_uri cannot be sent ahead; it is what comes of it."));
    }
    may_act(client)?;
    let parameters = parameters.for_client(&client.client_id);
    let encoded = parameters.encoded();
    if encoded.len() > MAX_BYTES {
        return Err(OauthError::invalid_request("The request is longer than 16 KiB."));
    }
    if client.is_public {
        // Its id is no secret, so that anybody sends requests in its name.
        let subject = format!("{} {}", client.client_id, place(from));
        let taken = ctx.guesses.take(ctx.keys.bucket("pushed request", &subject));
        taken.map_err(OauthError::throttled)?;
    }
    let mut tx = ctx.begin().await.map_err(unavailable)?;
    let registered = tx.client_by_id(&client.client_id).await.map_err(unavailable)?;
    let (_, registered) = registered.ok_or_else(OauthError::invalid_client)?;
    let to = parameters.redirection(&registered.redirect_uris);
    to.map_err(|unproven| OauthError::invalid_request(unproven.to_string()))?;
    parameters
        .judge(&client.scopes)
        .map_err(|refusal| OauthError::new(refusal.error, refusal.description))?;
    let token = Token::generate();
    let until = ctx.now() + PUSHED_LASTS;
    let pushed = tx.insert_pushed_request(token.hash().as_bytes(), client.app.id, &encoded, until).await;
    pushed.map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    Ok(RequestUri::new(token.expose()))
}
