//! `/account/members/{user}`: one member, for owners, and what they have seen. Also leaving.

use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use super::AccountOnly;
use super::invitations::parse_role;
use crate::actions::members::{self, Belonging, FormerMember, SeenSecret, WhichSecret};
use crate::actions::{Conflict, Context, Error, accounts};
use crate::domain::account::{Owner, Viewer, keeps_an_owner};
use crate::domain::fields::FieldErrors;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::account::InAccount;
use crate::web::extract::form::Post;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused};

/// A member, or somebody who was one.
#[derive(Template)]
#[template(path = "pages/account/member.html")]
pub(crate) struct MemberPage {
    pub(crate) chrome: Chrome,
    pub(crate) account: String,
    pub(crate) account_name: String,
    /// The page itself.
    pub(crate) at: String,
    pub(crate) name: String,
    pub(crate) is: Is,
    pub(crate) seen: Vec<SeenRow>,
    pub(crate) errors: FieldErrors,
}

/// What the person is to the account.
pub(crate) enum Is {
    Member {
        email: String,
        /// Within a sentence.
        role_words: &'static str,
        /// As the form has it.
        role: String,
        /// Whether it is the viewer.
        you: bool,
        is_disabled: bool,
        /// Whether the account has no other owner who can sign in.
        last_owner: bool,
    },
    Former {
        until: Timestamp,
    },
}

/// A secret that the person has seen.
pub(crate) struct SeenRow {
    /// "API secret", "Signing secret of Room calendars".
    pub(crate) what: String,
    pub(crate) at: Timestamp,
    pub(crate) works: bool,
    /// Where it is rotated, if anywhere.
    pub(crate) href: Option<String>,
    /// "Regenerate", "Rotate".
    pub(crate) verb: &'static str,
}

/// One who was a member.
pub(crate) struct FormerRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) until: Timestamp,
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct RoleForm {
    account: String,
    role: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, path: Path<String>, at: InAccount<Owner>) -> PageResult {
    let user: UserId = path.parse().map_err(|_| PageError::NotFound)?;
    ok(&draw(&ctx, &at, user, FieldErrors::default()).await?)
}

pub(in crate::web) async fn role(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InAccount<Owner>, RoleForm>,
) -> PageResult {
    let Post { at, form } = post;
    let user: UserId = path.parse().map_err(|_| PageError::NotFound)?;
    // Whose page it is comes first: a stranger's is not there, whatever was typed.
    let page = draw(&ctx, &at, user, FieldErrors::default()).await?;
    at.is_for(&form.account)?;
    let mut errors = FieldErrors::default();
    let Some(role) = parse_role(&mut errors, &form.role) else {
        return refused(&MemberPage { errors, ..page });
    };
    match members::set_role(&ctx, &at.acting, user, role).await {
        // An owner who gave that up sees this page no more.
        Ok(()) if user == at.acting.member.user() => done(&at.signed_in.visit, "/account", Done::RoleSaved),
        Ok(()) => done(&at.signed_in.visit, &page.at, Done::RoleSaved),
        Err(Error::Conflict(conflict @ Conflict::LastOwner)) => {
            let errors = FieldErrors::one("role", conflict.to_string());
            refused(&MemberPage { errors, ..page })
        }
        Err(error) => Err(error.into()),
    }
}

pub(in crate::web) async fn remove(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<InAccount<Owner>, AccountOnly>,
) -> PageResult {
    let Post { at, form } = post;
    let user: UserId = path.parse().map_err(|_| PageError::NotFound)?;
    members::view(&ctx, &at.acting, user).await?;
    at.is_for(&form.account)?;
    members::remove(&ctx, &at.acting, user).await?;
    if user == at.acting.member.user() {
        return left(&at, Done::AccountLeft);
    }
    done(&at.signed_in.visit, &format!("/account/members/{user}"), Done::MemberRemoved)
}

/// Ends the viewer's own membership.
pub(in crate::web) async fn leave(
    ctx: Data<Context>,
    post: Post<InAccount<Viewer>, AccountOnly>,
) -> PageResult {
    let Post { at, form } = post;
    at.is_for(&form.account)?;
    members::leave(&ctx, &at.acting).await?;
    left(&at, Done::AccountLeft)
}

/// On to another account, or to where one is made.
pub(super) fn left<R>(at: &InAccount<R>, flash: Done) -> PageResult {
    let has_others = at.signed_in.who.memberships.len() > 1;
    done(&at.signed_in.visit, if has_others { "/apps" } else { "/accounts/new" }, flash)
}

async fn draw(
    ctx: &Context,
    at: &InAccount<Owner>,
    user: UserId,
    errors: FieldErrors,
) -> Result<MemberPage, PageError> {
    let view = members::view(ctx, &at.acting, user).await?;
    let account = accounts::view(ctx, at.acting.account()).await?;
    let is = match view.is {
        Belonging::Member(member) => Is::Member {
            email: member.email.to_string(),
            role_words: member.role.label(),
            role: member.role.to_string(),
            you: user == at.acting.member.user(),
            is_disabled: member.is_disabled,
            last_owner: !keeps_an_owner(&account.members, user, None),
        },
        Belonging::Until(until) => Is::Former { until },
    };
    Ok(MemberPage {
        chrome: at.signed_in.visit.chrome(ctx),
        account: account.account.id.to_string(),
        account_name: account.account.name.to_string(),
        at: format!("/account/members/{user}"),
        name: view.name.map_or_else(|| String::from("A deleted user"), |name| name.to_string()),
        is,
        seen: view.seen.into_iter().map(SeenRow::from).collect(),
        errors,
    })
}

impl From<SeenSecret> for SeenRow {
    fn from(seen: SeenSecret) -> Self {
        let SeenSecret { which, at, works } = seen;
        match which {
            WhichSecret::Api { app } => Self {
                what: String::from("API secret"),
                at,
                works,
                href: app.map(|app| format!("/apps/{app}/credentials#regenerate")),
                verb: "Regenerate",
            },
            WhichSecret::Signing { app, subscription, label } => Self {
                what: format!("Signing secret of {label}"),
                at,
                works,
                href: Some(format!("/apps/{app}/subscriptions/{subscription}#rotate")),
                verb: "Rotate",
            },
        }
    }
}

impl From<FormerMember> for FormerRow {
    fn from(one: FormerMember) -> Self {
        Self {
            href: format!("/account/members/{}", one.user),
            name: one.name.map_or_else(|| String::from("A deleted user"), |name| name.to_string()),
            until: one.ended_at,
        }
    }
}
