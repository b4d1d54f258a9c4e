//! Which client a request comes from.

use std::sync::Arc;

use super::{
    super::{By, Context, On, throttle::place},
    blind, unavailable,
};
use crate::{
    crypto::token::TokenHash,
    directory::Client,
    domain::{
        audit::Change,
        client::ClientId,
        credential::ClientSecret,
        oauth::{OauthError, Presented, Proof, assertion::Assertion},
        time::Timestamp,
    },
};

/// The path of the token endpoint, beneath the issuer.
pub const TOKEN_ENDPOINT: &str = "/oauth/token";

/// The path that requests are sent ahead to, which an assertion may be for too (RFC 9126 §2).
const PAR_ENDPOINT: &str = "/oauth/par";

/// A client that proved to be it; a public one has nothing to prove.
#[derive(Clone, Debug)]
pub struct Authenticated(Arc<Client>);

impl Authenticated {
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0
    }
}

/// The client that a request comes from. Of failures those of one client from one place are
/// counted; who shows what is right is never held up by them. That there were too many is written
/// down, of a client once in a quarter of an hour (S65).
///
/// # Errors
/// `invalid_client`, in the same words whatever is wrong; more than a while allows are told to wait.
pub async fn authenticate(
    ctx: &Context,
    by: &By,
    presented: &Presented,
) -> Result<Authenticated, OauthError> {
    let client = match presented.client_id.parse::<ClientId>() {
        Ok(id) => ctx.directory.client(&id).await.map_err(|error| blind(&error))?,
        Err(_) => None,
    };
    match client {
        Some(client) if proves(ctx, &client, &presented.proof, ctx.now()).await? => Ok(Authenticated(client)),
        Some(client) => match failed(ctx, by, client.client_id.as_str()) {
            Ok(()) => Err(OauthError::invalid_client()),
            Err(throttled) => {
                tell_limit(ctx, by, &client).await;
                Err(throttled)
            }
        },
        // Not by what was sent, which anybody makes up without end.
        None => Err(failed(ctx, by, "unknown").err().unwrap_or_else(OauthError::invalid_client)),
    }
}

/// Counts a failure.
///
/// # Errors
/// There were too many.
fn failed(ctx: &Context, by: &By, client: &str) -> Result<(), OauthError> {
    let subject = format!("{client} {}", place(by.origin.address));
    ctx.guesses.take(ctx.keys.bucket("client authentication", &subject)).map_err(OauthError::throttled)
}

/// Has its developers read that somebody guesses. Should it fail, the answer is the same.
async fn tell_limit(ctx: &Context, by: &By, client: &Client) {
    let id = client.client_id.as_str();
    // A flood asks the database no more often than it may guess.
    if ctx.guesses.take(ctx.keys.bucket("client limit asked", id)).is_err() {
        return;
    }
    let (told, on) = (ctx.keys.bucket("client limit told", id), On::app(client.owner.id, client.app.id));
    if let Err(error) = ctx.audit_once(by, told, on, Change::ClientTriesLimited {}).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "that somebody guesses was not written down"
        );
    }
}

async fn proves(ctx: &Context, client: &Client, proof: &Proof, now: Timestamp) -> Result<bool, OauthError> {
    match proof {
        Proof::None => Ok(client.is_public),
        Proof::Secret(_) | Proof::Assertion(_) if client.is_public => Ok(false),
        Proof::Secret(secret) => Ok(has_secret(ctx, client, secret.expose(), now)),
        Proof::Assertion(text) => signed(ctx, client, text.expose(), now).await,
    }
}

fn has_secret(ctx: &Context, client: &Client, text: &str, now: Timestamp) -> bool {
    let Ok(secret) = text.parse::<ClientSecret>() else { return false };
    let hash = TokenHash::of_secret(&secret);
    let Some(fitting) = client.secrets(now).find(|known| known.hash.fits(&hash)) else { return false };
    if fitting.retires_at.is_some() {
        ctx.tally.old_secret_used(fitting.id, now);
    }
    true
}

/// What was signed is good once, at whichever process it comes first.
async fn signed(ctx: &Context, client: &Client, text: &str, now: Timestamp) -> Result<bool, OauthError> {
    let Some(keys) = &client.jwks else { return Ok(false) };
    let (token_endpoint, par_endpoint) = (ctx.policy.link(TOKEN_ENDPOINT), ctx.policy.link(PAR_ENDPOINT));
    let us = [ctx.policy.public_url.as_str(), &token_endpoint, &par_endpoint];
    let verified = Assertion::parse(text).and_then(|it| it.verify(client.client_id.as_str(), keys, &us, now));
    let signed = match verified {
        Ok(signed) => signed,
        Err(why) => {
            tracing::debug!(client = %client.client_id, %why, "a client assertion proves nothing");
            return Ok(false);
        }
    };
    let hash = ctx.keys.bucket("client assertion", &signed.jti);
    let mut tx = ctx.begin().await.map_err(unavailable)?;
    let is_first = tx.use_assertion(client.app.id, &hash, signed.until).await.map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)?;
    Ok(is_first)
}
