//! `/`, for those who are not signed in.

use actix_web::web::Data;
use askama::Template;

use crate::actions::Context;
use crate::crypto::token::Token;
use crate::domain::fields::FieldErrors;
use crate::web::extract::visit::Visit;
use crate::web::page::Chrome;
use crate::web::pages::sign_up::{SignUpForm, SignUpOffer};
use crate::web::respond::{PageResult, ok, see_other};

/// What the platform offers to developers, and the form to begin with.
#[derive(Template)]
#[template(path = "pages/landing.html")]
pub(crate) struct LandingPage {
    pub(crate) chrome: Chrome,
    /// Whether a new account can be made here.
    pub(crate) can_sign_up: bool,
    /// Empty here: a refused form is shown by the sign-up page.
    pub(crate) form: SignUpForm,
    /// None here, for the same reason.
    pub(crate) errors: FieldErrors,
    /// `SignUpOffer::email_hint`
    pub(crate) email_hint: String,
    /// The one-time value of the form.
    pub(crate) once: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, visit: Visit) -> PageResult {
    if visit.who.is_some() {
        return Ok(see_other("/apps"));
    }
    let offer = SignUpOffer::of(&ctx.policy.sign_up);
    ok(&LandingPage {
        chrome: visit.chrome(&ctx),
        can_sign_up: offer != SignUpOffer::Closed,
        form: SignUpForm::default(),
        errors: FieldErrors::default(),
        email_hint: offer.email_hint(),
        once: Token::generate().expose().to_owned(),
    })
}
