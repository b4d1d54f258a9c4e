//! Event subscriptions of an app, and what signs their deliveries.

use super::{Acting, Conflict, Context, Error, FormValue, On, Once, Reads, Result};
use crate::{
    crypto::{self, keyring::Place},
    domain::{
        account::{AtLeast, Developer},
        app::{App, AppType},
        audit::{Change, FieldChange},
        credential::{SecretFacts, SigningSecret},
        event::Environment,
        event_type::{EventType, EventTypeName},
        fields::{Complaint as _, FieldErrors},
        id::{SecretId, SubscriptionId, UserId},
        lane::LaneKind,
        overlap::{KeepOld, MAX_OLD},
        subscription::{Endpoints, EventTypes, EventTypesError, NewSubscription, Subscription},
    },
    store::{SealedSecret, Tx},
};

/// Whether a subscription of such an app may choose the event type. What it has already it keeps.
#[must_use]
pub fn is_offered(entry: &EventType, app_type: AppType, had: Option<&EventTypes>) -> bool {
    had.is_some_and(|had| had.contains(entry.name.as_str())) || (!entry.retired && entry.is_for(app_type))
}

/// The chosen event types: of those of the catalog that are offered, or that the subscription has
/// already.
///
/// # Errors
/// Nothing chosen, or something that cannot be.
pub fn choose(
    catalog: &[EventType],
    app_type: AppType,
    had: Option<&EventTypes>,
    chosen: &[String],
) -> std::result::Result<EventTypes, EventTypesError> {
    let known = |text: &String| {
        let name = text.parse::<EventTypeName>().ok();
        let entry = catalog.iter().find(|entry| Some(&entry.name) == name.as_ref());
        let allowed = entry.filter(|entry| is_offered(entry, app_type, had));
        allowed.map(|entry| entry.name.clone()).ok_or_else(|| EventTypesError::Unknown(text.clone()))
    };
    let names = chosen.iter().map(known).collect::<std::result::Result<Vec<_>, _>>()?;
    EventTypes::new(names).ok_or(EventTypesError::None)
}

/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn list(ctx: &Context, reader: &impl Reads, app: &App) -> Result<Vec<Subscription>> {
    Ok(ctx.read().await?.subscriptions(reader.account_of(app), app.id).await?)
}

/// Of what waits for a subscription that is deleted, so much of each lane is cancelled with it, and
/// the rest soon after.
const CANCELLED_AT_ONCE: i64 = 500;
/// The most events that are counted.
const COUNTED: u32 = 10_000;

/// How many events wait for an app; 10,000 for more than that.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn waiting(ctx: &Context, _acting: &Acting<impl AtLeast>, app: &App) -> Result<u64> {
    let waiting = ctx.read().await?.waiting_of_app(app.id, COUNTED.into()).await?;
    Ok(waiting.unsigned_abs())
}

/// One subscription, with what is known of the secrets that sign for it.
///
/// # Errors
/// `NotFound` if the app has none such.
pub async fn view(
    ctx: &Context,
    acting: &Acting<impl AtLeast>,
    app: &App,
    id: SubscriptionId,
) -> Result<(Subscription, Vec<SecretFacts>)> {
    let mut read = ctx.read().await?;
    let subscription = read.subscription(acting.account(), app.id, id).await?.ok_or(Error::NotFound)?;
    let secrets = read.signing_secrets(acting.account(), id, ctx.now()).await?;
    Ok((subscription, secrets.into_iter().map(|secret| secret.facts).collect()))
}

/// Event Subscriptions on or off; what is subscribed to stays.
///
/// # Errors
/// `NotFound` if the app is gone.
pub async fn toggle(ctx: &Context, acting: &Acting<Developer>, app: &App, on: bool) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let app = tx.app_to_change(acting.account(), app.id).await?;
    if app.events_on == on {
        return Ok(());
    }
    tx.set_events_on(acting.account(), app.id, on).await?;
    tx.wake_lanes(app.id, ctx.now()).await?;
    ctx.audit(&mut tx, &acting.by(), On::app(acting.account(), app.id), Change::EventsToggled { on }).await?;
    Ok(tx.commit().await?)
}

