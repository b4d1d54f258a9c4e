//! What answers the pages of a subscription.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path};

use super::checks::{Asked, ChecksPart};
use super::needs::Grantable;
use super::{CatalogEntry, SavedSubscription, SubscriptionForm, SubscriptionPage, groups};
use crate::actions::checks::{self, Checks};
use crate::actions::deliveries::{self, LaneOff};
use crate::actions::subscriptions::{self, choose, is_offered};
use crate::actions::{Conflict, Context, Error, FormValue, Once, catalog};
use crate::domain::account::{AtLeast, Developer, Viewer};
use crate::domain::app::AppType;
use crate::domain::credential::SecretFacts;
use crate::domain::event_type::EventType;
use crate::domain::fields::FieldErrors;
use crate::domain::id::SubscriptionId;
use crate::domain::overlap::MAX_OLD;
use crate::domain::secret::Secret;
use crate::domain::subscription::{Endpoints, EventTypes, NewSubscription, Subscription};
use crate::domain::url::EndpointUrl;
use crate::web::error::{PageError, of_form};
use crate::web::extract::app::InApp;
use crate::web::extract::form::{Nothing, Post};
use crate::web::flash::Done;
use crate::web::pages::apps::credentials::ShownSecret;
use crate::web::pages::apps::deliveries::Off;
use crate::web::pages::apps::frame::{AppFrame, At};
use crate::web::pages::apps::rotation::{OldSecret, RegenerateForm};
use crate::web::proof;
use crate::web::respond::{PageResult, done, ok, prefers_json, refused, secret_json, secret_page};

pub(in crate::web) async fn get(
    ctx: Data<Context>,
    request: HttpRequest,
    path: Path<(String, String)>,
    at: InApp<Viewer>,
) -> PageResult {
    let stored = Stored::find(&ctx, &at, &path.1).await?;
    let asked = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    let form = SubscriptionForm::of(&stored.subscription);
    ok(&stored.drawn(form, &at).asked_for(asked).page(&ctx, &at, &catalog::list(&ctx).await?).await?)
}

pub(in crate::web) async fn save(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<InApp<Developer>, SubscriptionForm>,
) -> PageResult {
    let Post { at, form } = post;
    let stored = Stored::find(&ctx, &at, &path.1).await?;
    let id = stored.subscription.id;
    let catalog = catalog::list(&ctx).await?;
    if form.only_redraws() {
        return ok(&stored.drawn(form, &at).page(&ctx, &at, &catalog).await?);
    }
    let saved = match form.parse(&catalog, at.app.app_type, Some(&stored.subscription.event_types)) {
        Ok(new) => subscriptions::save(&ctx, &at.acting, &at.app, id, &new).await,
        Err(errors) => Err(errors.into()),
    };
    match saved {
        Ok(()) => done(&at.signed_in.visit, &stored.path(&at), Done::SubscriptionSaved),
        Err(error) => {
            let errors = of_form(error)?;
            refused(&stored.drawn(form, &at).with(errors).page(&ctx, &at, &catalog).await?)
        }
    }
}

pub(in crate::web) async fn reveal(
    ctx: Data<Context>,
    request: HttpRequest,
    path: Path<(String, String)>,
    post: Post<InApp<Developer>, Nothing>,
) -> PageResult {
    let at = post.at;
    let stored = Stored::find(&ctx, &at, &path.1).await?;
    at.signed_in.fresh(ctx.now(), &stored.path(&at))?;
    let secret = subscriptions::reveal(&ctx, &at.acting, &at.app, stored.subscription.id).await?;
    if prefers_json(&request) {
        return secret_json(secret.expose());
    }
    let form = SubscriptionForm::of(&stored.subscription);
    let secret = ShownSecret::Revealed(Secret::new(secret.expose().to_owned()));
    let drawn = stored.drawn(form, &at).showing(secret);
    secret_page(&drawn.page(&ctx, &at, &catalog::list(&ctx).await?).await?)
}

