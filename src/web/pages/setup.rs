//! `/setup`: the first admin, by the link that the first start prints.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::sign_in::signed_in_cookies;
use super::sign_up::SignUpForm;
use crate::actions::{Context, Error, FormValue, Once, setup};
use crate::crypto::token::Token;
use crate::domain::fields::FieldErrors;
use crate::web::error::{PageError, of_form};
use crate::web::extract::entry::Entry;
use crate::web::extract::visit::Visit;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused, see_other};

/// The form that makes the first admin, or what to do about a link that ended (S10).
#[derive(Template)]
#[template(path = "pages/setup.html")]
pub(crate) struct SetupPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: SetupForm,
    pub(crate) errors: FieldErrors,
    /// Whether the link is used, too old, unknown, or there is an admin already.
    pub(crate) expired: bool,
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SetupForm {
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) account_name: String,
    pub(crate) password: String,
    pub(crate) once: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, visit: Visit, query: Query<SetupForm>) -> PageResult {
    let once = Token::generate().expose().to_owned();
    let form = SetupForm { token: query.into_inner().token, once, ..SetupForm::default() };
    let expired = !works(&ctx, &form).await?;
    ok(&draw(&ctx, &visit, form, FieldErrors::default(), expired))
}

pub(in crate::web) async fn post(ctx: Data<Context>, entry: Entry<SetupForm>) -> PageResult {
    let (visit, form) = match entry {
        Entry::Posted(visit, form) => (visit, form),
        Entry::Again(visit, _) => return done(&visit, "/apps", Done::Again),
    };
    let Some(token) = Token::parse(&form.token) else {
        return refused(&draw(&ctx, &visit, form, FieldErrors::default(), true));
    };
    let typed = SignUpForm {
        name: form.name.clone(),
        email: form.email.clone(),
        account_name: form.account_name.clone(),
        password: form.password.clone(),
        ..SignUpForm::default()
    };
    let new = match typed.parse(&ctx.policy.platform_name) {
        Ok(new) => new,
        Err(errors) if works(&ctx, &form).await? => {
            return refused(&draw(&ctx, &visit, form, errors, false));
        }
        // To correct fields for a link that no longer works is labour lost.
        Err(_) => return refused(&draw(&ctx, &visit, form, FieldErrors::default(), true)),
    };
    let value = FormValue::of_visitor(&form.once);
    match setup::make_first_admin(&ctx, &visit.by(), &visit.browser, value, &token, new).await {
        Ok(signed_in) => {
            let mut response = match signed_in {
                Once::Now(_) => see_other("/apps"),
                Once::Before(_) => done(&visit, "/apps", Done::Again)?,
            };
            signed_in_cookies(&mut response, &signed_in.into_inner(), visit.https);
            Ok(response)
        }
        Err(Error::NotFound) => refused(&draw(&ctx, &visit, form, FieldErrors::default(), true)),
        Err(error) => refused(&draw(&ctx, &visit, form, of_form(error)?, false)),
    }
}

async fn works(ctx: &Context, form: &SetupForm) -> Result<bool, PageError> {
    let Some(token) = Token::parse(&form.token) else { return Ok(false) };
    match setup::peek(ctx, &token).await {
        Ok(_) => Ok(true),
        Err(Error::NotFound) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn draw(ctx: &Context, visit: &Visit, form: SetupForm, errors: FieldErrors, expired: bool) -> SetupPage {
    SetupPage { chrome: visit.chrome(ctx), form, errors, expired }
}
