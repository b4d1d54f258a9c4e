//! Apps of the platform: found, stopped, given back, named anew.

use super::{
    super::{Conflict, Context, Error, On, Result, outbox::Mail},
    AsAdmin, Listed, still_for,
};
pub use crate::store::{EveryAppFilter, ListedApp};
use crate::{
    domain::{
        account::Account,
        app::{App, AppState, WrongState, name::AppName},
        audit::Change,
        calls::Hour,
        credential::ApiKey,
        id::AppId,
        suspension::Reason,
    },
    store::{Activity, Tx},
};

/// As many changes of state are shown.
const HISTORY: i64 = 50;

/// An app as an admin sees it, without what its calls came to.
#[derive(Debug)]
pub struct AppView {
    pub account: Account,
    /// Of the account; no secret.
    pub api_key: ApiKey,
    /// The latest first.
    pub history: Vec<Activity>,
}

/// The app, whosever it is.
///
/// # Errors
/// `NotFound` if there is none.
pub async fn any(ctx: &Context, acting: &AsAdmin, id: AppId) -> Result<App> {
    ctx.read().await?.any_app(acting.admin, id).await?.ok_or(Error::NotFound)
}

/// A page of all apps, with their calls of the last 24 hours.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(
    ctx: &Context,
    acting: &AsAdmin,
    filter: &EveryAppFilter,
) -> Result<Listed<ListedApp, AppId>> {
    let since = Hour::a_day_before(ctx.now());
    Ok(ctx.read().await?.every_app(acting.admin, filter, since).await?)
}

/// # Errors
/// `NotFound` if the app or its account is gone.
pub async fn view(ctx: &Context, acting: &AsAdmin, app: &App) -> Result<AppView> {
    let mut read = ctx.read().await?;
    let app = read.any_app(acting.admin, app.id).await?.ok_or(Error::NotFound)?;
    let account = read.account(app.account).await?.ok_or(Error::NotFound)?;
    let api_key = read.api_key(app.account).await?.ok_or(Error::NotFound)?;
    let history = read.state_history(app.account, app.id, HISTORY).await?;
    Ok(AppView { account, api_key, history })
}

/// Stops an app; its contact, or if it has none its owners, are told by mail.
///
/// # Errors
/// `Conflict` if it is suspended already.
pub async fn suspend(ctx: &Context, acting: &AsAdmin, id: AppId, reason: &Reason) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let app = held(&mut tx, acting, id).await?;
    let AppState::Suspended { reason, before } = app.state.suspend(reason).map_err(overtaken)? else {
        return Err(Conflict::Overtaken.into());
    };
    tx.suspend_app(app.account, id, &reason, before).await?;
    let told = match &app.information.contact_email {
        Some(contact) => vec![contact.clone()],
        None => tx.owners(app.account).await?,
    };
    for to in told {
        let mail = Mail::AppSuspended {
            to: to.to_string(),
            app: id.to_string(),
            reason: reason.clone(),
            at: ctx.now().micros(),
        };
        ctx.post(&mut tx, &mail).await?;
    }
    let change = Change::AppSuspended { before: app.state.kind(), reason };
    ctx.audit(&mut tx, &acting.by(), On::app(app.account, id), change).await?;
    Ok(tx.commit().await?)
}

/// Gives a suspended app the state it had. `seen` is the reason that the admin saw, if that
/// is known.
///
/// # Errors
/// `Conflict` if it is not suspended, or for another reason.
pub async fn reinstate(ctx: &Context, acting: &AsAdmin, id: AppId, seen: Option<&str>) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let app = held(&mut tx, acting, id).await?;
    let state = app.state.reinstate().map_err(overtaken)?;
    still_for(seen, reason(&app.state))?;
    tx.reinstate_app(app.account, id, state.kind()).await?;
    tx.wake_lanes(id, ctx.now()).await?;
    ctx.audit(&mut tx, &acting.by(), On::app(app.account, id), Change::AppReinstated { to: state.kind() })
        .await?;
    Ok(tx.commit().await?)
}

fn reason(state: &AppState) -> &str {
    match state {
        AppState::Draft | AppState::Active | AppState::Deactivated => "",
        AppState::Suspended { reason, .. } => reason,
    }
}

/// Another name, by the rules of names; the account's owners are told by mail. `seen` is the
/// name that the admin saw, if that is known.
///
/// # Errors
/// `Invalid` for a taken name; `Conflict` if the name is not the one seen.
pub async fn rename(
    ctx: &Context,
    acting: &AsAdmin,
    id: AppId,
    seen: Option<&str>,
    name: &AppName,
) -> Result<()> {
    let mut tx = ctx.begin_as_admin(acting).await?;
    let app = held(&mut tx, acting, id).await?;
    let before = &app.information.name;
    if seen.is_some_and(|seen| seen != before.as_str()) {
        return Err(Conflict::Overtaken.into());
    }
    if before == name {
        return Ok(());
    }
    if before.key() != name.key() {
        ctx.take_name(&mut tx, name, id).await?;
        tx.release_name(&before.key(), id).await?;
    }
    tx.set_app_name(app.account, id, name).await?;
    for to in tx.owners(app.account).await? {
        let mail = Mail::AppRenamed { to: to.to_string(), app: id.to_string(), at: ctx.now().micros() };
        ctx.post(&mut tx, &mail).await?;
    }
    let change = Change::AppRenamed { from: before.to_string(), to: name.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::app(app.account, id), change).await?;
    Ok(tx.commit().await?)
}

/// The app, held with its account: nothing can be created or activated beside it meanwhile.
async fn held(tx: &mut Tx, acting: &AsAdmin, id: AppId) -> Result<App> {
    let app = tx.any_app(acting.admin, id).await?.ok_or(Error::NotFound)?;
    tx.lock_account(app.account).await?;
    tx.app_to_change(app.account, id).await
}

fn overtaken(_: WrongState) -> Error {
    Conflict::Overtaken.into()
}
