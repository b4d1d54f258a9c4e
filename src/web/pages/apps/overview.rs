//! `/apps/{app}`: the state of an app, what happened to it, and what stops it.

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::frame::{AppFrame, At};
use super::refusals::Refused;
use crate::actions::audit::HowMany;
use crate::actions::{Context, activation, apps, calls, clients, deliveries, registrations, subscriptions};
use crate::domain::account::{AtLeast, Developer, Owner, Viewer};
use crate::domain::app::{AppType, StateKind};
use crate::domain::audit::Change;
use crate::domain::fields::FieldErrors;
use crate::domain::lane::Waiting;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::audit::told::{Mark, told};
use crate::web::chart::{HealthChart, RequestsChart};
use crate::web::error::{PageError, of_form};
use crate::web::extract::app::InApp;
use crate::web::extract::form::{Nothing, Post};
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

/// The overview of an app.
#[derive(Template)]
#[template(path = "pages/apps/overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    /// `cid_…`, of an app that uses OAuth.
    pub(crate) client_id: Option<String>,
    /// How many users let the app act for them; nothing for a type that acts for none.
    pub(crate) audience: Option<HowMany>,
    pub(crate) created: Timestamp,
    pub(crate) created_by: String,
    /// When it was last activated, if it ever was.
    pub(crate) activated: Option<Timestamp>,
    pub(crate) subscriptions: usize,
    /// The latest first.
    pub(crate) activity: Vec<Activity>,
    pub(crate) can_deactivate: bool,
    /// What the viewer may reactivate, and with it.
    pub(crate) reactivate: Option<Reactivate>,
    /// Whether the app is a draft that the viewer may bring on its way.
    pub(crate) can_finish: bool,
    /// Whether the viewer is an owner and the app may be deleted now.
    pub(crate) can_delete: bool,
    /// What is known of its calls; nothing for a type that makes none.
    pub(crate) calls: Option<AppCalls>,
    /// How its deliveries go; nothing if it subscribes to nothing and was sent nothing.
    pub(crate) health: Option<HealthChart>,
    /// What a JWT app shares with others; nothing for other types.
    pub(crate) pair: Option<SharedPair>,
    /// What was typed to delete the app.
    pub(crate) form: DeleteForm,
    pub(crate) errors: FieldErrors,
}

impl OverviewPage {
    /// What was not done, if something was refused.
    pub(crate) fn undone(&self) -> &'static str {
        if self.errors.get("waiting").is_some() {
            "The app was not reactivated."
        } else {
            "The app was not deleted."
        }
    }
}

/// The calls of an app that calls the API.
pub(crate) struct AppCalls {
    /// Nothing for an app that has not been activated and has not called.
    pub(crate) chart: Option<RequestsChart>,
    /// Those that passed in the last 24 hours.
    pub(crate) last_day: Count,
    /// The latest refused ones.
    pub(crate) refused: Vec<Refused>,
}

/// What stopping a JWT app does not stop: the secret it shares.
pub(crate) struct SharedPair {
    /// Calls of the last 24 hours that were signed with it and name no app.
    pub(crate) unnamed: Count,
    /// The other JWT apps of the account, which go on.
    pub(crate) other_apps: Vec<String>,
    /// Whether the viewer may regenerate the secret.
    pub(crate) can_regenerate: bool,
}

/// What activating an app again brings with it.
pub(crate) struct Reactivate {
    /// Events that wait; 10,000 for more than that.
    pub(crate) waiting: Count,
}

/// The choice made with *Reactivate*; empty if nothing waits.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct ReactivateForm {
    waiting: String,
}

impl ReactivateForm {
    fn choice(&self) -> Result<Waiting, FieldErrors> {
        match self.waiting.as_str() {
            "" => Ok(Waiting::default()),
            text => text
                .parse()
                .map_err(|_| FieldErrors::one("waiting", "Choose to deliver what waits or to drop it.")),
        }
    }
}

/// One thing that happened to the app.
pub(crate) struct Activity {
    pub(crate) mark: Mark,
    /// "Activated", "API secret revealed", "Subscription added".
    pub(crate) what: String,
    /// What exactly, if `what` does not say it: "Room calendars".
    pub(crate) detail: String,
    /// "Ada Osei", "the platform's staff".
    pub(crate) who: String,
    /// What the one who did it wrote, or nothing.
    pub(crate) quote: String,
    pub(crate) at: Timestamp,
}

/// What was typed to delete an app: its name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DeleteForm {
    pub(crate) name: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InApp<Viewer>) -> PageResult {
    ok(&draw(&ctx, &at, DeleteForm::default(), FieldErrors::default()).await?)
}

pub(in crate::web) async fn deactivate(
    ctx: Data<Context>,
    post: Post<InApp<Developer>, Nothing>,
) -> PageResult {
    let at = post.at;
    activation::deactivate(&ctx, &at.acting, at.app.id).await?;
    done(&at.signed_in.visit, &at.at(""), Done::AppDeactivated)
}

