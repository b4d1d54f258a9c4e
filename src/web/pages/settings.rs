//! `/settings`: the viewer's own profile, address, password and sessions.

pub mod authorizations;
pub mod deletion;
pub mod two_step;

use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::actions::{Context, deletion as deleting, passwords, settings, two_step as two_steps};
use crate::domain::account::AccountName;
use crate::domain::email::Email;
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::id::SessionId;
use crate::domain::password::{NewPassword, PasswordContext};
use crate::domain::time::Timestamp;
use crate::domain::two_step::TwoStep;
use crate::domain::user::{PersonName, Session};
use crate::web::cookies;
use crate::web::error::{PageError, of_form};
use crate::web::extract::form::{Nothing, Post};
use crate::web::extract::signed_in::SignedIn;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::proof;
use crate::web::respond::{PageResult, done, ok, refused};

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
    /// If it is on.
    pub(crate) two_step: Option<TwoStep>,
    pub(crate) sessions: Vec<SessionRow>,
    /// Accounts that would be deleted along with the viewer, having no other member.
    pub(crate) deleted_along: Vec<String>,
    /// Accounts that need another owner before the viewer can be deleted.
    pub(crate) in_the_way: Vec<String>,
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
    /// With two-step sign-in.
    pub(crate) email_code: String,
}

/// `/settings/password`
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct PasswordForm {
    pub(crate) current_password: String,
    /// With two-step sign-in.
    pub(crate) current_code: String,
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

pub(in crate::web) async fn get(ctx: Data<Context>, at: SignedIn) -> PageResult {
    ok(&Typed::default().draw(&ctx, &at, FieldErrors::default()).await?)
}

pub(in crate::web) async fn profile(ctx: Data<Context>, post: Post<SignedIn, ProfileForm>) -> PageResult {
    let Post { at, form } = post;
    let name = match form.name.parse::<PersonName>() {
        Ok(name) => name,
        Err(error) => {
            let errors = FieldErrors::one("name", error.sentence("your name"));
            return refused(&Typed { profile: Some(form), email: None }.draw(&ctx, &at, errors).await?);
        }
    };
    settings::rename(&ctx, &at.visit.by(), at.who.user.id, &name).await?;
    done(&at.visit, "/settings", Done::ProfileSaved)
}

pub(in crate::web) async fn email(ctx: Data<Context>, post: Post<SignedIn, EmailForm>) -> PageResult {
    let Post { at, form } = post;
    let mut errors = FieldErrors::default();
    let email = errors.take("email", "the new address", form.email.parse::<Email>());
    let password = ("email_password", form.email_password.as_str());
    let proof = proof::take(&mut errors, &at.who.user, password, ("email_code", &form.email_code));
    let outcome = match errors.into_result(|| email.zip(proof)) {
        Ok((email, proof)) => {
            passwords::ask_new_address(&ctx, &at.visit.by(), &at.who.session, proof, &email).await
        }
        Err(errors) => Err(errors.into()),
    };
    match outcome {
        Ok(()) => done(&at.visit, "/settings", Done::AddressAsked),
        Err(error) => {
            let errors = of_form(error)?;
            refused(&Typed { profile: None, email: Some(form) }.draw(&ctx, &at, errors).await?)
        }
    }
}

pub(in crate::web) async fn password(ctx: Data<Context>, post: Post<SignedIn, PasswordForm>) -> PageResult {
    let Post { at, form } = post;
    let user = &at.who.user;
    let context = PasswordContext {
        platform: &ctx.policy.platform_name,
        email: user.email.as_str(),
        name: user.name.as_str(),
    };
    let mut errors = FieldErrors::default();
    let current = ("current_password", form.current_password.as_str());
    let current = proof::take(&mut errors, user, current, ("current_code", &form.current_code));
    let new = errors.take("password", "the new password", NewPassword::parse(&form.password, &context));
    let outcome = match errors.into_result(|| current.zip(new)) {
        Ok((current, new)) => passwords::change(&ctx, &at.visit.by(), &at.who.session, current, new).await,
        Err(errors) => Err(errors.into()),
    };
    match outcome {
        Ok(cookie) => {
            let mut response = done(&at.visit, "/settings", Done::PasswordChanged)?;
            cookies::renew_session(&mut response, &cookie, at.visit.https);
            Ok(response)
        }
        Err(error) => refused(&Typed::default().draw(&ctx, &at, of_form(error)?).await?),
    }
}

pub(in crate::web) async fn end_session(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<SignedIn, Nothing>,
) -> PageResult {
    let at = post.at;
    let session: SessionId = path.parse().map_err(|_| PageError::NotFound)?;
    settings::end_session(&ctx, &at.visit.by(), &at.who.user, session).await?;
    done(&at.visit, "/settings", Done::SessionEnded)
}

/// What was typed into the form that was refused.
#[derive(Default)]
struct Typed {
    profile: Option<ProfileForm>,
    email: Option<EmailForm>,
}

impl Typed {
    async fn draw(
        self,
        ctx: &Context,
        at: &SignedIn,
        errors: FieldErrors,
    ) -> Result<SettingsPage, PageError> {
        let user = &at.who.user;
        let current = at.who.session.id;
        let sessions = settings::sessions(ctx, user).await?;
        let consequences = deleting::consequences(ctx, user).await?;
        let names = |names: Vec<AccountName>| names.iter().map(ToString::to_string).collect();
        Ok(SettingsPage {
            chrome: at.visit.chrome(ctx),
            errors,
            profile: self.profile.unwrap_or_else(|| ProfileForm { name: user.name.to_string() }),
            email: self.email.unwrap_or_default(),
            current_email: user.email.to_string(),
            email_proven: user.proven_at.is_some(),
            two_step: two_steps::of(ctx, user).await?,
            sessions: sessions.iter().map(|session| SessionRow::of(session, current)).collect(),
            deleted_along: names(consequences.deleted),
            in_the_way: names(consequences.in_the_way),
        })
    }
}

impl SessionRow {
    /// A session as it is seen in the session `current`.
    pub(in crate::web::pages) fn of(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id.to_string(),
            device: device(&session.user_agent),
            address: session.address.map(|address| address.to_string()).unwrap_or_default(),
            last_seen: session.seen_at,
            current: session.id == current,
        }
    }
}

/// The user agent in words. Names that others carry too come last.
fn device(user_agent: &str) -> String {
    let found = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = found(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = found(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::from("An unknown browser"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_in_words() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
        assert_eq!(device(firefox), "Firefox on Linux");
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/145.0 Safari/537.36 Edg/145.0";
        assert_eq!(device(edge), "Edge on Windows");
        assert_eq!(device("curl/8.5.0"), "curl");
        assert_eq!(device(""), "An unknown browser");
    }
}
