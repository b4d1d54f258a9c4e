//! `/confirm`: the password again, and a code with two-step sign-in, before a secret is shown or changed, or what a user may do.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use crate::actions::{Context, confirm};
use crate::domain::fields::FieldErrors;
use crate::domain::time::Span;
use crate::web::cookies;
use crate::web::error::of_form;
use crate::web::extract::form::Post;
use crate::web::extract::signed_in::SignedIn;
use crate::web::next;
use crate::web::page::Chrome;
use crate::web::proof;
use crate::web::respond::{PageResult, ok, refused, see_other};

/// One question: is it still you?
#[derive(Template)]
#[template(path = "pages/confirm.html")]
pub(crate) struct ConfirmPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: ConfirmForm,
    pub(crate) errors: FieldErrors,
    /// How long ago the sign-in was: "3 hours ago".
    pub(crate) signed_in: String,
    /// Whose password is asked for.
    pub(crate) email: String,
    /// Whether a code is asked for too.
    pub(crate) asks_code: bool,
    /// Where "Not now" leads.
    pub(crate) back: String,
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConfirmForm {
    pub(crate) password: String,
    pub(crate) code: String,
    /// Where to go afterwards: a path of this site (S25).
    pub(crate) next: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: SignedIn, query: Query<ConfirmForm>) -> PageResult {
    let form = ConfirmForm { next: query.into_inner().next, ..ConfirmForm::default() };
    ok(&draw(&ctx, &at, form, FieldErrors::default()))
}

pub(in crate::web) async fn post(ctx: Data<Context>, post: Post<SignedIn, ConfirmForm>) -> PageResult {
    let Post { at, form } = post;
    let mut errors = FieldErrors::default();
    let proof = proof::take(&mut errors, &at.who.user, ("password", &form.password), ("code", &form.code));
    let proof = match errors.into_result(|| proof) {
        Ok(proof) => proof,
        Err(errors) => return refused(&draw(&ctx, &at, form, errors)),
    };
    match confirm::confirm(&ctx, &at.visit.by(), &at.who.session, proof).await {
        Ok(cookie) => {
            let mut response = see_other(next::local(&form.next));
            cookies::renew_session(&mut response, &cookie, at.visit.https);
            Ok(response)
        }
        Err(error) => refused(&draw(&ctx, &at, form, of_form(error)?)),
    }
}

fn draw(ctx: &Context, at: &SignedIn, form: ConfirmForm, errors: FieldErrors) -> ConfirmPage {
    ConfirmPage {
        chrome: at.visit.chrome(ctx),
        errors,
        signed_in: ago(ctx.now().since(at.who.session.confirmed_at)),
        email: at.who.user.email.to_string(),
        asks_code: at.who.user.two_step_at.is_some(),
        back: next::local(&form.next).to_owned(),
        form,
    }
}

fn ago(span: Span) -> String {
    match span.as_seconds().div_euclid(3_600) {
        ..1 => String::from("less than an hour ago"),
        1 => String::from("an hour ago"),
        hours @ 2..48 => format!("{hours} hours ago"),
        hours => format!("{} days ago", hours.div_euclid(24)),
    }
}
