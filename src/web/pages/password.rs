//! `/password/forgot` and `/password/reset`

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use crate::actions::{Context, Error, passwords};
use crate::crypto::token::Token;
use crate::domain::email::Email;
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::password::{NewPassword, PasswordContext};
use crate::domain::user::{LinkKind, User};
use crate::web::error::PageError;
use crate::web::extract::form::Post;
use crate::web::extract::visit::Visit;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused, see_other};

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

/// Says that a mail is on its way, and to nobody which address: the page has a URL of its own
/// and holds nothing of the form. After "forgotten" it reads the same whether the address is
/// known or not (S5).
#[derive(Template)]
#[template(path = "pages/check_mail.html")]
pub(crate) struct CheckMailPage {
    pub(crate) chrome: Chrome,
    pub(crate) why: MailWait,
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

pub(in crate::web) async fn forgot_get(ctx: Data<Context>, visit: Visit) -> PageResult {
    ok(&ForgotPage {
        chrome: visit.chrome(&ctx),
        form: ForgotForm::default(),
        errors: FieldErrors::default(),
    })
}

pub(in crate::web) async fn forgot_post(ctx: Data<Context>, post: Post<Visit, ForgotForm>) -> PageResult {
    let Post { at: visit, form } = post;
    let chrome = visit.chrome(&ctx);
    let email = match form.email.parse::<Email>() {
        Ok(email) => email,
        Err(error) => {
            let errors = FieldErrors::one("email", error.sentence("your email address"));
            return refused(&ForgotPage { chrome, form, errors });
        }
    };
    passwords::forget(&ctx, &visit.by(), &email).await?;
    Ok(see_other("/password/sent"))
}

pub(in crate::web) async fn sent(ctx: Data<Context>, visit: Visit) -> PageResult {
    ok(&CheckMailPage { chrome: visit.chrome(&ctx), why: MailWait::Reset })
}

pub(in crate::web) async fn reset_get(
    ctx: Data<Context>,
    visit: Visit,
    query: Query<ResetForm>,
) -> PageResult {
    let form = ResetForm { token: query.into_inner().token, password: String::new() };
    let expired = whose(&ctx, &form).await?.is_none();
    ok(&ResetPage { chrome: visit.chrome(&ctx), form, errors: FieldErrors::default(), expired })
}

pub(in crate::web) async fn reset_post(ctx: Data<Context>, post: Post<Visit, ResetForm>) -> PageResult {
    let Post { at: visit, form } = post;
    let chrome = visit.chrome(&ctx);
    let expired = |chrome, form| ResetPage { chrome, form, errors: FieldErrors::default(), expired: true };
    let Some((token, user)) = whose(&ctx, &form).await? else { return refused(&expired(chrome, form)) };
    let context = PasswordContext {
        platform: &ctx.policy.platform_name,
        email: user.email.as_str(),
        name: user.name.as_str(),
    };
    let password = match NewPassword::parse(&form.password, &context) {
        Ok(password) => password,
        Err(error) => {
            let errors = FieldErrors::one("password", error.sentence("the password"));
            return refused(&ResetPage { chrome, form, errors, expired: false });
        }
    };
    match passwords::reset(&ctx, &visit.by(), &token, password).await {
        Ok(()) => done(&visit, "/sign-in", Done::PasswordReset),
        Err(Error::NotFound) => refused(&expired(chrome, form)),
        Err(error) => Err(error.into()),
    }
}

/// The token of the link and whose it is, if the link still works.
async fn whose(ctx: &Context, form: &ResetForm) -> Result<Option<(Token, User)>, PageError> {
    let Some(token) = Token::parse(&form.token) else { return Ok(None) };
    match passwords::peek(ctx, LinkKind::Reset, &token).await {
        Ok((_, user)) => Ok(Some((token, user))),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
