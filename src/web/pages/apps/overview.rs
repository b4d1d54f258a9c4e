//! `/apps/{app}`: the state of an app, what happened to it, and what stops it.

use askama::Template;
use serde::Deserialize;

use super::frame::AppFrame;
use crate::domain::{fields::FieldErrors, time::Timestamp};
use crate::web::page::Chrome;

/// The overview of an app.
#[derive(Template)]
#[template(path = "pages/apps/overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    pub(crate) created: Timestamp,
    pub(crate) created_by: String,
    /// When it was last activated, if it ever was.
    pub(crate) activated: Option<Timestamp>,
    pub(crate) subscriptions: usize,
    /// The latest first.
    pub(crate) activity: Vec<Activity>,
    pub(crate) can_deactivate: bool,
    pub(crate) can_reactivate: bool,
    /// Whether the app is a draft that the viewer may bring on its way.
    pub(crate) can_finish: bool,
    /// Whether the viewer is an owner and the app may be deleted now.
    pub(crate) can_delete: bool,
    /// What a JWT app shares with others; nothing for other types.
    pub(crate) pair: Option<SharedPair>,
    /// What was typed to delete the app.
    pub(crate) form: DeleteForm,
    pub(crate) errors: FieldErrors,
}

/// What stopping a JWT app does not stop: the secret it shares.
pub(crate) struct SharedPair {
    /// The other JWT apps of the account, which go on.
    pub(crate) other_apps: Vec<String>,
    /// Whether the viewer may regenerate the secret.
    pub(crate) can_regenerate: bool,
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
    pub(crate) at: Timestamp,
}

/// How a thing that happened is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The app came to life.
    Good,
    /// The app was stopped.
    Bad,
    /// Something was added.
    Added,
    /// A secret was seen.
    Seen,
    /// Something changed.
    Changed,
}

/// What was typed to delete an app: its name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DeleteForm {
    pub(crate) name: String,
}
