//! `/admin/accounts/{account}`: an account, how it stands and what the platform calls it.

use actix_web::{http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::apps::AppRow;
use super::{ReasonForm, ReinstateForm, Total, history};
use crate::actions::admin::accounts;
use crate::actions::admin::apps::{self, EveryAppFilter};
use crate::actions::{Conflict, Context, Error};
use crate::domain::account::{ExternalId, MemberFacts, Standing};
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::suspension::Reason;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::error::{PageError, of_form};
use crate::web::extract::console::ConsoleAccount;
use crate::web::extract::form::{Nothing, Post};
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::pages::apps::overview::Activity;
use crate::web::respond::{PageResult, done, ok, page, refused};

/// An account as admins see it.
#[derive(Template)]
#[template(path = "pages/admin/account.html")]
pub(crate) struct AdminAccountPage {
    pub(crate) chrome: Chrome,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) standing: Standing,
    /// Why it is suspended, if it is and somebody said so.
    pub(crate) reason: Option<String>,
    /// How it stands again once it is reinstated.
    pub(crate) before: Standing,
    pub(crate) api_key: String,
    pub(crate) created: Timestamp,
    pub(crate) members: Vec<MemberFacts>,
    /// The newest apps, as many as a page of the list has.
    pub(crate) apps: Vec<AppRow>,
    pub(crate) total: Total,
    /// The calls of its apps that passed in the last 24 hours.
    pub(crate) calls: Count,
    /// The latest first.
    pub(crate) history: Vec<Activity>,
    pub(crate) form: ExternalIdForm,
    /// The external id as saved; empty if there is none.
    pub(crate) external_id: String,
    pub(crate) suspend: ReasonForm,
    /// The reason that was typed, if anything, when another admin was quicker.
    pub(crate) overtaken: Option<String>,
    pub(crate) errors: FieldErrors,
}

/// The platform's own id of the account, as it was typed; empty for none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExternalIdForm {
    pub(crate) external_id: String,
    /// The id as it was saved when the admin looked; a post that no longer fits is 409.
    pub(crate) was: Option<String>,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: ConsoleAccount) -> PageResult {
    ok(&draw(&ctx, &at).await?)
}

pub(in crate::web) async fn approve(ctx: Data<Context>, post: Post<ConsoleAccount, Nothing>) -> PageResult {
    let at = post.at;
    accounts::approve(&ctx, &at.console.acting, at.account.id).await?;
    done(&at.console.signed_in.visit, &at.at(), Done::AccountApproved)
}

pub(in crate::web) async fn suspend(
    ctx: Data<Context>,
    post: Post<ConsoleAccount, ReasonForm>,
) -> PageResult {
    let Post { at, form } = post;
    let reason = match form.reason.parse::<Reason>() {
        Ok(reason) => reason,
        Err(error) => {
            let errors = FieldErrors::one("reason", error.sentence("the reason"));
            return refused(&AdminAccountPage { suspend: form, errors, ..draw(&ctx, &at).await? });
        }
    };
    match accounts::suspend(&ctx, &at.console.acting, at.account.id, &reason).await {
        Ok(()) => done(&at.console.signed_in.visit, &at.at(), Done::AccountSuspended),
        Err(Error::Conflict(Conflict::Overtaken)) => {
            let overtaken = Some(form.reason);
            page(StatusCode::CONFLICT, &AdminAccountPage { overtaken, ..draw(&ctx, &at).await? })
        }
        Err(error) => Err(error.into()),
    }
}

pub(in crate::web) async fn reinstate(
    ctx: Data<Context>,
    post: Post<ConsoleAccount, ReinstateForm>,
) -> PageResult {
    let Post { at, form } = post;
    accounts::reinstate(&ctx, &at.console.acting, at.account.id, form.was.as_deref()).await?;
    done(&at.console.signed_in.visit, &at.at(), Done::AccountReinstated)
}

pub(in crate::web) async fn external_id(
    ctx: Data<Context>,
    post: Post<ConsoleAccount, ExternalIdForm>,
) -> PageResult {
    let Post { at, form } = post;
    let mut errors = FieldErrors::default();
    let parsed = errors.take_optional::<ExternalId, _>("external_id", "the external id", &form.external_id);
    let saved = match parsed {
        Some(id) => {
            let (acting, seen) = (&at.console.acting, form.was.as_deref());
            accounts::set_external_id(&ctx, acting, at.account.id, seen, id.as_ref()).await
        }
        None => Err(errors.into()),
    };
    match saved {
        Ok(()) => done(&at.console.signed_in.visit, &at.at(), Done::ExternalIdSaved),
        Err(Error::Conflict(Conflict::Overtaken)) => {
            let form = ExternalIdForm { was: None, ..form };
            let overtaken = Some(String::new());
            page(StatusCode::CONFLICT, &AdminAccountPage { form, overtaken, ..draw(&ctx, &at).await? })
        }
        Err(error) => {
            let errors = of_form(error)?;
            refused(&AdminAccountPage { form, errors, ..draw(&ctx, &at).await? })
        }
    }
}

async fn draw(ctx: &Context, at: &ConsoleAccount) -> Result<AdminAccountPage, PageError> {
    let acting = &at.console.acting;
    let view = accounts::view(ctx, acting, at.account.id).await?;
    let own = EveryAppFilter { account: Some(view.account.id), ..EveryAppFilter::default() };
    let apps = apps::list(ctx, acting, &own).await?;
    let external_id = view.account.external_id.unwrap_or_default();
    let (reason, before) = match view.suspension {
        Some(suspension) => (Some(suspension.reason), suspension.before),
        None => (None, Standing::Pending),
    };
    Ok(AdminAccountPage {
        chrome: at.console.signed_in.visit.chrome(ctx),
        id: view.account.id.to_string(),
        name: view.account.name.to_string(),
        standing: view.account.standing,
        reason,
        before,
        api_key: view.api_key.to_string(),
        created: view.account.created_at,
        members: view.members,
        apps: apps.rows.into_iter().map(AppRow::from).collect(),
        total: Total::of(apps.total),
        calls: Count(view.calls.allowed),
        history: history(view.history),
        form: ExternalIdForm { external_id: external_id.clone(), was: None },
        external_id,
        suspend: ReasonForm::default(),
        overtaken: None,
        errors: FieldErrors::default(),
    })
}
