//! `/setup`: the first admin, by the link that the first start prints.

use askama::Template;
use serde::Deserialize;

use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;

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
}
