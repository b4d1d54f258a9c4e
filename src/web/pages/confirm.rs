//! `/confirm`: the password again, before a secret is shown or changed.

use askama::Template;
use serde::Deserialize;

use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;

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
    /// Where "Not now" leads.
    pub(crate) back: String,
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConfirmForm {
    pub(crate) password: String,
    /// Where to go afterwards: a path of this site (S25).
    pub(crate) next: String,
}
