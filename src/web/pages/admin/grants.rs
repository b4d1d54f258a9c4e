//! `/admin/apps/{app}/grants`: who let an app in.

use actix_web::{
    HttpRequest,
    web::{Data, Path},
};
use askama::Template;
use serde::Deserialize;

use super::Total;
use crate::actions::Context;
use crate::actions::oauth::grants::{self, GrantOfApp};
use crate::domain::id::GrantId;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::console::ConsoleApp;
use crate::web::extract::form::{Nothing, Post};
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::paging::{href, row, row_name};
use crate::web::respond::{PageResult, done, ok};

/// The list.
#[derive(Template)]
#[template(path = "pages/admin/grants.html")]
pub(crate) struct GrantsPage {
    pub(crate) chrome: Chrome,
    pub(crate) app: String,
    pub(crate) app_name: String,
    /// The oldest first.
    pub(crate) grants: Vec<GrantRow>,
    pub(crate) total: Total,
    /// The address of the first page, where this is a later one; else empty.
    pub(crate) first: String,
    /// The address of the next page, if there is one; else empty.
    pub(crate) next: String,
}

/// One user, for one account.
pub(crate) struct GrantRow {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) user_name: String,
    pub(crate) email: String,
    pub(crate) account: String,
    pub(crate) account_name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) since: Timestamp,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// Where the page begins: after this row of the list.
    after: String,
}

impl From<GrantOfApp> for GrantRow {
    fn from(grant: GrantOfApp) -> Self {
        Self {
            id: grant.id.to_string(),
            user: grant.user.to_string(),
            user_name: grant.user_name.to_string(),
            email: grant.email.to_string(),
            account: grant.account.to_string(),
            account_name: grant.account_name.to_string(),
            scopes: grant.scopes.iter().map(ToString::to_string).collect(),
            since: grant.created_at,
        }
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, at: ConsoleApp) -> PageResult {
    let Asked { after } = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    let after = row::<GrantId>(&after);
    let list = grants::of_app(&ctx, &at.console.acting, &at.app, after).await?;
    let path = format!("{}/grants", at.at());
    ok(&GrantsPage {
        chrome: at.console.signed_in.visit.chrome(&ctx),
        app: at.app.id.to_string(),
        app_name: at.app.information.name.to_string(),
        total: Total::of(list.total),
        first: if after.is_some() { path.clone() } else { String::new() },
        next: list.next.map(|row| href(&path, &[("after", &row_name(row))])).unwrap_or_default(),
        grants: list.rows.into_iter().map(GrantRow::from).collect(),
    })
}

pub(in crate::web) async fn revoke(
    ctx: Data<Context>,
    path: Path<(String, String)>,
    post: Post<ConsoleApp, Nothing>,
) -> PageResult {
    let at = post.at;
    let (_, grant) = path.into_inner();
    let grant: GrantId = grant.parse().map_err(|_| PageError::NotFound)?;
    grants::revoke_any(&ctx, &at.console.acting, &at.app, grant).await?;
    done(&at.console.signed_in.visit, &format!("{}/grants", at.at()), Done::GrantRevoked)
}

pub(in crate::web) async fn revoke_all(ctx: Data<Context>, post: Post<ConsoleApp, Nothing>) -> PageResult {
    let at = post.at;
    grants::revoke_all(&ctx, &at.console.acting, &at.app).await?;
    done(&at.console.signed_in.visit, &format!("{}/grants", at.at()), Done::GrantsRevoked)
}
