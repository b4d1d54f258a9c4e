//! `/invitations/{token}`: the page that the link of an invitation opens; its POST acts (S19).

use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use super::sign_in::signed_in_cookies;
use crate::actions::invitations::{self, NewGuest, Offer, Way};
use crate::actions::sign_in::SignedIn;
use crate::actions::sign_up::sent_again;
use crate::actions::{Context, Error, FormValue, Once};
use crate::crypto::token::Token;
use crate::domain::email::Email;
use crate::domain::fields::FieldErrors;
use crate::domain::invitation::{Invitation, InvitationState};
use crate::domain::password::{NewPassword, PasswordContext, TypedPassword};
use crate::domain::time::Timestamp;
use crate::domain::user::PersonName;
use crate::web::error::{PageError, of_form};
use crate::web::extract::entry::Entry;
use crate::web::extract::visit::Visit;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

/// An invitation, or why it is none any more.
#[derive(Template)]
#[template(path = "pages/invitation.html")]
pub(crate) struct InvitationPage {
    pub(crate) chrome: Chrome,
    /// The page itself.
    pub(crate) at: String,
    pub(crate) shown: Shown,
    pub(crate) form: GuestForm,
    pub(crate) errors: FieldErrors,
}

/// What the link holds.
pub(crate) enum Shown {
    Open {
        account: String,
        email: String,
        /// Within a sentence: "a developer".
        role: &'static str,
        expires: Timestamp,
        way: Way,
    },
    Expired,
    Used,
    Revoked,
    Unknown,
}

/// What was typed by somebody who has no user yet.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct GuestForm {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) once: String,
}

impl GuestForm {
    fn parse(&self, platform: &str, email: &Email) -> Result<NewGuest, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.take("name", "your name", self.name.parse::<PersonName>());
        let context = PasswordContext { platform, email: email.as_str(), name: &self.name };
        let password = errors.take("password", "the password", NewPassword::parse(&self.password, &context));
        errors.into_result(|| Some(NewGuest { name: name?, password: password? }))
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, path: Path<String>, visit: Visit) -> PageResult {
    let once = Token::generate().expose().to_owned();
    let form = GuestForm { once, ..GuestForm::default() };
    ok(&draw(&ctx, &visit, &path, form, FieldErrors::default()).await?)
}

pub(in crate::web) async fn post(
    ctx: Data<Context>,
    path: Path<String>,
    entry: Entry<GuestForm>,
) -> PageResult {
    let (visit, form) = match entry {
        Entry::Posted(visit, form) => (visit, form),
        Entry::Again(visit, _) => return done(&visit, "/apps", Done::Again),
    };
    let Some(token) = Token::parse(&path) else {
        return refused(&draw(&ctx, &visit, &path, form, FieldErrors::default()).await?);
    };
    let outcome = match &visit.who {
        Some(who) => accept(&ctx, &visit, &who.session, &token).await,
        None => sign_up(&ctx, &visit, &token, &form).await,
    };
    match outcome {
        Ok(response) => response,
        // The page says what has become of the invitation.
        Err(Error::NotFound) => refused(&draw(&ctx, &visit, &path, form, FieldErrors::default()).await?),
        Err(error) => {
            let errors = of_form(error)?;
            refused(&draw(&ctx, &visit, &path, form, errors).await?)
        }
    }
}

async fn accept(
    ctx: &Context,
    visit: &Visit,
    session: &crate::domain::user::Session,
    token: &Token,
) -> Result<PageResult, Error> {
    invitations::accept(ctx, &visit.by(), session, token).await?;
    Ok(done(visit, "/apps", Done::InvitationAccepted))
}

async fn sign_up(ctx: &Context, visit: &Visit, token: &Token, form: &GuestForm) -> Result<PageResult, Error> {
    let (by, value) = (visit.by(), FormValue::of_visitor(&form.once));
    let email = match invitations::look(ctx, token, None).await? {
        Offer::Open { invitation: Invitation { email, .. }, .. } => email,
        Offer::Unknown | Offer::Ended(_) => {
            let password = TypedPassword::parse(&form.password).map_err(|_| Error::NotFound)?;
            let signed_in = sent_again(ctx, &by, &visit.browser, value, password).await?;
            return Ok(joined(visit, Done::Again, &signed_in));
        }
    };
    let guest = form.parse(&ctx.policy.platform_name, &email)?;
    let signed_in = invitations::sign_up(ctx, &by, &visit.browser, value, token, guest).await?;
    let said = if matches!(signed_in, Once::Now(_)) { Done::InvitationAccepted } else { Done::Again };
    Ok(joined(visit, said, &signed_in.into_inner()))
}

fn joined(visit: &Visit, said: Done, signed_in: &SignedIn) -> PageResult {
    let mut response = done(visit, "/apps", said)?;
    signed_in_cookies(&mut response, signed_in, visit.https);
    Ok(response)
}

async fn draw(
    ctx: &Context,
    visit: &Visit,
    path: &str,
    form: GuestForm,
    errors: FieldErrors,
) -> Result<InvitationPage, PageError> {
    let offer = match Token::parse(path) {
        Some(token) => invitations::look(ctx, &token, visit.who.as_deref().map(|who| &who.user)).await?,
        None => Offer::Unknown,
    };
    let shown = match offer {
        Offer::Open { invitation, account, way } => Shown::Open {
            account: account.name.to_string(),
            email: invitation.email.to_string(),
            role: invitation.role.label(),
            expires: invitation.expires_at,
            way,
        },
        Offer::Ended(InvitationState::Accepted) => Shown::Used,
        Offer::Ended(InvitationState::Revoked) => Shown::Revoked,
        Offer::Ended(InvitationState::Expired | InvitationState::Open) => Shown::Expired,
        Offer::Unknown => Shown::Unknown,
    };
    let at = format!("/invitations/{path}");
    Ok(InvitationPage { chrome: visit.chrome(ctx), at, shown, form, errors })
}
