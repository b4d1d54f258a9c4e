//! `/accounts/new`: one more account for somebody who is signed in.

use askama::Template;
use serde::Deserialize;

use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;

/// The form that makes an account.
#[derive(Template)]
#[template(path = "pages/accounts_new.html")]
pub(crate) struct NewAccountPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: NewAccountForm,
    pub(crate) errors: FieldErrors,
    /// The one-time value of the form.
    pub(crate) once: String,
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct NewAccountForm {
    pub(crate) name: String,
    pub(crate) once: String,
}
