//! `/`, for those who are not signed in.

use askama::Template;

use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;
use crate::web::pages::sign_up::SignUpForm;

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
