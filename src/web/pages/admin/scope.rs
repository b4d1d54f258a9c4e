//! `/admin/scopes/new`, `/admin/scopes/{scope}`: one scope of the catalog.

use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use super::Total;
use super::event_type::VersionForm;
use crate::actions::admin::scopes::{self, UsedScope};
use crate::actions::{Context, FormValue, Once};
use crate::crypto::token::Token;
use crate::domain::fields::FieldErrors;
use crate::domain::scope::ScopeName;
use crate::domain::scope_catalog::NewScope;
use crate::web::error::{PageError, of_form};
use crate::web::extract::console::InConsole;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

const LIST: &str = "/admin/scopes";

/// The editor of a scope.
#[derive(Template)]
#[template(path = "pages/admin/scope.html")]
pub(crate) struct ScopePage {
    pub(crate) chrome: Chrome,
    /// Nothing while it is new.
    pub(crate) saved: Option<SavedScope>,
    pub(crate) form: ScopeForm,
    pub(crate) errors: FieldErrors,
}

/// A scope that is in the catalog.
pub(crate) struct SavedScope {
    pub(crate) name: String,
    pub(crate) retired: bool,
    pub(crate) version: i64,
    /// How many apps ask for it.
    pub(crate) apps: Total,
    /// The event types that need it.
    pub(crate) event_types: Vec<String>,
    /// Whether users granted it and nothing else uses it.
    pub(crate) is_only_granted: bool,
}

impl SavedScope {
    /// An address below that of its page.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{LIST}/{}{path}", self.name)
    }

    /// Whether an app asks for it or an event type needs it.
    pub(crate) fn is_used(&self) -> bool {
        self.apps.count.0 > 0 || !self.event_types.is_empty()
    }
}

/// What was typed. `once` is written by the page itself for a new scope, `version` for one
/// that is there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ScopeForm {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) once: String,
    /// The version as the form was drawn; a post that no longer fits is 409.
    pub(crate) version: Option<i64>,
}

pub(in crate::web) async fn new(ctx: Data<Context>, at: InConsole) -> PageResult {
    let once = Token::generate().expose().to_owned();
    ok(&draw(&ctx, &at, None, ScopeForm { once, ..ScopeForm::default() }))
}

pub(in crate::web) async fn create(ctx: Data<Context>, post: Post<InConsole, ScopeForm>) -> PageResult {
    let Post { at, form } = post;
    let mut errors = FieldErrors::default();
    let name = errors.take("name", "the name", form.name.trim().parse::<ScopeName>());
    let created = match form.parse(name, errors) {
        Ok(new) => {
            let value = FormValue::new(at.signed_in.who.user.id, &form.once);
            scopes::create(&ctx, &at.acting, value, &new).await
        }
        Err(errors) => Err(errors.into()),
    };
    let (name, flash) = match created {
        Ok(Once::Now(name)) => (name, Done::ScopeCreated),
        Ok(Once::Before(name)) => (name, Done::Again),
        Err(error) => {
            let errors = of_form(error)?;
            return refused(&ScopePage { errors, ..draw(&ctx, &at, None, form) });
        }
    };
    done(&at.signed_in.visit, &format!("{LIST}/{name}"), flash)
}

pub(in crate::web) async fn get(ctx: Data<Context>, path: Path<String>, at: InConsole) -> PageResult {
    let used = scopes::view(&ctx, &at.acting, &named(&path)?).await?;
    let form = ScopeForm {
        name: used.scope.name.to_string(),
        description: used.scope.description.to_string(),
        once: String::new(),
        version: Some(used.scope.version),
    };
    ok(&draw(&ctx, &at, Some(used), form))
}

pub(in crate::web) async fn save(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InConsole, ScopeForm>,
) -> PageResult {
    let Post { at, form } = post;
    let used = scopes::view(&ctx, &at.acting, &named(&path)?).await?;
    let saved = match form.parse(Some(used.scope.name.clone()), FieldErrors::default()) {
        Ok(new) => scopes::save(&ctx, &at.acting, form.version, &new).await,
        Err(errors) => Err(errors.into()),
    };
    match saved {
        Ok(()) => done(&at.signed_in.visit, &format!("{LIST}/{}", used.scope.name), Done::ScopeSaved),
        Err(error) => {
            let errors = of_form(error)?;
            refused(&ScopePage { errors, ..draw(&ctx, &at, Some(used), form) })
        }
    }
}

pub(in crate::web) async fn retire(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InConsole, VersionForm>,
) -> PageResult {
    let (Post { at, form }, name) = (post, named(&path)?);
    scopes::retire(&ctx, &at.acting, form.version, &name).await?;
    done(&at.signed_in.visit, &format!("{LIST}/{name}"), Done::ScopeRetired)
}

pub(in crate::web) async fn bring_back(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InConsole, VersionForm>,
) -> PageResult {
    let (Post { at, form }, name) = (post, named(&path)?);
    scopes::bring_back(&ctx, &at.acting, form.version, &name).await?;
    done(&at.signed_in.visit, &format!("{LIST}/{name}"), Done::ScopeBroughtBack)
}

pub(in crate::web) async fn delete(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InConsole, VersionForm>,
) -> PageResult {
    let Post { at, form } = post;
    scopes::delete(&ctx, &at.acting, form.version, &named(&path)?).await?;
    done(&at.signed_in.visit, LIST, Done::ScopeDeleted)
}

impl ScopeForm {
    /// `name` is the scope's, unless it is among the `errors` of the fields before.
    fn parse(&self, name: Option<ScopeName>, mut errors: FieldErrors) -> Result<NewScope, FieldErrors> {
        let description = errors.take("description", "the description", self.description.parse());
        errors.into_result(|| Some(NewScope { name: name?, description: description? }))
    }
}

fn named(path: &str) -> Result<ScopeName, PageError> {
    path.parse().map_err(|_| PageError::NotFound)
}

fn draw(ctx: &Context, at: &InConsole, saved: Option<UsedScope>, form: ScopeForm) -> ScopePage {
    ScopePage {
        chrome: at.signed_in.visit.chrome(ctx),
        saved: saved.map(|UsedScope { scope, apps, event_types, is_only_granted }| SavedScope {
            name: scope.name.to_string(),
            retired: scope.retired,
            // As the form was drawn first: a second try must not pass for one that saw more.
            version: form.version.unwrap_or(scope.version),
            apps: Total::of(apps),
            event_types,
            is_only_granted,
        }),
        form,
        errors: FieldErrors::default(),
    }
}
