//! Apps from their first name to their end.

use super::{Acting, By, Conflict, Context, Error, FormValue, On, Once, Result};
pub use crate::store::{Activity, AppFilter, AppPage};
use crate::{
    crypto,
    domain::{
        account::{AtLeast, Developer, Owner, Viewer},
        app::{
            App, AppType, StateKind,
            name::{AppName, NameKey},
        },
        audit::{Change, Milestone},
        client::ClientId,
        fields::FieldErrors,
        id::{AccountId, AppId, UserId},
        time::Span,
    },
    store::Tx,
};

/// The name of an app that was once active stays taken this long after its deletion.
const NAME_REMEMBERED: Span = Span::days(30);

/// An app that is about to be made.
#[derive(Debug)]
pub struct NewApp {
    pub app_type: AppType,
    pub name: AppName,
}

/// The app, if the user is a member of its account.
///
/// # Errors
/// `NotFound` else.
pub async fn seen_by(ctx: &Context, user: UserId, id: AppId) -> Result<App> {
    ctx.read().await?.app_for_user(id, user).await?.ok_or(Error::NotFound)
}

/// A page of the account's apps.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(ctx: &Context, acting: &Acting<Viewer>, filter: &AppFilter) -> Result<AppPage> {
    Ok(ctx.read().await?.apps(acting.account(), filter).await?)
}

/// Name, id and state of the account's JWT apps, which share its pair.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn jwt_apps(ctx: &Context, account: AccountId) -> Result<Vec<(AppId, AppName, StateKind)>> {
    Ok(ctx.read().await?.apps_of_type(account, AppType::Jwt).await?)
}

/// How many apps the account has.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn count(ctx: &Context, acting: &Acting<impl AtLeast>) -> Result<usize> {
    let count = ctx.read().await?.app_count(acting.account()).await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// What was last done to the app.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn activity(ctx: &Context, acting: &Acting<impl AtLeast>, app: &App) -> Result<Vec<Activity>> {
    Ok(ctx.read().await?.activity(acting.account(), app.id, 10).await?)
}

/// Who made the app, as far as the audit log tells.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn creation(ctx: &Context, acting: &Acting<impl AtLeast>, app: &App) -> Result<Option<Activity>> {
    last_of(ctx, acting, app, Milestone::Created).await
}

/// When and by whom the app was last activated or reactivated.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn last_start(ctx: &Context, acting: &Acting<impl AtLeast>, app: &App) -> Result<Option<Activity>> {
    // An app is activated once, and reactivated only after that.
    match last_of(ctx, acting, app, Milestone::Reactivated).await? {
        Some(last) => Ok(Some(last)),
        None => last_of(ctx, acting, app, Milestone::Activated).await,
    }
}

/// When and by whom the app was last deactivated.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn last_stop(ctx: &Context, acting: &Acting<impl AtLeast>, app: &App) -> Result<Option<Activity>> {
    last_of(ctx, acting, app, Milestone::Deactivated).await
}

async fn last_of(
    ctx: &Context,
    acting: &Acting<impl AtLeast>,
    app: &App,
    milestone: Milestone,
) -> Result<Option<Activity>> {
    Ok(ctx.read().await?.last_of(acting.account(), app.id, milestone).await?)
}

/// The most apps an account may have, where it has them.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn full(ctx: &Context, account: AccountId) -> Result<Option<u32>> {
    let max = ctx.policy.max_apps.get();
    Ok((ctx.read().await?.app_count(account).await? >= i64::from(max)).then_some(max))
}