pub(in crate::web) async fn reactivate(
    ctx: Data<Context>,
    post: Post<InApp<Developer>, ReactivateForm>,
) -> PageResult {
    let Post { at, form } = post;
    let waiting = match form.choice() {
        Ok(waiting) => waiting,
        Err(errors) => return refused(&draw(&ctx, &at, DeleteForm::default(), errors).await?),
    };
    activation::reactivate(&ctx, &at.acting, at.app.id, waiting).await?;
    done(&at.signed_in.visit, &at.at(""), Done::AppReactivated)
}

pub(in crate::web) async fn delete(ctx: Data<Context>, post: Post<InApp<Owner>, DeleteForm>) -> PageResult {
    let Post { at, form } = post;
    match apps::delete(&ctx, &at.acting, at.app.id, &form.name).await {
        Ok(()) => done(&at.signed_in.visit, "/apps", Done::AppDeleted),
        Err(error) => {
            let errors = of_form(error)?;
            refused(&draw(&ctx, &at, form, errors).await?)
        }
    }
}

async fn draw<R: AtLeast>(
    ctx: &Context,
    at: &InApp<R>,
    form: DeleteForm,
    errors: FieldErrors,
) -> Result<OverviewPage, PageError> {
    let app = &at.app;
    let state = app.state.kind();
    let subscriptions = subscriptions::list(ctx, &at.acting, app).await?;
    let activity = apps::activity(ctx, &at.acting, app).await?;
    Ok(OverviewPage {
        chrome: at.signed_in.visit.chrome(ctx),
        frame: AppFrame::around(ctx, at, At::Overview, &subscriptions).await?,
        client_id: registrations::of_app(ctx, &at.acting, app)
            .await?
            .map(|registration| registration.client.client_id.to_string()),
        audience: match app.app_type {
            AppType::Oauth => Some(clients::audience(ctx, &at.acting, app.id).await?),
            AppType::Jwt | AppType::ServerToServer | AppType::Webhook => None,
        },
        created: app.created_at,
        created_by: apps::creation(ctx, &at.acting, app).await?.map(|entry| entry.who).unwrap_or_default(),
        activated: apps::last_start(ctx, &at.acting, app).await?.map(|entry| entry.at).or(app.activated_at),
        subscriptions: subscriptions.len(),
        activity: activity.into_iter().map(Activity::from).collect(),
        can_deactivate: at.can_edit() && state == StateKind::Active,
        reactivate: reactivation(ctx, at).await?,
        can_finish: at.can_edit() && state == StateKind::Draft,
        can_delete: at.can_own() && app.state.delete().is_ok(),
        calls: app_calls(ctx, at).await?,
        health: Some(HealthChart::new(&deliveries::health(ctx, &at.acting, app).await?))
            .filter(|chart| !chart.is_empty() || !subscriptions.is_empty()),
        pair: pair(ctx, at).await?,
        form,
        errors,
    })
}

async fn reactivation<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> Result<Option<Reactivate>, PageError> {
    if !at.can_edit() || at.app.state.kind() != StateKind::Deactivated {
        return Ok(None);
    }
    let waiting = subscriptions::waiting(ctx, &at.acting, &at.app).await?;
    Ok(Some(Reactivate { waiting: Count(waiting) }))
}

/// As many refused calls as the overview shows.
const REFUSED: u16 = 3;

async fn app_calls<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> Result<Option<AppCalls>, PageError> {
    if !at.app.app_type.calls() {
        return Ok(None);
    }
    let traffic = calls::of_app(ctx, &at.acting, &at.app).await?;
    let has_called = traffic.days.iter().any(|day| day.calls.all() > 0);
    let shows = has_called || at.app.state.kind() != StateKind::Draft;
    Ok(Some(AppCalls {
        chart: shows.then(|| RequestsChart::new(&traffic.days)),
        last_day: Count(traffic.last_day.allowed),
        refused: Refused::list(ctx, at, None, REFUSED).await?,
    }))
}

async fn pair<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> Result<Option<SharedPair>, PageError> {
    match at.app.app_type {
        AppType::Oauth | AppType::ServerToServer | AppType::Webhook => Ok(None),
        AppType::Jwt => {
            let apps = apps::jwt_apps(ctx, at.app.account).await?.into_iter();
            let others = apps.filter(|(id, ..)| *id != at.app.id).map(|(_, name, _)| name.to_string());
            let unnamed = Count(calls::of_pair(ctx, &at.acting, &at.app).await?.unnamed);
            Ok(Some(SharedPair { unnamed, other_apps: others.collect(), can_regenerate: at.can_own() }))
        }
    }
}

impl From<apps::Activity> for Activity {
    fn from(entry: apps::Activity) -> Self {
        let told = told(&entry.change);
        let quote = quoted(&entry.change).to_owned();
        let detail = if quote.is_empty() { told.brief() } else { String::new() };
        let who = if entry.change.is_by_staff() { STAFF.to_owned() } else { entry.who };
        Self { mark: told.mark, what: told.what.to_owned(), detail, who, quote, at: entry.at }
    }
}

/// What its developers call an admin.
const STAFF: &str = "the platform’s staff";

/// What was written along with a change.
fn quoted(change: &Change) -> &str {
    if let Change::AppSuspended { reason, .. } | Change::AccountSuspended { reason, .. } = change {
        reason
    } else {
        ""
    }
}
