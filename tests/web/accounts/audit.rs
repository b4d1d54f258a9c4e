//! `/account/audit`: what an account's members read of what was done in it (S65)

mod slowly;

use std::collections::BTreeSet;

use portico::{
    actions::{self, information::IconChoice},
    domain::{
        account::{Developer, Role},
        audit::{Actor, Change, Entry, Origin, chain::Chain},
        id::{AuditId, Id},
        time::{Span, Timestamp},
    },
};
use serde_json::Value;

use crate::{
    apps::{Flow, at},
    support::{
        client::Page,
        databases::{Kind, on_both},
        world::{self, parsed},
    },
};

on_both!(
    it_tells_who_did_what_on_what_and_what_it_was_before,
    every_member_reads_the_current_accounts_part_and_nobody_elses,
    filters_stand_in_the_address_and_go_along_to_the_next_page,
    what_is_not_understood_in_the_address_filters_nothing,
    a_long_log_is_counted_so_far_and_paged_to_its_end,
    an_export_holds_everything_that_fits_and_is_sent_in_parts,
    no_cell_of_an_export_is_a_formula_and_no_row_steers_a_terminal,
    a_row_of_a_newer_program_is_shown_as_it_is,
);

const PATH: &str = "/account/audit";

/// The words of each row, cell by cell.
fn rows(page: &Page) -> Vec<String> {
    let words = |cell: &String| cell.split_whitespace().collect::<Vec<_>>().join(" ");
    let cells: Vec<String> = page.texts("tbody td").iter().map(words).collect();
    cells.chunks(5).map(|row| row.join(" | ")).collect()
}

/// What was done, the newest first.
fn what(page: &Page) -> Vec<String> {
    page.texts("tbody td[data-label=What] strong")
}

async fn it_tells_who_did_what_on_what_and_what_it_was_before(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    flow.client
        .fill(
            &at(&app, "/information"),
            &at(&app, "/information"),
            &[
                ("name", "Relay Two"),
                ("short_description", "x"),
                ("company_name", "x"),
                ("contact_name", "x"),
                ("contact_email", "x@x.example"),
                ("long_description", "one\ntwo"),
            ],
        )
        .await;
    let world = &flow.portal.world;
    let sub = world.subscription(&flow.ada, &app).await;
    let editor = at(&app, &format!("/subscriptions/{sub}"));
    let url = ("production_url", "https://other.example/hook");
    assert_eq!(flow.client.fill(&editor, &editor, &[url]).await.status, 303);
    // Saved again without a change, nothing is written down.
    assert_eq!(flow.client.fill(&editor, &editor, &[url]).await.status, 303);
    let page = flow.client.visit(PATH).await;
    let told = rows(&page);
    assert_eq!(
        what(&page),
        [
            "Subscription changed",
            "Subscription added",
            "Information changed",
            "Created",
            "Member added",
            "Account created"
        ]
    );
    for (row, words) in [
        (
            0,
            "24 Nov 2026, 07:20 UTC | ada@meridian.example | Subscription changed https://other.example/hook",
        ),
        (
            0,
            "production url: https://meridian.example/hook → became https://other.example/hook | Relay Two | 127.0.0.1",
        ),
        (1, "event types: nothing → became meeting.started"),
        (2, "name: Relay → became Relay Two"),
        (2, "long description: nothing → became one\\ntwo"),
        (5, "The operator | Account created ada@meridian.example | The account | Not by a request"),
    ] {
        let row = told.get(row).expect("a row");
        assert!(row.contains(words), "{words}: {row}");
    }
    assert_eq!(page.attribute("tbody td[data-label=On] a", "href"), Some(at(&app, "")));
    assert!(page.says("6 entries"), "{}", page.text());
    let account = flow.client.visit("/account").await;
    assert!(account.has("a[href='/account/audit']"));

    flow.client.fill(&at(&app, ""), &at(&app, "/delete"), &[("name", "Relay Two")]).await;
    let page = flow.client.visit(PATH).await;
    assert_eq!(what(&page).first().map(String::as_str), Some("Deleted"));
    assert!(!page.has("tbody a"), "nothing leads to what is gone");
    assert!(rows(&page)[0].contains(&format!("A deleted app {}", app.id)), "{:?}", rows(&page));
}

