//! What a developer has sent to see how an endpoint does: events made up, and probes. They are
//! deliveries like any other, in a lane of their own.

use super::{Acting, Conflict, Context, Error, FormValue, Once, Result, queue};
use crate::{
    crypto::{self, keyring::Place},
    domain::{
        account::{AtLeast, Developer, Standing},
        app::{App, StateKind},
        credential::SigningSecret,
        delivery::{DeliveryKind, NewDelivery, attempt::Attempt},
        event::{Environment, Event},
        event_type::{EventTypeName, Payload},
        fields::FieldErrors,
        id::{AccountId, AppId, DeliveryId, EventId, SubscriptionId},
        lane::{Lane, LaneKind},
        publication,
        subscription::{Endpoints, Subscription},
        time::Span,
        validation::{self, Forged, PlainToken, Probed, Validation},
    },
    store::{LoggedDelivery, Question, SealedSecret, Tx},
};

/// The most tests and probes of an app in a minute, since each has a server of somebody's choice
/// written to (S61).
pub const MOST: usize = 10;
const WINDOW: Span = Span::minutes(1);
/// The last tests of a subscription that are shown with it.
const SHOWN: i64 = 3;

/// An event that a developer makes up.
#[derive(Clone, Debug)]
pub struct NewTest {
    /// Of the catalog; it need not be subscribed to.
    pub event_type: EventTypeName,
    pub environment: Environment,
    pub data: Payload,
}

/// What was tried of a subscription, and what came of it.
#[derive(Clone, Debug)]
pub struct Checks {
    /// The last ones, the newest first, each with its attempt once it was made.
    pub tests: Vec<(LoggedDelivery, Option<Attempt>)>,
    /// Of each endpoint the last one.
    pub validations: Vec<Validation>,
}

/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn view(ctx: &Context, acting: &Acting<impl AtLeast>, id: SubscriptionId) -> Result<Checks> {
    let account = acting.account();
    let mut read = ctx.read().await?;
    let mut tests = Vec::new();
    for test in read.checks_of(account, id, DeliveryKind::Test, SHOWN).await? {
        let attempt = read.attempts_of(account, test.id, 1).await?.pop();
        tests.push((test, attempt));
    }
    Ok(Checks { tests, validations: read.validations(account, id).await? })
}

/// Sends an event that did not happen to one endpoint of a subscription, once. Nothing of the app
/// changes by it, so the audit log has nothing of it; the log of deliveries has.
///
/// # Errors
/// `NotFound` if the app has no such subscription; `Invalid` if that has no such URL; `Conflict`
/// while app or account are suspended; `TooMany` after [`MOST`] in a minute.
pub async fn send_test(
    ctx: &Context,
    acting: &Acting<Developer>,
    app: &App,
    id: SubscriptionId,
    form: FormValue,
    test: &NewTest,
) -> Result<Once<DeliveryId>> {
    let mut tx = ctx.begin().await?;
    let delivery: DeliveryId = ctx.new_id();
    let (subscription, lane) = subscription(ctx, &mut tx, acting, app, id).await?;
    if let Some(before) = ctx.form_result(&mut tx, form, &delivery).await? {
        return Ok(Once::Before(before));
    }
    if !urls(&subscription.endpoints).contains(&test.environment) {
        let sentence = format!("This subscription has no {} URL. Choose the other one.", test.environment);
        return Err(FieldErrors::one("environment", sentence).into());
    }
    let message = Message {
        event_type: test.event_type.clone(),
        environment: test.environment,
        data: test.data.as_str().to_owned(),
        deliveries: vec![(delivery, DeliveryKind::Test)],
    };
    send(ctx, tx, &lane, vec![message]).await?;
    Ok(Once::Now(delivery))
}

/// Asks every endpoint of a subscription whether it knows the signing secret and refuses what is
/// wrongly signed.
///
/// # Errors
/// As [`send_test`].
pub async fn validate(
    ctx: &Context,
    acting: &Acting<Developer>,
    app: &App,
    id: SubscriptionId,
    form: FormValue,
) -> Result<Once<SubscriptionId>> {
    let mut tx = ctx.begin().await?;
    let (subscription, lane) = subscription(ctx, &mut tx, acting, app, id).await?;
    if let Some(before) = ctx.form_result(&mut tx, form, &id).await? {
        return Ok(Once::Before(before));
    }
    let event_type = validation::event_type().map_err(|error| Error::Internal(error.into()))?;
    let mut messages = Vec::new();
    for environment in urls(&subscription.endpoints) {
        let (probe, forged): (DeliveryId, DeliveryId) = (ctx.new_id(), ctx.new_id());
        let token = PlainToken::from_random(crypto::random());
        messages.push(Message {
            event_type: event_type.clone(),
            environment,
            data: token.data(),
            deliveries: vec![(probe, DeliveryKind::Probe), (forged, DeliveryKind::ForgedProbe)],
        });
        tx.ask(&Question { subscription: id, environment, token, probe, forged, asked_at: ctx.now() })
            .await?;
    }
    send(ctx, tx, &lane, messages).await?;
    Ok(Once::Now(id))
}

