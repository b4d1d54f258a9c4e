//! Which rows of the log a page or an export shows, as it stands in the address.

use serde::Deserialize;

use super::groups::GROUPS;
use crate::actions::audit::LogFilter;
use crate::domain::audit::Actor;
use crate::domain::id::{AccountId, AppId, AuditId};
use crate::domain::time::{Span, Timestamp};
use crate::web::paging::href;

/// The filter of the log.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LogQuery {
    /// A user's id, `operator`, `visitor`, `system` or nothing.
    pub(crate) actor: String,
    /// An app's id or nothing.
    pub(crate) app: String,
    /// For admins: an account's id or nothing.
    pub(crate) account: String,
    /// The stable name of an action, or nothing.
    pub(crate) action: String,
    /// The first day, `YYYY-MM-DD` in UTC, or nothing.
    pub(crate) since: String,
    /// The last day, or nothing.
    pub(crate) until: String,
    /// Where the page begins: after this row.
    pub(crate) after: String,
    /// `csv`, `json` or nothing for a page.
    pub(crate) format: String,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Json,
}

impl LogQuery {
    /// The filter of an address without what is not understood, as if it had not been there. It is
    /// for the reader of one account.
    pub(crate) fn understood(query: &str) -> (Self, LogFilter) {
        let (query, filter) = Self::understood_of_all(query);
        (Self { account: String::new(), ..query }, LogFilter { account: None, ..filter })
    }

    /// The same for the reader of the whole log.
    pub(crate) fn understood_of_all(query: &str) -> (Self, LogFilter) {
        Self::read(query).understand()
    }

    /// What stands in an address, understood or not.
    pub(crate) fn read(query: &str) -> Self {
        serde_html_form::from_str(query).unwrap_or_default()
    }

    /// See [`Self::understood_of_all`].
    pub(crate) fn understand(self) -> (Self, LogFilter) {
        let mut query = self;
        let filter = LogFilter {
            actor: kept(&mut query.actor, Actor::from_words),
            app: kept(&mut query.app, |text| text.parse::<AppId>().ok()),
            account: kept(&mut query.account, |text| text.parse::<AccountId>().ok()),
            action: kept(&mut query.action, |text| is_action(text).then(|| text.to_owned())),
            since: kept(&mut query.since, Timestamp::of_day),
            until: kept(&mut query.until, |text| Timestamp::of_day(text).map(|day| day + Span::days(1))),
            after: kept(&mut query.after, |text| text.parse::<AuditId>().ok()),
        };
        (query, filter)
    }

    /// What was typed here into a field of text and is not in the query that was understood of it.
    pub(crate) fn dropped(&self, understood: &Self) -> Vec<String> {
        let pairs = [
            (&self.actor, &understood.actor),
            (&self.account, &understood.account),
            (&self.app, &understood.app),
        ];
        dropped(&pairs)
    }

    /// Whether the query that was understood of this one asks for more: an export would say so to
    /// nobody.
    pub(crate) fn widens(&self, understood: &Self) -> bool {
        let fields = |query: &Self| {
            let Self { actor, app, account, action, since, until, .. } = query.clone();
            [actor, app, account, action, since, until]
        };
        let dropped = |(typed, kept): (String, String)| kept.is_empty() && !typed.trim().is_empty();
        fields(self).into_iter().zip(fields(understood)).any(dropped)
    }

