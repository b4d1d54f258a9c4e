//! What people and the platform's staff see of an app.

use crate::domain::{
    email::Email,
    text::{self, define_text},
    url::HttpsUrl,
};

use super::name::AppName;

define_text!(
    /// What the app does, on one line.
    ShortDescription,
    text::line,
    150
);
define_text!(
    /// What the app does, at length.
    LongDescription,
    text::passage,
    4_000
);
define_text!(
    /// Who makes the app.
    CompanyName,
    text::line,
    100
);
define_text!(
    /// Whom the platform's team and the app's users write to.
    ContactName,
    text::line,
    100
);

/// An app's information as far as it is filled in. A new app has a name alone.
#[derive(Clone, Debug)]
pub struct Information {
    pub name: AppName,
    pub short_description: Option<ShortDescription>,
    pub long_description: Option<LongDescription>,
    pub company_name: Option<CompanyName>,
    pub contact_name: Option<ContactName>,
    pub contact_email: Option<Email>,
    pub privacy_policy_url: Option<HttpsUrl>,
    pub terms_url: Option<HttpsUrl>,
    pub support_url: Option<HttpsUrl>,
}

impl Information {
    #[must_use]
    pub const fn named(name: AppName) -> Self {
        Self {
            name,
            short_description: None,
            long_description: None,
            company_name: None,
            contact_name: None,
            contact_email: None,
            privacy_policy_url: None,
            terms_url: None,
            support_url: None,
        }
    }
}
