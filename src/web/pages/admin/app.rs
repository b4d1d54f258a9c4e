//! `/admin/apps/{app}`: an app of anybody, what stops it and what its name is.

use actix_web::{http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::{ReasonForm, ReinstateForm, history};
use crate::actions::admin::{AsAdmin, apps};
use crate::actions::{self, Conflict, Context, Error, calls, deliveries, registrations, subscriptions};
use crate::domain::account::{Account, Standing};
use crate::domain::app::{App, AppState, AppType, StateKind, name::AppName};
use crate::domain::credential::ApiKey;
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::subscription::Subscription;
use crate::domain::suspension::Reason;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::chart::{HealthChart, RequestsChart};
use crate::web::error::{PageError, of_form};
use crate::web::extract::console::ConsoleApp;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::pages::apps::activation::EnteredClient;
use crate::web::pages::apps::deliveries::DeliveryRow;
use crate::web::pages::apps::frame::State;
use crate::web::pages::apps::information::InformationForm;
use crate::web::pages::apps::overview::{Activity, AppCalls};
use crate::web::pages::apps::refusals::{Keys, Refused};
use crate::web::pages::apps::tile::Tile;
use crate::web::respond::{PageResult, done, ok, page, refused};

/// An app as admins see it.
#[derive(Template)]
#[template(path = "pages/admin/app.html")]
pub(crate) struct AdminAppPage {
    pub(crate) chrome: Chrome,
    pub(crate) id: String,
    /// The name as saved, whatever the form holds.
    pub(crate) name: String,
    pub(crate) tile: Tile,
    pub(crate) type_words: &'static str,
    pub(crate) state: State,
    /// Why it is suspended, if it is.
    pub(crate) reason: Option<String>,
    /// The state that reinstating restores, within a sentence.
    pub(crate) before: &'static str,
    pub(crate) account: AccountOfApp,
    /// What its developers entered.
    pub(crate) information: InformationForm,
    pub(crate) created: Timestamp,
    pub(crate) activated: Option<Timestamp>,
    pub(crate) subscriptions: usize,
    /// Whether users let such an app in.
    pub(crate) has_grants: bool,
    /// What is known of its calls; nothing for a type that makes none.
    pub(crate) calls: Option<AppCalls>,
    /// How its deliveries go, and the last that failed; nothing if it subscribes to nothing and was
    /// sent nothing. Neither where they go nor what they say.
    pub(crate) deliveries: Option<AppDeliveries>,
    /// What a JWT app shares with others; nothing for other types.
    pub(crate) pair: Option<PairOfApp>,
    /// What is registered of an app that uses OAuth.
    pub(crate) client: Option<EnteredClient>,
    /// The latest first.
    pub(crate) history: Vec<Activity>,
    pub(crate) rename: RenameForm,
    pub(crate) suspend: ReasonForm,
    /// The reason that was typed, if anything, when another admin was quicker.
    pub(crate) overtaken: Option<String>,
    pub(crate) errors: FieldErrors,
}

/// The deliveries of an app, as far as they are an admin's concern.
pub(crate) struct AppDeliveries {
    pub(crate) health: HealthChart,
    /// The newest first.
    pub(crate) failed: Vec<DeliveryRow>,
}

/// The account of an app.
pub(crate) struct AccountOfApp {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) standing: Standing,
    pub(crate) external_id: Option<String>,
}

/// What suspending a JWT app does not stop: the pair it shares.
pub(crate) struct PairOfApp {
    pub(crate) api_key: String,
    /// Calls of the last 24 hours that were signed with it and name no app.
    pub(crate) unnamed: Count,
    /// The other JWT apps of the account, which go on.
    pub(crate) other_apps: Vec<String>,
}

/// What was typed to name an app anew.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RenameForm {
    pub(crate) name: String,
    /// The name as it was when the admin looked; a post that no longer fits is 409.
    pub(crate) was: Option<String>,
}

/// As many refused calls as the page shows.
const REFUSED: u16 = 10;
/// And as many failed deliveries.
const FAILED: u16 = 10;

pub(in crate::web) async fn get(ctx: Data<Context>, at: ConsoleApp) -> PageResult {
    ok(&draw(&ctx, &at).await?)
}

pub(in crate::web) async fn suspend(ctx: Data<Context>, post: Post<ConsoleApp, ReasonForm>) -> PageResult {
    let Post { at, form } = post;
    let reason = match form.reason.parse::<Reason>() {
        Ok(reason) => reason,
        Err(error) => {
            let errors = FieldErrors::one("reason", error.sentence("the reason"));
            return refused(&AdminAppPage { suspend: form, errors, ..draw(&ctx, &at).await? });
        }
    };
    match apps::suspend(&ctx, &at.console.acting, at.app.id, &reason).await {
        Ok(()) => done(&at.console.signed_in.visit, &at.at(), Done::AppSuspended),
        Err(Error::Conflict(Conflict::Overtaken)) => {
            let overtaken = Some(form.reason);
            page(StatusCode::CONFLICT, &AdminAppPage { overtaken, ..draw(&ctx, &at).await? })
        }
        Err(error) => Err(error.into()),
    }
}

pub(in crate::web) async fn reinstate(
    ctx: Data<Context>,
    post: Post<ConsoleApp, ReinstateForm>,
) -> PageResult {
    let Post { at, form } = post;
    apps::reinstate(&ctx, &at.console.acting, at.app.id, form.was.as_deref()).await?;
    done(&at.console.signed_in.visit, &at.at(), Done::AppReinstated)
}

