//! `/admin/apps`: every app on the platform.

use actix_web::{HttpRequest, web::Data};
use askama::Template;
use serde::Deserialize;

use super::Total;
use crate::actions::admin::accounts;
use crate::actions::admin::apps::{self, EveryAppFilter, ListedApp};
use crate::actions::{Context, registrations};
use crate::domain::app::{AppType, StateKind, name::NameKey};
use crate::domain::client::ClientId;
use crate::domain::credential::ApiKey;
use crate::domain::id::{AccountId, AppId};
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::error::PageError;
use crate::web::extract::console::InConsole;
use crate::web::page::Chrome;
use crate::web::pages::apps::{frame::State, tile::Tile};
use crate::web::paging::{href, row, row_name};
use crate::web::respond::{PageResult, ok};

/// The list of all apps.
#[derive(Template)]
#[template(path = "pages/admin/apps.html")]
pub(crate) struct AppsPage {
    pub(crate) chrome: Chrome,
    pub(crate) filter: AppsFilter,
    /// The name of the account whose apps alone are shown; empty if all are.
    pub(crate) account_name: String,
    pub(crate) apps: Vec<AppRow>,
    pub(crate) total: Total,
    /// The address of the first page, where this is a later one; else empty.
    pub(crate) first: String,
    /// The address of the next page, if there is one; else empty.
    pub(crate) next: String,
}

/// The filter of the list, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AppsFilter {
    /// Part of an app's or account's name, or a whole app id or API key.
    pub(crate) q: String,
    /// `jwt`, `webhook` or nothing.
    #[serde(rename = "type")]
    pub(crate) app_type: String,
    /// `draft`, `active`, `deactivated`, `suspended` or nothing.
    pub(crate) state: String,
    /// The id of an account, or nothing.
    pub(crate) account: String,
    /// Where the page begins: after this row of the list.
    pub(crate) after: String,
}

/// One app in the list.
pub(crate) struct AppRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tile: Tile,
    pub(crate) account_name: String,
    pub(crate) type_words: &'static str,
    pub(crate) state: State,
    pub(crate) created: Timestamp,
    /// Its calls of the last 24 hours; nothing for a type that makes none.
    pub(crate) calls: Option<RecentCalls>,
}

/// What an app called lately.
pub(crate) struct RecentCalls {
    pub(crate) all: Count,
    pub(crate) refused: Count,
}

impl AppsFilter {
    /// Whether anything is filtered, wherever the page begins.
    pub(crate) fn narrows(&self) -> bool {
        [&self.q, &self.app_type, &self.state, &self.account].iter().any(|value| !value.trim().is_empty())
    }

    /// The address of the page that begins after a row; of the first page if `after` is empty.
    pub(crate) fn href(&self, after: &str) -> String {
        let asked = [
            ("q", self.q.trim()),
            ("type", &self.app_type),
            ("state", &self.state),
            ("account", &self.account),
            ("after", after),
        ];
        href("/admin/apps", &asked)
    }

    /// The filter without what is no type, state, account or row, as if it had not been there.
    fn understood(mut self) -> (Self, EveryAppFilter) {
        let app_type = self.app_type.parse::<AppType>().ok();
        let state = self.state.parse::<StateKind>().ok();
        let account = self.account.trim().parse::<AccountId>().ok();
        let after = row(&self.after);
        self.app_type = app_type.map(AppType::as_str).unwrap_or_default().to_owned();
        self.state = state.map(StateKind::as_str).unwrap_or_default().to_owned();
        self.account = account.map(|id| id.to_string()).unwrap_or_default();
        if after.is_none() {
            self.after.clear();
        }
        let q = self.q.trim();
        let (id, key) = (q.parse::<AppId>().ok(), q.parse::<ApiKey>().ok());
        let search = (id.is_none() && key.is_none() && !q.is_empty()).then(|| NameKey::of(q));
        (self, EveryAppFilter { search, id, key, app_type, state, account, after })
    }
}

impl From<ListedApp> for AppRow {
    fn from(listed: ListedApp) -> Self {
        let ListedApp { app, account_name, calls } = listed;
        Self {
            id: app.id.to_string(),
            tile: Tile::of(&app),
            name: app.information.name.to_string(),
            account_name: account_name.to_string(),
            type_words: app.app_type.label(),
            state: State::of(app.state.kind()),
            created: app.created_at,
            calls: app
                .app_type
                .calls()
                .then(|| RecentCalls { all: Count(calls.all()), refused: Count(calls.refused) }),
        }
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, at: InConsole) -> PageResult {
    let query: AppsFilter = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    let (filter, mut fits) = query.understood();
    if let Ok(client) = filter.q.trim().parse::<ClientId>()
        && let Some(app) = registrations::find_any(&ctx, &at.acting, &client).await?
    {
        (fits.id, fits.search) = (Some(app), None);
    }
    let list = apps::list(&ctx, &at.acting, &fits).await?;
    let is_later = !filter.after.is_empty();
    ok(&AppsPage {
        chrome: at.signed_in.visit.chrome(&ctx),
        account_name: account_name(&ctx, &at, fits.account).await?,
        total: Total::of(list.total),
        first: if is_later { filter.href("") } else { String::new() },
        next: list.next.map(|row| filter.href(&row_name(row))).unwrap_or_default(),
        apps: list.rows.into_iter().map(AppRow::from).collect(),
        filter,
    })
}

/// What to call the account that the list is of; its id if there is none such.
async fn account_name(ctx: &Context, at: &InConsole, id: Option<AccountId>) -> Result<String, PageError> {
    let Some(id) = id else { return Ok(String::new()) };
    match accounts::any(ctx, &at.acting, id).await {
        Ok(account) => Ok(account.name.to_string()),
        Err(crate::actions::Error::NotFound) => Ok(id.to_string()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    fn understood(q: &str) -> EveryAppFilter {
        AppsFilter { q: q.to_owned(), ..AppsFilter::default() }.understood().1
    }

    #[test]
    fn an_id_and_a_key_find_what_is_theirs_and_other_words_names() {
        let id = AppId::generate(Timestamp::from_seconds(7), [3; 10]);
        let key = ApiKey::from_random([7; 16]);
        let of_id = understood(&format!(" {id} "));
        assert_eq!((of_id.id, of_id.key.is_none(), of_id.search), (Some(id), true, None));
        let of_key = understood(&key.to_string());
        assert_eq!((of_key.id, of_key.key.is_some(), of_key.search), (None, true, None));
        assert_eq!(understood(" LEDGER  Bridge ").search, Some(NameKey::of("ledger bridge")));
    }

    #[test]
    fn what_is_not_understood_filters_nothing() {
        let filter = AppsFilter {
            q: String::from(" "),
            app_type: String::from("oauth2"),
            state: String::from("Active"),
            account: String::from("acc_x"),
            after: String::from("yesterday"),
        };
        let (shown, fits) = filter.understood();
        assert!(!shown.narrows());
        assert_eq!(shown.href(""), "/admin/apps");
        assert_eq!((fits.app_type, fits.state, fits.account, fits.after), (None, None, None, None));
    }
}
