//! `/settings/export` and `/settings/delete`: taking one's user along, and ending it.

use actix_web::web::Data;
use serde::Deserialize;

use super::Typed;
use crate::actions::confirm::Proof;
use crate::actions::{Context, deletion, export as exporting};
use crate::domain::fields::FieldErrors;
use crate::web::cookies::{self, Name};
use crate::web::error::of_form;
use crate::web::extract::form::Post;
use crate::web::extract::signed_in::SignedIn;
use crate::web::flash::Done;
use crate::web::proof;
use crate::web::respond::{PageResult, done, download, refused};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct ExportForm {
    #[serde(alias = "password")]
    export_password: String,
    #[serde(alias = "code")]
    export_code: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct DeleteForm {
    #[serde(alias = "password")]
    delete_password: String,
    #[serde(alias = "code")]
    delete_code: String,
}

/// Everything that is kept of the viewer, as a file.
pub(in crate::web) async fn export(ctx: Data<Context>, post: Post<SignedIn, ExportForm>) -> PageResult {
    let Post { at, form } = post;
    let outcome =
        match typed(&at, ("export_password", &form.export_password), ("export_code", &form.export_code)) {
            Ok(proof) => exporting::user(&ctx, &at.visit.by(), &at.who.session, proof).await,
            Err(errors) => Err(errors.into()),
        };
    match outcome {
        Ok(content) => download(&format!("{}.json", at.who.user.id), &content),
        Err(error) => refused(&Typed::default().draw(&ctx, &at, of_form(error)?).await?),
    }
}

pub(in crate::web) async fn delete(ctx: Data<Context>, post: Post<SignedIn, DeleteForm>) -> PageResult {
    let Post { at, form } = post;
    let outcome =
        match typed(&at, ("delete_password", &form.delete_password), ("delete_code", &form.delete_code)) {
            Ok(proof) => deletion::delete_user(&ctx, &at.visit.by(), &at.who.session, proof).await,
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

fn typed(at: &SignedIn, password: proof::Typed<'_>, code: proof::Typed<'_>) -> Result<Proof, FieldErrors> {
    let mut errors = FieldErrors::default();
    let proof = proof::take(&mut errors, &at.who.user, password, code);
    errors.into_result(|| proof)
}
