//! `/apps`: the apps of the account.

use actix_web::{HttpRequest, web::Data};
use askama::Template;
use serde::Deserialize;

use super::{frame::State, tile::Tile};
use crate::actions::apps::{self, AppFilter};
use crate::actions::{Context, credentials, registrations};
use crate::domain::account::{Role, Viewer};
use crate::domain::app::name::NameKey;
use crate::domain::app::{App, AppType, StateKind};
use crate::domain::client::ClientId;
use crate::domain::id::AppId;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::account::InAccount;
use crate::web::page::Chrome;
use crate::web::pages::account::suspended;
use crate::web::paging::{href, row, row_name};
use crate::web::respond::{PageResult, ok};

/// The list of an account's apps.
#[derive(Template)]
#[template(path = "pages/apps/manage.html")]
pub(crate) struct ManagePage {
    pub(crate) chrome: Chrome,
    pub(crate) account_name: String,
    pub(crate) filter: ManageFilter,
    pub(crate) apps: Vec<AppRow>,
    /// How many apps the filter finds, on all pages.
    pub(crate) count: u64,
    /// Whether the account has no app at all, filter or not.
    pub(crate) none_yet: bool,
    /// The address of the first page, where this is a later one; else empty.
    pub(crate) first: String,
    /// The address of the next page, if there is one; else empty.
    pub(crate) next: String,
    pub(crate) can_build: bool,
    /// Why the platform's staff suspended the account, if they did.
    pub(crate) suspended: Option<String>,
    /// The API key of the account's JWT apps, once there is one.
    pub(crate) key: Option<AccountKey>,
}

/// The filter of the list, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ManageFilter {
    pub(crate) q: String,
    /// `jwt`, `oauth`, `server_to_server`, `webhook` or nothing.
    #[serde(rename = "type")]
    pub(crate) app_type: String,
    /// `draft`, `active`, `deactivated`, `suspended` or nothing.
    pub(crate) state: String,
    /// Where the page begins: after this row of the list.
    pub(crate) after: String,
}

impl ManageFilter {
    /// Whether anything is filtered, wherever the page begins.
    pub(crate) fn narrows(&self) -> bool {
        [&self.q, &self.app_type, &self.state].iter().any(|value| !value.trim().is_empty())
    }

    /// The address of the page that begins after a row; of the first page if `after` is empty.
    pub(crate) fn href(&self, after: &str) -> String {
        let asked =
            [("q", self.q.trim()), ("type", &self.app_type), ("state", &self.state), ("after", after)];
        href("/apps", &asked)
    }
}

/// One app in the list.
pub(crate) struct AppRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tile: Tile,
    pub(crate) type_words: &'static str,
    /// `cid_…`, of an app that uses OAuth; else empty.
    pub(crate) client_id: String,
    pub(crate) state: State,
    pub(crate) created: Timestamp,
}

/// The API key that all JWT apps of an account share.
pub(crate) struct AccountKey {
    pub(crate) value: String,
    /// The credentials of one of those apps, where the secret can be seen; empty if there is none.
    pub(crate) secret_href: String,
}

impl ManageFilter {
    /// The filter without what is no type, state or row, as if it had not been there.
    fn understood(mut self) -> (Self, AppFilter) {
        let app_type = self.app_type.parse::<AppType>().ok();
        let state = self.state.parse::<StateKind>().ok();
        let after = row(&self.after);
        self.app_type = app_type.map(AppType::as_str).unwrap_or_default().to_owned();
        self.state = state.map(StateKind::as_str).unwrap_or_default().to_owned();
        if after.is_none() {
            self.after.clear();
        }
        let id = self.q.trim().parse().ok();
        let search = (id.is_none() && !self.q.trim().is_empty()).then(|| NameKey::of(&self.q));
        (self, AppFilter { search, id, app_type, state, after })
    }
}

impl AppRow {
    fn new(app: &App, clients: &[(AppId, ClientId)]) -> Self {
        let client = clients.iter().find(|(id, _)| *id == app.id);
        Self {
            id: app.id.to_string(),
            client_id: client.map(|(_, id)| id.to_string()).unwrap_or_default(),
            tile: Tile::of(app),
            name: app.information.name.to_string(),
            type_words: app.app_type.label(),
            state: State::of(app.state.kind()),
            created: app.created_at,
        }
    }
}

pub(in crate::web) async fn get(
    ctx: Data<Context>,
    request: HttpRequest,
    at: InAccount<Viewer>,
) -> PageResult {
    let query: ManageFilter = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    let (filter, mut fits) = query.understood();
    if let Ok(client) = filter.q.trim().parse::<ClientId>()
        && let Some(app) = registrations::find(&ctx, &at.acting, &client).await?
    {
        (fits.id, fits.search) = (Some(app), None);
    }
    let list = apps::list(&ctx, &at.acting, &fits).await?;
    let clients = registrations::client_ids(&ctx, &at.acting).await?;
    let is_later = !filter.after.is_empty();
    ok(&ManagePage {
        chrome: at.signed_in.visit.chrome(&ctx),
        account_name: at.membership.account.name.to_string(),
        count: list.total.unsigned_abs(),
        none_yet: list.total == 0 && !filter.narrows(),
        first: if is_later { filter.href("") } else { String::new() },
        next: list.next.map(|row| filter.href(&row_name(row))).unwrap_or_default(),
        apps: list.apps.iter().map(|app| AppRow::new(app, &clients)).collect(),
        can_build: at.membership.role >= Role::Developer,
        key: key(&ctx, &at).await?,
        suspended: suspended(&ctx, &at).await?,
        filter,
    })
}

/// The account's key, once a JWT app uses it.
async fn key(ctx: &Context, at: &InAccount<Viewer>) -> Result<Option<AccountKey>, PageError> {
    let account = at.membership.account.id;
    let Some((app, ..)) = apps::jwt_apps(ctx, account).await?.into_iter().next() else {
        return Ok(None);
    };
    let sees_secret = at.membership.role >= Role::Developer;
    Ok(Some(AccountKey {
        value: credentials::api_key(ctx, account).await?.to_string(),
        secret_href: if sees_secret { format!("/apps/{app}/credentials") } else { String::new() },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    #[test]
    fn what_is_not_understood_filters_nothing() {
        let filter = ManageFilter {
            q: String::from(" LEDGER  Bridge "),
            app_type: String::from("oauth2"),
            state: String::from("Active"),
            after: String::from("yesterday"),
        };
        let (shown, fits) = filter.understood();
        assert_eq!((shown.app_type.as_str(), shown.state.as_str(), shown.after.as_str()), ("", "", ""));
        assert_eq!(fits.search, Some(NameKey::of("ledger bridge")));
        assert_eq!((fits.app_type, fits.state, fits.after), (None, None, None));
    }

    #[test]
    fn an_id_finds_its_app_alone() {
        let id = AppId::generate(Timestamp::from_seconds(7), [3; 10]);
        let (_, fits) = ManageFilter { q: format!(" {id} "), ..ManageFilter::default() }.understood();
        assert_eq!((fits.id, fits.search), (Some(id), None));
    }

    #[test]
    fn an_address_keeps_the_filter_and_nothing_empty() {
        let filter = ManageFilter {
            q: String::from(" a&b "),
            state: String::from("active"),
            ..ManageFilter::default()
        };
        assert!(filter.narrows());
        assert_eq!(filter.href("app_1"), "/apps?q=a%26b&state=active&after=app_1");
        assert!(!ManageFilter::default().narrows());
        assert_eq!(ManageFilter::default().href(""), "/apps");
    }
}
