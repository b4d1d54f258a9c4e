//! `/apps`: the apps of the account.

use askama::Template;
use serde::Deserialize;

use super::{frame::State, tile::Tile};
use crate::domain::time::Timestamp;
use crate::web::page::Chrome;

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
    /// The API key of the account's JWT apps, once there is one.
    pub(crate) key: Option<AccountKey>,
}

/// The filter of the list, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ManageFilter {
    pub(crate) q: String,
    /// `jwt`, `webhook` or nothing.
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
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("q", self.q.trim()),
            ("type", self.app_type.as_str()),
            ("state", self.state.as_str()),
            ("after", after),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { String::from("/apps") } else { format!("/apps?{query}") }
    }
}

/// One app in the list.
pub(crate) struct AppRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tile: Tile,
    pub(crate) type_words: &'static str,
    pub(crate) state: State,
    pub(crate) created: Timestamp,
}

/// The API key that all JWT apps of an account share.
pub(crate) struct AccountKey {
    pub(crate) value: String,
    /// The credentials of one of those apps, where the secret can be seen; empty if there is none.
    pub(crate) secret_href: String,
}

#[cfg(test)]
mod tests {
    use super::*;

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
