//! The console where the operator requires two-step sign-in (S11)

use portico::{
    actions::{AdminTwoStep, Policy},
    domain::time::Span,
};
use reqwest::Method;

use crate::{
    access::routes,
    support::{
        authenticator::turn_on,
        client::Client,
        databases::{Kind, on_both},
        site::Portal,
        world::{self, PASSWORD, Person},
    },
};

on_both!(
    an_admin_without_it_finds_every_page_leading_to_it,
    an_admin_whose_session_has_shown_no_code_is_asked_for_one,
    where_it_is_optional_the_console_opens_without_it,
);

struct Strict {
    portal: Portal,
    root: Person,
    /// Addresses of the console, of things that are there.
    paths: Vec<(String, String)>,
}

async fn strict(kind: Kind) -> Strict {
    let policy = Policy { admin_two_step: AdminTwoStep::Required, ..world::policy() };
    let portal = Portal::under(kind, policy).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let root = portal.world.admin("root@platform.example").await;
    let named = |path: String| {
        path.replace("{app}", &app.id.to_string())
            .replace("{account}", &ada.account.to_string())
            .replace("{user}", &ada.id.to_string())
            .replace("{event_type}", "meeting.started")
            .replace("{scope}", "meeting:read")
    };
    let routes = routes().into_iter().filter(|(_, path)| path.starts_with("/admin"));
    let paths = routes.map(|(method, path)| (method, named(path))).collect();
    Strict { portal, root, paths }
}

async fn post(client: &Client, path: &str) -> crate::support::client::Page {
    let csrf = client.visit("/settings").await.form("/sign-out").value("csrf").map(str::to_owned);
    let fields = [
        ("csrf", csrf.unwrap_or_default()),
        ("reason", String::from("Spam.")),
        ("name", String::from("Other")),
    ];
    client.send(client.request(Method::POST, path).form(&fields)).await
}

async fn an_admin_without_it_finds_every_page_leading_to_it(kind: Kind) {
    let Strict { portal, root, paths } = strict(kind).await;
    let client = portal.signed_in(&root).await;
    let tables = ["apps", "accounts", "users", "audit_log", "outbox"];
    let before = portal.world.database.dump().await;
    for (method, path) in &paths {
        if method == "GET" {
            assert_eq!(client.get(path).await.location(), "/settings/two-step", "{path}");
        } else {
            let page = post(&client, path).await;
            assert_eq!(page.status, 403, "{path}");
            assert!(page.says("Two-step sign-in needed"), "{}", page.text());
        }
    }
    assert!(paths.len() > 8, "{paths:?}");
    let after = portal.world.database.dump().await;
    for table in tables {
        assert_eq!(before[table], after[table], "{table}");
    }
    // To everybody else it is not there, as before.
    let eve = portal.world.user("eve@evil.example").await;
    let stranger = portal.signed_in(&eve).await;
    assert_eq!(stranger.get("/admin").await.status, 404);
    assert!(!stranger.visit("/settings/two-step").await.says("The admin console needs it."));

    let page = client.visit("/settings/two-step").await;
    assert!(page.says("The admin console needs it."), "{}", page.text());
    let (_, page) = turn_on(&portal, &client).await;
    assert!(page.has("main a[href='/admin']"), "{}", page.text());
    for (_, path) in paths.iter().filter(|(method, _)| method == "GET") {
        client.visit(path).await;
    }
}

async fn an_admin_whose_session_has_shown_no_code_is_asked_for_one(kind: Kind) {
    let Strict { portal, root, paths } = strict(kind).await;
    let client = portal.signed_in(&root).await;
    let (app, _) = turn_on(&portal, &client).await;
    portal.world.clock.advance(Span::seconds(30));
    // As a session from before there were codes.
    portal.world.database.run("update sessions set code_at = null").await;
    for (method, path) in &paths {
        if method == "GET" {
            assert!(client.get(path).await.location().starts_with("/confirm?next=%2Fadmin"), "{path}");
        } else {
            assert_eq!(post(&client, path).await.status, 403, "{path}");
        }
    }
    let door = client.get("/admin/apps?q=x").await.location();
    let code = app.code(portal.world.ctx.now());
    let page = client.fill(&door, "/confirm", &[("password", PASSWORD), ("code", &code)]).await;
    assert_eq!(page.location(), "/admin/apps?q=x");
    client.visit("/admin").await;

    // Off again, the console is closed again.
    portal.world.clock.advance(Span::seconds(30));
    let code = app.code(portal.world.ctx.now());
    let fields = [("off_password", PASSWORD), ("off_code", code.as_str())];
    client.fill("/settings/two-step", "/settings/two-step/off", &fields).await;
    assert_eq!(client.get("/admin").await.location(), "/settings/two-step");
}

async fn where_it_is_optional_the_console_opens_without_it(kind: Kind) {
    let portal = Portal::new(kind).await;
    let root = portal.world.admin("root@platform.example").await;
    let client = portal.signed_in(&root).await;
    client.visit("/admin").await;
    assert!(!client.visit("/settings/two-step").await.says("The admin console needs it."));
}
