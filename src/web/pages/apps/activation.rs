//! `/apps/{app}/activation`: what was entered, what is missing, and *Activate*.

use askama::Template;

use super::frame::AppFrame;
use super::information::InformationForm;
use crate::domain::time::Timestamp;
use crate::web::page::Chrome;

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
