//! `/admin`: the console of the platform's admins. Its first page says how things stand.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod app;
pub(crate) mod apps;
pub(crate) mod audit;
pub(crate) mod event_type;
pub(crate) mod event_types;
pub(crate) mod grants;
pub(crate) mod platform_keys;
pub(crate) mod scope;
pub(crate) mod scopes;
pub(crate) mod user;
pub(crate) mod users;

use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use crate::actions::{self, Context, admin, audit::HowMany};
use crate::domain::account::Standing;
use crate::domain::app::StateKind;
use crate::domain::text::Count;
use crate::domain::time::{Span, Timestamp};
use crate::web::extract::console::InConsole;
use crate::web::page::Chrome;
use crate::web::pages::apps::{frame::State, overview::Activity};
use crate::web::respond::{PageResult, ok};

/// How much there is of everything.
#[derive(Template)]
#[template(path = "pages/admin.html")]
pub(crate) struct ConsolePage {
    pub(crate) chrome: Chrome,
    /// Accounts of every standing.
    pub(crate) accounts: Count,
    /// Those that wait for approval, and those that are suspended.
    pub(crate) pending: Count,
    pub(crate) suspended: Count,
    pub(crate) users: Count,
    /// Calls refused in the last whole hour, and in the one that is not over.
    pub(crate) refused: Count,
    pub(crate) refused_now: Count,
    /// When the last whole hour began.
    pub(crate) hour_began: Timestamp,
    pub(crate) apps: Vec<AppsInState>,
    /// Deliveries that wait, held ones included.
    pub(crate) waiting: HowMany,
    /// How long the one waits that is due longest, held ones apart, in words; nothing if none is
    /// due.
    pub(crate) behind: Option<String>,
}

/// The apps in one state.
pub(crate) struct AppsInState {
    pub(crate) state: State,
    pub(crate) count: Count,
}

pub(in crate::web) async fn get(ctx: Data<Context>, at: InConsole) -> PageResult {
    let overview = admin::overview(&ctx, &at.acting).await?;
    let in_state =
        |kind: &StateKind| AppsInState { state: State::of(*kind), count: Count(overview.apps(*kind)) };
    let of_all = Standing::ALL.iter().map(|standing| overview.accounts(*standing)).sum();
    ok(&ConsolePage {
        chrome: at.signed_in.visit.chrome(&ctx),
        accounts: Count(of_all),
        pending: Count(overview.accounts(Standing::Pending)),
        suspended: Count(overview.accounts(Standing::Suspended)),
        users: Count(overview.users()),
        refused: Count(overview.refused()),
        refused_now: Count(overview.refused_now()),
        hour_began: overview.hour_began,
        waiting: overview.queue.waiting,
        behind: Some(overview.queue.behind).filter(|behind| behind.micros() > 0).map(waited),
        apps: StateKind::ALL.iter().map(in_state).collect(),
    })
}

/// `40 seconds`, `3 minutes`, `2 hours`, `5 days`
fn waited(span: Span) -> String {
    let seconds = span.as_seconds();
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Why something is suspended, as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReasonForm {
    pub(crate) reason: String,
}

/// The reason of the suspension that the admin saw; a post that no longer fits is 409.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct ReinstateForm {
    was: Option<String>,
}

/// How many rows a list has on all its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) count: Count,
    /// Whether there are more than that: so far and no further they are counted.
    pub(crate) is_more: bool,
}

impl Total {
    pub(crate) const fn of(total: i64) -> Self {
        let counted = admin::COUNTED;
        if total > counted {
            Self { count: Count(counted.unsigned_abs()), is_more: true }
        } else {
            Self { count: Count(total.unsigned_abs()), is_more: false }
        }
    }
}

/// What was done, with the names of those who did it, which admins see of each other.
fn history(entries: Vec<actions::apps::Activity>) -> Vec<Activity> {
    let entry = |entry: actions::apps::Activity| {
        let who = entry.who.clone();
        Activity { who, ..Activity::from(entry) }
    };
    entries.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_something_waits_is_told_by_the_unit_that_fits() {
        for (seconds, told) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_200, "2 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(waited(Span::seconds(seconds)), told);
        }
    }

    #[test]
    fn a_total_is_counted_up_to_a_number() {
        let total = |total| {
            let Total { count, is_more } = Total::of(total);
            (count.to_string(), is_more)
        };
        assert_eq!(total(0), (String::from("0"), false));
        assert_eq!(total(100), (String::from("100"), false));
        assert_eq!(total(101), (String::from("100"), true));
    }
}
