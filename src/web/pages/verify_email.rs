//! `/verify-email`: the page a link in a mail opens; its POST acts (S19).

use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use crate::actions::{Context, Error, passwords};
use crate::crypto::token::Token;
use crate::web::error::PageError;
use crate::web::extract::form::{Nothing, Post};
use crate::web::extract::signed_in::SignedIn;
use crate::web::extract::visit::Visit;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

/// One button, or what to do about a link that ended.
#[derive(Template)]
#[template(path = "pages/verify_email.html")]
pub(crate) struct VerifyEmailPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: VerifyEmailForm,
    /// The address to prove.
    pub(crate) email: String,
    /// Whether the link is used, too old or unknown.
    pub(crate) expired: bool,
}

/// The token of the link.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct VerifyEmailForm {
    pub(crate) token: String,
}

pub(in crate::web) async fn get(
    ctx: Data<Context>,
    visit: Visit,
    query: Query<VerifyEmailForm>,
) -> PageResult {
    let form = query.into_inner();
    let email = address(&ctx, &form).await?;
    let expired = email.is_none();
    ok(&VerifyEmailPage { chrome: visit.chrome(&ctx), form, email: email.unwrap_or_default(), expired })
}

pub(in crate::web) async fn post(ctx: Data<Context>, post: Post<Visit, VerifyEmailForm>) -> PageResult {
    let Post { at: visit, form } = post;
    let proven = match Token::parse(&form.token) {
        Some(token) => passwords::prove(&ctx, &visit.by(), &token).await,
        None => Err(Error::NotFound),
    };
    match proven {
        Ok(()) => {
            let next = if visit.who.is_some() { "/settings" } else { "/sign-in" };
            done(&visit, next, Done::AddressProven)
        }
        // A new address that another user took meanwhile reads like a link that ended.
        Err(Error::NotFound | Error::Invalid(_)) => {
            let chrome = visit.chrome(&ctx);
            refused(&VerifyEmailPage { chrome, form, email: String::new(), expired: true })
        }
        Err(error) => Err(error.into()),
    }
}

/// Sends the link once more.
pub(in crate::web) async fn send(ctx: Data<Context>, post: Post<SignedIn, Nothing>) -> PageResult {
    let at = post.at;
    passwords::send_proof(&ctx, &at.visit.by(), &at.who.user).await?;
    done(&at.visit, "/settings", Done::ProofSent)
}

/// The address that the link proves, if it still works.
async fn address(ctx: &Context, form: &VerifyEmailForm) -> Result<Option<String>, PageError> {
    let Some(token) = Token::parse(&form.token) else { return Ok(None) };
    match passwords::peek_proof(ctx, &token).await {
        Ok((_, link, _)) => Ok(link.email.map(|email| email.to_string())),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
