//! An app's information and its icon.

use super::{Acting, Context, On, Result};
use crate::{
    domain::{
        account::Developer,
        app::{
            App,
            information::{CompanyName, ContactName, Information, LongDescription, ShortDescription},
            name::AppName,
        },
        audit::{Change, FieldChange},
        email::Email,
        fields::FieldErrors,
        icon::{IconError, IconHash},
        id::AppId,
        time::Span,
        url::HttpsUrl,
    },
    icons::Icon,
};

/// An icon that was chosen in a form which was refused is kept this long.
const ICON_ASIDE: Span = Span::hours(1);

/// Everything the page must have before it saves.
#[derive(Debug)]
pub struct NewInformation {
    pub name: AppName,
    pub short_description: ShortDescription,
    pub long_description: Option<LongDescription>,
    pub company_name: CompanyName,
    pub contact_name: ContactName,
    pub contact_email: Email,
    pub privacy_policy_url: Option<HttpsUrl>,
    pub terms_url: Option<HttpsUrl>,
    pub support_url: Option<HttpsUrl>,
}

/// What becomes of the icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IconChoice {
    Keep,
    Remove,
    /// One that [`set_aside`] has stored.
    Use(IconHash),
}

/// Judges an uploaded icon and keeps it for an hour, so that it survives whatever else is
/// wrong with the form.
///
/// # Errors
/// The inner error says which rule the file breaks.
pub async fn set_aside(
    ctx: &Context,
    _acting: &Acting<Developer>,
    bytes: Vec<u8>,
) -> Result<std::result::Result<IconHash, IconError>> {
    let Icon { hash, png, .. } = match ctx.icons.decode(bytes).await {
        Ok(icon) => icon,
        Err(error) => return Ok(Err(error)),
    };
    let mut tx = ctx.begin().await?;
    tx.upsert_icon(&hash, &png, ctx.now() + ICON_ASIDE).await?;
    tx.commit().await?;
    Ok(Ok(hash))
}

/// Whether an icon that was set aside is still there.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn is_aside(ctx: &Context, hash: &IconHash) -> Result<bool> {
    Ok(icon(ctx, hash).await?.is_some())
}

/// The PNG of an icon.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn icon(ctx: &Context, hash: &IconHash) -> Result<Option<Vec<u8>>> {
    Ok(ctx.read().await?.icon(hash).await?)
}

/// # Errors
/// `Invalid` for a taken name or an icon that is there no more.
pub async fn save(
    ctx: &Context,
    acting: &Acting<Developer>,
    id: AppId,
    new: NewInformation,
    icon: IconChoice,
) -> Result<()> {
    let account = acting.account();
    let mut tx = ctx.begin().await?;
    let app = tx.app_to_change(account, id).await?;
    let about = Information::from(new);
    if about.name.key() != app.information.name.key() {
        ctx.take_name(&mut tx, &about.name, id).await?;
        tx.release_name(&app.information.name.key(), id).await?;
    }
    let hash = match icon {
        IconChoice::Keep => app.icon,
        IconChoice::Remove => None,
        IconChoice::Use(hash) if tx.hold_icon(&hash, ctx.now() + ICON_ASIDE).await? => Some(hash),
        IconChoice::Use(_) => {
            return Err(FieldErrors::one("icon", "The icon was kept for an hour; choose it again.").into());
        }
    };
    let changes = changes(&app, &about, hash.as_ref());
    if changes.is_empty() {
        return Ok(());
    }
    tx.update_information(account, id, &about, hash.as_ref()).await?;
    let change = Change::AppInformationChanged { changes };
    ctx.audit(&mut tx, &acting.by(), On::app(account, id), change).await?;
    Ok(tx.commit().await?)
}

impl From<NewInformation> for Information {
    fn from(new: NewInformation) -> Self {
        Self {
            name: new.name,
            short_description: Some(new.short_description),
            long_description: new.long_description,
            company_name: Some(new.company_name),
            contact_name: Some(new.contact_name),
            contact_email: Some(new.contact_email),
            privacy_policy_url: new.privacy_policy_url,
            terms_url: new.terms_url,
            support_url: new.support_url,
        }
    }
}

fn changes(app: &App, new: &Information, icon: Option<&IconHash>) -> Vec<FieldChange> {
    fn text<T: ToString>(value: Option<&T>) -> String {
        value.map(ToString::to_string).unwrap_or_default()
    }
    let old = &app.information;
    let fields = [
        ("name", old.name.to_string(), new.name.to_string()),
        ("short_description", text(old.short_description.as_ref()), text(new.short_description.as_ref())),
        ("long_description", text(old.long_description.as_ref()), text(new.long_description.as_ref())),
        ("company_name", text(old.company_name.as_ref()), text(new.company_name.as_ref())),
        ("contact_name", text(old.contact_name.as_ref()), text(new.contact_name.as_ref())),
        ("contact_email", text(old.contact_email.as_ref()), text(new.contact_email.as_ref())),
        ("privacy_policy_url", text(old.privacy_policy_url.as_ref()), text(new.privacy_policy_url.as_ref())),
        ("terms_url", text(old.terms_url.as_ref()), text(new.terms_url.as_ref())),
        ("support_url", text(old.support_url.as_ref()), text(new.support_url.as_ref())),
        ("icon", text(app.icon.as_ref()), text(icon)),
    ];
    FieldChange::of(fields)
}
