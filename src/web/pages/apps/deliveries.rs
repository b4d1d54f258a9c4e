//! `/apps/{app}/deliveries`: what was sent to the endpoints of an app.

mod failed;

use std::collections::BTreeSet;

use actix_web::{HttpRequest, web::Data};
use askama::Template;
use serde::Deserialize;

pub(crate) use self::failed::Since;
pub(in crate::web) use self::failed::post as redeliver_failed;
use self::failed::{Asked, CountForm, Failed, Running};
use super::frame::{AppFrame, At};
use crate::actions::audit::HowMany;
use crate::actions::deliveries::{self, DeliveryFilter, LOOKED_AT, LaneOff, LoggedDelivery};
use crate::actions::{Conflict, Context, subscriptions};
use crate::domain::account::{AtLeast, Viewer};
use crate::domain::delivery::attempt::Outcome;
use crate::domain::delivery::{DeliveryKind, Stage, redelivery};
use crate::domain::event::Environment;
use crate::domain::event_type::EventTypeName;
use crate::domain::id::{DeliveryId, EventId, SubscriptionId};
use crate::domain::lane::{LaneKind, TurnedOff};
use crate::domain::subscription::Subscription;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::audit::filter::{dropped, kept};
use crate::web::error::PageError;
use crate::web::extract::app::InApp;
use crate::web::page::Chrome;
use crate::web::paging::href;
use crate::web::respond::{PageResult, ok};

/// The log of deliveries.
#[derive(Template)]
#[template(path = "pages/apps/deliveries.html")]
pub(crate) struct DeliveriesPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    pub(crate) query: DeliveryQuery,
    /// Event types and subscriptions to choose from: a value, and its words.
    pub(crate) types: Vec<String>,
    pub(crate) subscriptions: Vec<(String, String)>,
    /// The newest first.
    pub(crate) rows: Vec<DeliveryRow>,
    /// How many the filter finds, on all pages.
    pub(crate) count: HowMany,
    /// How many deliveries a page looks at, and to which moment it has if there were more.
    pub(crate) looks_at: Count,
    pub(crate) looked_to: Option<Timestamp>,
    /// For how many days deliveries are kept.
    pub(crate) kept_for: Count,
    /// Whether the app has a subscription.
    pub(crate) subscribes: bool,
    /// Whether something on the page waits.
    pub(crate) is_live: bool,
    /// What failed, for whoever may ask for it again.
    pub(crate) failed: Option<Failed>,
    /// What was asked for again.
    pub(crate) redelivery: Option<Running>,
    /// What was asked for and is no filter.
    pub(crate) unknown: Vec<String>,
    /// What stands against asking for it again.
    pub(crate) against: Option<Conflict>,
    /// The address of this list's first page.
    pub(crate) here: String,
    /// The same, where this is a later page; else empty.
    pub(crate) first: String,
    /// The address of the next page, if there is one; else empty.
    pub(crate) next: String,
}

impl DeliveriesPage {
    /// Whether a moment that was typed is none.
    fn is_refused(&self) -> bool {
        self.failed.as_ref().is_some_and(|failed| !failed.errors.is_empty())
    }
}

/// A delivery as it is listed.
pub(crate) struct DeliveryRow {
    pub(crate) id: String,
    pub(crate) event_type: String,
    pub(crate) subscription: String,
    pub(crate) is_development: bool,
    pub(crate) kind: DeliveryKind,
    pub(crate) stage: Stage,
    pub(crate) created: Timestamp,
    pub(crate) attempts: Count,
    /// "503", "Connection refused"; empty before the first attempt has ended.
    pub(crate) last: String,
}

/// An endpoint that is turned off.
pub(crate) struct Off {
    pub(crate) environment: &'static str,
    pub(crate) at: Timestamp,
    pub(crate) cause: TurnedOff,
}

impl Off {
    /// The endpoints of one subscription that are turned off.
    pub(super) fn of(subscription: SubscriptionId, off: &[LaneOff]) -> Vec<Self> {
        let its = off.iter().filter(|off| off.subscription == subscription);
        let shown = its.map(|off| Self {
            environment: match off.kind {
                LaneKind::Production => "production",
                LaneKind::Development => "development",
                LaneKind::Checks => "test",
            },
            at: off.at,
            cause: off.cause,
        });
        shown.collect()
    }
}

