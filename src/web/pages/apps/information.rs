//! `/apps/{app}/information`: what people and the platform's staff see of an app.

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{
    frame::{AppFrame, At},
    tile::Tile,
};
use crate::actions::Context;
use crate::actions::information::{self, IconChoice, NewInformation};
use crate::domain::account::{AtLeast, Developer, Viewer};
use crate::domain::app::information::Information;
use crate::domain::app::{App, name::AppName};
use crate::domain::email::Email;
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::icon::{IconError, IconHash};
use crate::web::error::{PageError, of_form};
use crate::web::extract::app::InApp;
use crate::web::extract::upload::{Upload, UploadedFile};
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

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

impl InformationForm {
    /// What is saved.
    pub(crate) fn of(about: &Information) -> Self {
        fn text<T: ToString>(value: Option<&T>) -> String {
            value.map(ToString::to_string).unwrap_or_default()
        }
        Self {
            name: about.name.to_string(),
            short_description: text(about.short_description.as_ref()),
            long_description: text(about.long_description.as_ref()),
            company_name: text(about.company_name.as_ref()),
            contact_name: text(about.contact_name.as_ref()),
            contact_email: text(about.contact_email.as_ref()),
            privacy_policy_url: text(about.privacy_policy_url.as_ref()),
            terms_url: text(about.terms_url.as_ref()),
            support_url: text(about.support_url.as_ref()),
            ..Self::default()
        }
    }

    fn parse(&self, errors: &mut FieldErrors) -> Option<NewInformation> {
        let name = errors.take("name", "the app name", self.name.parse::<AppName>());
        let short = errors.take("short_description", "the short description", self.short_description.parse());
        let long = errors.take_optional("long_description", "the long description", &self.long_description);
        let company = errors.take("company_name", "the company name", self.company_name.parse());
        let contact = errors.take("contact_name", "the contact name", self.contact_name.parse());
        let email = errors.take("contact_email", "the contact email", self.contact_email.parse::<Email>());
        let privacy =
            errors.take_optional("privacy_policy_url", "the privacy policy", &self.privacy_policy_url);
        let terms = errors.take_optional("terms_url", "the terms of use", &self.terms_url);
        let support = errors.take_optional("support_url", "the support page", &self.support_url);
        Some(NewInformation {
            name: name?,
            short_description: short?,
            long_description: long?,
            company_name: company?,
            contact_name: contact?,
            contact_email: email?,
            privacy_policy_url: privacy?,
            terms_url: terms?,
            support_url: support?,
        })
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InApp<Viewer>) -> PageResult {
    let form = InformationForm::of(&at.app.information);
    ok(&draw(&ctx, &at, form, Picked::nothing(), FieldErrors::default()).await?)
}

pub(in crate::web) async fn post(
    ctx: Data<Context>,
    upload: Upload<InApp<Developer>, InformationForm>,
) -> PageResult {
    let Upload { at, form, file } = upload;
    let picked = Picked::of(&ctx, &at, &form, file).await?;
    let mut errors = FieldErrors::default();
    let new = form.parse(&mut errors);
    if let Some(sentence) = &picked.refusal {
        errors.add("icon", sentence.clone());
    }
    let saved = match errors.into_result(|| new) {
        Ok(new) => information::save(&ctx, &at.acting, at.app.id, new, picked.choice).await,
        Err(errors) => Err(errors.into()),
    };
    match saved {
        Ok(()) => {
            let next = if form.then == "continue" { "/credentials" } else { "/information" };
            done(&at.signed_in.visit, &at.at(next), Done::InformationSaved)
        }
        Err(error) => {
            let mut errors = of_form(error)?;
            errors.sort_by_page(&InformationForm::ORDER);
            refused(&draw(&ctx, &at, form, picked, errors).await?)
        }
    }
}

/// What a form says about the icon.
#[derive(Debug)]
struct Picked {
    choice: IconChoice,
    /// A valid icon that was sent with this form or one before.
    aside: Option<IconHash>,
    /// What is wrong with the file.
    refusal: Option<String>,
}

impl Picked {
    const fn nothing() -> Self {
        Self { choice: IconChoice::Keep, aside: None, refusal: None }
    }

