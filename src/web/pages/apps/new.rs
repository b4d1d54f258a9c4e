//! `/apps/new`: choose the type of an app and name it.

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use crate::actions::apps::{self, NewApp};
use crate::actions::{Conflict, Context, Error, FormValue, Once};
use crate::crypto::token::Token;
use crate::domain::account::{AtLeast, Developer};
use crate::domain::app::name::AppName;
use crate::domain::app::{AppType, StateKind};
use crate::domain::fields::FieldErrors;
use crate::web::error::{PageError, of_form};
use crate::web::extract::account::InAccount;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

/// The first step of the flow.
#[derive(Template)]
#[template(path = "pages/apps/new.html")]
pub(crate) struct NewAppPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: NewAppForm,
    pub(crate) errors: FieldErrors,
    /// The account that will own the app.
    pub(crate) account_name: String,
    /// Its limit of apps, where it has reached it: then there is no form.
    pub(crate) full: Option<u32>,
    /// A suspended JWT app of the account: until it is reinstated no other one can be created.
    pub(crate) suspended_jwt_app: Option<String>,
}

/// What was typed. `account` and `once` are written by the page itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NewAppForm {
    /// One of [`AppType::OFFERED`]; empty at first.
    pub(crate) app_type: String,
    pub(crate) name: String,
    /// The id of the account the page was drawn for.
    pub(crate) account: String,
    pub(crate) once: String,
}

impl NewAppForm {
    fn parse(&self) -> Result<NewApp, FieldErrors> {
        let mut errors = FieldErrors::default();
        let app_type = self.app_type.parse().ok().filter(|one| AppType::OFFERED.contains(one));
        if app_type.is_none() {
            errors.add("app_type", "Choose an app type.");
        }
        let name = errors.take("name", "the app name", self.name.parse::<AppName>());
        errors.into_result(|| Some(NewApp { app_type: app_type?, name: name? }))
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InAccount<Developer>) -> PageResult {
    let form = NewAppForm {
        account: at.membership.account.id.to_string(),
        once: Token::generate().expose().to_owned(),
        ..NewAppForm::default()
    };
    ok(&draw(&ctx, &at, form, FieldErrors::default()).await?)
}

pub(in crate::web) async fn post(
    ctx: Data<Context>,
    post: Post<InAccount<Developer>, NewAppForm>,
) -> PageResult {
    let Post { at, form } = post;
    at.is_for(&form.account)?;
    let new = match form.parse() {
        Ok(new) => new,
        Err(errors) => return refused(&draw(&ctx, &at, form, errors).await?),
    };
    let value = FormValue::new(at.signed_in.who.user.id, &form.once);
    let (app, flash) = match apps::create(&ctx, &at.acting, value, &new).await {
        Ok(Once::Now(app)) => (app, Done::AppCreated),
        Ok(Once::Before(app)) => (app, Done::Again),
        // The page says by itself what stands against it.
        Err(Error::Conflict(Conflict::AppLimit { .. } | Conflict::SuspendedSibling)) => {
            return refused(&draw(&ctx, &at, form, FieldErrors::default()).await?);
        }
        Err(error) => {
            let errors = of_form(error)?;
            return refused(&draw(&ctx, &at, form, errors).await?);
        }
    };
    done(&at.signed_in.visit, &format!("/apps/{app}/information"), flash)
}

async fn draw<R: AtLeast>(
    ctx: &Context,
    at: &InAccount<R>,
    form: NewAppForm,
    errors: FieldErrors,
) -> Result<NewAppPage, PageError> {
    let account = &at.membership.account;
    let jwt_apps = apps::jwt_apps(ctx, account.id).await?;
    let suspended = jwt_apps.into_iter().find(|(_, _, state)| *state == StateKind::Suspended);
    Ok(NewAppPage {
        chrome: at.signed_in.visit.chrome(ctx),
        form,
        errors,
        account_name: account.name.to_string(),
        full: apps::full(ctx, account.id).await?,
        suspended_jwt_app: suspended.map(|(_, name, _)| name.to_string()),
    })
}