/// # Errors
/// `Conflict` at the limit of subscriptions; `Invalid` where an endpoint leads inwards.
pub async fn create(
    ctx: &Context,
    acting: &Acting<Developer>,
    app: &App,
    form: FormValue,
    new: &NewSubscription,
) -> Result<Once<SubscriptionId>> {
    lead_out(ctx, new)?;
    let mut tx = ctx.begin().await?;
    let app = tx.app_to_change(acting.account(), app.id).await?;
    let id: SubscriptionId = ctx.new_id();
    if let Some(before) = ctx.form_result(&mut tx, form, &id).await? {
        return Ok(Once::Before(before));
    }
    let max = ctx.policy.max_subscriptions.get();
    if tx.subscription_count(app.account, app.id).await? >= i64::from(max) {
        return Err(Conflict::SubscriptionLimit { max }.into());
    }
    tx.insert_subscription(app.id, id, new, ctx.now()).await?;
    for kind in LaneKind::ALL {
        tx.ensure_lane(ctx.new_id(), id, *kind).await?;
    }
    seal(ctx, &mut tx, ctx.new_id(), id, acting.member.user()).await?;
    let changes = changes(None, Some(new));
    let change = Change::SubscriptionCreated { subscription: id, label: label(new), changes };
    ctx.audit(&mut tx, &acting.by(), On::app(acting.account(), app.id), change).await?;
    tx.commit().await?;
    Ok(Once::Now(id))
}

/// # Errors
/// `NotFound` if the app has none such; `Invalid` where an endpoint leads inwards.
pub async fn save(
    ctx: &Context,
    acting: &Acting<Developer>,
    app: &App,
    id: SubscriptionId,
    new: &NewSubscription,
) -> Result<()> {
    lead_out(ctx, new)?;
    let mut tx = ctx.begin().await?;
    let before = to_change(&mut tx, acting, app, id).await?;
    let moved = moved(&before.endpoints, &new.endpoints);
    let changes = changes(Some(before), Some(new));
    if changes.is_empty() {
        return Ok(());
    }
    tx.update_subscription(app.id, id, new).await?;
    for environment in moved {
        // How another endpoint did says nothing of this one; and one that was missing may hold
        // something.
        tx.turn_on_lane(id, LaneKind::from(environment), ctx.now()).await?;
        tx.forget_validation(id, environment).await?;
    }
    let change = Change::SubscriptionChanged { subscription: id, label: label(new), changes };
    ctx.audit(&mut tx, &acting.by(), On::app(acting.account(), app.id), change).await?;
    Ok(tx.commit().await?)
}

/// Which URLs are no longer what they were: what was found out about them says nothing any more.
fn moved(old: &Endpoints, new: &Endpoints) -> Vec<Environment> {
    let production = (old.production() != new.production()).then_some(Environment::Production);
    let development = (old.development() != new.development()).then_some(Environment::Development);
    production.into_iter().chain(development).collect()
}

