//! `/apps/{app}/activation`: what was entered, what is missing, and *Activate*.

use actix_web::web::Data;
use askama::Template;

use super::frame::{AppFrame, At};
use super::information::InformationForm;
use crate::actions::activation::{self, Checklist};
use crate::actions::{Conflict, Context, Error, apps, credentials};
use crate::domain::account::{self, AtLeast, Developer, Viewer};
use crate::domain::app::activation::{Missing as Lack, Registration};
use crate::domain::app::{AppType, StateKind};
use crate::domain::subscription::Subscription;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::app::InApp;
use crate::web::extract::form::{Nothing, Post};
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

/// The last step of the flow.
#[derive(Template)]
#[template(path = "pages/apps/activation.html")]
pub(crate) struct ActivationPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    pub(crate) standing: Standing,
    /// What was entered, as it is saved.
    pub(crate) information: InformationForm,
    /// The API key, of a JWT app.
    pub(crate) key: Option<String>,
    /// What is registered of an app that uses OAuth.
    pub(crate) client: Option<EnteredClient>,
    /// Whether event subscriptions are switched on.
    pub(crate) events_enabled: bool,
    pub(crate) subscriptions: Vec<EnteredSubscription>,
}

/// What stands between the app and being active.
pub(crate) enum Standing {
    /// Nothing: it can be activated by this viewer.
    Ready,
    /// Nothing, but the viewer's role may not activate it.
    ReadyForOthers,
    /// Something has yet to be entered.
    Incomplete(Vec<Missing>),
    /// It is active, since then.
    Active(Timestamp),
    /// It was active; *Reactivate* on the overview brings it back.
    Deactivated,
    /// Only the platform's staff can bring it back.
    Suspended,
    /// The platform has yet to approve the account.
    AccountPending,
    /// The platform has suspended the account.
    AccountSuspended,
    /// Another JWT app of the account, by name, is suspended.
    OtherSuspended(String),
}

/// One thing that is missing.
pub(crate) struct Missing {
    /// "A short description", "A production URL for “Room calendars”".
    pub(crate) words: String,
    /// The field: `/apps/{app}/information#short_description`.
    pub(crate) href: String,
}

/// A client of OAuth, as it will be when the app is active.
pub(crate) struct EnteredClient {
    pub(crate) client_id: String,
    /// Whether users are asked, and sent back to a redirect URI.
    pub(crate) asks_users: bool,
    pub(crate) proof: Proof,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) scopes: Vec<String>,
}

/// How a client proves who it is.
pub(crate) enum Proof {
    /// Not at all yet.
    Missing,
    /// By PKCE alone.
    Public,
    Secret,
    Keys,
    SecretOrKeys,
}

/// A subscription, as it will be when the app is active.
pub(crate) struct EnteredSubscription {
    pub(crate) id: String,
    /// Its name; empty if it has none.
    pub(crate) name: String,
    pub(crate) made: Timestamp,
    /// How many event types it holds.
    pub(crate) events: usize,
    /// The production URL without its scheme; empty if it is missing.
    pub(crate) endpoint: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InApp<Viewer>) -> PageResult {
    ok(&draw(&ctx, &at).await?)
}

async fn draw<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> Result<ActivationPage, PageError> {
    let checklist = activation::checklist(ctx, &at.acting, &at.app).await?;
    let subscriptions = &checklist.subscriptions;
    Ok(ActivationPage {
        chrome: at.signed_in.visit.chrome(ctx),
        frame: AppFrame::around(ctx, at, At::Activation, subscriptions).await?,
        standing: standing(ctx, at, &checklist).await?,
        information: InformationForm::of(&at.app.information),
        key: match at.app.app_type {
            AppType::Jwt => Some(credentials::api_key(ctx, at.app.account).await?.to_string()),
            AppType::Oauth | AppType::ServerToServer | AppType::Webhook => None,
        },
        client: checklist.registration.as_ref().map(|client| EnteredClient::new(client, at.app.app_type)),
        events_enabled: at.app.events_on,
        subscriptions: subscriptions.iter().map(EnteredSubscription::from).collect(),
    })
}

