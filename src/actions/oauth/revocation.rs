//! Tokens ended by whoever has them (RFC 7009).

use super::{super::Context, clients::Authenticated, unavailable};
use crate::domain::oauth::{ErrorCode, OauthError};

/// So many tokens of an app are remembered as ended until they would have expired.
const MOST: i64 = 10_000;

/// Ends a token of the client. One that is none, or is over, is as good as ended.
///
/// # Errors
/// `invalid_grant` for another client's token.
pub async fn revoke(ctx: &Context, client: &Authenticated, token: &str) -> Result<(), OauthError> {
    let Some(token) = ctx.keys.read_access_token(token) else { return Ok(()) };
    let (client, now) = (client.client(), ctx.now());
    if token.client != client.client_id {
        let description = "The token was issued to another client, and is left as it is.";
        return Err(OauthError::new(ErrorCode::InvalidGrant, description));
    }
    if token.expires_at <= now || client.has_revoked(token.id) {
        return Ok(());
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
