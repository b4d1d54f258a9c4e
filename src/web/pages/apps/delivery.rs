//! `/apps/{app}/deliveries/{delivery}`: one delivery, what was sent and what came back.

mod shown;

use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use self::shown::Hold;
pub(crate) use self::shown::ShownAttempt;
use super::deliveries::{DELETED, called};
use super::frame::{AppFrame, At};
use crate::actions::deliveries::{self, ATTEMPTS, Seen};
use crate::actions::{Context, FormValue, Once, subscriptions};
use crate::crypto::token::Token;
use crate::domain::account::{Developer, Viewer};
use crate::domain::delivery::{DeliveryKind, Stage};
use crate::domain::event::Environment;
use crate::domain::id::DeliveryId;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::app::InApp;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok};

/// One delivery.
#[derive(Template)]
#[template(path = "pages/apps/delivery.html")]
pub(crate) struct DeliveryPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) event_type: String,
    pub(crate) environment: Environment,
    pub(crate) kind: DeliveryKind,
    pub(crate) stage: Stage,
    pub(crate) created: Timestamp,
    pub(crate) next_at: Option<Timestamp>,
    /// Whether the next attempt is due already.
    pub(crate) is_due: bool,
    pub(crate) attempt_count: Count,
    /// What it is called and, unless it is deleted, its id.
    pub(crate) subscription: String,
    pub(crate) subscription_id: Option<String>,
    /// Where it went last or would go now; empty if nobody knows.
    pub(crate) endpoint: String,
    /// Why it must go on waiting, if it must.
    pub(crate) hold: Option<Hold>,
    /// What was wrong with the last attempt, if something was.
    pub(crate) told: Option<String>,
    /// The last one first.
    pub(crate) attempts: Vec<ShownAttempt>,
    /// The most attempts that are shown.
    pub(crate) most: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
    pub(crate) body_bytes: Count,
    pub(crate) curl: String,
    pub(crate) can_redeliver: bool,
    /// No owner of the account that the event is of lets the app have it any more.
    pub(crate) is_ungranted: bool,
    pub(crate) once: String,
}

/// The one-time value of a redelivery.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RedeliverForm {
    once: String,
}

pub(in crate::web) async fn get(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    at: InApp<Viewer>,
) -> PageResult {
    let Seen { delivery, body, attempts, lane, is_ungranted } =
        deliveries::view(&ctx, &at.acting, &at.app, id(&path.1)?).await?;
    let subscriptions = subscriptions::list(&ctx, &at.acting, &at.app).await?;
    let subscription = subscriptions.iter().find(|one| one.id == delivery.subscription);
    let waits = delivery.next_at.is_some();
    let last = attempts.first();
    let url = last.map(|attempt| &attempt.url);
    let url = url.or_else(|| lane.as_ref().and_then(|lane| lane.url(delivery.environment)));
    let endpoint = url.map(ToString::to_string).unwrap_or_default();
    let sent_at = last.map(|attempt| attempt.at);
    let now = ctx.now();
    ok(&DeliveryPage {
        chrome: at.signed_in.visit.chrome(&ctx),
        frame: AppFrame::around(&ctx, &at, At::Deliveries, &subscriptions).await?,
        id: delivery.id.to_string(),
        event: delivery.event.to_string(),
        event_type: delivery.event_type.to_string(),
        environment: delivery.environment,
        kind: delivery.kind,
        stage: delivery.stage,
        created: delivery.created_at,
        next_at: delivery.next_at,
        is_due: delivery.next_at.is_some_and(|next| next <= now),
        attempt_count: Count(delivery.attempts.into()),
        subscription: subscription.map_or_else(|| String::from(DELETED), called),
        subscription_id: subscription.map(|subscription| subscription.id.to_string()),
        hold: lane.as_ref().filter(|_| waits).and_then(|lane| Hold::of(lane, now)),
        told: last.and_then(|attempt| attempt.outcome.told_of(delivery.kind)).map(String::from),
        attempts: attempts.iter().map(|attempt| ShownAttempt::of(attempt, delivery.kind)).collect(),
        most: ATTEMPTS,
        headers: shown::headers(delivery.id, &endpoint, sent_at),
        body: shown::body(&body),
        body_bytes: Count(body.len() as u64),
        curl: shown::curl(delivery.id, &endpoint, sent_at.unwrap_or(now), &body),
        endpoint,
        can_redeliver: at.can_edit()
            && subscription.is_some()
            && delivery.kind.can_be_repeated()
            && delivery.stage != Stage::Waiting
            && !is_ungranted,
        is_ungranted,
        once: Token::generate().expose().to_owned(),
    })
}

pub(in crate::web) async fn redeliver(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<InApp<Developer>, RedeliverForm>,
) -> PageResult {
    let Post { at, form } = post;
    let id = id(&path.1)?;
    let value = FormValue::new(at.signed_in.who.user.id, &form.once);
    let flash = match deliveries::redeliver(&ctx, &at.acting, &at.app, id, value).await? {
        Once::Now(_) => {
            let Seen { lane, .. } = deliveries::view(&ctx, &at.acting, &at.app, id).await?;
            match lane.and_then(|lane| Hold::of(&lane, ctx.now())) {
                None => Done::EventRedelivered,
                Some(_) => Done::RedeliveryHeld,
            }
        }
        Once::Before(_) => Done::Again,
    };
    done(&at.signed_in.visit, &at.at(&format!("/deliveries/{id}")), flash)
}

fn id(text: &str) -> Result<DeliveryId, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}
