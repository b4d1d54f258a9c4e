//! `/admin/users/{user}`: a person, where they belong and are signed in, and what they may.

use actix_web::web::{Data, Path};
use askama::Template;

use crate::actions::Context;
use crate::actions::admin::users;
use crate::domain::account::Membership;
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::console::ConsoleUser;
use crate::web::extract::form::{Nothing, Post};
use crate::web::flash::Done;
use crate::web::page::{Chrome, hue, initials, monogram};
use crate::web::pages::settings::SessionRow;
use crate::web::respond::{PageResult, done, ok};

/// A user as admins see them.
#[derive(Template)]
#[template(path = "pages/admin/user.html")]
pub(crate) struct AdminUserPage {
    pub(crate) chrome: Chrome,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) initials: String,
    /// 0 to 7, the colour of the tile.
    pub(crate) hue: u8,
    pub(crate) email: String,
    /// When the address was proven, if it was.
    pub(crate) proven: Option<Timestamp>,
    /// Since when two-step sign-in is on, if it is.
    pub(crate) two_step: Option<Timestamp>,
    pub(crate) is_admin: bool,
    /// Since when the user is disabled, if they are.
    pub(crate) disabled: Option<Timestamp>,
    pub(crate) created: Timestamp,
    pub(crate) accounts: Vec<UserAccount>,
    pub(crate) sessions: Vec<SessionRow>,
    /// Whether it is the viewer, who may not do this to themselves.
    pub(crate) is_viewer: bool,
}

/// An account of the user.
pub(crate) struct UserAccount {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) initial: String,
    /// 0 to 7, the colour of its tile.
    pub(crate) hue: u8,
    pub(crate) membership: Membership,
}

impl From<Membership> for UserAccount {
    fn from(membership: Membership) -> Self {
        let (id, name) = (membership.account.id.to_string(), membership.account.name.to_string());
        Self { initial: monogram(&name), hue: hue(&id), id, name, membership }
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: ConsoleUser) -> PageResult {
    let view = users::view(&ctx, &at.console.acting, at.user.id).await?;
    let (user, signed_in) = (view.user, &at.console.signed_in);
    let current = signed_in.who.session.id;
    let id = user.id.to_string();
    ok(&AdminUserPage {
        chrome: signed_in.visit.chrome(&ctx),
        name: user.name.to_string(),
        initials: initials(user.name.as_str()),
        hue: hue(&id),
        id,
        email: user.email.to_string(),
        proven: user.proven_at,
        two_step: user.two_step_at,
        is_admin: user.is_admin,
        disabled: user.disabled_at,
        created: user.created_at,
        accounts: view.memberships.into_iter().map(UserAccount::from).collect(),
        sessions: view.sessions.iter().map(|session| SessionRow::of(session, current)).collect(),
        is_viewer: signed_in.who.user.id == user.id,
    })
}

pub(in crate::web) async fn disable(ctx: Data<Context>, post: Post<ConsoleUser, Nothing>) -> PageResult {
    let at = may_rule(&ctx, post)?;
    users::disable(&ctx, &at.console.acting, at.user.id).await?;
    done(&at.console.signed_in.visit, &at.at(), Done::UserDisabled)
}

pub(in crate::web) async fn enable(ctx: Data<Context>, post: Post<ConsoleUser, Nothing>) -> PageResult {
    let at = may_rule(&ctx, post)?;
    users::enable(&ctx, &at.console.acting, at.user.id).await?;
    done(&at.console.signed_in.visit, &at.at(), Done::UserEnabled)
}

pub(in crate::web) async fn make_admin(ctx: Data<Context>, post: Post<ConsoleUser, Nothing>) -> PageResult {
    let at = may_rule(&ctx, post)?;
    users::make_admin(&ctx, &at.console.acting, at.user.id).await?;
    done(&at.console.signed_in.visit, &at.at(), Done::AdminMade)
}

pub(in crate::web) async fn remove_admin(ctx: Data<Context>, post: Post<ConsoleUser, Nothing>) -> PageResult {
    let at = may_rule(&ctx, post)?;
    users::remove_admin(&ctx, &at.console.acting, at.user.id).await?;
    done(&at.console.signed_in.visit, &at.at(), Done::AdminRemoved)
}

pub(in crate::web) async fn end_session(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<ConsoleUser, Nothing>,
) -> PageResult {
    let at = post.at;
    let session: SessionId = path.1.parse().map_err(|_| PageError::NotFound)?;
    users::end_session(&ctx, &at.console.acting, at.user.id, session).await?;
    done(&at.console.signed_in.visit, &at.at(), Done::SessionEnded)
}

pub(in crate::web) async fn end_sessions(ctx: Data<Context>, post: Post<ConsoleUser, Nothing>) -> PageResult {
    let at = post.at;
    users::end_sessions(&ctx, &at.console.acting, at.user.id).await?;
    done(&at.console.signed_in.visit, &at.at(), Done::SessionsEnded)
}

/// What a user may is changed soon after the password was entered.
fn may_rule(ctx: &Context, post: Post<ConsoleUser, Nothing>) -> Result<ConsoleUser, PageError> {
    let at = post.at;
    at.console.signed_in.fresh(ctx.now(), &at.at())?;
    Ok(at)
}
