//! `/admin/audit`: what everybody did, for admins

use serde_json::Value;

use super::Console;
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
};

on_both!(
    it_names_everybody_and_leads_to_everything,
    filters_find_users_by_address_apps_accounts_and_days,
    what_names_nothing_filters_nothing_and_is_said,
    an_export_is_of_the_whole_log_and_streams,
    members_read_that_staff_acted_and_admins_who_did,
);

const PATH: &str = "/admin/audit";

/// What was done, by name: the clock of a test stands still, and what was done at one moment has no
/// order but within a chain.
fn what(page: &Page) -> Vec<String> {
    let mut done = page.texts("tbody td[data-label=What] strong");
    done.sort_unstable();
    done
}

fn row(page: &Page, what: &str) -> String {
    let rows =
        page.texts("tbody tr").into_iter().map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "));
    rows.into_iter().find(|row| row.contains(what)).unwrap_or_default()
}

async fn it_names_everybody_and_leads_to_everything(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let path = format!("/admin/apps/{}", app.id);
    console.press(&path, &format!("{path}/suspend"), &[("reason", "Spam.")]).await;
    let user = format!("/admin/users/{}", console.ada.id);
    console.press(&user, &format!("{user}/make-admin"), &[]).await;
    let page = console.client.visit(PATH).await;
    assert!(page.has("nav[aria-label='Admin console'] a[href='/admin/audit'][aria-current=page]"));
    let made = row(&page, "Admin made");
    assert!(made.contains("root@platform.example") && made.contains("ada@meridian.example"), "{made}");
    assert!(row(&page, "Suspended").contains("root@platform.example"), "{}", page.text());
    assert!(row(&page, "Signed in").contains("The platform"), "{}", row(&page, "Signed in"));
    assert!(row(&page, "Account created").contains("The operator"), "{}", page.text());
    for href in [
        path,
        user,
        format!("/admin/users/{}", console.root.id),
        format!("/admin/accounts/{}", console.ada.account),
    ] {
        assert!(page.has(&format!("tbody a[href='{href}']")), "{href}: {}", page.body);
        assert_eq!(console.client.get(&href).await.status, 200);
    }
}

async fn filters_find_users_by_address_apps_accounts_and_days(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let (ada, account) = (console.ada.id, console.ada.account);
    let all = what(&console.client.visit(PATH).await).len();
    for (query, found) in [
        ("actor=ADA%40meridian.example".to_owned(), vec!["Activated", "Information changed", "Created"]),
        (format!("actor={ada}"), vec!["Activated", "Information changed", "Created"]),
        (format!("actor={ada}&action=app_created"), vec!["Created"]),
        (format!("app={}", app.id), vec!["Activated", "Information changed", "Created"]),
        (format!("app={}&account={}", app.id, console.root.account), vec![]),
        ("action=signed_in".to_owned(), vec!["Signed in"]),
        (format!("actor={}", console.root.id), vec!["Signed in"]),
        (
            format!("account={account}"),
            vec!["Activated", "Information changed", "Created", "Member added", "Account created"],
        ),
        (format!("account={account}&actor=operator"), vec!["Member added", "Account created"]),
        ("actor=visitor".to_owned(), vec![]),
        ("since=2026-11-25".to_owned(), vec![]),
        ("until=2026-11-23".to_owned(), vec![]),
        (
            format!("since=2026-11-24&until=2026-11-24&actor={ada}"),
            vec!["Activated", "Information changed", "Created"],
        ),
    ] {
        let page = console.client.visit(&format!("{PATH}?{query}")).await;
        let mut found = found;
        found.sort_unstable();
        assert_eq!(what(&page), found, "{query}");
        let says = if found.is_empty() { "No entry fits" } else { "found" };
        assert!(page.says(says), "{query}: {}", page.text());
    }
    let days = console.client.visit(&format!("{PATH}?since=2026-11-24&until=2026-11-24")).await;
    assert_eq!(what(&days).len(), all);
    let app_page = console.client.visit(&format!("/admin/apps/{}", app.id)).await;
    assert!(app_page.has(&format!("a[href='{PATH}?app={}']", app.id)));
}

