//! `/apps/new`: choose the type of an app and name it.

use askama::Template;
use serde::Deserialize;

use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;

/// The first step of the flow.
#[derive(Template)]
#[template(path = "pages/apps/new.html")]
pub(crate) struct NewAppPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: NewAppForm,
    pub(crate) errors: FieldErrors,
    /// The account that will own the app.
    pub(crate) account_name: String,
    /// Its limit of apps, where it has reached it: then there is no form.
    pub(crate) full: Option<u32>,
    /// A suspended JWT app of the account: until it is reinstated no other one can be created.
    pub(crate) suspended_jwt_app: Option<String>,
}

/// What was typed. `account` and `once` are written by the page itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NewAppForm {
    /// `jwt` or `webhook`; empty at first.
    pub(crate) app_type: String,
    pub(crate) name: String,
    /// The id of the account the page was drawn for.
    pub(crate) account: String,
    pub(crate) once: String,
}
