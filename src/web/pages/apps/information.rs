//! `/apps/{app}/information`: what people and the platform's staff see of an app.

use askama::Template;
use serde::Deserialize;

use super::{frame::AppFrame, tile::Tile};
use crate::domain::fields::FieldErrors;
use crate::web::page::Chrome;

/// The second step of the flow.
#[derive(Template)]
#[template(path = "pages/apps/information.html")]
pub(crate) struct InformationPage {
    pub(crate) chrome: Chrome,
    pub(crate) frame: AppFrame,
    pub(crate) form: InformationForm,
    pub(crate) errors: FieldErrors,
    pub(crate) icon: IconField,
}

/// What was typed; the icon's file apart.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct InformationForm {
    pub(crate) name: String,
    pub(crate) short_description: String,
    pub(crate) long_description: String,
    pub(crate) company_name: String,
    pub(crate) contact_name: String,
    pub(crate) contact_email: String,
    pub(crate) privacy_policy_url: String,
    pub(crate) terms_url: String,
    pub(crate) support_url: String,
    /// `1` to remove the icon.
    pub(crate) remove_icon: String,
    /// The token of a valid icon set aside by an earlier refusal.
    pub(crate) icon_kept: String,
    /// `continue` to go on to the next step after saving.
    pub(crate) then: String,
}

impl InformationForm {
    /// The fields in the order of the page, for the summary of errors.
    pub(crate) const ORDER: [&'static str; 10] = [
        "name",
        "short_description",
        "long_description",
        "icon",
        "company_name",
        "contact_name",
        "contact_email",
        "privacy_policy_url",
        "terms_url",
        "support_url",
    ];
}

/// The icon as the form shows it.
#[derive(Clone, Debug)]
pub(crate) struct IconField {
    pub(crate) picture: Tile,
    pub(crate) source: IconSource,
    /// Whether *Remove the icon* is ticked.
    pub(crate) removed: bool,
}

/// Where the icon that is shown comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IconSource {
    /// There is none: the monogram is shown.
    Monogram,
    /// The app has it.
    Saved,
    /// The app has it, and the one sent instead was refused.
    SavedAfterRefusal,
    /// It was sent with a form that was refused for another field; `token` goes with the next one.
    SetAside { token: String },
}

impl IconField {
    /// Whether there is something to remove.
    pub(crate) fn removable(&self) -> bool {
        match self.source {
            IconSource::Monogram => false,
            IconSource::Saved | IconSource::SavedAfterRefusal | IconSource::SetAside { .. } => true,
        }
    }

    /// The value of `icon_kept`.
    pub(crate) fn kept(&self) -> &str {
        match &self.source {
            IconSource::SetAside { token } => token,
            IconSource::Monogram | IconSource::Saved | IconSource::SavedAfterRefusal => "",
        }
    }

    /// What is said beside the file.
    pub(crate) const fn say(&self) -> &'static str {
        match self.source {
            IconSource::Monogram => "No icon yet: a letter stands in for it.",
            IconSource::Saved => "Choose a file to replace the icon.",
            IconSource::SavedAfterRefusal => "The icon you had is kept.",
            IconSource::SetAside { .. } => {
                "This icon fits and is set aside. It is kept when you save within the hour."
            }
        }
    }
}
