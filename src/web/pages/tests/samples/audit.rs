//! The audit log of an account.

use askama::Template;

use super::{LONG, signed_in};
use crate::actions::audit::HowMany;
use crate::domain::text::Count;
use crate::domain::time::Timestamp;
use crate::web::audit::filter::LogQuery;
use crate::web::audit::groups::GROUPS;
use crate::web::audit::{LogRow, LoggedApp, ShownChange};
use crate::web::pages::account::audit::AuditPage;

pub(super) fn pages() -> Vec<(&'static str, String)> {
    let filtered = || LogQuery { action: "app_deleted".into(), ..LogQuery::default() };
    vec![
        ("audit", page(LogQuery::default(), rows(), "Meridian Labs").render().unwrap()),
        ("audit-filtered-long", page(filtered(), rows(), LONG).render().unwrap()),
        ("audit-nothing-fits", page(filtered(), Vec::new(), "Meridian Labs").render().unwrap()),
        ("audit-empty", page(LogQuery::default(), Vec::new(), "Meridian Labs").render().unwrap()),
    ]
}

fn page(query: LogQuery, rows: Vec<LogRow>, account_name: &str) -> AuditPage {
    let option = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    AuditPage {
        chrome: signed_in(),
        account_name: account_name.into(),
        actors: vec![option("usr_1", "Ada Osei"), option("usr_2", LONG), option("operator", "The operator")],
        apps: vec![option("app_1", "Meridian Sync"), option("app_2", LONG)],
        groups: GROUPS.iter().filter(|group| group.of_accounts).collect(),
        count: if query.narrows() { HowMany::MoreThan(Count(1_000)) } else { HowMany::Exactly(Count(5)) },
        first: if query.narrows() { "/account/audit".into() } else { String::new() },
        next: "/account/audit?after=aud_1".into(),
        csv: query.export_href("/account/audit", "csv"),
        json: query.export_href("/account/audit", "json"),
        query,
        rows,
    }
}

fn rows() -> Vec<LogRow> {
    let row = |minutes: i64, who: &str, what: &str| LogRow {
        at: Timestamp::from_micros(1_795_000_000_000_000 - minutes * 60_000_000),
        who: who.into(),
        actor: None,
        account: None,
        user: None,
        what: what.into(),
        detail: String::new(),
        changes: Vec::new(),
        app: Some(LoggedApp { id: "app_1".into(), name: Some("Meridian Sync".into()) }),
        address: "203.0.113.18".into(),
    };
    let change = |field: &str, from: &str, to: &str| ShownChange {
        field: field.into(),
        from: from.into(),
        to: to.into(),
    };
    let gone = LoggedApp { id: "app_01kb7q2m9vx4t8ez0r6sm1c2ya".into(), name: None };
    vec![
        row(0, "Ada Osei", "Activated"),
        LogRow {
            changes: vec![
                change("name", "Meridian", "Meridian Sync"),
                change("support url", "", "https://meridian.example/support"),
                change("long description", &LONG.repeat(2), ""),
            ],
            ..row(7, "Ada Osei", "Information changed")
        },
        LogRow {
            detail: "Room calendars".into(),
            address: "2001:db8:85a3:8d3:1319:8a2e:370:7348".into(),
            changes: vec![change("event types", "meeting.ended", "meeting.ended, meeting.started")],
            ..row(600, LONG, "Subscription changed")
        },
        LogRow { app: Some(gone), ..row(700, "Ada Osei", "API secret revealed") },
        LogRow {
            detail: "Meridian Labs".into(),
            app: None,
            address: String::new(),
            ..row(9_000, "The operator", "Account created")
        },
    ]
}
