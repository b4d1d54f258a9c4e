//! `/password/forgot` and `/password/reset`

use askama::Template;
use serde::Deserialize;

use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;

/// Asks where to send the link.
#[derive(Template)]
#[template(path = "pages/password/forgot.html")]
pub(crate) struct ForgotPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: ForgotForm,
    pub(crate) errors: FieldErrors,
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ForgotForm {
    pub(crate) email: String,
}

/// Says that a mail is on its way. After "forgotten" it reads the same whether the address
/// is known or not (S5).
#[derive(Template)]
#[template(path = "pages/check_mail.html")]
pub(crate) struct CheckMailPage {
    pub(crate) chrome: Chrome,
    pub(crate) why: MailWait,
    /// The address as it was typed.
    pub(crate) email: String,
}

/// What the mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailWait {
    /// To set a new password.
    Reset,
    /// To prove an address before the first sign-in.
    Proof,
}

/// Takes the new password, or says that the link no longer works.
#[derive(Template)]
#[template(path = "pages/password/reset.html")]
pub(crate) struct ResetPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: ResetForm,
    pub(crate) errors: FieldErrors,
    /// Whether the link is used, too old or unknown.
    pub(crate) expired: bool,
}

/// What was typed; a GET brings the token alone.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ResetForm {
    pub(crate) token: String,
    pub(crate) password: String,
}
