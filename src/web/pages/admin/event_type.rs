//! `/admin/event-types/new`, `/admin/event-types/{event_type}`: one event type of the catalog.

use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use super::Total;
use crate::actions::admin::event_types::{self, NO_SUCH_SCOPE};
use crate::actions::{Context, FormValue, Once, catalog, scopes};
use crate::crypto::token::Token;
use crate::domain::event_type::{EventType, EventTypeName, NewEventType};
use crate::domain::fields::FieldErrors;
use crate::web::error::{PageError, of_form};
use crate::web::extract::console::InConsole;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

const LIST: &str = "/admin/event-types";

/// The editor of an event type.
#[derive(Template)]
#[template(path = "pages/admin/event_type.html")]
pub(crate) struct EventTypePage {
    pub(crate) chrome: Chrome,
    /// Nothing while it is new.
    pub(crate) saved: Option<SavedEventType>,
    pub(crate) form: EventTypeForm,
    pub(crate) errors: FieldErrors,
    /// The groups of the catalog, to be offered.
    pub(crate) groups: Vec<String>,
    /// The scopes of the catalog that may be chosen.
    pub(crate) scopes: Vec<OfferedScope>,
}

/// A scope that an event type may need.
pub(crate) struct OfferedScope {
    pub(crate) name: String,
    pub(crate) description: String,
}

/// An event type that is in the catalog.
pub(crate) struct SavedEventType {
    pub(crate) name: String,
    pub(crate) retired: bool,
    pub(crate) version: i64,
    /// How many subscriptions hold it.
    pub(crate) uses: Total,
}

impl SavedEventType {
    /// An address below that of its page.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{LIST}/{}{path}", self.name)
    }
}

/// What was typed. `once` is written by the page itself for a new event type, `version` for
/// one that is there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EventTypeForm {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) description: String,
    pub(crate) example: String,
    /// The name of a scope, or nothing.
    pub(crate) scope: String,
    pub(crate) once: String,
    /// The version as the form was drawn; a post that no longer fits is 409.
    pub(crate) version: Option<i64>,
}

/// Which version *Retire*, *Bring back* or *Delete* was pressed on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct VersionForm {
    pub(crate) version: Option<i64>,
}

pub(in crate::web) async fn new(ctx: Data<Context>, at: InConsole) -> PageResult {
    let once = Token::generate().expose().to_owned();
    let form = EventTypeForm { once, ..EventTypeForm::default() };
    ok(&draw(&ctx, &at, None, form).await?)
}

pub(in crate::web) async fn create(ctx: Data<Context>, post: Post<InConsole, EventTypeForm>) -> PageResult {
    let Post { at, form } = post;
    let mut errors = FieldErrors::default();
    let name = errors.take("name", "the name", form.name.trim().parse::<EventTypeName>());
    let created = match form.parse(name, errors) {
        Ok(new) => {
            let value = FormValue::new(at.signed_in.who.user.id, &form.once);
            event_types::create(&ctx, &at.acting, value, &new).await
        }
        Err(errors) => Err(errors.into()),
    };
    let (name, flash) = match created {
        Ok(Once::Now(name)) => (name, Done::EventTypeCreated),
        Ok(Once::Before(name)) => (name, Done::Again),
        Err(error) => {
            let errors = of_form(error)?;
            return refused(&EventTypePage { errors, ..draw(&ctx, &at, None, form).await? });
        }
    };
    done(&at.signed_in.visit, &format!("{LIST}/{name}"), flash)
}

pub(in crate::web) async fn get(ctx: Data<Context>, path: Path<String>, at: InConsole) -> PageResult {
    let (event_type, uses) = event_types::view(&ctx, &at.acting, &named(&path)?).await?;
    let form = EventTypeForm::of(&event_type);
    ok(&draw(&ctx, &at, Some((&event_type, uses)), form).await?)
}

