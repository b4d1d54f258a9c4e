//! `/settings`: the viewer's own profile, address, password and sessions.

use askama::Template;
use serde::Deserialize;

use crate::domain::fields::FieldErrors;
use crate::domain::time::Timestamp;
use crate::web::page::Chrome;

/// Every setting of a person on one page, each group a form of its own.
#[derive(Template)]
#[template(path = "pages/settings.html")]
pub(crate) struct SettingsPage {
    pub(crate) chrome: Chrome,
    /// Of the form that was refused, if one was.
    pub(crate) errors: FieldErrors,
    pub(crate) profile: ProfileForm,
    pub(crate) email: EmailForm,
    /// The address one signs in with.
    pub(crate) current_email: String,
    pub(crate) email_proven: bool,
    pub(crate) sessions: Vec<SessionRow>,
}

/// `/settings/profile`
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProfileForm {
    pub(crate) name: String,
}

/// `/settings/email`
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct EmailForm {
    pub(crate) email: String,
    /// The current password (S9), under a name of its own: the page asks for it twice.
    pub(crate) email_password: String,
}

/// `/settings/password`
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct PasswordForm {
    pub(crate) current_password: String,
    pub(crate) password: String,
}

/// One place where the viewer is signed in (S17).
pub(crate) struct SessionRow {
    pub(crate) id: String,
    /// The user agent in words: "Firefox on Linux".
    pub(crate) device: String,
    pub(crate) address: String,
    pub(crate) last_seen: Timestamp,
    /// Whether it is the one that looks at the page.
    pub(crate) current: bool,
}
