//! `/sign-in/code`: the second step, where two-step sign-in is on.

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::signed_in_cookies;
use crate::actions::{Context, Error, sign_in};
use crate::domain::fields::FieldErrors;
use crate::domain::two_step::TypedCode;
use crate::web::cookies::{self, Name};
use crate::web::error::of_form;
use crate::web::extract::form::Post;
use crate::web::extract::visit::Visit;
use crate::web::flash::Done;
use crate::web::next;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused, see_other};

/// Asks for a code of the app, or a recovery code.
#[derive(Template)]
#[template(path = "pages/sign_in/code.html")]
pub(crate) struct CodePage {
    pub(crate) chrome: Chrome,
    /// Where to go afterwards.
    pub(crate) next: String,
    pub(crate) errors: FieldErrors,
    /// Who is signing in.
    pub(crate) email: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct CodeForm {
    code: String,
    /// Where to go afterwards: a path of this site (S25).
    next: String,
}

/// The address of the second step.
pub(in crate::web) fn at(next: &str) -> String {
    with_next("/sign-in/code", next)
}

pub(in crate::web) async fn get(ctx: Data<Context>, visit: Visit, query: Query<CodeForm>) -> PageResult {
    draw(&ctx, &visit, &query.next, FieldErrors::default()).await
}

pub(in crate::web) async fn post(ctx: Data<Context>, post: Post<Visit, CodeForm>) -> PageResult {
    let Post { at: visit, form } = post;
    let mut errors = FieldErrors::default();
    let code = errors.take("code", "the code", form.code.parse::<TypedCode>());
    let outcome = match errors.into_result(|| code) {
        Ok(code) => sign_in::enter_code(&ctx, &visit.by(), &visit.browser, &code).await,
        Err(errors) => Err(errors.into()),
    };
    match outcome {
        Ok(signed_in) => {
            let mut response = see_other(next::local(&form.next));
            signed_in_cookies(&mut response, &signed_in, visit.https);
            // Cookies of ours are always well formed.
            let _ = response.add_cookie(&cookies::clear(Name::Half, visit.https));
            Ok(response)
        }
        Err(Error::NotFound) => too_late(&visit, &form.next),
        Err(error) => draw(&ctx, &visit, &form.next, of_form(error)?).await,
    }
}

/// The page, while the sign-in waits; afterwards the door, with words.
async fn draw(ctx: &Context, visit: &Visit, next: &str, errors: FieldErrors) -> PageResult {
    let Some(user) = sign_in::half_way(ctx, &visit.browser).await? else { return too_late(visit, next) };
    let is_refused = !errors.is_empty();
    let page =
        CodePage { chrome: visit.chrome(ctx), next: next.to_owned(), errors, email: user.email.to_string() };
    if is_refused { refused(&page) } else { ok(&page) }
}

fn too_late(visit: &Visit, next: &str) -> PageResult {
    let mut response = done(visit, &with_next("/sign-in", next), Done::SignInTooLate)?;
    // Cookies of ours are always well formed.
    let _ = response.add_cookie(&cookies::clear(Name::Half, visit.https));
    Ok(response)
}

fn with_next(path: &str, next: &str) -> String {
    if next.is_empty() {
        return path.to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{path}?{query}")
}
