//! `/apps/{app}/features`: event subscriptions, on or off, and which.

use askama::Template;
use serde::Deserialize;

use super::frame::AppFrame;
use crate::domain::time::Timestamp;
use crate::web::page::Chrome;

/// The fourth step of the flow.
#[derive(Template)]
#[template(path = "pages/apps/features.html")]
pub(crate) struct FeaturesPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    /// Whether events are delivered at all.
    pub(crate) enabled: bool,
    /// In the order in which they were made.
    pub(crate) subscriptions: Vec<SubscriptionRow>,
    /// How many subscriptions an app may have.
    pub(crate) limit: u32,
    /// Whether the viewer may add one, and there is room.
    pub(crate) can_add: bool,
    /// Whether there is no room for another one.
    pub(crate) full: bool,
}

/// One subscription in the list.
pub(crate) struct SubscriptionRow {
    pub(crate) id: String,
    /// Its name; empty if it has none.
    pub(crate) name: String,
    pub(crate) made: Timestamp,
    /// The production URL without its scheme, else the development URL.
    pub(crate) endpoint: String,
    pub(crate) has_production: bool,
    /// How many event types it holds.
    pub(crate) events: usize,
}

/// What the toggle sends: `enabled` is there when it is on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FeaturesForm {
    pub(crate) enabled: Option<String>,
}
