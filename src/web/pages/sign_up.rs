//! `/sign-up`

use askama::Template;
use serde::Deserialize;

use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;

/// The form that makes a user and an account.
#[derive(Template)]
#[template(path = "pages/sign_up.html")]
pub(crate) struct SignUpPage {
    pub(crate) chrome: Chrome,
    pub(crate) offer: SignUpOffer,
    pub(crate) form: SignUpForm,
    pub(crate) errors: FieldErrors,
    /// `SignUpOffer::email_hint`
    pub(crate) email_hint: String,
    /// The one-time value of the form.
    pub(crate) once: String,
}

/// Who may make an account (`PORTICO_SIGN_UP`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignUpOffer {
    Open,
    /// Those with an address at this domain.
    Domain(String),
    /// Nobody: accounts are made by the platform's staff.
    Closed,
}

impl SignUpOffer {
    /// What stands under the address field.
    pub(crate) fn email_hint(&self) -> String {
        match self {
            Self::Domain(domain) => format!("An address at {domain}"),
            Self::Open | Self::Closed => String::new(),
        }
    }
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignUpForm {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) account_name: String,
    pub(crate) password: String,
    pub(crate) once: String,
}
