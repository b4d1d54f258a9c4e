//! `/apps/{app}/features`: event subscriptions, on or off, and which.

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::frame::{AppFrame, At};
use crate::actions::deliveries::{self, LaneOff};
use crate::actions::{Context, subscriptions};
use crate::domain::account::{Developer, Viewer};
use crate::domain::subscription::Subscription;
use crate::domain::time::Timestamp;
use crate::web::extract::app::InApp;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok};

/// The fourth step of the flow.
#[derive(Template)]
#[template(path = "pages/apps/features.html")]
pub(crate) struct FeaturesPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    /// Whether events are delivered at all.
    pub(crate) enabled: bool,
    /// Whether events come by what users grant: an OAuth app.
    pub(crate) asks_users: bool,
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
    /// Whether one of its endpoints is turned off.
    pub(crate) is_off: bool,
}

/// What the toggle sends: `enabled` is there when it is on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FeaturesForm {
    pub(crate) enabled: Option<String>,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InApp<Viewer>) -> PageResult {
    let subscriptions = subscriptions::list(&ctx, &at.acting, &at.app).await?;
    let off = deliveries::turned_off(&ctx, &at.acting, &at.app).await?;
    let limit = ctx.policy.max_subscriptions.get();
    let full = subscriptions.len() >= limit as usize;
    ok(&FeaturesPage {
        chrome: at.signed_in.visit.chrome(&ctx),
        frame: AppFrame::around(&ctx, &at, At::Features, &subscriptions).await?,
        enabled: at.app.events_on,
        asks_users: at.app.app_type.asks_users(),
        subscriptions: subscriptions.iter().map(|one| SubscriptionRow::new(one, &off)).collect(),
        limit,
        can_add: at.can_edit() && !full,
        full,
    })
}

pub(in crate::web) async fn toggle(
    ctx: Data<Context>,
    post: Post<InApp<Developer>, FeaturesForm>,
) -> PageResult {
    let Post { at, form } = post;
    let on = form.enabled.is_some();
    subscriptions::toggle(&ctx, &at.acting, &at.app, on).await?;
    let flash = if on { Done::EventsOn } else { Done::EventsOff };
    done(&at.signed_in.visit, &at.at("/features"), flash)
}

impl SubscriptionRow {
    fn new(subscription: &Subscription, off: &[LaneOff]) -> Self {
        let endpoints = &subscription.endpoints;
        let url = endpoints.production().or(endpoints.development());
        let url = url.map(ToString::to_string).unwrap_or_default();
        Self {
            id: subscription.id.to_string(),
            name: subscription.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            made: subscription.created_at,
            endpoint: url.trim_start_matches("https://").to_owned(),
            has_production: endpoints.production().is_some(),
            events: subscription.event_types.count(),
            is_off: off.iter().any(|off| off.subscription == subscription.id),
        }
    }
}
