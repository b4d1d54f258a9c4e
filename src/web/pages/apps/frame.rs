//! What every page of one app shows around its content: the head and the side navigation.

use super::tile::Tile;
use crate::actions::{Context, accounts, apps, registrations, subscriptions};
use crate::domain::account::{AtLeast, Standing};
use crate::domain::app::activation::{Missing, Registration, missing};
use crate::domain::app::{App, AppState, StateKind};
use crate::domain::subscription::Subscription;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::app::InApp;

/// The head and side navigation of an app's pages.
#[derive(Clone, Debug)]
pub(crate) struct AppFrame {
    /// The id, `app_…`, as in the address.
    pub(crate) id: String,
    pub(crate) name: String,
    /// The type in words: "JWT", "Webhook Only".
    pub(crate) type_words: &'static str,
    pub(crate) state: State,
    pub(crate) tile: Tile,
    pub(crate) steps: Vec<Step>,
    /// Whether this is the overview, which is no step.
    pub(crate) on_overview: bool,
    pub(crate) on_refusals: bool,
    pub(crate) on_deliveries: bool,
    /// Whether the app calls the API with credentials of its own.
    pub(crate) calls: bool,
    /// Why the app is stopped, shown on every one of its pages.
    pub(crate) stop: Option<Stop>,
    /// Whether the viewer may change the app.
    pub(crate) can_edit: bool,
}

impl AppFrame {
    /// The frame of an app's page.
    pub(in crate::web) async fn of<R: AtLeast>(
        ctx: &Context,
        at: &InApp<R>,
        page: At,
    ) -> Result<Self, PageError> {
        Self::around(ctx, at, page, &subscriptions::list(ctx, &at.acting, &at.app).await?).await
    }

    /// As [`AppFrame::of`], for a page that has read the app's subscriptions already.
    pub(in crate::web) async fn around<R: AtLeast>(
        ctx: &Context,
        at: &InApp<R>,
        page: At,
        subscriptions: &[Subscription],
    ) -> Result<Self, PageError> {
        let app = &at.app;
        let id = app.id.to_string();
        let type_words = app.app_type.label();
        let registration = registrations::of_app(ctx, &at.acting, app).await?;
        let done = Done::of(app, registration.as_ref(), subscriptions);
        Ok(Self {
            name: app.information.name.to_string(),
            type_words,
            state: State::of(app.state.kind()),
            tile: Tile::of(app),
            steps: steps(&id, type_words, done, page),
            on_overview: page == At::Overview,
            on_refusals: page == At::Refusals,
            on_deliveries: page == At::Deliveries,
            calls: app.app_type.calls(),
            stop: Stop::of(ctx, at).await?,
            can_edit: at.can_edit(),
            id,
        })
    }

    /// The address of the app, or of a page beneath it: `frame.at("/features")`.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("/apps/{}{path}", self.id)
    }
}

/// The state of an app, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Draft,
    Active,
    Deactivated,
    Suspended,
}

impl State {
    pub(crate) const fn of(kind: StateKind) -> Self {
        match kind {
            StateKind::Draft => Self::Draft,
            StateKind::Active => Self::Active,
            StateKind::Deactivated => Self::Deactivated,
            StateKind::Suspended => Self::Suspended,
        }
    }

    /// The class of its badge; of the head too, which boards a stopped app up.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Deactivated => "deactivated",
            Self::Suspended => "suspended",
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Active => "Active",
            Self::Deactivated => "Deactivated",
            Self::Suspended => "Suspended",
        }
    }

    /// What the state means for the app, in a sentence or two.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Draft => "This app is being built. Its calls are refused until it is activated.",
            Self::Active => "This app may call the API and receives production events.",
            Self::Deactivated => {
                "Every call of this app is refused and nothing is delivered, until it is reactivated."
            }
            Self::Suspended => {
                "Every call of this app is refused and nothing is delivered, until the platform's staff reinstate it."
            }
        }
    }
}