fn urls(endpoints: &Endpoints) -> Vec<Environment> {
    let production = endpoints.production().map(|_| Environment::Production);
    let development = endpoints.development().map(|_| Environment::Development);
    production.into_iter().chain(development).collect()
}

/// The subscription and the lane of its checks, held so that neither URL nor secret changes.
async fn subscription(
    ctx: &Context,
    tx: &mut Tx,
    acting: &Acting<Developer>,
    app: &App,
    id: SubscriptionId,
) -> Result<(Subscription, Lane)> {
    let app = tx.app_to_change(acting.account(), app.id).await?;
    let subscription = tx.subscription(app.account, app.id, id).await?.ok_or(Error::NotFound)?;
    let lane = tx.ensure_lane(ctx.new_id(), id, LaneKind::Checks).await?;
    let lane = tx.lane(lane).await?.ok_or(Error::NotFound)?;
    // Whatever waits for that would be no answer any more.
    if lane.app_state == StateKind::Suspended {
        return Err(Conflict::State(StateKind::Suspended).into());
    }
    if lane.standing == Standing::Suspended {
        return Err(Conflict::AccountSuspended.into());
    }
    Ok((subscription, lane))
}

/// Counts so many tests and probes of an app.
pub(super) async fn count(ctx: &Context, tx: &mut Tx, app: AppId, count: usize) -> Result<()> {
    let bucket = ctx.keys.bucket("checks of an app", &app.to_string());
    ctx.count_within(tx, bucket, count, (MOST, WINDOW)).await
}

/// A message that is no event, and the deliveries of it.
struct Message {
    event_type: EventTypeName,
    environment: Environment,
    data: String,
    deliveries: Vec<(DeliveryId, DeliveryKind)>,
}

/// Counts and stores messages, and has them sent.
async fn send(ctx: &Context, mut tx: Tx, lane: &Lane, messages: Vec<Message>) -> Result<()> {
    let now = ctx.now();
    let count = messages.iter().map(|message| message.deliveries.len()).sum();
    self::count(ctx, &mut tx, lane.app, count).await?;
    let (mut events, mut all) = (Vec::new(), Vec::new());
    for Message { event_type, environment, data, deliveries } in messages {
        let event: EventId = ctx.new_id();
        all.extend(deliveries.into_iter().map(|(id, kind)| NewDelivery {
            id,
            event,
            app: lane.app,
            subscription: lane.subscription,
            lane: lane.id,
            kind,
            environment,
            event_type: event_type.clone(),
            created_at: now,
        }));
        events.push(Event {
            id: event,
            account: lane.account,
            body: publication::message(&event_type, event, lane.account, now, &data),
            event_type,
            environment,
            occurred_at: now,
            created_at: now,
        });
    }
    tx.insert_events(&events).await?;
    tx.insert_deliveries(&all).await?;
    tx.due_lanes(&[lane.id], now).await?;
    tx.commit().await?;
    // They are stored, and found within a minute in any case.
    if let Err(error) = queue::announce(ctx, &[lane.id]).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a check could not be announced");
    }
    Ok(())
}

/// What an attempt says of an endpoint that is being validated. To be called in the transaction
/// that writes it down.
pub(super) async fn heard(
    ctx: &Context,
    tx: &mut Tx,
    lane: &Lane,
    kind: DeliveryKind,
    attempt: &Attempt,
) -> Result<()> {
    let (subscription, delivery) = (lane.subscription, attempt.delivery);
    match kind {
        DeliveryKind::Event | DeliveryKind::Test => {}
        DeliveryKind::Probe => {
            let token = tx.token_of_probe(lane.account, subscription, delivery).await?;
            let Some(token) = token else { return Ok(()) };
            let secrets = tx.signing_secrets(lane.account, subscription, ctx.now()).await?;
            let secrets: Vec<SigningSecret> =
                secrets.iter().filter_map(|one| open(ctx, lane.account, one)).collect();
            let found = Probed::of(attempt, &token, &secrets);
            tx.set_probed(subscription, delivery, found).await?;
        }
        DeliveryKind::ForgedProbe => {
            tx.set_forged(subscription, delivery, Forged::of(attempt.outcome)).await?;
        }
    }
    Ok(())
}

/// One that does not open proves nothing, and is written down.
fn open(ctx: &Context, account: AccountId, secret: &SealedSecret) -> Option<SigningSecret> {
    let place = Place { column: "signing_secrets.secret", row: &secret.facts.id };
    let Ok(text) = ctx.keys.open_text(place, &secret.sealed) else {
        ctx.tally.unreadable(account, secret.facts.id);
        return None;
    };
    text.expose().parse().ok()
}
