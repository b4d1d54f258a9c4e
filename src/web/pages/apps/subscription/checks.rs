//! Trying an endpoint out: a test event, and its validation.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{Data, Path},
};
use serde::Deserialize;

use super::SubscriptionForm;
use super::handlers::Stored;
use crate::actions::checks::{self, Checks, NewTest};
use crate::actions::deliveries::LoggedDelivery;
use crate::actions::subscriptions::is_offered;
use crate::actions::{Context, Error, FormValue, Once, catalog};
use crate::crypto::token::Token;
use crate::domain::account::Developer;
use crate::domain::app::AppType;
use crate::domain::delivery::attempt::{Attempt, Outcome};
use crate::domain::delivery::{DeliveryKind, Stage};
use crate::domain::event::Environment;
use crate::domain::event_type::EventType;
use crate::domain::fields::FieldErrors;
use crate::domain::subscription::{EventTypes, Subscription};
use crate::domain::time::{Span, Timestamp};
use crate::domain::validation::{Validation, Verdict};
use crate::web::error::of_form;
use crate::web::extract::app::InApp;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::pages::apps::delivery::ShownAttempt;
use crate::web::paging::href;
use crate::web::respond::{PageResult, done, page, see_other};

/// The most bytes of the form of a test: a payload of the largest size, each byte escaped.
const MAX_BYTES: usize = 1024 * 1024;

/// What the page shows of tests and validations.
pub(crate) struct ChecksPart {
    pub(crate) form: TestForm,
    /// Whether somebody typed it, and it was refused.
    is_typed: bool,
    /// What there is to choose from; filled in from the catalog.
    pub(crate) types: Vec<TypeGroup>,
    /// The last ones, the newest first.
    pub(crate) tests: Vec<ShownTest>,
    pub(crate) production: Option<ShownValidation>,
    pub(crate) development: Option<ShownValidation>,
    pub(crate) has_production: bool,
    pub(crate) has_development: bool,
    /// The one-time value of *Validate*.
    pub(crate) once: String,
}

/// Event types to choose from, under a heading.
pub(crate) struct TypeGroup {
    pub(crate) words: &'static str,
    pub(crate) names: Vec<String>,
}

/// What was typed of a test event. `once` is written by the page itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TestForm {
    pub(crate) event_type: String,
    /// `production` or `development`
    pub(crate) environment: String,
    /// A JSON object.
    pub(crate) data: String,
    /// Not empty when *Load example* was pressed: nothing is sent.
    pub(crate) example: String,
    pub(crate) once: String,
}

/// What the address of the page asks for: another event type's example.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    test: String,
    environment: String,
}

/// A test event that was sent, or is about to be.
pub(crate) struct ShownTest {
    pub(crate) id: String,
    pub(crate) event_type: String,
    pub(crate) environment: Environment,
    pub(crate) at: Timestamp,
    pub(crate) stage: Stage,
    /// "204 No Content", "Connection refused"; empty before it was sent.
    pub(crate) title: String,
    /// "112 ms"; empty where it is not told.
    pub(crate) took: String,
    /// What is wrong, in a sentence or two; empty if nothing is.
    pub(crate) told: String,
}

/// How the validation of an endpoint stands.
pub(crate) struct ShownValidation {
    pub(crate) verdict: Verdict,
    pub(crate) at: Timestamp,
    /// Of the answer that failed it.
    pub(crate) status: Option<u16>,
    /// What that answer, or its want, says; empty if nothing.
    pub(crate) told: String,
    /// The delivery that decided, as long as it is kept.
    pub(crate) delivery: Option<String>,
}

pub(in crate::web) async fn test(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<InApp<Developer>, TestForm, MAX_BYTES>,
) -> PageResult {
    let Post { at, form } = post;
    let stored = Stored::find(&ctx, &at, &path.1).await?;
    let here = stored.path(&at);
    if !form.example.is_empty() {
        let asked = [("test", form.event_type.as_str()), ("environment", &form.environment)];
        return Ok(see_other(&format!("{}#test", href(&here, &asked))));
    }
    let parsed = form.parse(&catalog::list(&ctx).await?, at.app.app_type, &stored.subscription.event_types);
    let sent = match parsed {
        Ok(test) => {
            let value = FormValue::new(at.signed_in.who.user.id, &form.once);
            checks::send_test(&ctx, &at.acting, &at.app, stored.subscription.id, value, &test).await
        }
        Err(errors) => Err(errors.into()),
    };
    match sent {
        Ok(once) => asked(&at, &here, "#test", &once, Done::TestSent),
        Err(error) => stored.refused(&ctx, &at, error, ("send", Some(form))).await,
    }
}