pub(in crate::web) async fn rotate(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<InApp<Developer>, RegenerateForm>,
) -> PageResult {
    let Post { at, form } = post;
    let stored = Stored::find(&ctx, &at, &path.1).await?;
    let id = stored.subscription.id;
    at.signed_in.fresh(ctx.now(), &stored.path(&at))?;
    let keep = match form.keep() {
        Ok(keep) => keep,
        Err(errors) => {
            return stored.not_rotated(&ctx, &at, form, errors).await;
        }
    };
    let value = FormValue::new(at.signed_in.who.user.id, &form.once);
    let flash = match subscriptions::rotate(&ctx, &at.acting, &at.app, id, value, keep).await {
        Ok(Once::Now(_)) => Done::SigningSecretRotated,
        Ok(Once::Before(_)) => Done::Again,
        Err(Error::Conflict(Conflict::OldSecrets)) => {
            let sentence = "Three old secrets still sign. Let them stop now, or wait until one ends.";
            let errors = FieldErrors::one("keep_old_for", sentence);
            return stored.not_rotated(&ctx, &at, form, errors).await;
        }
        Err(error) => return Err(error.into()),
    };
    done(&at.signed_in.visit, &stored.path(&at), flash)
}

pub(in crate::web) async fn resume(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<InApp<Developer>, Nothing>,
) -> PageResult {
    let (at, id) = (post.at, named(&path)?);
    subscriptions::resume(&ctx, &at.acting, &at.app, id).await?;
    done(&at.signed_in.visit, &at.at(&format!("/subscriptions/{id}")), Done::SubscriptionResumed)
}

pub(in crate::web) async fn delete(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<InApp<Developer>, Nothing>,
) -> PageResult {
    let (at, id) = (post.at, named(&path)?);
    subscriptions::delete(&ctx, &at.acting, &at.app, id).await?;
    done(&at.signed_in.visit, &at.at("/features"), Done::SubscriptionDeleted)
}

/// The subscription that a path names; it may not be there.
fn named(path: &(String, String)) -> Result<SubscriptionId, PageError> {
    path.1.parse().map_err(|_| PageError::NotFound)
}

impl SubscriptionForm {
    /// What is saved.
    pub(super) fn of(subscription: &Subscription) -> Self {
        let url = |url: Option<&EndpointUrl>| url.map(ToString::to_string).unwrap_or_default();
        Self {
            name: subscription.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            development_url: url(subscription.endpoints.development()),
            production_url: url(subscription.endpoints.production()),
            event_types: subscription.event_types.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    /// `had` are the event types of the saved subscription, if it is one.
    pub(super) fn parse(
        &self,
        catalog: &[EventType],
        app_type: AppType,
        had: Option<&EventTypes>,
    ) -> Result<NewSubscription, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take_optional("name", "the subscription name", &self.name);
        let development =
            errors.take_optional("development_url", "the development URL", &self.development_url);
        let production = errors.take_optional("production_url", "the production URL", &self.production_url);
        let endpoints = development.zip(production).map(|(one, other)| Endpoints::new(one, other));
        if endpoints == Some(None) {
            errors.add("production_url", "Enter a development or a production URL.");
        }
        let chosen = choose(catalog, app_type, had, &self.event_types);
        let event_types = errors.take("event_types", "the event types", chosen);
        errors.into_result(|| {
            Some(NewSubscription { name: name?, endpoints: endpoints??, event_types: event_types? })
        })
    }
}

/// A subscription, and what is known of its secrets.
pub(super) struct Stored {
    pub(super) subscription: Subscription,
    secrets: Vec<SecretFacts>,
    off: Vec<LaneOff>,
    checks: Checks,
}

impl Stored {
    pub(super) async fn find<R: AtLeast>(ctx: &Context, at: &InApp<R>, id: &str) -> Result<Self, PageError> {
        let id = id.parse().map_err(|_| PageError::NotFound)?;
        let (subscription, secrets) = subscriptions::view(ctx, &at.acting, &at.app, id).await?;
        let off = deliveries::turned_off(ctx, &at.acting, &at.app).await?;
        let checks = checks::view(ctx, &at.acting, subscription.id).await?;
        Ok(Self { subscription, secrets, off, checks })
    }

