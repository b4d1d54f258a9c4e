//! Drafts become active, active apps stop, stopped apps go on.

use super::{Acting, Conflict, Context, Error, On, Result, apps::refuse_beside_suspended, registrations};
use crate::{
    domain::{
        account::{AtLeast, Developer, Standing},
        app::{
            App, AppState, WrongState,
            activation::{Missing, Registration, missing},
        },
        audit::Change,
        id::AppId,
        lane::Waiting,
        subscription::Subscription,
    },
    store::Tx,
};

/// What the page of this step judges by.
#[derive(Debug)]
pub struct Checklist {
    pub subscriptions: Vec<Subscription>,
    /// Nothing for an app of a type that is no client.
    pub registration: Option<Registration>,
    pub missing: Vec<Missing>,
    pub standing: Standing,
}

/// # Errors
/// `NotFound` if the account is gone.
pub async fn checklist(ctx: &Context, acting: &Acting<impl AtLeast>, app: &App) -> Result<Checklist> {
    let mut read = ctx.read().await?;
    let subscriptions = read.subscriptions(acting.account(), app.id).await?;
    let registration = registrations::read(&mut read, app, ctx.now()).await?;
    let missing = missing(app, registration.as_ref(), &subscriptions);
    let standing = read.account(acting.account()).await?.ok_or(Error::NotFound)?.standing;
    Ok(Checklist { subscriptions, registration, missing, standing })
}

/// # Errors
/// `Conflict` if the app is no draft, lacks something, or its account may not.
pub async fn activate(ctx: &Context, acting: &Acting<Developer>, id: AppId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    tx.lock_account(acting.account()).await?;
    let app = tx.app_to_change(acting.account(), id).await?;
    let next = app.state.activate()?;
    let subscriptions = tx.subscriptions(acting.account(), id).await?;
    let registration = registrations::read(&mut tx, &app, ctx.now()).await?;
    if !missing(&app, registration.as_ref(), &subscriptions).is_empty() {
        return Err(Conflict::Incomplete.into());
    }
    may_be_active(&mut tx, &app).await?;
    tx.set_app_state(app.account, id, next.kind(), Some(ctx.now())).await?;
    tx.wake_lanes(id, ctx.now()).await?;
    ctx.audit(&mut tx, &acting.by(), On::app(app.account, id), Change::AppActivated {}).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// `Conflict` if the app is not active.
pub async fn deactivate(ctx: &Context, acting: &Acting<Developer>, id: AppId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let app = tx.app_to_change(acting.account(), id).await?;
    change_state(ctx, tx, acting, &app, AppState::deactivate, Change::AppDeactivated {}).await
}

/// Of what is dropped when an app is activated again, so much goes in one transaction.
const DROPPED_AT_ONCE: u32 = 1_000;

/// # Errors
/// `Conflict` if the app is not deactivated, or its account may not.
pub async fn reactivate(
    ctx: &Context,
    acting: &Acting<Developer>,
    id: AppId,
    waiting: Waiting,
) -> Result<()> {
    let mut dropped = 0;
    let (mut tx, app) = loop {
        let mut tx = ctx.begin().await?;
        tx.lock_account(acting.account()).await?;
        let app = tx.app_to_change(acting.account(), id).await?;
        app.state.reactivate()?;
        may_be_active(&mut tx, &app).await?;
        let some = match waiting {
            Waiting::Send => 0,
            Waiting::Drop => tx.drop_waiting(id, ctx.now(), DROPPED_AT_ONCE).await?,
        };
        dropped += u64::from(some);
        if some < DROPPED_AT_ONCE {
            break (tx, app);
        }
        // Others may write. While the app is stopped nothing of it is sent, and nothing is added.
        tx.commit().await?;
    };
    tx.wake_lanes(id, ctx.now()).await?;
    change_state(ctx, tx, acting, &app, AppState::reactivate, Change::AppReactivated { dropped }).await
}

async fn change_state(
    ctx: &Context,
    mut tx: Tx,
    acting: &Acting<Developer>,
    app: &App,
    next: impl Fn(&AppState) -> std::result::Result<AppState, WrongState>,
    change: Change,
) -> Result<()> {
    let next = next(&app.state)?;
    tx.set_app_state(app.account, app.id, next.kind(), None).await?;
    ctx.audit(&mut tx, &acting.by(), On::app(app.account, app.id), change).await?;
    Ok(tx.commit().await?)
}

async fn may_be_active(tx: &mut Tx, app: &App) -> Result<()> {
    match tx.account(app.account).await?.ok_or(Error::NotFound)?.standing {
        Standing::Approved => {}
        Standing::Pending => return Err(Conflict::AccountPending.into()),
        Standing::Suspended => return Err(Conflict::AccountSuspended.into()),
    }
    refuse_beside_suspended(tx, app.account, app.app_type).await
}