pub(in crate::web) async fn validate(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<InApp<Developer>, TestForm>,
) -> PageResult {
    let Post { at, form } = post;
    let stored = Stored::find(&ctx, &at, &path.1).await?;
    let here = stored.path(&at);
    let value = FormValue::new(at.signed_in.who.user.id, &form.once);
    match checks::validate(&ctx, &at.acting, &at.app, stored.subscription.id, value).await {
        Ok(once) => asked(&at, &here, "#endpoint", &once, Done::ValidationAsked),
        Err(error) => stored.refused(&ctx, &at, error, ("validate", None)).await,
    }
}

/// Back to the page, at the place where the result comes to stand.
fn asked<T>(at: &InApp<Developer>, here: &str, place: &str, once: &Once<T>, flash: Done) -> PageResult {
    let flash = match once {
        Once::Now(_) => flash,
        Once::Before(_) => Done::Again,
    };
    done(&at.signed_in.visit, &format!("{here}{place}"), flash)
}

impl Stored {
    /// The page with what is wrong. Too many in a minute are told beside the button.
    async fn refused(
        self,
        ctx: &Context,
        at: &InApp<Developer>,
        error: Error,
        (button, typed): (&'static str, Option<TestForm>),
    ) -> PageResult {
        let (status, errors, wait) = match error {
            Error::TooMany { retry_after } => {
                let seconds = whole_seconds(retry_after);
                let unit = if seconds == 1 { "second" } else { "seconds" };
                let sentence = format!(
                    "At most {} tests and probes are sent for an app in a minute. Try again in {seconds} {unit}.",
                    checks::MOST
                );
                (StatusCode::TOO_MANY_REQUESTS, FieldErrors::one(button, sentence), Some(seconds))
            }
            other @ (Error::Invalid(_)
            | Error::NotFound
            | Error::Conflict(_)
            | Error::Unavailable(_)
            | Error::Internal(_)) => (StatusCode::UNPROCESSABLE_ENTITY, of_form(other)?, None),
        };
        let form = SubscriptionForm::of(&self.subscription);
        let mut drawn = self.drawn(form, at).with(errors);
        if let (Some(saved), Some(typed)) = (&mut drawn.saved, typed) {
            saved.checks.form = typed;
            saved.checks.is_typed = true;
        }
        let drawn = drawn.page(ctx, at, &catalog::list(ctx).await?).await?;
        let mut response: HttpResponse = page(status, &drawn)?;
        if let Some(seconds) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        Ok(response)
    }
}

fn whole_seconds(span: Span) -> i64 {
    (span.micros().max(1) + 999_999).div_euclid(1_000_000)
}

impl TestForm {
    /// `had` are the event types of the subscription, which can be sent whatever they are.
    fn parse(
        &self,
        catalog: &[EventType],
        app_type: AppType,
        had: &EventTypes,
    ) -> Result<NewTest, FieldErrors> {
        let mut errors = FieldErrors::default();
        let environment = self.environment.parse::<Environment>().ok();
        if environment.is_none() {
            errors.add("environment", "Choose which of the two URLs it is sent to.");
        }
        let known = |entry: &&EventType| {
            entry.name.as_str() == self.event_type && is_offered(entry, app_type, Some(had))
        };
        let event_type = catalog.iter().find(known).map(|entry| entry.name.clone());
        if event_type.is_none() {
            errors.add("event_type", "Choose an event type from the list.");
        }
        let data = errors.take("data", "the payload", self.data.parse());
        errors
            .into_result(|| Some(NewTest { event_type: event_type?, environment: environment?, data: data? }))
    }
}

impl ChecksPart {
    pub(super) fn of(subscription: &Subscription, checks: &Checks) -> Self {
        let of = |environment| {
            let validation = checks.validations.iter().find(|one| one.environment == environment);
            validation.map(ShownValidation::of)
        };
        let has_production = subscription.endpoints.production().is_some();
        let first = if has_production { Environment::Production } else { Environment::Development };
        Self {
            form: TestForm {
                environment: first.to_string(),
                once: Token::generate().expose().to_owned(),
                ..TestForm::default()
            },
            is_typed: false,
            types: Vec::new(),
            tests: checks.tests.iter().map(ShownTest::of).collect(),
            production: of(Environment::Production),
            development: of(Environment::Development),
            has_production,
            has_development: subscription.endpoints.development().is_some(),
            once: Token::generate().expose().to_owned(),
        }
    }

