//! `/admin/accounts`: every account on the platform.

use actix_web::{HttpRequest, web::Data};
use askama::Template;
use serde::Deserialize;

use super::Total;
use crate::actions::Context;
use crate::actions::admin::accounts::{self, AccountFilter, ListedAccount};
use crate::domain::account::{ExternalId, Standing};
use crate::domain::app::name::NameKey;
use crate::domain::credential::ApiKey;
use crate::domain::id::AccountId;
use crate::domain::time::Timestamp;
use crate::web::extract::console::InConsole;
use crate::web::page::{Chrome, hue, monogram};
use crate::web::paging::{href, row, row_name};
use crate::web::respond::{PageResult, ok};

/// The list of all accounts.
#[derive(Template)]
#[template(path = "pages/admin/accounts.html")]
pub(crate) struct AccountsPage {
    pub(crate) chrome: Chrome,
    pub(crate) filter: AccountsFilter,
    /// How many wait for approval, whatever the filter.
    pub(crate) pending: Total,
    pub(crate) accounts: Vec<AccountRow>,
    pub(crate) total: Total,
    /// The address of the first page, where this is a later one; else empty.
    pub(crate) first: String,
    /// The address of the next page, if there is one; else empty.
    pub(crate) next: String,
}

/// The filter of the list, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AccountsFilter {
    /// Part of a name, or a whole account id, external id or API key.
    pub(crate) q: String,
    /// `pending`, `approved`, `suspended` or nothing.
    pub(crate) standing: String,
    /// Where the page begins: after this row of the list.
    pub(crate) after: String,
}

/// One account in the list.
pub(crate) struct AccountRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) initial: String,
    /// 0 to 7, the colour of its tile.
    pub(crate) hue: u8,
    pub(crate) external_id: String,
    pub(crate) standing: Standing,
    pub(crate) apps: i64,
    pub(crate) members: i64,
    pub(crate) created: Timestamp,
}

impl AccountsFilter {
    /// Whether anything is filtered, wherever the page begins.
    pub(crate) fn narrows(&self) -> bool {
        [&self.q, &self.standing].iter().any(|value| !value.trim().is_empty())
    }

    /// The address of the page that begins after a row; of the first page if `after` is empty.
    pub(crate) fn href(&self, after: &str) -> String {
        href("/admin/accounts", &[("q", self.q.trim()), ("standing", &self.standing), ("after", after)])
    }

    /// The filter without what is no standing or row, as if it had not been there.
    fn understood(mut self) -> (Self, AccountFilter) {
        let standing = self.standing.parse::<Standing>().ok();
        let after = row(&self.after);
        self.standing = standing.map(Standing::as_str).unwrap_or_default().to_owned();
        if after.is_none() {
            self.after.clear();
        }
        let q = self.q.trim();
        let (id, key) = (q.parse::<AccountId>().ok(), q.parse::<ApiKey>().ok());
        let is_text = id.is_none() && key.is_none() && !q.is_empty();
        let search = is_text.then(|| NameKey::of(q));
        let external_id = q.parse::<ExternalId>().ok().filter(|_| is_text);
        (self, AccountFilter { search, external_id, id, key, standing, after })
    }
}

impl From<ListedAccount> for AccountRow {
    fn from(listed: ListedAccount) -> Self {
        let ListedAccount { account, apps, members } = listed;
        let (id, name) = (account.id.to_string(), account.name.to_string());
        Self {
            initial: monogram(&name),
            hue: hue(&id),
            id,
            name,
            external_id: account.external_id.unwrap_or_default(),
            standing: account.standing,
            apps,
            members,
            created: account.created_at,
        }
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, at: InConsole) -> PageResult {
    let query: AccountsFilter = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    let (filter, fits) = query.understood();
    let list = accounts::list(&ctx, &at.acting, &fits).await?;
    let pending = accounts::pending(&ctx, &at.acting).await?;
    let is_later = !filter.after.is_empty();
    ok(&AccountsPage {
        chrome: at.signed_in.visit.chrome(&ctx),
        pending: Total::of(pending),
        total: Total::of(list.total),
        first: if is_later { filter.href("") } else { String::new() },
        next: list.next.map(|row| filter.href(&row_name(row))).unwrap_or_default(),
        accounts: list.rows.into_iter().map(AccountRow::from).collect(),
        filter,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    #[test]
    fn words_find_names_and_external_ids_and_an_id_its_account() {
        let understood = |q: &str| {
            let (_, fits) = AccountsFilter { q: q.to_owned(), ..AccountsFilter::default() }.understood();
            (fits.id, fits.search, fits.external_id.map(|id| id.to_string()))
        };
        let id = AccountId::generate(Timestamp::from_seconds(7), [3; 10]);
        assert_eq!(understood(&id.to_string()), (Some(id), None, None));
        let crm = (None, Some(NameKey::of("crm-1")), Some(String::from("CRM-1")));
        assert_eq!(understood(" CRM-1 "), crm);
        assert_eq!(understood("Harbour Clinic"), (None, Some(NameKey::of("harbour clinic")), None));
        assert_eq!(understood("  "), (None, None, None));
    }
}