async fn every_member_reads_the_current_accounts_part_and_nobody_elses(kind: Kind) {
    let flow = Flow::new(kind).await;
    flow.jwt_app("Relay").await;
    let world = &flow.portal.world;
    let eve = world.user("eve@evil.example").await;
    let theirs = world.jwt_app(&eve, "Theirs").await;
    for role in [Role::Viewer, Role::Developer] {
        let member = world.colleague(&format!("{role}@meridian.example"), &flow.ada).await;
        let member = world.with_role(member, role).await;
        let client = flow.portal.signed_in(&member).await;
        for query in ["", &format!("?app={}", theirs.id), &format!("?actor={}", eve.id), "?format=json"] {
            let page = client.get(&format!("{PATH}{query}")).await;
            assert_eq!(page.status, 200);
            let text = page.body.to_lowercase();
            assert!(!text.contains("eve@evil.example") && !text.contains("theirs"), "{query}: {text}");
            // Sign-ins are the platform's matter.
            assert!(!text.contains("signed in") && !text.contains("signed_in"), "{query}");
        }
        assert!(client.visit(PATH).await.says("Relay"));
    }
    // Another account, another log.
    flow.client.fill("/accounts/new", "/accounts/new", &[("name", "Harbour Clinic")]).await;
    let page = flow.client.visit(PATH).await;
    assert_eq!(what(&page), ["Switched to this account", "Account created"]);
    assert!(page.title().contains("Harbour Clinic"), "{}", page.title());
    assert_eq!(flow.portal.client().get(PATH).await.location(), "/sign-in?next=%2Faccount%2Faudit");
}

async fn filters_stand_in_the_address_and_go_along_to_the_next_page(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let bob = world.colleague("bob@meridian.example", &flow.ada).await;
    let (relay, other) = (flow.jwt_app("Relay").await, world.jwt_app(&bob, "Other").await);
    world.clock.advance(Span::days(1));
    for app in [&relay, &other] {
        let acting = world.acting::<Developer>(&flow.ada);
        actions::credentials::reveal(&world.ctx, &acting, app).await.expect("a secret");
    }
    // A day later the session has ended.
    let client = flow.portal.signed_in(&flow.ada).await;
    assert_eq!(rows(&client.visit(PATH).await).len(), 7);
    for (query, found) in [
        (format!("actor={}", bob.id), &["Created"][..]),
        (String::from("actor=operator"), &["Member added", "Member added", "Account created"]),
        (format!("app={}", relay.id), &["API secret revealed", "Created"]),
        (String::from("action=app_created"), &["Created", "Created"]),
        (String::from("since=2026-11-25"), &["API secret revealed", "API secret revealed"]),
        (format!("until=2026-11-24&app={}", other.id), &["Created"]),
        (format!("since=2026-11-25&until=2026-11-25&actor={}", flow.ada.id), &["API secret revealed"; 2]),
        (String::from("since=2026-11-26"), &[]),
        (String::from("action=app_deleted"), &[]),
    ] {
        let page = client.visit(&format!("{PATH}?{query}")).await;
        assert_eq!(what(&page), found, "{query}");
        let count = match found.len() {
            0 => String::from("No entry fits"),
            1 => String::from("1 entry found"),
            more => format!("{more} entries found"),
        };
        assert!(page.says(&count), "{query}: {}", page.text());
        assert!(page.has("a[href='/account/audit']"), "the way back to all of them");
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').expect("a pair");
            let chosen = match name {
                "since" | "until" => page.attribute(&format!("#{name}"), "value"),
                _ => page.attribute(&format!("#{name} option[selected]"), "value"),
            };
            assert_eq!(chosen.as_deref(), Some(value), "{query}");
        }
        if !found.is_empty() {
            let export = page.attribute(".page-head a[download]", "href").expect("an export");
            assert_eq!(export, format!("{PATH}?{}&format=csv", in_order(&query)));
        }
    }
    // Whoever is gone can still be asked for.
    let nobody = "usr_00000000000000000000000000";
    let page = client.visit(&format!("{PATH}?actor={nobody}")).await;
    assert_eq!(page.attribute("#actor option[selected]", "value").as_deref(), Some(nobody));
}

/// A query as the page writes it.
fn in_order(query: &str) -> String {
    let order = ["actor", "app", "action", "since", "until"];
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.sort_by_key(|pair| order.iter().position(|name| pair.starts_with(&format!("{name}="))));
    pairs.join("&")
}

