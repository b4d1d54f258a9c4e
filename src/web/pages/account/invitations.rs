//! `/account/invitations`: who is asked to join. They stand on `/account`.

use actix_web::{
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{Data, Path},
};
use serde::Deserialize;

use super::{AccountOnly, Typed};
use crate::actions::invitations::{self, NewInvitation};
use crate::actions::{Acting, Context, Error, FormValue, Once};
use crate::crypto::token::Token;
use crate::domain::account::{Owner, Role};
use crate::domain::email::Email;
use crate::domain::fields::FieldErrors;
use crate::domain::id::{AccountId, InvitationId};
use crate::domain::invitation::InvitationState;
use crate::domain::time::Timestamp;
use crate::web::error::{PageError, of_form};
use crate::web::extract::account::InAccount;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::respond::{PageResult, done, page, refused};

/// One invitation without an answer.
pub(crate) struct InvitationRow {
    pub(crate) id: String,
    pub(crate) email: String,
    /// "Owner", "Developer" or "Viewer".
    pub(crate) role: &'static str,
    pub(crate) expires: Timestamp,
    pub(crate) expired: bool,
    /// The one-time value of *Send again*.
    pub(crate) once: String,
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct InviteForm {
    pub(crate) account: String,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) once: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct ResendForm {
    account: String,
    once: String,
}

impl InviteForm {
    pub(super) fn empty(account: AccountId) -> Self {
        Self {
            account: account.to_string(),
            email: String::new(),
            role: Role::Developer.to_string(),
            once: Token::generate().expose().to_owned(),
        }
    }

    fn parse(&self) -> Result<NewInvitation, FieldErrors> {
        let mut errors = FieldErrors::default();
        let email = errors.take("email", "the address", self.email.parse::<Email>());
        let role = parse_role(&mut errors, &self.role);
        errors.into_result(|| Some(NewInvitation { email: email?, role: role? }))
    }
}

pub(super) fn parse_role(errors: &mut FieldErrors, role: &str) -> Option<Role> {
    let role = role.parse::<Role>();
    role.map_err(|_| errors.add("role", "Choose owner, developer or viewer.")).ok()
}

pub(in crate::web) async fn post(ctx: Data<Context>, post: Post<InAccount<Owner>, InviteForm>) -> PageResult {
    let Post { at, form } = post;
    at.is_for(&form.account)?;
    let outcome = match form.parse() {
        Ok(new) => {
            let value = FormValue::new(at.acting.member.user(), &form.once);
            invitations::invite(&ctx, &at.acting, value, new).await
        }
        Err(errors) => Err(errors.into()),
    };
    let error = match outcome {
        Ok(once) => return told(&at, once, Done::InvitationSent),
        Err(error) => error,
    };
    let (status, sentence) = match &error {
        Error::Conflict(conflict) => (StatusCode::UNPROCESSABLE_ENTITY, conflict.to_string()),
        Error::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, String::from(TOO_MANY)),
        Error::NotFound | Error::Invalid(_) | Error::Unavailable(_) | Error::Internal(_) => {
            let errors = of_form(error)?;
            let typed = Typed { invite: Some(form), ..Typed::default() };
            return refused(&typed.draw(&ctx, &at, errors).await?);
        }
    };
    let typed = Typed { invite: Some(form), ..Typed::default() };
    let drawn = typed.draw(&ctx, &at, FieldErrors::one("email", sentence)).await?;
    let mut answer = page(status, &drawn)?;
    if let Error::TooMany { retry_after } = error {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after.as_seconds()));
    }
    Ok(answer)
}

const TOO_MANY: &str = "Many invitations went out just now. Nothing was sent; try again in 15 minutes.";

pub(in crate::web) async fn resend(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InAccount<Owner>, ResendForm>,
) -> PageResult {
    let Post { at, form } = post;
    let id = named(&ctx, &at, &path).await?;
    at.is_for(&form.account)?;
    let value = FormValue::new(at.acting.member.user(), &form.once);
    match invitations::resend(&ctx, &at.acting, value, id).await {
        Ok(once) => told(&at, once, Done::InvitationResent),
        Err(error) => refused(&Typed::default().draw(&ctx, &at, of_form(error)?).await?),
    }
}

pub(in crate::web) async fn revoke(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InAccount<Owner>, AccountOnly>,
) -> PageResult {
    let Post { at, form } = post;
    let id = named(&ctx, &at, &path).await?;
    at.is_for(&form.account)?;
    invitations::revoke(&ctx, &at.acting, id).await?;
    done(&at.signed_in.visit, "/account#invitations", Done::InvitationRevoked)
}

/// The invitation that the path names, before anything of the form is judged: a stranger's is not
/// there, whatever was typed.
async fn named(ctx: &Context, at: &InAccount<Owner>, path: &str) -> Result<InvitationId, PageError> {
    let id: InvitationId = path.parse().map_err(|_| PageError::NotFound)?;
    let waiting = invitations::waiting(ctx, &at.acting).await?;
    if waiting.iter().any(|one| one.id == id) { Ok(id) } else { Err(PageError::NotFound) }
}

fn told(at: &InAccount<Owner>, once: Once<InvitationId>, first: Done) -> PageResult {
    let flash = match once {
        Once::Now(_) => first,
        Once::Before(_) => Done::Again,
    };
    done(&at.signed_in.visit, "/account#invitations", flash)
}

pub(super) async fn rows(ctx: &Context, acting: &Acting<Owner>) -> Result<Vec<InvitationRow>, PageError> {
    let waiting = invitations::waiting(ctx, acting).await?;
    let now = ctx.now();
    let rows = waiting.into_iter().map(|one| InvitationRow {
        id: one.id.to_string(),
        email: one.email.to_string(),
        role: one.role.title(),
        expires: one.expires_at,
        expired: one.state(now) != InvitationState::Open,
        once: Token::generate().expose().to_owned(),
    });
    Ok(rows.collect())
}
