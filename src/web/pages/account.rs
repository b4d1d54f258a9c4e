//! `/account`: the account the viewer acts for.

pub mod audit;
pub mod deletion;
pub mod invitations;
pub mod member;
pub mod token_debugger;

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use self::deletion::DeleteForm;
use self::invitations::{InvitationRow, InviteForm};
use self::member::FormerRow;
use crate::actions::{Acting, Context, accounts, apps, deletion as deleting, members, sign_in};
use crate::domain::account::{
    AccountName, AtLeast, MemberFacts, Owner, Role, Standing, Viewer, keeps_an_owner,
};
use crate::domain::fields::{Complaint, FieldErrors};
use crate::domain::id::AccountId;
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
    /// Whether apps cannot be activated until the platform's staff approve the account.
    pub(crate) pending: bool,
    /// Why the platform's staff suspended the account, if they did.
    pub(crate) suspended: Option<String>,
    pub(crate) members: Vec<MemberRow>,
    /// Whether the account has an owner without the viewer.
    pub(crate) can_leave: bool,
    /// What owners alone see.
    pub(crate) owner: Option<OwnerPart>,
}

/// What owners see of an account beside the rest.
pub(crate) struct OwnerPart {
    pub(crate) invite: InviteForm,
    pub(crate) invitations: Vec<InvitationRow>,
    pub(crate) former: Vec<FormerRow>,
    /// Whether there were others before them.
    pub(crate) former_goes_on: bool,
    pub(crate) delete: DeleteForm,
    /// Why the account cannot be deleted now: a whole sentence.
    pub(crate) obstacle: Option<String>,
    /// How many apps would go with it.
    pub(crate) apps: usize,
}

/// One member.
pub(crate) struct MemberRow {
    pub(crate) name: String,
    pub(crate) email: String,
    /// "Owner", "Developer" or "Viewer".
    pub(crate) role: &'static str,
    pub(crate) you: bool,
    pub(crate) is_disabled: bool,
    /// The page of the member, for owners.
    pub(crate) href: Option<String>,
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

/// A form that says no more than for which account it was made.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct AccountOnly {
    account: String,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InAccount<Viewer>) -> PageResult {
    ok(&Typed::default().draw(&ctx, &at, FieldErrors::default()).await?)
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
            let typed = Typed { form: Some(form), ..Typed::default() };
            return refused(&typed.draw(&ctx, &at, errors).await?);
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

/// Why the account is suspended, if it is.
pub(super) async fn suspended<R: AtLeast>(
    ctx: &Context,
    at: &InAccount<R>,
) -> Result<Option<String>, PageError> {
    match at.membership.account.standing {
        Standing::Pending | Standing::Approved => Ok(None),
        Standing::Suspended => Ok(Some(accounts::suspended_for(ctx, &at.acting).await?.unwrap_or_default())),
    }
}

/// What was typed into the form that was refused.
#[derive(Default)]
struct Typed {
    form: Option<AccountForm>,
    invite: Option<InviteForm>,
    delete: DeleteForm,
}

impl Typed {
    async fn draw<R: AtLeast>(
        mut self,
        ctx: &Context,
        at: &InAccount<R>,
        errors: FieldErrors,
    ) -> Result<AccountPage, PageError> {
        let view = accounts::view(ctx, at.membership.account.id).await?;
        let role = at.membership.role;
        let jwt_app = apps::jwt_apps(ctx, view.account.id).await?.into_iter().next();
        let secret_href = jwt_app.map(|(id, ..)| format!("/apps/{id}/credentials"));
        let (id, name) = (view.account.id.to_string(), view.account.name.to_string());
        let you = at.signed_in.who.user.id;
        let can_leave = keeps_an_owner(&view.members, you, None);
        let owner = match at.as_owner() {
            Some(acting) => Some(self.owner_part(ctx, &acting).await?),
            None => None,
        };
        let row = |member: &MemberFacts| MemberRow {
            name: member.name.to_string(),
            email: member.email.to_string(),
            role: member.role.title(),
            you: member.user == you,
            is_disabled: member.is_disabled,
            href: (role >= Role::Owner).then(|| format!("/account/members/{}", member.user)),
        };
        Ok(AccountPage {
            chrome: at.signed_in.visit.chrome(ctx),
            form: self.form.unwrap_or_else(|| AccountForm { account: id.clone(), name: name.clone() }),
            errors,
            id,
            name,
            external_id: view.account.external_id,
            api_key: view.api_key.to_string(),
            secret_href: secret_href.filter(|_| role >= Role::Developer),
            your_role: role.label(),
            pending: view.account.standing == Standing::Pending,
            suspended: suspended(ctx, at).await?,
            members: view.members.iter().map(row).collect(),
            can_leave,
            owner,
        })
    }

    async fn owner_part(&mut self, ctx: &Context, acting: &Acting<Owner>) -> Result<OwnerPart, PageError> {
        let account = acting.account();
        let former = members::former(ctx, acting).await?;
        Ok(OwnerPart {
            invite: self.invite.take().unwrap_or_else(|| InviteForm::empty(account)),
            invitations: invitations::rows(ctx, acting).await?,
            former_goes_on: former.len() > members::FORMER,
            former: former.into_iter().take(members::FORMER).map(FormerRow::from).collect(),
            delete: std::mem::take(&mut self.delete),
            obstacle: deleting::obstacle(ctx, acting).await?.map(|conflict| conflict.to_string()),
            apps: apps::count(ctx, acting).await?,
        })
    }
}
