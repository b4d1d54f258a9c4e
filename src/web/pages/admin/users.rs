//! `/admin/users`: everybody who signs in.

use actix_web::{HttpRequest, web::Data};
use askama::Template;
use serde::Deserialize;

use super::Total;
use crate::actions::Context;
use crate::actions::admin::users::{self, ListedUser, Only, UserFilter};
use crate::domain::app::name::NameKey;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::web::extract::console::InConsole;
use crate::web::page::{Chrome, hue, initials};
use crate::web::paging::{href, row, row_name};
use crate::web::respond::{PageResult, ok};

/// The list of all users.
#[derive(Template)]
#[template(path = "pages/admin/users.html")]
pub(crate) struct UsersPage {
    pub(crate) chrome: Chrome,
    pub(crate) filter: UsersFilter,
    pub(crate) users: Vec<UserRow>,
    pub(crate) total: Total,
    /// The address of the first page, where this is a later one; else empty.
    pub(crate) first: String,
    /// The address of the next page, if there is one; else empty.
    pub(crate) next: String,
}

/// The filter of the list, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UsersFilter {
    /// Part of a name or address, or a whole user id.
    pub(crate) q: String,
    /// `admin`, `disabled` or nothing.
    pub(crate) only: String,
    /// Where the page begins: after this row of the list.
    pub(crate) after: String,
}

/// One user in the list.
pub(crate) struct UserRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) initials: String,
    /// 0 to 7, the colour of the tile.
    pub(crate) hue: u8,
    pub(crate) email: String,
    pub(crate) is_proven: bool,
    pub(crate) has_two_step: bool,
    pub(crate) is_admin: bool,
    pub(crate) is_disabled: bool,
    pub(crate) accounts: i64,
    pub(crate) created: Timestamp,
}

impl UsersFilter {
    /// Whether anything is filtered, wherever the page begins.
    pub(crate) fn narrows(&self) -> bool {
        [&self.q, &self.only].iter().any(|value| !value.trim().is_empty())
    }

    /// The address of the page that begins after a row; of the first page if `after` is empty.
    pub(crate) fn href(&self, after: &str) -> String {
        href("/admin/users", &[("q", self.q.trim()), ("only", &self.only), ("after", after)])
    }

    /// The filter without what is not understood, as if it had not been there.
    fn understood(mut self) -> (Self, UserFilter) {
        let only = match self.only.as_str() {
            "admin" => Some(Only::Admins),
            "disabled" => Some(Only::Disabled),
            _ => None,
        };
        if only.is_none() {
            self.only.clear();
        }
        let after = row(&self.after);
        if after.is_none() {
            self.after.clear();
        }
        let q = self.q.trim();
        let id = q.parse::<UserId>().ok();
        let search = (id.is_none() && !q.is_empty()).then(|| NameKey::of(q));
        (self, UserFilter { search, id, only, after })
    }
}

impl From<ListedUser> for UserRow {
    fn from(listed: ListedUser) -> Self {
        let ListedUser { user, accounts } = listed;
        let id = user.id.to_string();
        Self {
            name: user.name.to_string(),
            initials: initials(user.name.as_str()),
            hue: hue(&id),
            id,
            email: user.email.to_string(),
            is_proven: user.proven_at.is_some(),
            has_two_step: user.two_step_at.is_some(),
            is_admin: user.is_admin,
            is_disabled: user.disabled_at.is_some(),
            accounts,
            created: user.created_at,
        }
    }
}

pub(in crate::web) async fn get(ctx: Data<Context>, request: HttpRequest, at: InConsole) -> PageResult {
    let query: UsersFilter = serde_html_form::from_str(request.query_string()).unwrap_or_default();
    let (filter, fits) = query.understood();
    let list = users::list(&ctx, &at.acting, &fits).await?;
    let is_later = !filter.after.is_empty();
    ok(&UsersPage {
        chrome: at.signed_in.visit.chrome(&ctx),
        total: Total::of(list.total),
        first: if is_later { filter.href("") } else { String::new() },
        next: list.next.map(|row| filter.href(&row_name(row))).unwrap_or_default(),
        users: list.rows.into_iter().map(UserRow::from).collect(),
        filter,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    #[test]
    fn words_find_names_and_addresses_and_an_id_its_user() {
        let understood = |q: &str| {
            let (_, fits) = UsersFilter { q: q.to_owned(), ..UsersFilter::default() }.understood();
            (fits.id, fits.search)
        };
        let id = UserId::generate(Timestamp::from_seconds(7), [3; 10]);
        assert_eq!(understood(&id.to_string()), (Some(id), None));
        assert_eq!(understood(" ADA@x "), (None, Some(NameKey::of("ada@x"))));
        assert_eq!(understood("  "), (None, None));
    }
}
