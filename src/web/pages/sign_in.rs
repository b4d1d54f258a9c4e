//! `/sign-in`

pub mod code;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use crate::actions::sign_in::{self, FirstStep, SignedIn};
use crate::actions::{Context, SignUp};
use crate::domain::email::Email;
use crate::domain::fields::FieldErrors;
use crate::domain::password::TypedPassword;
use crate::web::cookies::{self, Name};
use crate::web::error::of_form;
use crate::web::extract::form::{Nothing, Post};
use crate::web::extract::visit::Visit;
use crate::web::next;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, ok, refused, see_other};

/// The door for those who have an account.
#[derive(Template)]
#[template(path = "pages/sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: SignInForm,
    pub(crate) errors: FieldErrors,
    /// Whether the page offers to create an account.
    pub(crate) can_sign_up: bool,
}

impl SignInPage {
    /// Where somebody new is made a user, on the same way.
    pub(crate) fn sign_up(&self) -> String {
        next::by("/sign-up", &self.form.next)
    }
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignInForm {
    pub(crate) email: String,
    pub(crate) password: String,
    /// Where to go afterwards: a path of this site (S25).
    pub(crate) next: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, visit: Visit, query: Query<SignInForm>) -> PageResult {
    if visit.who.is_some() {
        return Ok(see_other(next::local(&query.next)));
    }
    let form = SignInForm { next: query.into_inner().next, ..SignInForm::default() };
    ok(&draw(&ctx, &visit, form, FieldErrors::default()))
}

pub(in crate::web) async fn post(ctx: Data<Context>, post: Post<Visit, SignInForm>) -> PageResult {
    let Post { at: visit, form } = post;
    let mut errors = FieldErrors::default();
    let email = errors.take("email", "your email address", form.email.parse::<Email>());
    if form.password.is_empty() {
        errors.add("password", "Enter your password.");
    }
    let password = errors.take("password", "the password", TypedPassword::parse(&form.password));
    let (email, password) = match errors.into_result(|| email.zip(password)) {
        Ok(both) => both,
        Err(errors) => return refused(&draw(&ctx, &visit, form, errors)),
    };
    match sign_in::sign_in(&ctx, &visit.by(), &visit.browser, &email, password).await {
        Ok(FirstStep::SignedIn(signed_in)) => {
            let mut response = see_other(next::local(&form.next));
            signed_in_cookies(&mut response, &signed_in, visit.https);
            Ok(response)
        }
        Ok(FirstStep::CodeNeeded(half)) => {
            let mut response = see_other(&code::at(&form.next));
            // Cookies of ours are always well formed.
            let _ = response.add_cookie(&cookies::set(Name::Half, half.expose(), visit.https));
            Ok(response)
        }
        Err(error) => refused(&draw(&ctx, &visit, form, of_form(error)?)),
    }
}

pub(in crate::web) async fn sign_out(ctx: Data<Context>, post: Post<Visit, Nothing>) -> PageResult {
    let visit = post.at;
    if let Some(who) = &visit.who {
        sign_in::sign_out(&ctx, &visit.by(), &who.session).await?;
    }
    let mut response = see_other("/");
    // Cookies of ours are always well formed.
    let _ = response.add_cookie(&cookies::clear(Name::Session, visit.https));
    Ok(response)
}

fn draw(ctx: &Context, visit: &Visit, form: SignInForm, errors: FieldErrors) -> SignInPage {
    let can_sign_up = ctx.policy.sign_up != SignUp::Invite;
    SignInPage { chrome: visit.chrome(ctx), form, errors, can_sign_up }
}

/// The cookies of a new session. The one that a signed-out visitor had ends (S14).
pub(in crate::web) fn signed_in_cookies(response: &mut HttpResponse, signed_in: &SignedIn, https: bool) {
    // Cookies of ours are always well formed.
    let _ = response.add_cookie(&cookies::set(Name::Session, signed_in.session.expose(), https));
    let _ = response.add_cookie(&cookies::set(Name::Device, signed_in.device.expose(), https));
    let _ = response.add_cookie(&cookies::clear(Name::Visit, https));
}
