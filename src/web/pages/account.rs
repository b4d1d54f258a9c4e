//! `/account`: the account the viewer acts for.

use askama::Template;
use serde::Deserialize;

use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;

/// What the account is, who belongs to it, and its API key.
#[derive(Template)]
#[template(path = "pages/account.html")]
pub(crate) struct AccountPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: AccountForm,
    pub(crate) errors: FieldErrors,
    pub(crate) id: String,
    /// The name as saved, whatever the form holds.
    pub(crate) name: String,
    /// The platform's own id of this account, if its staff have set one.
    pub(crate) external_id: Option<String>,
    pub(crate) api_key: String,
    /// The credentials page of a JWT app, if the account has one and the viewer may open it.
    pub(crate) secret_href: Option<String>,
    /// Within a sentence: "an owner", "a developer", "a viewer".
    pub(crate) your_role: &'static str,
    pub(crate) can_edit: bool,
    /// Whether apps cannot be activated until the platform's staff approve the account.
    pub(crate) pending: bool,
    pub(crate) members: Vec<MemberRow>,
}

/// One member.
pub(crate) struct MemberRow {
    pub(crate) name: String,
    pub(crate) email: String,
    /// "Owner", "Developer" or "Viewer".
    pub(crate) role: &'static str,
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct AccountForm {
    /// The account the form was made for; a post that no longer fits is 409.
    pub(crate) account: String,
    pub(crate) name: String,
}
