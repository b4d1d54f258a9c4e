//! `/verify-email`: the page a link in a mail opens; its POST acts (S19).

use askama::Template;
use serde::Deserialize;

use crate::web::page::Chrome;

/// One button, or what to do about a link that ended.
#[derive(Template)]
#[template(path = "pages/verify_email.html")]
pub(crate) struct VerifyEmailPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: VerifyEmailForm,
    /// The address to prove.
    pub(crate) email: String,
    /// Whether the link is used, too old or unknown.
    pub(crate) expired: bool,
}

/// The token of the link.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct VerifyEmailForm {
    pub(crate) token: String,
}
