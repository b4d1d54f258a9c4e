//! `/sign-in`

use askama::Template;
use serde::Deserialize;

use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;

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

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignInForm {
    pub(crate) email: String,
    pub(crate) password: String,
    /// Where to go afterwards: a path of this site (S25).
    pub(crate) next: String,
}
