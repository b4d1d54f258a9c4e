//! What is registered of the client that an app is: as its steps are judged by, and as it is found.

use super::{Acting, Context, Result, admin::AsAdmin};
use crate::{
    domain::{
        account::AtLeast,
        app::{App, AppType, activation::Registration},
        client::ClientId,
        id::{AccountId, AppId},
        time::Timestamp,
    },
    store::Conn,
};

/// What is registered of an app's client; nothing for an app of a type that is none.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn of_app(ctx: &Context, acting: &Acting<impl AtLeast>, app: &App) -> Result<Option<Registration>> {
    if app.account != acting.account() || !app.app_type.has_client() {
        return Ok(None);
    }
    read(&mut ctx.read().await?, app, ctx.now()).await
}

/// As [`of_app`], of an app of anybody.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn of_any(ctx: &Context, _acting: &AsAdmin, app: &App) -> Result<Option<Registration>> {
    read(&mut ctx.read().await?, app, ctx.now()).await
}

/// The client ids of the account's apps.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn client_ids(ctx: &Context, acting: &Acting<impl AtLeast>) -> Result<Vec<(AppId, ClientId)>> {
    Ok(ctx.read().await?.client_ids(acting.account()).await?)
}

/// The client id of the account's first app of a type, for examples.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn example(ctx: &Context, account: AccountId, app_type: AppType) -> Result<Option<ClientId>> {
    let mut read = ctx.read().await?;
    let Some((app, ..)) = read.apps_of_type(account, app_type).await?.into_iter().next() else {
        return Ok(None);
    };
    Ok(read.client_of_app(account, app).await?.map(|client| client.client_id))
}

/// The account's app of this client id.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn find(ctx: &Context, acting: &Acting<impl AtLeast>, id: &ClientId) -> Result<Option<AppId>> {
    Ok(owned(ctx, id).await?.filter(|(account, _)| *account == acting.account()).map(|(_, app)| app))
}

/// The app of this client id, whosever it is.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn find_any(ctx: &Context, _acting: &AsAdmin, id: &ClientId) -> Result<Option<AppId>> {
    Ok(owned(ctx, id).await?.map(|(_, app)| app))
}

async fn owned(ctx: &Context, id: &ClientId) -> Result<Option<(AccountId, AppId)>> {
    let found = ctx.read().await?.client_by_id(id).await?;
    Ok(found.map(|(account, client)| (account, client.app)))
}

/// As [`of_app`], within a transaction.
pub(super) async fn read(read: &mut Conn, app: &App, now: Timestamp) -> Result<Option<Registration>> {
    if !app.app_type.has_client() {
        return Ok(None);
    }
    let Some(client) = read.client_of_app(app.account, app.id).await? else { return Ok(None) };
    let secrets = read.client_secrets(app.account, app.id, now).await?;
    let scopes = read.app_scopes(app.account, app.id).await?.into_iter().map(|wanted| wanted.scope).collect();
    Ok(Some(Registration { client, has_secret: !secrets.is_empty(), scopes }))
}
