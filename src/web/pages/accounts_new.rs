//! `/accounts/new`: one more account for somebody who is signed in.

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use crate::actions::{Conflict, Context, Error, FormValue, Once, accounts, sign_in};
use crate::crypto::token::Token;
use crate::domain::account::AccountName;
use crate::domain::fields::{Complaint, FieldErrors};
use crate::web::extract::form::Post;
use crate::web::extract::signed_in::SignedIn;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

/// The form that makes an account.
#[derive(Template)]
#[template(path = "pages/accounts_new.html")]
pub(crate) struct NewAccountPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: NewAccountForm,
    pub(crate) errors: FieldErrors,
    /// The one-time value of the form.
    pub(crate) once: String,
    /// Whether the viewer belongs to no account: left their last one, or was removed from it.
    pub(crate) homeless: bool,
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct NewAccountForm {
    pub(crate) name: String,
    pub(crate) once: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: SignedIn) -> PageResult {
    let once = Token::generate().expose().to_owned();
    let form = NewAccountForm { once, ..NewAccountForm::default() };
    ok(&draw(&ctx, &at, form, FieldErrors::default()))
}

pub(in crate::web) async fn post(ctx: Data<Context>, post: Post<SignedIn, NewAccountForm>) -> PageResult {
    let Post { at, form } = post;
    let name = match form.name.parse::<AccountName>() {
        Ok(name) => name,
        Err(error) => {
            let errors = FieldErrors::one("name", error.sentence("the account name"));
            return refused(&draw(&ctx, &at, form, errors));
        }
    };
    let user = at.who.user.id;
    let by = at.visit.by();
    let once = match accounts::create(&ctx, &by, user, FormValue::new(user, &form.once), name).await {
        Ok(once) => once,
        Err(Error::Conflict(conflict @ Conflict::AccountLimit { .. })) => {
            let errors = FieldErrors::one("name", conflict.to_string());
            return refused(&draw(&ctx, &at, form, errors));
        }
        Err(error) => return Err(error.into()),
    };
    let flash = match once {
        Once::Now(_) => Done::AccountCreated,
        Once::Before(_) => Done::Again,
    };
    sign_in::switch_account(&ctx, &by, &at.who.session, once.into_inner()).await?;
    done(&at.visit, "/apps", flash)
}

fn draw(ctx: &Context, at: &SignedIn, form: NewAccountForm, errors: FieldErrors) -> NewAccountPage {
    let once = form.once.clone();
    let homeless = at.who.memberships.is_empty();
    NewAccountPage { chrome: at.visit.chrome(ctx), form, errors, once, homeless }
}