async fn what_names_nothing_filters_nothing_and_is_said(kind: Kind) {
    let console = Console::new(kind).await;
    let all = what(&console.client.visit(PATH).await);
    for (query, words) in [
        ("actor=nobody%40x.example", "“nobody@x.example”"),
        ("actor=ada&app=%3Cb%3E", "“ada” and “<b>”"),
        ("account=x", "“x”"),
    ] {
        let page = console.client.visit(&format!("{PATH}?{query}")).await;
        assert_eq!(what(&page), all, "{query}");
        assert!(page.says(&format!("Not filtered by {words}.")), "{query}: {}", page.text());
    }
}

async fn an_export_is_of_the_whole_log_and_streams(kind: Kind) {
    let console = Console::new(kind).await;
    console.active_app("=Relay").await;
    let json = console.client.get(&format!("{PATH}?format=json")).await;
    assert_eq!(
        (json.header("content-type"), json.header("transfer-encoding")),
        ("application/json", "chunked")
    );
    let rows: Vec<Value> = serde_json::from_str(&json.body).expect("an array");
    assert_eq!(rows.len(), what(&console.client.visit(PATH).await).len());
    let signed_in = rows.iter().find(|row| row["action"] == "signed_in").expect("the platform's part");
    assert_eq!(
        (&signed_in["chain"], &signed_in["actor_id"]),
        (&Value::from("platform"), &Value::from(console.root.id.to_string()))
    );
    let csv = console.client.get(&format!("{PATH}?format=csv&action=app_created")).await;
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    let lines: Vec<_> = csv.body.lines().collect();
    assert!(lines.len() == 2 && lines[1].contains("\"'=Relay\""), "{lines:?}");
    let ada = console.portal.signed_in(&console.ada).await;
    assert_eq!(ada.get(&format!("{PATH}?format=csv")).await.status, 404);
    // What names nobody is no wish for the file of everybody.
    for query in ["actor=nobdy@x.example", "action=app_creatd", "since=yesterday"] {
        let page = console.client.get(&format!("{PATH}?{query}&format=csv")).await;
        assert_eq!(page.status, 422, "{query}");
        assert!(page.says("names nobody"), "{}", page.text());
        assert_eq!(ada.get(&format!("/account/audit?{query}&format=json")).await.status, 422, "{query}");
    }
}

async fn members_read_that_staff_acted_and_admins_who_did(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let (app, account) =
        (format!("/admin/apps/{}", app.id), format!("/admin/accounts/{}", console.ada.account));
    console.press(&app, &format!("{app}/suspend"), &[("reason", "Spam.")]).await;
    console.press(&app, &format!("{app}/reinstate"), &[]).await;
    console.press(&app, &format!("{app}/rename"), &[("name", "Relay Two")]).await;
    console.press(&account, &format!("{account}/suspend"), &[("reason", "Unpaid.")]).await;
    console.press(&account, &format!("{account}/reinstate"), &[]).await;
    console.press(&account, &format!("{account}/external-id"), &[("external_id", "crm-7")]).await;
    let staff = [
        "Account reinstated",
        "Account suspended",
        "External id changed",
        "Reinstated",
        "Renamed",
        "Suspended",
    ];
    let ada = console.portal.signed_in(&console.ada).await;
    let page = ada.visit("/account/audit").await;
    for one in staff {
        assert!(row(&page, one).contains("The platform’s staff"), "{one}: {}", page.text());
    }
    let root = console.root.id.to_string();
    for query in ["", "?format=csv", "?format=json"] {
        let answer = ada.get(&format!("/account/audit{query}")).await;
        assert!(!answer.body.contains("root@platform.example") && !answer.body.contains(&root), "{query}");
    }
    // Nor by asking for one who might have done it.
    let asked = ada.visit(&format!("/account/audit?actor={root}")).await;
    assert!(asked.says("No entry fits"), "{}", asked.text());
    let page = console.client.visit(&format!("{PATH}?actor={root}&account={}", console.ada.account)).await;
    assert_eq!(what(&page), staff);
    for one in staff {
        assert!(row(&page, one).contains("root@platform.example"), "{one}: {}", page.text());
    }
}