/// # Errors
/// `Invalid` for a taken name; `Conflict` at the limit of apps, or beside a suspended JWT app.
pub async fn create(
    ctx: &Context,
    acting: &Acting<Developer>,
    form: FormValue,
    new: &NewApp,
) -> Result<Once<AppId>> {
    let account = acting.account();
    let id: AppId = ctx.new_id();
    let mut tx = ctx.begin().await?;
    // Locked first: else two requests could both count one less than the limit.
    tx.lock_account(account).await?;
    if let Some(before) = ctx.form_result(&mut tx, form, &id).await? {
        return Ok(Once::Before(before));
    }
    let max = ctx.policy.max_apps.get();
    if tx.app_count(account).await? >= i64::from(max) {
        return Err(Conflict::AppLimit { max }.into());
    }
    refuse_beside_suspended(&mut tx, account, new.app_type).await?;
    tx.insert_app(id, account, new.app_type, &new.name, ctx.now()).await?;
    if new.app_type.has_client() {
        tx.insert_client(account, id, &ClientId::from_random(crypto::random())).await?;
    }
    ctx.take_name(&mut tx, &new.name, id).await?;
    let change = Change::AppCreated { app_type: new.app_type, name: new.name.to_string() };
    ctx.audit(&mut tx, &acting.by(), On::app(account, id), change).await?;
    tx.commit().await?;
    Ok(Once::Now(id))
}

/// Deletes the app with all that belongs to it. `typed_name` must be its name.
///
/// # Errors
/// `Invalid` if the name is not the app's; `Conflict` while it is suspended.
pub async fn delete(ctx: &Context, acting: &Acting<Owner>, id: AppId, typed_name: &str) -> Result<()> {
    let account = acting.account();
    let mut tx = ctx.begin().await?;
    let app = tx.app_to_change(account, id).await?;
    app.state.delete()?;
    let name = &app.information.name;
    if NameKey::of(typed_name) != name.key() {
        let sentence = format!("Type the app's name, “{name}”, to delete it.");
        return Err(FieldErrors::one("name", sentence).into());
    }
    delete_held(ctx, &mut tx, &acting.by(), &app).await?;
    Ok(tx.commit().await?)
}

/// Deletes an app that is held and not suspended. The name of one that was active stays taken. Its
/// tokens end with it; what it was granted, and its deliveries, go in a while.
pub(super) async fn delete_held(ctx: &Context, tx: &mut Tx, by: &By, app: &App) -> Result<()> {
    if app.activated_at.is_some() {
        tx.remember_name(app.id, ctx.now() + NAME_REMEMBERED).await?;
    }
    tx.delete_app(app.account, app.id).await?;
    tx.leave_app(app.id, &app.information.name, ctx.now()).await?;
    let change = Change::AppDeleted { name: app.information.name.to_string() };
    ctx.audit(tx, by, On::app(app.account, app.id), change).await
}

/// While a JWT app of the account is suspended, its shared secret must open no other door.
pub(super) async fn refuse_beside_suspended(
    tx: &mut Tx,
    account: AccountId,
    app_type: AppType,
) -> Result<()> {
    match app_type {
        AppType::Oauth | AppType::ServerToServer | AppType::Webhook => return Ok(()),
        AppType::Jwt => {}
    }
    let siblings = tx.apps_of_type(account, AppType::Jwt).await?;
    let suspended = siblings.iter().any(|(_, _, state)| *state == StateKind::Suspended);
    if suspended { Err(Conflict::SuspendedSibling.into()) } else { Ok(()) }
}

impl Context {
    /// Takes a name for an app, which must exist.
    pub(super) async fn take_name(&self, tx: &mut Tx, name: &AppName, app: AppId) -> Result<()> {
        let platform = &self.policy.platform_name;
        let key = name.key();
        if key == NameKey::of(platform) {
            let sentence = format!("“{name}” is the name of this platform. Choose another name.");
            return Err(FieldErrors::one("name", sentence).into());
        }
        if tx.take_name(&key, app, self.now()).await? {
            return Ok(());
        }
        let sentence = format!("An app called “{name}” already exists on {platform}. Choose another name.");
        Err(FieldErrors::one("name", sentence).into())
    }
}

impl Tx {
    /// The app, held so that nobody else changes it or what belongs to it meanwhile.
    pub(super) async fn app_to_change(&mut self, account: AccountId, id: AppId) -> Result<App> {
        self.lock_app(account, id).await?;
        self.app(account, id).await?.ok_or(Error::NotFound)
    }
}
