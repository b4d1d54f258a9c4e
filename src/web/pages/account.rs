//! `/account`: the account the viewer acts for.

pub mod audit;
pub mod token_debugger;

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use crate::actions::{Context, accounts, apps, sign_in};
use crate::domain::account::{AccountName, AtLeast, Owner, Role, Standing, Viewer};
use crate::domain::email::Email;
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::id::AccountId;
use crate::domain::user::PersonName;
use crate::web::error::PageError;
use crate::web::extract::account::InAccount;
use crate::web::extract::form::Post;
use crate::web::extract::signed_in::SignedIn;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::respond::{PageResult, done, ok, refused, see_other};

/// What the account is, who belongs to it, and its API key.
#[derive(Template)]
#[template(path = "pages/account.html")]
pub(crate) struct AccountPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: AccountForm,
    pub(crate) errors: FieldErrors,
    pub(crate) id: String,
    /// The name as saved, whatever the form holds.
    pub(crate) name: String,
    /// The platform's own id of this account, if its staff have set one.
    pub(crate) external_id: Option<String>,
    pub(crate) api_key: String,
    /// The credentials page of a JWT app, if the account has one and the viewer may open it.
    pub(crate) secret_href: Option<String>,
    /// Within a sentence: "an owner", "a developer", "a viewer".
    pub(crate) your_role: &'static str,
    pub(crate) can_edit: bool,
    /// Whether apps cannot be activated until the platform's staff approve the account.
    pub(crate) pending: bool,
    pub(crate) members: Vec<MemberRow>,
}

/// One member.
pub(crate) struct MemberRow {
    pub(crate) name: String,
    pub(crate) email: String,
    /// "Owner", "Developer" or "Viewer".
    pub(crate) role: &'static str,
}

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct AccountForm {
    /// The account the form was made for; a post that no longer fits is 409.
    pub(crate) account: String,
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(in crate::web) struct SwitchForm {
    #[serde(default)]
    account: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InAccount<Viewer>) -> PageResult {
    let form = AccountForm {
        account: at.membership.account.id.to_string(),
        name: at.membership.account.name.to_string(),
    };
    ok(&draw(&ctx, &at, form, FieldErrors::default()).await?)
}

pub(in crate::web) async fn post(
    ctx: Data<Context>,
    post: Post<InAccount<Owner>, AccountForm>,
) -> PageResult {
    let Post { at, form } = post;
    at.is_for(&form.account)?;
    let name = match form.name.parse::<AccountName>() {
        Ok(name) => name,
        Err(error) => {
            let errors = FieldErrors::one("name", error.sentence("the account name"));
            return refused(&draw(&ctx, &at, form, errors).await?);
        }
    };
    accounts::rename(&ctx, &at.acting, &name).await?;
    done(&at.signed_in.visit, "/account", Done::AccountSaved)
}

/// The session acts in another account from now on.
pub(in crate::web) async fn switch(ctx: Data<Context>, post: Post<SignedIn, SwitchForm>) -> PageResult {
    let Post { at, form } = post;
    let account: AccountId = form.account.parse().map_err(|_| PageError::NotFound)?;
    sign_in::switch_account(&ctx, &at.visit.by(), &at.who.session, account).await?;
    Ok(see_other("/apps"))
}

async fn draw<R: AtLeast>(
    ctx: &Context,
    at: &InAccount<R>,
    form: AccountForm,
    errors: FieldErrors,
) -> Result<AccountPage, PageError> {
    let view = accounts::view(ctx, at.membership.account.id).await?;
    let role = at.membership.role;
    let jwt_app = apps::jwt_apps(ctx, view.account.id).await?.into_iter().next();
    let secret_href = jwt_app.map(|(id, ..)| format!("/apps/{id}/credentials"));
    Ok(AccountPage {
        chrome: at.signed_in.visit.chrome(ctx),
        form,
        errors,
        id: view.account.id.to_string(),
        name: view.account.name.to_string(),
        external_id: view.account.external_id,
        api_key: view.api_key.to_string(),
        secret_href: secret_href.filter(|_| role >= Role::Developer),
        your_role: match role {
            Role::Viewer => "a viewer",
            Role::Developer => "a developer",
            Role::Owner => "an owner",
        },
        can_edit: role >= Role::Owner,
        pending: view.account.standing == Standing::Pending,
        members: view.members.into_iter().map(MemberRow::from).collect(),
    })
}

impl From<(PersonName, Email, Role)> for MemberRow {
    fn from((name, email, role): (PersonName, Email, Role)) -> Self {
        let role = match role {
            Role::Viewer => "Viewer",
            Role::Developer => "Developer",
            Role::Owner => "Owner",
        };
        Self { name: name.to_string(), email: email.to_string(), role }
    }
}
