//! `/apps/{app}/scopes`: what an app that uses OAuth asks to be allowed to do.

use actix_web::web::Data;
use askama::Template;

use super::frame::{AppFrame, At};
use crate::actions::clients::{self, WantedScope};
use crate::actions::{Context, scopes};
use crate::domain::account::{AtLeast, Developer, Viewer};
use crate::domain::fields::FieldErrors;
use crate::domain::scope_catalog::Scope;
use crate::web::error::{PageError, of_form};
use crate::web::extract::app::InApp;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

/// The step of the flow in which scopes are chosen.
#[derive(Template)]
#[template(path = "pages/apps/scopes.html")]
pub(crate) struct ScopesPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    /// Whether users are asked: an OAuth app, and no Server-to-Server app.
    pub(crate) asks_users: bool,
    /// What may be chosen, and what was although it is retired, in the order of the catalog.
    pub(crate) scopes: Vec<ScopeChoice>,
    pub(crate) errors: FieldErrors,
}

impl ScopesPage {
    pub(crate) fn none_chosen(&self) -> bool {
        self.scopes.iter().all(|scope| !scope.chosen)
    }
}

/// One scope to choose.
pub(crate) struct ScopeChoice {
    pub(crate) name: String,
    /// What it allows, as users are asked.
    pub(crate) description: String,
    pub(crate) retired: bool,
    pub(crate) chosen: bool,
    /// Why the app needs it, as typed.
    pub(crate) why: String,
    /// The field of `why`: `why_user:read`.
    pub(crate) why_field: String,
}

/// What was sent: `scopes` for each that is chosen, `why_<scope>` beside each.
type Sent = Vec<(String, String)>;

pub(in crate::web) async fn get(ctx: Data<Context>, at: InApp<Viewer>) -> PageResult {
    only_clients(&at)?;
    let wanted = clients::scopes(&ctx, &at.acting, at.app.id).await?;
    let catalog = offered(scopes::list(&ctx).await?, &wanted);
    let choices = catalog.iter().map(|scope| ScopeChoice::saved(scope, &wanted)).collect();
    ok(&draw(&ctx, &at, choices, FieldErrors::default()).await?)
}

pub(in crate::web) async fn post(ctx: Data<Context>, post: Post<InApp<Developer>, Sent>) -> PageResult {
    let Post { at, form } = post;
    only_clients(&at)?;
    let had = clients::scopes(&ctx, &at.acting, at.app.id).await?;
    let catalog = offered(scopes::list(&ctx).await?, &had);
    let choices: Vec<_> = catalog.iter().map(|scope| ScopeChoice::typed(scope, &form)).collect();
    let saved = match parse(&catalog, &choices, &form) {
        Ok(wanted) => clients::set_scopes(&ctx, &at.acting, at.app.id, wanted).await,
        Err(errors) => Err(errors.into()),
    };
    match saved {
        Ok(()) => {
            let goes_on = form.iter().any(|(name, value)| name == "then" && value == "continue");
            let next = if goes_on { "/features" } else { "/scopes" };
            done(&at.signed_in.visit, &at.at(next), Done::ScopesSaved)
        }
        Err(error) => {
            let errors = of_form(error)?;
            refused(&draw(&ctx, &at, choices, errors).await?)
        }
    }
}

fn only_clients<R: AtLeast>(at: &InApp<R>) -> Result<(), PageError> {
    if at.app.app_type.has_client() { Ok(()) } else { Err(PageError::NotFound) }
}

/// What may be chosen: a retired scope by those alone who have it.
fn offered(catalog: Vec<Scope>, had: &[WantedScope]) -> Vec<Scope> {
    let is_had = |scope: &Scope| had.iter().any(|wanted| wanted.scope == scope.name);
    catalog.into_iter().filter(|scope| !scope.retired || is_had(scope)).collect()
}

/// The scopes that were chosen, each with its reason.
fn parse(
    catalog: &[Scope],
    choices: &[ScopeChoice],
    sent: &[(String, String)],
) -> Result<Vec<WantedScope>, FieldErrors> {
    let mut errors = FieldErrors::default();
    let is_known = |name: &str| catalog.iter().any(|scope| scope.name.as_str() == name);
    if sent.iter().any(|(field, value)| field == "scopes" && !is_known(value)) {
        errors
            .add("scopes", "A scope that you chose is not offered any more. Choose among those listed here.");
    }
    let mut wanted = Vec::new();
    for (scope, choice) in catalog.iter().zip(choices).filter(|(_, choice)| choice.chosen) {
        let what = format!("the reason for {}", scope.name);
        if let Some(why) = errors.take_optional(choice.why_field.clone(), &what, &choice.why) {
            wanted.push(WantedScope { scope: scope.name.clone(), why });
        }
    }
    errors.into_result(|| Some(wanted))
}

impl ScopeChoice {
    fn new(scope: &Scope) -> Self {
        Self {
            name: scope.name.to_string(),
            description: scope.description.to_string(),
            retired: scope.retired,
            chosen: false,
            why: String::new(),
            why_field: format!("why_{}", scope.name),
        }
    }

    fn saved(scope: &Scope, wanted: &[WantedScope]) -> Self {
        let wanted = wanted.iter().find(|wanted| wanted.scope == scope.name);
        let why = wanted.and_then(|wanted| wanted.why.as_ref()).map(ToString::to_string);
        Self { chosen: wanted.is_some(), why: why.unwrap_or_default(), ..Self::new(scope) }
    }

    fn typed(scope: &Scope, sent: &[(String, String)]) -> Self {
        let choice = Self::new(scope);
        let chosen = sent.iter().any(|(field, value)| field == "scopes" && *value == choice.name);
        let why = sent.iter().find(|(field, _)| *field == choice.why_field).map(|(_, why)| why.clone());
        Self { chosen, why: why.unwrap_or_default(), ..choice }
    }
}

async fn draw<R: AtLeast>(
    ctx: &Context,
    at: &InApp<R>,
    scopes: Vec<ScopeChoice>,
    errors: FieldErrors,
) -> Result<ScopesPage, PageError> {
    Ok(ScopesPage {
        chrome: at.signed_in.visit.chrome(ctx),
        frame: AppFrame::of(ctx, at, At::Scopes).await?,
        asks_users: at.app.app_type.asks_users(),
        scopes,
        errors,
    })
}