pub(in crate::web) async fn save(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InConsole, EventTypeForm>,
) -> PageResult {
    let Post { at, form } = post;
    let (event_type, uses) = event_types::view(&ctx, &at.acting, &named(&path)?).await?;
    let saved = match form.parse(Some(event_type.name.clone()), FieldErrors::default()) {
        Ok(new) => event_types::save(&ctx, &at.acting, form.version, &new).await,
        Err(errors) => Err(errors.into()),
    };
    match saved {
        Ok(()) => done(&at.signed_in.visit, &format!("{LIST}/{}", event_type.name), Done::EventTypeSaved),
        Err(error) => {
            let errors = of_form(error)?;
            let drawn = draw(&ctx, &at, Some((&event_type, uses)), form).await?;
            refused(&EventTypePage { errors, ..drawn })
        }
    }
}

pub(in crate::web) async fn retire(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InConsole, VersionForm>,
) -> PageResult {
    let (Post { at, form }, name) = (post, named(&path)?);
    event_types::retire(&ctx, &at.acting, form.version, &name).await?;
    done(&at.signed_in.visit, &format!("{LIST}/{name}"), Done::EventTypeRetired)
}

pub(in crate::web) async fn bring_back(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InConsole, VersionForm>,
) -> PageResult {
    let (Post { at, form }, name) = (post, named(&path)?);
    event_types::bring_back(&ctx, &at.acting, form.version, &name).await?;
    done(&at.signed_in.visit, &format!("{LIST}/{name}"), Done::EventTypeBroughtBack)
}

pub(in crate::web) async fn delete(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InConsole, VersionForm>,
) -> PageResult {
    let Post { at, form } = post;
    event_types::delete(&ctx, &at.acting, form.version, &named(&path)?).await?;
    done(&at.signed_in.visit, LIST, Done::EventTypeDeleted)
}

impl EventTypeForm {
    fn of(event_type: &EventType) -> Self {
        Self {
            name: event_type.name.to_string(),
            group: event_type.group.to_string(),
            description: event_type.description.to_string(),
            example: event_type.example.pretty(),
            scope: event_type.scope.as_ref().map(ToString::to_string).unwrap_or_default(),
            once: String::new(),
            version: Some(event_type.version),
        }
    }

    /// `name` is the event type's, unless it is among the `errors` of the fields before.
    fn parse(
        &self,
        name: Option<EventTypeName>,
        mut errors: FieldErrors,
    ) -> Result<NewEventType, FieldErrors> {
        let group = errors.take("group", "the group", self.group.parse());
        let description = errors.take("description", "the description", self.description.parse());
        let example = errors.take("example", "the example", self.example.parse());
        let scope = match self.scope.as_str() {
            "" => Some(None),
            name => name.parse().map(Some).map_err(|_| errors.add("scope", NO_SUCH_SCOPE)).ok(),
        };
        errors.into_result(|| {
            Some(NewEventType {
                name: name?,
                group: group?,
                description: description?,
                example: example?,
                scope: scope?,
            })
        })
    }
}

fn named(path: &str) -> Result<EventTypeName, PageError> {
    path.parse().map_err(|_| PageError::NotFound)
}

async fn draw(
    ctx: &Context,
    at: &InConsole,
    saved: Option<(&EventType, i64)>,
    form: EventTypeForm,
) -> Result<EventTypePage, PageError> {
    let mut groups: Vec<String> = catalog::list(ctx).await?.iter().map(|one| one.group.to_string()).collect();
    groups.dedup();
    // A retired one is kept and not chosen anew.
    let held = saved.and_then(|(event_type, _)| event_type.scope.as_ref());
    let offered = scopes::list(ctx).await?.into_iter().filter(|one| !one.retired || Some(&one.name) == held);
    let offered = offered
        .map(|one| OfferedScope { name: one.name.to_string(), description: one.description.to_string() });
    Ok(EventTypePage {
        chrome: at.signed_in.visit.chrome(ctx),
        saved: saved.map(|(event_type, uses)| SavedEventType {
            name: event_type.name.to_string(),
            retired: event_type.retired,
            // As the form was drawn first: a second try must not pass for one that saw more.
            version: form.version.unwrap_or(event_type.version),
            uses: Total::of(uses),
        }),
        form,
        errors: FieldErrors::default(),
        groups,
        scopes: offered.collect(),
    })
}
