//! Tokens ended by whoever has them (RFC 7009).

use super::{
    super::{By, Context},
    blind,
    clients::Authenticated,
    codes, unavailable,
};
use crate::domain::{
    access_token::Kind,
    credential::RefreshToken,
    oauth::{ErrorCode, OauthError},
};

/// So many tokens of a Server-to-Server app are remembered as ended until they would have expired.
const MOST: i64 = 10_000;

/// Ends a token of the client, and with one that a user's authorisation gave all that came of it
/// (RFC 7009 §2.1). One that is none, or is over, is as good as ended.
///
/// # Errors
/// `invalid_grant` for another client's token.
pub async fn revoke(ctx: &Context, by: &By, client: &Authenticated, token: &str) -> Result<(), OauthError> {
    if let Ok(token) = token.parse::<RefreshToken>() {
        let is_theirs = codes::revoke(ctx, by, client.client().app.id, &token).await.map_err(unavailable)?;
        return if is_theirs { Ok(()) } else { Err(others()) };
    }
    let Some(token) = ctx.keys.read_access_token(token) else { return Ok(()) };
    let (client, now) = (client.client(), ctx.now());
    if token.client != client.client_id {
        return Err(others());
    }
    if token.expires_at <= now || client.has_revoked(&token) {
        return Ok(());
    }
    if let Kind::User(family) = token.kind {
        return match ctx.directory.family(family).await.map_err(|error| blind(&error))? {
            Some(family) => codes::end(ctx, by, &family).await.map_err(unavailable),
            None => Ok(()),
        };
    }
    let mut tx = ctx.begin().await.map_err(unavailable)?;
    if tx.revoked_count(client.app.id, now).await.map_err(unavailable)? >= MOST {
        tracing::warn!(app = %client.app.id, "an app has ended as many tokens as can be remembered");
        return Err(OauthError::unavailable());
    }
    let revoked = tx.insert_revoked_token(client.owner.id, client.app.id, token.id, token.expires_at).await;
    revoked.map_err(unavailable)?;
    tx.commit().await.map_err(unavailable)
}

fn others() -> OauthError {
    let description = "The token was issued to another client, and is left as it is.";
    OauthError::new(ErrorCode::InvalidGrant, description)
}