    pub(crate) fn format(&self) -> Option<Format> {
        match self.format.as_str() {
            "csv" => Some(Format::Csv),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// Whether anything is filtered, wherever the page begins.
    pub(crate) fn narrows(&self) -> bool {
        let Self { actor, app, account, action, since, until, .. } = self;
        [actor, app, account, action, since, until].iter().any(|value| !value.is_empty())
    }

    /// The address of the page that begins after a row; of the first page if `after` is empty.
    pub(crate) fn href(&self, path: &str, after: &str) -> String {
        self.address(path, ("after", after))
    }

    /// The address of all that fits, as a file.
    pub(crate) fn export_href(&self, path: &str, format: &str) -> String {
        self.address(path, ("format", format))
    }

    fn address(&self, path: &str, last: (&str, &str)) -> String {
        let Self { actor, app, account, action, since, until, .. } = self;
        let asked = [
            ("actor", actor.as_str()),
            ("app", app),
            ("account", account),
            ("action", action),
            ("since", since),
            ("until", until),
            last,
        ];
        href(path, &asked)
    }
}

/// What a text means; it is emptied if it means nothing.
pub(crate) fn kept<T>(text: &mut String, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    let trimmed = text.trim().to_owned();
    let value = read(&trimmed);
    *text = if value.is_some() { trimmed } else { String::new() };
    value
}

/// Of what was typed and what was kept of it: the words of which nothing was.
pub(crate) fn dropped(pairs: &[(&String, &String)]) -> Vec<String> {
    let dropped = pairs.iter().filter(|(typed, kept)| kept.is_empty() && !typed.trim().is_empty());
    dropped.map(|(typed, _)| typed.trim().chars().take(100).collect()).collect()
}

fn is_action(text: &str) -> bool {
    GROUPS.iter().flat_map(|group| group.actions).any(|(action, _)| *action == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{Id, UserId};

    #[test]
    fn what_is_not_understood_filters_nothing() {
        let (query, filter) = LogQuery::understood(
            "actor=ada&app=Relay&action=app%25&since=yesterday&until=2026-02-30&after=1&format=xml",
        );
        assert!(!query.narrows() && query.format().is_none());
        assert_eq!(filter, LogFilter::default());
        assert_eq!(query.href("/account/audit", ""), "/account/audit");
        assert_eq!(LogQuery::understood("actor=operator&actor=visitor").1, LogFilter::default());
    }

    #[test]
    fn an_address_is_read_as_it_was_written() {
        let user = UserId::generate(Timestamp::default(), [1; 10]);
        let app = AppId::generate(Timestamp::default(), [2; 10]);
        let after = AuditId::generate(Timestamp::default(), [3; 10]);
        let written = format!("actor={user}&app={app}&action=app_created&since=2026-11-24&until=2026-11-24");
        let (query, filter) = LogQuery::understood(&format!("{written}&after={after}&format=csv"));
        let expected = LogFilter {
            actor: Some(Actor::User(user)),
            app: Some(app),
            account: None,
            action: Some(String::from("app_created")),
            since: Some(Timestamp::from_seconds(1_795_478_400)),
            until: Some(Timestamp::from_seconds(1_795_478_400 + 86_400)),
            after: Some(after),
        };
        assert_eq!(filter, expected);
        assert_eq!(query.format(), Some(Format::Csv));
        assert!(query.narrows());
        let later = after.to_string();
        assert_eq!(query.href("/account/audit", &later), format!("/account/audit?{written}&after={after}"));
        assert_eq!(query.export_href("/a", "json"), format!("/a?{written}&format=json"));
    }

    #[test]
    fn an_account_is_chosen_in_the_log_of_all_alone() {
        let account = AccountId::generate(Timestamp::default(), [4; 10]);
        let (query, filter) = LogQuery::understood_of_all(&format!("account={account}"));
        assert_eq!((filter.account, query.href("/a", "")), (Some(account), format!("/a?account={account}")));
        let (query, filter) = LogQuery::understood(&format!("account={account}"));
        assert_eq!((filter, query.narrows()), (LogFilter::default(), false));
    }

    #[test]
    fn those_without_a_name_can_be_chosen_too() {
        for (text, actor) in
            [("operator", Actor::Operator), ("visitor", Actor::Visitor), ("system", Actor::System)]
        {
            assert_eq!(LogQuery::understood(&format!("actor={text}")).1.actor, Some(actor));
        }
    }
}
