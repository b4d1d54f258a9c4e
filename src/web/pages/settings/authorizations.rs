//! `/settings/authorizations`: the apps that the viewer let in, and the way to take it back.

use actix_web::{
    HttpRequest,
    web::{Data, Path},
};
use askama::Template;
use serde::Deserialize;

use crate::actions::Context;
use crate::actions::oauth::grants::{self, AuthorizedApp, ScopeOfApp};
use crate::domain::app::StateKind;
use crate::domain::id::GrantId;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::form::{Nothing, Post};
use crate::web::extract::signed_in::SignedIn;
use crate::web::flash::Done;
use crate::web::page::Chrome;
use crate::web::pages::admin::Total;
use crate::web::pages::apps::tile::Tile;
use crate::web::paging::{href, row, row_name};
use crate::web::respond::{PageResult, done, ok};

const PATH: &str = "/settings/authorizations";

/// The list.
#[derive(Template)]
#[template(path = "pages/settings/authorizations.html")]
pub(crate) struct AuthorizationsPage {
    pub(crate) chrome: Chrome,
    /// The newest first.
    pub(crate) apps: Vec<AuthorizedRow>,
    pub(crate) total: Total,
    /// The address of the first page, where this is a later one; else empty.
    pub(crate) first: String,
    /// The address of the next page, if there is one; else empty.
    pub(crate) next: String,
}

/// One app, for one account.
pub(crate) struct AuthorizedRow {
    pub(crate) id: String,
    pub(crate) tile: Tile,
    pub(crate) name: String,
    pub(crate) company: String,
    /// Whether it can do nothing now.
    pub(crate) is_stopped: bool,
    pub(crate) account: String,
    /// What was granted and the app still asks for.
    pub(crate) scopes: Vec<UsableScope>,
    pub(crate) since: Timestamp,
}

/// One thing that an app can do.
pub(crate) struct UsableScope {
    pub(crate) name: String,
    pub(crate) words: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// Where the page begins: after this row of the list.
    after: String,
}

impl AuthorizedRow {
    /// `asked_for` holds what every app of the page asks for.
    fn new(app: AuthorizedApp, asked_for: &[ScopeOfApp]) -> Self {
        let usable =
            asked_for.iter().filter(|scope| scope.app == app.app && app.scopes.contains(scope.name.as_str()));
        let scope = |scope: &ScopeOfApp| UsableScope {
            name: scope.name.to_string(),
            words: scope.description.clone(),
        };
        let scopes = usable.map(scope).collect();
        let icon = app.icon.map(|hash| hash.to_string());
        Self {
            tile: Tile::new(&app.app.to_string(), app.app_name.as_str(), icon.as_deref()),
            id: app.id.to_string(),
            name: app.app_name.to_string(),
            company: app.company.map(|company| company.to_string()).unwrap_or_default(),
            is_stopped: app.state != StateKind::Active,
            account: app.account_name.to_string(),
            scopes,
            since: app.created_at,
        }
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, at: SignedIn) -> PageResult {
    let Asked { after } = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    let after = row::<GrantId>(&after);
    let (list, asked_for) = grants::of_user(&ctx, &at.who.user, after).await?;
    ok(&AuthorizationsPage {
        chrome: at.visit.chrome(&ctx),
        total: Total::of(list.total),
        first: if after.is_some() { PATH.to_owned() } else { String::new() },
        next: list.next.map(|row| href(PATH, &[("after", &row_name(row))])).unwrap_or_default(),
        apps: list.rows.into_iter().map(|app| AuthorizedRow::new(app, &asked_for)).collect(),
    })
}

pub(in crate::web) async fn revoke(
    ctx: Data<Context>,
    path: Path<String>,
    post: Post<SignedIn, Nothing>,
) -> PageResult {
    let at = post.at;
    let grant: GrantId = path.parse().map_err(|_| PageError::NotFound)?;
    grants::revoke(&ctx, &at.visit.by(), &at.who.user, grant).await?;
    done(&at.visit, PATH, Done::AuthorizationRevoked)
}