    /// Whether a test is yet to be sent.
    pub(crate) fn is_waiting(&self) -> bool {
        self.tests.iter().any(|test| test.stage == Stage::Waiting)
    }

    /// The id of its radio button, where that is the first one.
    pub(crate) fn development_id(&self) -> &'static str {
        if self.has_production { "" } else { "environment" }
    }

    /// What is not understood of an address asks for nothing.
    pub(super) fn ask(&mut self, asked: Asked) {
        self.form.event_type = asked.test;
        if asked.environment.parse::<Environment>().is_ok() {
            self.form.environment = asked.environment;
        }
    }

    /// Offers the event types of the catalog; a form of which none is chosen begins with the first
    /// one that is subscribed to, and with its example.
    pub(super) fn offer(&mut self, catalog: &[EventType], app_type: AppType, had: &EventTypes) {
        let (own, other): (Vec<_>, Vec<_>) = catalog
            .iter()
            .filter(|entry| is_offered(entry, app_type, Some(had)))
            .partition(|entry| had.contains(entry.name.as_str()));
        if !self.is_typed {
            let asked = own.iter().chain(&other).find(|entry| entry.name.as_str() == self.form.event_type);
            if let Some(entry) = asked.or(own.first()) {
                self.form.event_type = entry.name.to_string();
                self.form.data = entry.example.pretty();
            }
        }
        let group = |words, entries: Vec<&EventType>| TypeGroup {
            words,
            names: entries.iter().map(|entry| entry.name.to_string()).collect(),
        };
        let groups = [group("Of this subscription", own), group("Others", other)];
        self.types = groups.into_iter().filter(|group| !group.names.is_empty()).collect();
    }
}

impl ShownTest {
    fn of((delivery, attempt): &(LoggedDelivery, Option<Attempt>)) -> Self {
        let shown = attempt.as_ref().map(|attempt| ShownAttempt::of(attempt, DeliveryKind::Test));
        let told = attempt.as_ref().and_then(|attempt| attempt.outcome.told_of(DeliveryKind::Test));
        Self {
            id: delivery.id.to_string(),
            event_type: delivery.event_type.to_string(),
            environment: delivery.environment,
            at: delivery.created_at,
            stage: delivery.stage,
            told: told.map(String::from).unwrap_or_default(),
            title: shown.as_ref().map(|shown| shown.title.clone()).unwrap_or_default(),
            took: shown.map(|shown| shown.took).unwrap_or_default(),
        }
    }
}

impl ShownValidation {
    fn of(validation: &Validation) -> Self {
        let verdict = validation.verdict();
        let (probe, forged) = (&validation.probe, &validation.forged);
        let (delivery, is_kept, outcome, kind) = match verdict {
            Verdict::Waiting | Verdict::Validated | Verdict::Failed(_) => {
                (probe.delivery, probe.is_kept, probe.outcome, DeliveryKind::Probe)
            }
            Verdict::ChecksNoSignatures | Verdict::Undecided => {
                (forged.delivery, forged.is_kept, forged.outcome, DeliveryKind::ForgedProbe)
            }
        };
        let told = outcome.and_then(|outcome| outcome.told_of(kind)).map(String::from);
        Self {
            verdict,
            at: validation.asked_at,
            status: outcome.and_then(Outcome::status),
            told: told.unwrap_or_default(),
            delivery: is_kept.then(|| delivery.to_string()),
        }
    }
}