pub(in crate::web) async fn activate(
    ctx: Data<Context>,
    post: Post<InApp<Developer>, Nothing>,
) -> PageResult {
    let at = post.at;
    match activation::activate(&ctx, &at.acting, at.app.id).await {
        Ok(()) => done(&at.signed_in.visit, &at.at(""), Done::AppActivated),
        // The page says what is missing, and where it is entered.
        Err(Error::Conflict(Conflict::Incomplete)) => refused(&draw(&ctx, &at).await?),
        Err(error) => Err(error.into()),
    }
}

/// What the developer can do something about comes before what only others can.
async fn standing<R: AtLeast>(ctx: &Context, at: &InApp<R>, list: &Checklist) -> Result<Standing, PageError> {
    let app = &at.app;
    match app.state.kind() {
        StateKind::Active => {
            let since =
                apps::last_start(ctx, &at.acting, app).await?.map(|entry| entry.at).or(app.activated_at);
            return Ok(Standing::Active(since.unwrap_or(app.created_at)));
        }
        StateKind::Deactivated => return Ok(Standing::Deactivated),
        StateKind::Suspended => return Ok(Standing::Suspended),
        StateKind::Draft => {}
    }
    if !list.missing.is_empty() {
        let missing = list.missing.iter().map(|lack| Missing::of(at, *lack, &list.subscriptions));
        return Ok(Standing::Incomplete(missing.collect()));
    }
    match list.standing {
        account::Standing::Approved => {}
        account::Standing::Pending => return Ok(Standing::AccountPending),
        account::Standing::Suspended => return Ok(Standing::AccountSuspended),
    }
    if let Some(name) = suspended_sibling(ctx, at).await? {
        return Ok(Standing::OtherSuspended(name));
    }
    Ok(if at.can_edit() { Standing::Ready } else { Standing::ReadyForOthers })
}

async fn suspended_sibling<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> Result<Option<String>, PageError> {
    match at.app.app_type {
        AppType::Oauth | AppType::ServerToServer | AppType::Webhook => Ok(None),
        AppType::Jwt => {
            let mut apps = apps::jwt_apps(ctx, at.app.account).await?.into_iter();
            let suspended = apps.find(|(_, _, state)| *state == StateKind::Suspended);
            Ok(suspended.map(|(_, name, _)| name.to_string()))
        }
    }
}

impl Missing {
    fn of<R: AtLeast>(at: &InApp<R>, lack: Lack, subscriptions: &[Subscription]) -> Self {
        let field = |words: &str, field: &str| Self {
            words: words.to_owned(),
            href: at.at(&format!("/information#{field}")),
        };
        match lack {
            Lack::ShortDescription => field("A short description", "short_description"),
            Lack::CompanyName => field("A company name", "company_name"),
            Lack::ContactName => field("A contact name", "contact_name"),
            Lack::ContactEmail => field("A contact email", "contact_email"),
            Lack::RedirectUri => {
                Self { words: String::from("A redirect URI"), href: at.at("/credentials#redirect_uris") }
            }
            Lack::ClientSecret => Self {
                words: String::from("A client secret, or a JWK set"),
                href: at.at("/credentials#client-secret"),
            },
            Lack::ProductionUrl(id) => {
                let subscription = subscriptions.iter().find(|one| one.id == id);
                let label = subscription.map(Subscription::label).unwrap_or_default();
                Self {
                    words: format!("A production URL for “{label}”"),
                    href: at.at(&format!("/subscriptions/{id}#production_url")),
                }
            }
        }
    }
}

impl EnteredClient {
    pub(in crate::web) fn new(registration: &Registration, app_type: AppType) -> Self {
        let Registration { client, has_secret, scopes } = registration;
        Self {
            client_id: client.client_id.to_string(),
            asks_users: app_type.asks_users(),
            proof: match (client.is_public, has_secret, client.jwks.is_some()) {
                (true, ..) => Proof::Public,
                (false, true, true) => Proof::SecretOrKeys,
                (false, true, false) => Proof::Secret,
                (false, false, true) => Proof::Keys,
                (false, false, false) => Proof::Missing,
            },
            redirect_uris: client.redirect_uris.iter().map(ToString::to_string).collect(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Subscription> for EnteredSubscription {
    fn from(subscription: &Subscription) -> Self {
        let production = subscription.endpoints.production().map(ToString::to_string).unwrap_or_default();
        Self {
            id: subscription.id.to_string(),
            name: subscription.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            made: subscription.created_at,
            events: subscription.event_types.count(),
            endpoint: production.trim_start_matches("https://").to_owned(),
        }
    }
}