/// What is asked for, in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DeliveryQuery {
    /// The stable name of a stage, or nothing.
    pub(crate) status: String,
    pub(crate) r#type: String,
    pub(crate) subscription: String,
    pub(crate) event: String,
    /// `1h`, `24h`, `7d`, a day, or a moment (RFC 3339).
    pub(crate) since: String,
    /// Where the page begins: after this delivery.
    pub(crate) after: String,
}

impl DeliveryQuery {
    /// What stands in an address, understood or not.
    fn read(query: &str) -> Self {
        serde_html_form::from_str(query).unwrap_or_default()
    }

    /// The filter of an address, without what is not understood.
    fn understood(self, now: Timestamp) -> (Self, DeliveryFilter) {
        let mut query = self;
        let filter = DeliveryFilter {
            stage: kept(&mut query.status, |text| text.parse().ok()),
            event_type: kept(&mut query.r#type, |text| text.parse::<EventTypeName>().ok()),
            subscription: kept(&mut query.subscription, |text| text.parse().ok()),
            event: kept(&mut query.event, |text| text.parse::<EventId>().ok()),
            since: kept(&mut query.since, |text| redelivery::named(text, now)),
            after: kept(&mut query.after, |text| text.parse::<DeliveryId>().ok()),
            until: None,
        };
        (query, filter)
    }

    /// What was asked for here and is not in the query that was understood of it.
    fn dropped(&self, understood: &Self) -> Vec<String> {
        dropped(&[
            (&self.status, &understood.status),
            (&self.r#type, &understood.r#type),
            (&self.subscription, &understood.subscription),
            (&self.event, &understood.event),
            (&self.since, &understood.since),
        ])
    }

    /// Whether anything is filtered, wherever the page begins.
    pub(crate) fn narrows(&self) -> bool {
        let Self { status, r#type, subscription, event, since, after: _ } = self;
        [status, r#type, subscription, event, since].iter().any(|value| !value.is_empty())
    }

    /// Whether the moment is none of those that the page offers.
    pub(crate) fn since_is_typed(&self) -> bool {
        !matches!(self.since.as_str(), "" | "1h" | "24h" | "7d")
    }

    /// The address of the page that begins after a delivery; of the first page if it is empty.
    fn href(&self, path: &str, after: &str) -> String {
        let asked = [
            ("status", self.status.as_str()),
            ("type", &self.r#type),
            ("subscription", &self.subscription),
            ("event", &self.event),
            ("since", &self.since),
            ("after", after),
        ];
        href(path, &asked)
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, at: InApp<Viewer>) -> PageResult {
    let query = request.query_string();
    ok(&draw(&ctx, &at, query, CountForm::of(query).asked()).await?)
}

/// The log, and below it what was asked of failed deliveries.
async fn draw<R: AtLeast>(
    ctx: &Context,
    at: &InApp<R>,
    query: &str,
    asked: Asked,
) -> Result<DeliveriesPage, PageError> {
    let typed = DeliveryQuery::read(query);
    let (query, filter) = typed.clone().understood(ctx.now());
    let page = deliveries::page(ctx, &at.acting, &at.app, &filter).await?;
    let subscriptions = subscriptions::list(ctx, &at.acting, &at.app).await?;
    let path = at.at("/deliveries");
    let here = query.href(&path, "");
    let redelivery = Running::of(ctx, at).await?;
    let is_running = redelivery.as_ref().is_some_and(|redelivery| !redelivery.is_over);
    Ok(DeliveriesPage {
        chrome: at.signed_in.visit.chrome(ctx),
        frame: AppFrame::around(ctx, at, At::Deliveries, &subscriptions).await?,
        types: types(&subscriptions, &query.r#type),
        rows: page.deliveries.iter().map(|delivery| DeliveryRow::new(delivery, &subscriptions)).collect(),
        // What is listed further on is looked through, and not watched.
        is_live: query.after.is_empty() && page.deliveries.iter().any(|one| one.next_at.is_some()),
        count: page.count,
        looks_at: Count(LOOKED_AT.into()),
        looked_to: page.looked_to,
        kept_for: Count(kept_days(ctx)),
        subscribes: !subscriptions.is_empty(),
        subscriptions: choices(&subscriptions, &query.subscription),
        first: if query.after.is_empty() { String::new() } else { here.clone() },
        next: page.next.map(|after| query.href(&path, &after.to_string())).unwrap_or_default(),
        failed: match at.can_edit() && !is_running {
            true => Failed::of(ctx, at, asked).await?,
            false => None,
        },
        redelivery,
        unknown: typed.dropped(&query),
        against: None,
        here,
        query,
    })
}

/// For how many days deliveries are kept.
fn kept_days(ctx: &Context) -> u64 {
    ctx.policy.retention.as_seconds().unsigned_abs() / 86_400
}

/// The event types that are subscribed to, and one that is not if it is chosen.
fn types(subscriptions: &[Subscription], chosen: &str) -> Vec<String> {
    let names = subscriptions.iter().flat_map(|one| one.event_types.iter()).map(ToString::to_string);
    let chosen = Some(chosen.to_owned()).filter(|chosen| !chosen.is_empty());
    names.chain(chosen).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The subscriptions, and one that is gone if it is chosen.
fn choices(subscriptions: &[Subscription], chosen: &str) -> Vec<(String, String)> {
    let mut choices: Vec<_> = subscriptions.iter().map(|one| (one.id.to_string(), called(one))).collect();
    if !chosen.is_empty() && choices.iter().all(|(id, _)| id != chosen) {
        choices.push((chosen.to_owned(), String::from(DELETED)));
    }
    choices
}

pub(super) const DELETED: &str = "A deleted subscription";

/// What to call a subscription.
pub(super) fn called(subscription: &Subscription) -> String {
    match &subscription.name {
        Some(name) => name.to_string(),
        None => format!("Unnamed, made {}", subscription.created_at.date()),
    }
}

impl DeliveryRow {
    pub(crate) fn new(delivery: &LoggedDelivery, subscriptions: &[Subscription]) -> Self {
        let subscription = subscriptions.iter().find(|one| one.id == delivery.subscription);
        Self {
            id: delivery.id.to_string(),
            event_type: delivery.event_type.to_string(),
            subscription: subscription.map_or_else(|| String::from(DELETED), called),
            is_development: delivery.environment == Environment::Development,
            kind: delivery.kind,
            stage: delivery.stage,
            created: delivery.created_at,
            attempts: Count(delivery.attempts.into()),
            last: match delivery.last {
                Some(Outcome::Answered(status)) => status.to_string(),
                Some(Outcome::Failed(failed)) => failed.why.label().to_owned(),
                None => String::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::Id, time::Span};

    const NOW: Timestamp = Timestamp::from_seconds(1_795_504_800);

    #[test]
    fn what_is_not_understood_filters_nothing() {
        let asked = "status=lost&type=%25&subscription=x&event=msg_1&since=yesterday&after=1";
        let (query, filter) = DeliveryQuery::read(asked).understood(NOW);
        assert_eq!((query.narrows(), filter), (false, DeliveryFilter::default()));
        assert_eq!(query.href("/d", ""), "/d");
    }

    #[test]
    fn an_address_is_read_as_it_was_written() {
        let subscription = SubscriptionId::generate(NOW, [1; 10]);
        let (event, after) = (EventId::generate(NOW, [2; 10]), DeliveryId::generate(NOW, [3; 10]));
        let written = format!("status=retrying&type=a.b&subscription={subscription}&event={event}&since=24h");
        let (query, filter) = DeliveryQuery::read(&format!("{written}&after={after}")).understood(NOW);
        let expected = DeliveryFilter {
            stage: Some(Stage::Retrying),
            event_type: Some("a.b".parse().unwrap()),
            subscription: Some(subscription),
            event: Some(event),
            since: Some(NOW - Span::days(1)),
            after: Some(after),
            until: None,
        };
        assert_eq!(filter, expected);
        assert!(query.narrows() && !query.since_is_typed());
        assert_eq!(query.href("/d", ""), format!("/d?{written}"));
    }
}