    /// A file that was chosen now counts for more than *Remove*, and that for more than a
    /// file chosen before.
    async fn of(
        ctx: &Context,
        at: &InApp<Developer>,
        form: &InformationForm,
        file: Option<UploadedFile>,
    ) -> Result<Self, PageError> {
        let kept = Self::kept(ctx, form).await?;
        let decoded = match file {
            Some(UploadedFile::Kept(bytes)) => information::set_aside(ctx, &at.acting, bytes).await?,
            Some(UploadedFile::TooLarge { size_bytes }) => Err(IconError::TooLarge { size_bytes }),
            None if form.remove_icon == "1" => {
                return Ok(Self { choice: IconChoice::Remove, refusal: None, ..kept });
            }
            None => return Ok(kept),
        };
        Ok(match decoded {
            Ok(hash) => Self { choice: IconChoice::Use(hash), aside: Some(hash), refusal: None },
            Err(error) => Self { refusal: Some(error.sentence("the icon")), ..kept },
        })
    }

    async fn kept(ctx: &Context, form: &InformationForm) -> Result<Self, PageError> {
        if form.icon_kept.is_empty() {
            return Ok(Self::nothing());
        }
        if let Ok(hash) = form.icon_kept.parse::<IconHash>()
            && information::is_aside(ctx, &hash).await?
        {
            return Ok(Self { choice: IconChoice::Use(hash), aside: Some(hash), refusal: None });
        }
        let refusal = Some(String::from("The icon was kept for an hour; choose it again."));
        Ok(Self { refusal, ..Self::nothing() })
    }

    fn field(&self, app: &App) -> IconField {
        let removed = self.choice == IconChoice::Remove;
        let id = app.id.to_string();
        let tile = |icon: &IconHash| Tile::new(&id, app.information.name.as_str(), Some(&icon.to_string()));
        let (picture, source) = match (&self.aside, &app.icon, &self.refusal) {
            (Some(hash), ..) => (tile(hash), IconSource::SetAside { token: hash.to_string() }),
            (None, Some(_), None) => (Tile::of(app), IconSource::Saved),
            (None, Some(_), Some(_)) => (Tile::of(app), IconSource::SavedAfterRefusal),
            (None, None, _) => (Tile::of(app), IconSource::Monogram),
        };
        IconField { picture, source, removed }
    }
}

async fn draw<R: AtLeast>(
    ctx: &Context,
    at: &InApp<R>,
    form: InformationForm,
    picked: Picked,
    errors: FieldErrors,
) -> Result<InformationPage, PageError> {
    Ok(InformationPage {
        chrome: at.signed_in.visit.chrome(ctx),
        frame: AppFrame::of(ctx, at, At::Information).await?,
        form,
        errors,
        icon: picked.field(&at.app),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stay_empty_may_and_the_rest_is_named() {
        let mut errors = FieldErrors::default();
        assert!(InformationForm::default().parse(&mut errors).is_none());
        let fields: Vec<_> = errors.iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["name", "short_description", "company_name", "contact_name", "contact_email"]);

        let form = InformationForm {
            name: String::from("Ledger Bridge"),
            short_description: String::from("Copies invoices"),
            long_description: String::from(" \r\n "),
            company_name: String::from("Meridian"),
            contact_name: String::from("Ada Osei"),
            contact_email: String::from("ada@example.com"),
            ..InformationForm::default()
        };
        let mut errors = FieldErrors::default();
        let new = form.parse(&mut errors).unwrap();
        assert!(errors.is_empty() && new.long_description.is_none() && new.terms_url.is_none());
    }

    #[test]
    fn the_form_shows_what_is_saved() {
        let name: AppName = "Ledger Bridge".parse().unwrap();
        let about = Information {
            short_description: "Copies invoices".parse().ok(),
            support_url: "https://example.com/help".parse().ok(),
            ..Information::named(name)
        };
        let form = InformationForm::of(&about);
        assert_eq!(form.name, "Ledger Bridge");
        assert_eq!(form.short_description, "Copies invoices");
        assert_eq!(form.support_url, "https://example.com/help");
        assert!(form.long_description.is_empty() && form.icon_kept.is_empty());
    }
}
