//! What a token is worth at this moment (RFC 7662).

use super::{
    super::{
        Context,
        authorize::{self, Found},
    },
    clients::Authenticated,
};
use crate::{
    directory::{EntryApp, Holder},
    domain::{
        access_token,
        authorization::{Code, Refusal},
        id::UserId,
        jwt::Unverified,
        oauth::OauthError,
        platform_key::PlatformService,
        time::Timestamp,
    },
};

/// Who asks.
#[derive(Debug)]
pub enum Asking {
    /// One of the platform's own services, about any token.
    Platform(PlatformService),
    /// A client, about its own.
    Client(Authenticated),
}

/// A token that would be let through at this moment.
#[derive(Debug)]
pub struct Active {
    /// Of an app-signed token its API key.
    pub client_id: String,
    pub scope: String,
    /// Of an access token alone.
    pub token_id: Option<String>,
    pub issued_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    pub account: About,
    pub app: Option<About>,
    pub user: Option<UserId>,
}

/// An account or an app by its id and name.
#[derive(Debug)]
pub struct About {
    pub id: String,
    pub name: String,
    /// Of an account its id in the platform's own books, of an app its type.
    pub more: Option<String>,
}

/// What the token is worth; nothing for one that would be refused, or is none of the asker's.
///
/// # Errors
/// Portico cannot know.
pub async fn inspect(ctx: &Context, asking: &Asking, token: &str) -> Result<Option<Active>, OauthError> {
    let judged = match asking {
        Asking::Client(client) => {
            let access = authorize::access::inspect(ctx, token).await;
            access.map(|access| {
                (access.client.client_id == client.client().client_id).then(|| Active::from(&access))
            })
        }
        Asking::Platform(_) => any(ctx, token).await.map(Some),
    };
    match judged {
        Ok(active) => Ok(active),
        Err(Refusal { code: Code::Unavailable, .. }) => Err(OauthError::unavailable()),
        Err(_) => Ok(None),
    }
}

/// What any token is worth, whoever has it. Nothing is counted.
async fn any(ctx: &Context, token: &str) -> Result<Active, Refusal> {
    if access_token::is_one(token) {
        return authorize::access::inspect(ctx, token).await.map(|access| Active::from(&access));
    }
    let unverified = Unverified::parse(token)?;
    let account =
        ctx.directory.account(unverified.iss()).await.map_err(|blind| authorize::unavailable(ctx, &blind))?;
    let caller = Found::of(account).decide(ctx, &unverified, ctx.now(), &mut ())?;
    Ok(Active {
        client_id: unverified.iss().to_owned(),
        scope: caller.scopes().to_owned(),
        token_id: None,
        issued_at: unverified.issued_at(),
        expires_at: caller.expires_at,
        account: About::from(caller.account()),
        app: caller.app().map(About::from),
        user: None,
    })
}

impl From<&authorize::access::Access> for Active {
    fn from(access: &authorize::access::Access) -> Self {
        Self {
            client_id: access.client.client_id.to_string(),
            scope: access.scopes.as_ref().to_owned(),
            token_id: Some(access.token.id.to_string()),
            issued_at: Some(access.token.issued_at),
            expires_at: access.token.expires_at,
            account: About::from(access.account()),
            app: Some(About::from(&access.client.app)),
            user: access.family.as_ref().map(|family| family.user.id),
        }
    }
}

impl From<&Holder> for About {
    fn from(account: &Holder) -> Self {
        let more = account.external_id.as_deref().map(str::to_owned);
        Self { id: account.id.to_string(), name: account.name.to_string(), more }
    }
}

impl From<&EntryApp> for About {
    fn from(app: &EntryApp) -> Self {
        let more = Some(app.app_type.as_str().to_owned());
        Self { id: app.id.to_string(), name: app.name.to_string(), more }
    }
}
