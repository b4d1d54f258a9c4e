//! `/account/export` and `/account/delete`: taking an account along, and ending it.

use actix_web::web::Data;
use serde::Deserialize;

use super::member::left;
use super::{AccountOnly, Typed};
use crate::actions::{Context, deletion, export as exporting};
use crate::domain::account::Owner;
use crate::web::error::of_form;
use crate::web::extract::account::InAccount;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::respond::{PageResult, download, refused};

/// What was typed to delete the account: its name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DeleteForm {
    pub(crate) account: String,
    #[serde(alias = "name")]
    pub(crate) delete_name: String,
}

/// What the account owns, as a file. It goes out, as deleting does its work, soon after the
/// password was entered: an unattended browser ends nobody's calls.
pub(in crate::web) async fn export(
    ctx: Data<Context>,
    post: Post<InAccount<Owner>, AccountOnly>,
) -> PageResult {
    let Post { at, form } = post;
    at.is_for(&form.account)?;
    at.signed_in.fresh(ctx.now(), "/account")?;
    let content = exporting::account(&ctx, &at.acting).await?;
    download(&format!("{}.json", at.acting.account()), &content)
}

pub(in crate::web) async fn delete(
    ctx: Data<Context>,
    post: Post<InAccount<Owner>, DeleteForm>,
) -> PageResult {
    let Post { at, form } = post;
    at.is_for(&form.account)?;
    at.signed_in.fresh(ctx.now(), "/account")?;
    match deletion::delete_account(&ctx, &at.acting, &form.delete_name).await {
        Ok(()) => left(&at, Done::AccountDeleted),
        Err(error) => {
            let errors = of_form(error)?;
            let typed = Typed { delete: form, ..Typed::default() };
            refused(&typed.draw(&ctx, &at, errors).await?)
        }
    }
}