/// Why an app is stopped.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// By its own developers, who can take it back.
    Deactivated {
        /// By whom and when, as far as the audit log tells.
        by: Option<(String, Timestamp)>,
        /// Whether this viewer may reactivate it.
        can_reactivate: bool,
    },
    /// By the platform's staff, who alone can take it back.
    Suspended { reason: String },
    /// With its whole account, by the platform's staff; the reason is empty if there is none.
    AccountSuspended { reason: String },
}

impl Stop {
    async fn of<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> Result<Option<Self>, PageError> {
        if let AppState::Suspended { reason, .. } = &at.app.state {
            return Ok(Some(Self::Suspended { reason: reason.clone() }));
        }
        if at.membership.account.standing == Standing::Suspended {
            let reason = accounts::suspended_for(ctx, &at.acting).await?.unwrap_or_default();
            return Ok(Some(Self::AccountSuspended { reason }));
        }
        Ok(match &at.app.state {
            AppState::Draft | AppState::Active | AppState::Suspended { .. } => None,
            AppState::Deactivated => {
                let by = apps::last_stop(ctx, &at.acting, &at.app).await?.map(|stop| (stop.who, stop.at));
                Some(Self::Deactivated { by, can_reactivate: at.can_edit() })
            }
        })
    }
}

/// A step of the flow, as the side navigation shows it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) number: u8,
    pub(crate) name: &'static str,
    /// Where it is; empty for the app type, which cannot be changed.
    pub(crate) href: String,
    pub(crate) done: bool,
    pub(crate) current: bool,
    /// Its state in a word: the app type, "Current", "Done" or "To do".
    pub(crate) word: &'static str,
}

/// The pages of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Overview,
    Refusals,
    Deliveries,
    Information,
    Credentials,
    Scopes,
    Features,
    Activation,
}

/// Which steps of the flow are complete. The app type always is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Done {
    pub(crate) information: bool,
    pub(crate) credentials: bool,
    /// Nothing for a type that has no such step.
    pub(crate) scopes: Option<bool>,
    pub(crate) features: bool,
    pub(crate) activation: bool,
}

impl Done {
    fn of(app: &App, registration: Option<&Registration>, subscriptions: &[Subscription]) -> Self {
        let missing = missing(app, registration, subscriptions);
        let lacks = |page: At| missing.iter().any(|one| page_of(one) == page);
        let activation = app.activated_at.is_some();
        Self {
            information: !lacks(At::Information),
            // The account of a JWT app has its pair from the first day on.
            credentials: !lacks(At::Credentials),
            // An app may do without scopes; its activation says that it does.
            scopes: registration.map(|client| activation || !client.scopes.is_empty()),
            // An app may do without subscriptions; its activation says that it does.
            features: !lacks(At::Features) && (activation || !subscriptions.is_empty()),
            activation,
        }
    }
}

/// The step on which what is missing is entered.
const fn page_of(missing: &Missing) -> At {
    match missing {
        Missing::ShortDescription | Missing::CompanyName | Missing::ContactName | Missing::ContactEmail => {
            At::Information
        }
        Missing::RedirectUri | Missing::ClientSecret => At::Credentials,
        Missing::ProductionUrl(_) => At::Features,
    }
}

/// The steps, as they stand for one app: five, and one more for a type that has scopes.
pub(crate) fn steps(app: &str, type_words: &'static str, done: Done, at: At) -> Vec<Step> {
    let step = |name, path: &str, done, page| {
        let current = page == at;
        Step {
            number: 0,
            name,
            href: format!("/apps/{app}/{path}"),
            done,
            current,
            word: match (current, done) {
                (true, _) => "Current",
                (false, true) => "Done",
                (false, false) => "To do",
            },
        }
    };
    let app_type = Step {
        number: 0,
        name: "App type",
        href: String::new(),
        done: true,
        current: false,
        word: type_words,
    };
    let steps = [
        Some(app_type),
        Some(step("Information", "information", done.information, At::Information)),
        Some(step("Credentials", "credentials", done.credentials, At::Credentials)),
        done.scopes.map(|done| step("Scopes", "scopes", done, At::Scopes)),
        Some(step("Features", "features", done.features, At::Features)),
        Some(step("Activation", "activation", done.activation, At::Activation)),
    ];
    (1..).zip(steps.into_iter().flatten()).map(|(number, step)| Step { number, ..step }).collect()
}