/// Refuses endpoints that nothing may be sent to.
fn lead_out(ctx: &Context, new: &NewSubscription) -> Result<()> {
    let mut errors = FieldErrors::default();
    let endpoints = [
        ("development_url", "the development URL", new.endpoints.development()),
        ("production_url", "the production URL", new.endpoints.production()),
    ];
    for (field, what, url) in endpoints {
        if let Some(Err(error)) = url.map(|url| url.leads_out(&ctx.policy.webhook_nets)) {
            errors.add(field, error.sentence(what));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// # Errors
/// `NotFound` if the app has none such.
pub async fn delete(ctx: &Context, acting: &Acting<Developer>, app: &App, id: SubscriptionId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let subscription = to_change(&mut tx, acting, app, id).await?;
    tx.cancel_waiting(id, ctx.now(), CANCELLED_AT_ONCE).await?;
    tx.delete_subscription(app.id, id).await?;
    let label = subscription.label().to_owned();
    let change =
        Change::SubscriptionDeleted { subscription: id, label, changes: changes(Some(subscription), None) };
    ctx.audit(&mut tx, &acting.by(), On::app(acting.account(), app.id), change).await?;
    Ok(tx.commit().await?)
}

/// Sends to an endpoint again that was turned off, what waited for it first.
///
/// # Errors
/// `NotFound` if the app has none such.
pub async fn resume(ctx: &Context, acting: &Acting<Developer>, app: &App, id: SubscriptionId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let subscription = to_change(&mut tx, acting, app, id).await?;
    let off = tx.lanes_off(acting.account(), app.id).await?;
    if off.iter().all(|off| off.subscription != id) {
        return Ok(());
    }
    tx.turn_on_lanes(id, ctx.now()).await?;
    let change = Change::SubscriptionResumed { subscription: id, label: subscription.label().to_owned() };
    ctx.audit(&mut tx, &acting.by(), On::app(acting.account(), app.id), change).await?;
    tx.commit().await?;
    ctx.deliveries_due.notify_one();
    Ok(())
}

/// The signing secret in clear. That it was shown is written down, and by whom.
///
/// # Errors
/// `NotFound` if the app has none such; `Conflict` if what is stored does not open.
pub async fn reveal(
    ctx: &Context,
    acting: &Acting<Developer>,
    app: &App,
    id: SubscriptionId,
) -> Result<SigningSecret> {
    let mut tx = ctx.begin().await?;
    let subscription = to_change(&mut tx, acting, app, id).await?;
    let secrets = tx.signing_secrets(acting.account(), id, ctx.now()).await?;
    let current = secrets.iter().find(|secret| secret.facts.retires_at.is_none()).ok_or(Error::NotFound)?;
    let place = Place { column: "signing_secrets.secret", row: &current.facts.id };
    let on = On::app(acting.account(), app.id);
    let Ok(text) = ctx.keys.open_text(place, &current.sealed) else {
        return ctx.unreadable(tx, &acting.by(), on, current.facts.id).await;
    };
    let change = Change::SigningSecretRevealed { subscription: id, label: subscription.label().to_owned() };
    ctx.audit(&mut tx, &acting.by(), on, change).await?;
    tx.commit().await?;
    text.expose().parse().map_err(|error: crate::domain::credential::Malformed| Error::Internal(error.into()))
}

/// Makes a new signing secret. The old one signs beside it as long as was chosen.
///
/// # Errors
/// `Conflict` while three old secrets still sign; `NotFound` if the app has none such.
pub async fn rotate(
    ctx: &Context,
    acting: &Acting<Developer>,
    app: &App,
    id: SubscriptionId,
    form: FormValue,
    keep: KeepOld,
) -> Result<Once<SecretId>> {
    let mut tx = ctx.begin().await?;
    let subscription = to_change(&mut tx, acting, app, id).await?;
    let secret: SecretId = ctx.new_id();
    if let Some(before) = ctx.form_result(&mut tx, form, &secret).await? {
        return Ok(Once::Before(before));
    }
    match keep.lasts() {
        None => tx.delete_signing_secrets(id).await?,
        Some(span) => {
            let old = tx.signing_secrets(acting.account(), id, ctx.now()).await?;
            if old.iter().filter(|secret| secret.facts.retires_at.is_some()).count() >= MAX_OLD {
                return Err(Conflict::OldSecrets.into());
            }
            tx.retire_signing_secret(id, ctx.now() + span).await?;
        }
    }
    seal(ctx, &mut tx, secret, id, acting.member.user()).await?;
    // The endpoint may not know it yet.
    for environment in [Environment::Production, Environment::Development] {
        tx.forget_validation(id, environment).await?;
    }
    let change = Change::SigningSecretRotated {
        subscription: id,
        label: subscription.label().to_owned(),
        keep_old_for: keep,
    };
    ctx.audit(&mut tx, &acting.by(), On::app(acting.account(), app.id), change).await?;
    tx.commit().await?;
    Ok(Once::Now(secret))
}

async fn to_change(
    tx: &mut Tx,
    acting: &Acting<Developer>,
    app: &App,
    id: SubscriptionId,
) -> Result<Subscription> {
    let app = tx.app_to_change(acting.account(), app.id).await?;
    tx.subscription(app.account, app.id, id).await?.ok_or(Error::NotFound)
}

fn label(new: &NewSubscription) -> String {
    let url = new.endpoints.production().or(new.endpoints.development());
    let named = new.name.as_ref().map(ToString::to_string);
    named.or_else(|| url.map(ToString::to_string)).unwrap_or_default()
}

/// What differs between a subscription and what it becomes; nothing before it is made, and
/// nothing after it is deleted.
fn changes(old: Option<Subscription>, new: Option<&NewSubscription>) -> Vec<FieldChange> {
    let old = old.map(|Subscription { name, endpoints, event_types, .. }| NewSubscription {
        name,
        endpoints,
        event_types,
    });
    let texts = |one: Option<&NewSubscription>| {
        let text = |read: fn(&NewSubscription) -> Option<String>| one.and_then(read).unwrap_or_default();
        [
            text(|one| one.name.as_ref().map(ToString::to_string)),
            text(|one| one.endpoints.development().map(ToString::to_string)),
            text(|one| one.endpoints.production().map(ToString::to_string)),
            text(|one| Some(one.event_types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))),
        ]
    };
    let names = ["name", "development_url", "production_url", "event_types"];
    let fields = names.into_iter().zip(texts(old.as_ref()).into_iter().zip(texts(new)));
    FieldChange::of(fields.map(|(name, (from, to))| (name, from, to)))
}

async fn seal(
    ctx: &Context,
    tx: &mut Tx,
    id: SecretId,
    subscription: SubscriptionId,
    made_by: UserId,
) -> Result<()> {
    let secret = SigningSecret::from_random(crypto::random());
    let place = Place { column: "signing_secrets.secret", row: &id };
    let sealed = ctx.keys.seal(place, secret.expose().as_bytes())?;
    let facts =
        SecretFacts { id, hint: secret.hint(), made_at: ctx.now(), made_by: Some(made_by), retires_at: None };
    Ok(tx.insert_signing_secret(subscription, &SealedSecret { facts, sealed }).await?)
}
