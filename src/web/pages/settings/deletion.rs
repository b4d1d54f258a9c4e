//! `/settings/export` and `/settings/delete`: taking one's user along, and ending it.

use actix_web::web::Data;
use serde::Deserialize;

use super::Typed;
use crate::actions::{Context, deletion, export as exporting};
use crate::domain::fields::FieldErrors;
use crate::domain::password::TypedPassword;
use crate::web::cookies::{self, Name};
use crate::web::error::of_form;
use crate::web::extract::form::Post;
use crate::web::extract::signed_in::SignedIn;
use crate::web::flash::Done;
use crate::web::respond::{PageResult, done, download, refused};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct ExportForm {
    export_password: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct DeleteForm {
    delete_password: String,
}

/// Everything that is kept of the viewer, as a file.
pub(in crate::web) async fn export(ctx: Data<Context>, post: Post<SignedIn, ExportForm>) -> PageResult {
    let Post { at, form } = post;
    let outcome = match typed("export_password", &form.export_password) {
        Ok(password) => exporting::user(&ctx, &at.visit.by(), &at.who.session, password).await,
        Err(errors) => Err(errors.into()),
    };
    match outcome {
        Ok(content) => download(&format!("{}.json", at.who.user.id), &content),
        Err(error) => refused(&Typed::default().draw(&ctx, &at, of_form(error)?).await?),
    }
}

pub(in crate::web) async fn delete(ctx: Data<Context>, post: Post<SignedIn, DeleteForm>) -> PageResult {
    let Post { at, form } = post;
    let outcome = match typed("delete_password", &form.delete_password) {
        Ok(password) => deletion::delete_user(&ctx, &at.visit.by(), &at.who.session, password).await,
        Err(errors) => Err(errors.into()),
    };
    match outcome {
        Ok(()) => {
            let mut response = done(&at.visit, "/sign-in", Done::UserDeleted)?;
            // Cookies of ours are always well formed.
            let _ = response.add_cookie(&cookies::clear(Name::Session, at.visit.https));
            Ok(response)
        }
        Err(error) => refused(&Typed::default().draw(&ctx, &at, of_form(error)?).await?),
    }
}

fn typed(field: &'static str, password: &str) -> Result<TypedPassword, FieldErrors> {
    if password.is_empty() {
        return Err(FieldErrors::one(field, "Enter your password."));
    }
    let mut errors = FieldErrors::default();
    let password = errors.take(field, "the password", TypedPassword::parse(password));
    errors.into_result(|| password)
}