async fn what_is_not_understood_in_the_address_filters_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    for query in [
        "actor=ada",
        "actor=%27",
        "app=x",
        "action=app%25",
        "action=",
        "since=yesterday",
        "until=2026-02-30",
        "after=1",
        "after=aud_00000000000000000000000000",
        "format=xml",
        "actor=operator&actor=visitor",
        "&&==",
        "since=%00",
    ] {
        let page = flow.client.visit(&format!("{PATH}?{query}")).await;
        assert_eq!(rows(&page).len(), 2, "{query}");
    }
}

/// Rows of the account past its rules: as many as a busy year brings.
async fn fill(flow: &Flow, count: usize) {
    let mut tx = flow.portal.world.database.begin().await;
    for n in 0..count {
        let at = Timestamp::from_seconds(1_795_504_800);
        let change = Change::AccountRenamed { from: format!("before {n}"), to: format!("after {n}") };
        let (actor, account) = (Actor::User(flow.ada.id), Some(flow.ada.account));
        let entry = Entry { at, actor, origin: Origin::default(), account, app: None, change };
        tx.audit(AuditId::generate(at, portico::crypto::random()), entry);
    }
    tx.commit().await.expect("it holds");
}

async fn a_long_log_is_counted_so_far_and_paged_to_its_end(kind: Kind) {
    let flow = Flow::new(kind).await;
    fill(&flow, 998).await;
    assert!(flow.client.visit(PATH).await.says("1,000 entries"), "two of them were there");
    fill(&flow, 1).await;
    let mut page = flow.client.visit(&format!("{PATH}?actor={}", flow.ada.id)).await;
    assert!(page.says("999 entries found"), "{}", page.text());
    let mut seen = Vec::new();
    while let Some(next) = page.attribute("a[rel=next]", "href") {
        assert_eq!(rows(&page).len(), 50);
        seen.extend(page.texts("tbody ins"));
        assert!(next.starts_with(&format!("{PATH}?actor={}&after=aud_", flow.ada.id)), "{next}");
        // What is added meanwhile moves nothing.
        if seen.len() == 50 {
            fill(&flow, 1).await;
        }
        page = flow.client.visit(&next).await;
    }
    seen.extend(page.texts("tbody ins"));
    let expected: Vec<_> = [0].into_iter().chain((0..998).rev()).map(|n| format!("after {n}")).collect();
    assert_eq!(seen, expected);
    assert!(page.says("The end of the list"));
    assert!(flow.client.visit(PATH).await.says("More than 1,000 entries"));
}