    pub(super) fn path<R: AtLeast>(&self, at: &InApp<R>) -> String {
        at.at(&format!("/subscriptions/{}", self.subscription.id))
    }

    pub(super) fn drawn<R: AtLeast>(self, form: SubscriptionForm, at: &InApp<R>) -> Drawn {
        let old = self.secrets.iter().filter_map(|facts| OldSecret::new("whsec_", facts, None));
        let old: Vec<_> = old.collect();
        let saved = SavedSubscription {
            id: self.subscription.id.to_string(),
            name: self.subscription.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            made: self.subscription.created_at,
            secret: if at.can_edit() { ShownSecret::Masked } else { ShownSecret::Hidden },
            old_full: old.len() >= MAX_OLD,
            old,
            rotate: RegenerateForm::fresh(),
            off: Off::of(self.subscription.id, &self.off),
            checks: ChecksPart::of(&self.subscription, &self.checks),
        };
        let had = Some(self.subscription.event_types);
        Drawn { saved: Some(saved), had, form, errors: FieldErrors::default() }
    }

    async fn not_rotated(
        self,
        ctx: &Context,
        at: &InApp<Developer>,
        rotate: RegenerateForm,
        errors: FieldErrors,
    ) -> PageResult {
        let form = SubscriptionForm::of(&self.subscription);
        let mut drawn = self.drawn(form, at).with(errors);
        if let Some(saved) = &mut drawn.saved {
            saved.rotate = rotate;
        }
        refused(&drawn.page(ctx, at, &catalog::list(ctx).await?).await?)
    }
}

/// What one answer shows.
pub(super) struct Drawn {
    pub(super) saved: Option<SavedSubscription>,
    /// The event types of the saved subscription, which are offered whatever they are.
    had: Option<EventTypes>,
    form: SubscriptionForm,
    errors: FieldErrors,
}

impl Drawn {
    /// Of a subscription that is yet to be made.
    pub(super) fn new(form: SubscriptionForm) -> Self {
        Self { saved: None, had: None, form, errors: FieldErrors::default() }
    }

    pub(super) fn with(self, errors: FieldErrors) -> Self {
        Self { errors, ..self }
    }

    fn asked_for(mut self, asked: Asked) -> Self {
        if let Some(saved) = &mut self.saved {
            saved.checks.ask(asked);
        }
        self
    }

    fn showing(mut self, secret: ShownSecret) -> Self {
        if let Some(saved) = &mut self.saved {
            saved.secret = secret;
        }
        self
    }

    pub(super) async fn page<R: AtLeast>(
        mut self,
        ctx: &Context,
        at: &InApp<R>,
        catalog: &[EventType],
    ) -> Result<SubscriptionPage, PageError> {
        if let (Some(saved), Some(had)) = (&mut self.saved, &self.had) {
            saved.checks.offer(catalog, at.app.app_type, had);
        }
        let offered = catalog.iter().filter(|entry| is_offered(entry, at.app.app_type, self.had.as_ref()));
        let grantable = Grantable::read(ctx, at).await?;
        // Saving a new one makes a secret.
        let proof = if self.saved.is_none() { proof::Asked::of(&at.signed_in.who, ctx.now()) } else { None };
        let entries = offered.map(|entry| CatalogEntry {
            group: entry.group.as_str(),
            name: entry.name.as_str(),
            description: entry.description.as_str(),
            retired: entry.retired,
            needs: grantable.needs(entry),
        });
        Ok(SubscriptionPage {
            chrome: at.signed_in.visit.chrome(ctx),
            frame: AppFrame::of(ctx, at, At::Features).await?,
            asks_users: at.app.app_type.asks_users(),
            groups: groups(entries, &self.form),
            saved: self.saved,
            proof,
            form: self.form,
            errors: self.errors,
        })
    }
}

#[cfg(test)]
mod tests;
