//! An admin at work in the console.

use std::str::FromStr;

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::Method, web::Data};

use super::{Extracted, signed_in::SignedIn};
use crate::{
    actions::{
        Context,
        admin::{AsAdmin, Closed, accounts, apps, users},
    },
    domain::{account::Account, app::App, user::User},
    web::{error::PageError, pages::errors::Refused},
};

/// An admin of the platform; everybody else finds no such page, before anything of a post is
/// looked at.
#[derive(Clone, Debug)]
pub(in crate::web) struct InConsole {
    pub(in crate::web) signed_in: SignedIn,
    pub(in crate::web) acting: AsAdmin,
}

impl InConsole {
    async fn of(request: &HttpRequest) -> Result<Self, PageError> {
        let signed_in = SignedIn::of(request).await?;
        let ctx = request.app_data::<Data<Context>>().ok_or(PageError::NotFound)?;
        match AsAdmin::enter(&ctx.policy, &signed_in.who, signed_in.visit.origin.clone()) {
            Ok(acting) => Ok(Self { signed_in, acting }),
            Err(closed) => Err(kept_out(request, closed)),
        }
    }
}

/// An admin is led to what is lacking; a post does nothing and says so.
fn kept_out(request: &HttpRequest, closed: Closed) -> PageError {
    let is_post = *request.method() == Method::POST;
    match closed {
        Closed::NotAdmin => PageError::NotFound,
        Closed::TwoStepOff | Closed::NoCode if is_post => PageError::Refused(Refused::TwoStepNeeded),
        Closed::TwoStepOff => PageError::TwoStep,
        Closed::NoCode => {
            let next = request.uri().path_and_query().map_or("/admin", |path| path.as_str());
            PageError::Confirm { next: next.to_owned() }
        }
    }
}

impl FromRequest for InConsole {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

/// An admin and the app that the path names, whosever it is.
#[derive(Clone, Debug)]
pub(in crate::web) struct ConsoleApp {
    pub(in crate::web) console: InConsole,
    pub(in crate::web) app: App,
}

impl ConsoleApp {
    /// The address of the app's page.
    pub(in crate::web) fn at(&self) -> String {
        format!("/admin/apps/{}", self.app.id)
    }
}

impl FromRequest for ConsoleApp {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (console, ctx, id) = asked(&request, "app").await?;
            let app = apps::any(&ctx, &console.acting, id).await?;
            Ok(Self { console, app })
        })
    }
}

/// An admin and the account that the path names.
#[derive(Clone, Debug)]
pub(in crate::web) struct ConsoleAccount {
    pub(in crate::web) console: InConsole,
    pub(in crate::web) account: Account,
}

impl ConsoleAccount {
    /// The address of the account's page.
    pub(in crate::web) fn at(&self) -> String {
        format!("/admin/accounts/{}", self.account.id)
    }
}

impl FromRequest for ConsoleAccount {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (console, ctx, id) = asked(&request, "account").await?;
            let account = accounts::any(&ctx, &console.acting, id).await?;
            Ok(Self { console, account })
        })
    }
}

/// An admin and the user that the path names.
#[derive(Clone, Debug)]
pub(in crate::web) struct ConsoleUser {
    pub(in crate::web) console: InConsole,
    pub(in crate::web) user: User,
}

impl ConsoleUser {
    /// The address of the user's page.
    pub(in crate::web) fn at(&self) -> String {
        format!("/admin/users/{}", self.user.id)
    }
}

impl FromRequest for ConsoleUser {
    type Error = PageError;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (console, ctx, id) = asked(&request, "user").await?;
            let user = users::any(&ctx, &console.acting, id).await?;
            Ok(Self { console, user })
        })
    }
}

/// The admin who asks, before what the path names `part` is looked at.
async fn asked<T: FromStr>(
    request: &HttpRequest,
    part: &str,
) -> Result<(InConsole, Data<Context>, T), PageError> {
    let console = InConsole::of(request).await?;
    let ctx = request.app_data::<Data<Context>>().ok_or(PageError::NotFound)?.clone();
    let id = request.match_info().get(part).and_then(|id| id.parse().ok()).ok_or(PageError::NotFound)?;
    Ok((console, ctx, id))
}