async fn an_export_holds_everything_that_fits_and_is_sent_in_parts(kind: Kind) {
    let flow = Flow::new(kind).await;
    fill(&flow, 1_203).await;
    let csv = flow.client.get(&format!("{PATH}?format=csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    assert_eq!(csv.header("cache-control"), "no-store");
    assert_eq!((csv.header("transfer-encoding"), csv.header("content-length")), ("chunked", ""));
    let lines: Vec<_> = csv.body.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1 + 1_205);
    assert_eq!(
        lines[0],
        "time,actor,actor_id,actor_name,action,app_id,app_name,detail,address,request_id,id,chain,number,hash"
    );
    assert!(lines[1].starts_with("\"2026-11-24T07:20:00.000000Z\",\"user\""), "{}", lines[1]);
    assert!(lines[1].contains(r#""{""from"":""before 1202"",""to"":""after 1202""}""#), "{}", lines[1]);

    let json = flow.client.get(&format!("{PATH}?format=json&actor={}", flow.ada.id)).await;
    assert_eq!(json.header("content-type"), "application/json");
    let rows: Vec<Value> = serde_json::from_str(&json.body).expect("an array");
    let numbers: BTreeSet<_> = rows.iter().filter_map(|row| row["number"].as_i64()).collect();
    assert_eq!((rows.len(), numbers.len()), (1_203, 1_203));
    let newest = &rows[0];
    assert_eq!(newest["detail"]["to"], "after 1202");
    assert_eq!(newest["chain"], flow.ada.account.to_string());
    assert_eq!(newest["actor_name"], "ada@meridian.example");
    assert_eq!((&newest["app_id"], &newest["request_id"]), (&Value::Null, &Value::Null));
    let mut read = flow.portal.world.database.read().await;
    let heads = read.audit_heads(Chain::Account(flow.ada.account)).await.expect("heads");
    drop(read);
    let head = heads[0].1.expect("the account's head");
    assert_eq!(newest["hash"], head.hash.to_string(), "so that a developer can keep it");

    // Where a page would begin does not cut an export; nothing that fits is an empty one.
    let after = newest["id"].as_str().expect("an id");
    let whole = flow.client.get(&format!("{PATH}?format=csv&after={after}")).await;
    assert_eq!(whole.body, csv.body);
    let none = flow.client.get(&format!("{PATH}?format=json&action=app_deleted")).await;
    assert_eq!(serde_json::from_str::<Vec<Value>>(&none.body).expect("an array"), [Value::Null; 0]);
    let none = flow.client.get(&format!("{PATH}?format=csv&action=app_deleted")).await;
    assert_eq!(none.body.lines().count(), 1);
}

async fn no_cell_of_an_export_is_a_formula_and_no_row_steers_a_terminal(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("=HYPERLINK(\"https://evil.example\")").await;
    let world = &flow.portal.world;
    let hostile = "+1\r\n\"@SUM(A1)\",x";
    let new = actions::information::NewInformation {
        long_description: Some(parsed(hostile)),
        ..world::information("-2+3 | cmd")
    };
    let acting = world.acting(&flow.ada);
    actions::information::save(&world.ctx, &acting, app.id, new, IconChoice::Keep).await.expect("saved");
    flow.client.fill("/settings", "/settings/profile", &[("name", "@ada")]).await;
    let csv = flow.client.get(&format!("{PATH}?format=csv")).await;
    assert!(csv.body.contains("\"'@ada\"") && csv.body.contains("\"'-2+3 | cmd\""), "{}", csv.body);
    for line in csv.body.split_terminator("\r\n").skip(1) {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        let cells = cells(line);
        assert_eq!(cells.len(), 14, "{line}");
        let formula = cells.iter().find(|cell| cell.trim_start().starts_with(['=', '+', '-', '@']));
        assert_eq!(formula, None, "{line}");
    }
    // Whoever can write to the database can put in what no form takes.
    let bo = world.colleague("bo@meridian.example", &flow.ada).await;
    actions::credentials::reveal(&world.ctx, &world.acting(&bo), &app).await.expect("the secret");
    let leave = format!("delete from memberships where user_id = {}", world.database.literal(&bo.id));
    world.database.run(&leave).await;
    world.database.set("users", &bo.id, "name = 'Bo \u{1b}[2J\u{202e}'").await;
    for query in ["", "?format=csv", "?format=json"] {
        let page = flow.client.visit(&format!("{PATH}{query}")).await;
        assert!(page.body.contains("[2J"), "{query}: {}", page.body);
        assert!(!page.body.contains('\u{1b}'), "{query}");
    }
}

/// The cells of a line, all of them quoted (RFC 4180).
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut rest) = (Vec::new(), line);
    loop {
        let mut cell = String::new();
        rest = rest.strip_prefix('"').expect("a quote before the cell");
        loop {
            let (part, after) = rest.split_once('"').expect("a quote behind the cell");
            cell.push_str(part);
            rest = after;
            let Some(after) = rest.strip_prefix('"') else { break };
            cell.push('"');
            rest = after;
        }
        cells.push(cell);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => break,
        }
    }
    assert!(rest.is_empty(), "{line}");
    cells
}

async fn a_row_of_a_newer_program_is_shown_as_it_is(kind: Kind) {
    let flow = Flow::new(kind).await;
    let world = &flow.portal.world;
    let chain = world.database.literal(&flow.ada.account);
    let id = world.database.literal(&AuditId::generate(world.ctx.now(), [9; 10]));
    let insert = format!(
        "insert into audit_log (id, chain, seq, at, actor, action, detail, hash)
         select {id}, chain, 3, at, 'robot', 'app_teleported', '{{\"to\":\"<b>Mars</b>\"}}', hash
         from audit_log where chain = {chain} and seq = 2"
    );
    world.database.run(&insert).await;
    let page = flow.client.visit(PATH).await;
    assert_eq!(what(&page).first().map(String::as_str), Some("app_teleported"));
    assert!(page.says("{\"to\":\"<b>Mars</b>\"}"), "{}", page.text());
    let json = flow.client.get(&format!("{PATH}?format=json")).await;
    let rows: Vec<Value> = serde_json::from_str(&json.body).expect("an array");
    assert_eq!((&rows[0]["actor"], &rows[0]["detail"]["to"]), (&"robot".into(), &"<b>Mars</b>".into()));
}