pub(in crate::web) async fn rename(ctx: Data<Context>, post: Post<ConsoleApp, RenameForm>) -> PageResult {
    let Post { at, form } = post;
    let renamed = match form.name.parse::<AppName>() {
        Ok(name) => apps::rename(&ctx, &at.console.acting, at.app.id, form.was.as_deref(), &name).await,
        Err(error) => Err(FieldErrors::one("name", error.sentence("the app name")).into()),
    };
    match renamed {
        Ok(()) => done(&at.console.signed_in.visit, &at.at(), Done::AppRenamed),
        Err(Error::Conflict(Conflict::Overtaken)) => {
            let rename = RenameForm { was: None, ..form };
            let overtaken = Some(String::new());
            page(StatusCode::CONFLICT, &AdminAppPage { rename, overtaken, ..draw(&ctx, &at).await? })
        }
        Err(error) => {
            let errors = of_form(error)?;
            refused(&AdminAppPage { rename: form, errors, ..draw(&ctx, &at).await? })
        }
    }
}

async fn app_deliveries(
    ctx: &Context,
    acting: &AsAdmin,
    app: &App,
    subscriptions: &[Subscription],
) -> Result<Option<AppDeliveries>, PageError> {
    let health = HealthChart::new(&deliveries::health(ctx, acting, app).await?);
    let failed = deliveries::last_failed(ctx, acting, app, FAILED).await?;
    if subscriptions.is_empty() && health.is_empty() && failed.is_empty() {
        return Ok(None);
    }
    let failed = failed.iter().map(|delivery| DeliveryRow::new(delivery, subscriptions)).collect();
    Ok(Some(AppDeliveries { health, failed }))
}

async fn draw(ctx: &Context, at: &ConsoleApp) -> Result<AdminAppPage, PageError> {
    let (acting, app) = (&at.console.acting, &at.app);
    let view = apps::view(ctx, acting, app).await?;
    let name = app.information.name.to_string();
    let (reason, before) = stopped(&app.state);
    let subscriptions = subscriptions::list(ctx, acting, app).await?;
    let registered = registrations::of_any(ctx, acting, app).await?;
    let keys = Keys::new(&view.api_key, registered.as_ref());
    Ok(AdminAppPage {
        chrome: at.console.signed_in.visit.chrome(ctx),
        id: app.id.to_string(),
        tile: Tile::of(app),
        type_words: app.app_type.label(),
        state: State::of(app.state.kind()),
        reason,
        before,
        account: AccountOfApp::from(view.account),
        information: InformationForm::of(&app.information),
        created: app.created_at,
        activated: app.activated_at,
        subscriptions: subscriptions.len(),
        has_grants: app.app_type == AppType::Oauth,
        calls: app_calls(ctx, acting, app, &keys).await?,
        deliveries: app_deliveries(ctx, acting, app, &subscriptions).await?,
        pair: pair(ctx, acting, app, &view.api_key).await?,
        client: registered.map(|registered| EnteredClient::new(&registered, app.app_type)),
        history: history(view.history),
        rename: RenameForm { name: name.clone(), was: None },
        suspend: ReasonForm::default(),
        overtaken: None,
        errors: FieldErrors::default(),
        name,
    })
}

/// Why an app is suspended, and the state it had before, in a word.
fn stopped(state: &AppState) -> (Option<String>, &'static str) {
    match state {
        AppState::Draft | AppState::Active | AppState::Deactivated => (None, ""),
        AppState::Suspended { reason, before } => (Some(reason.clone()), before.as_str()),
    }
}

async fn app_calls(
    ctx: &Context,
    acting: &AsAdmin,
    app: &App,
    keys: &Keys,
) -> Result<Option<AppCalls>, PageError> {
    if !app.app_type.calls() {
        return Ok(None);
    }
    let traffic = calls::of_app(ctx, acting, app).await?;
    let has_called = traffic.days.iter().any(|day| day.calls.all() > 0);
    let shows = has_called || app.state.kind() != StateKind::Draft;
    let last = calls::refused(ctx, acting, app, None, REFUSED).await?;
    Ok(Some(AppCalls {
        chart: shows.then(|| RequestsChart::new(&traffic.days)),
        last_day: Count(traffic.last_day.allowed),
        refused: last.into_iter().map(|call| Refused::new(call, keys)).collect(),
    }))
}

async fn pair(
    ctx: &Context,
    acting: &AsAdmin,
    app: &App,
    key: &ApiKey,
) -> Result<Option<PairOfApp>, PageError> {
    match app.app_type {
        AppType::Oauth | AppType::ServerToServer | AppType::Webhook => Ok(None),
        AppType::Jwt => {
            let apps = actions::apps::jwt_apps(ctx, app.account).await?.into_iter();
            let others = apps.filter(|(id, ..)| *id != app.id).map(|(_, name, _)| name.to_string());
            let unnamed = Count(calls::of_pair(ctx, acting, app).await?.unnamed);
            Ok(Some(PairOfApp { api_key: key.to_string(), unnamed, other_apps: others.collect() }))
        }
    }
}

impl From<Account> for AccountOfApp {
    fn from(account: Account) -> Self {
        Self {
            href: format!("/admin/accounts/{}", account.id),
            name: account.name.to_string(),
            standing: account.standing,
            external_id: account.external_id,
        }
    }
}
