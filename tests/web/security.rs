//! What holds on every page, whatever it is for

mod headers;
mod outages;
mod proxies;
mod secrets;
mod slow_posts;
mod unasked;

use portico::domain::app::AppType;
use reqwest::Method;

use crate::{
    apps::Flow,
    support::databases::{Kind, on_both},
};

on_both!(reading_changes_nothing);

/// Every page that can be fetched, of an app and a subscription.
pub(super) const PAGES: &[&str] = &[
    "/",
    "/sign-up",
    "/sign-up/sent",
    "/sign-in",
    "/sign-in/code",
    "/confirm",
    "/setup?token=x",
    "/password/forgot",
    "/password/sent",
    "/password/reset?token=x",
    "/verify-email?token=x",
    "/invitations/{token}",
    "/account",
    "/account/audit",
    "/account/audit?actor=operator&action=app_created&since=2026-01-01&until=2026-12-31",
    "/account/audit?format=csv",
    "/account/audit?format=json",
    "/account/members/{user}",
    "/account/token-debugger",
    "/accounts/new",
    "/settings",
    "/settings/two-step",
    "/settings/authorizations",
    "/oauth/authorize?client_id=cid_0123456789abcdefghijkl",
    "/docs",
    "/docs/jwt",
    "/docs/server-to-server",
    "/docs/oauth",
    "/docs/refusals",
    "/docs/secrets",
    "/docs/webhooks",
    "/docs/icons",
    "/apps",
    "/apps?q=x&type=jwt&state=draft",
    "/apps/new",
    "/apps/{app}",
    "/apps/{app}/information",
    "/apps/{app}/refusals",
    "/apps/{app}/credentials",
    "/apps/{app}/credentials?of=oauth",
    "/apps/{app}/scopes?of=oauth",
    "/apps/{app}/activation?of=oauth",
    "/apps/{app}/features",
    "/apps/{app}/subscriptions/new",
    "/apps/{app}/subscriptions/{subscription}",
    "/apps/{app}/deliveries",
    "/apps/{app}/deliveries?status=failed&type=meeting.started&since=24h&subscription={subscription}",
    "/apps/{app}/deliveries?failed_since=2026-11-01T00:00&failed_zone=Europe/Berlin",
    "/apps/{app}/deliveries/{delivery}",
    "/apps/{app}/activation",
    "/admin",
    "/admin/apps",
    "/admin/apps/{app}",
    "/admin/apps/{app}/grants",
    "/admin/accounts",
    "/admin/accounts/{account}",
    "/admin/event-types",
    "/admin/event-types?q=user&state=retired",
    "/admin/event-types/new",
    "/admin/event-types/{event_type}",
    "/admin/scopes",
    "/admin/scopes?q=user&state=retired",
    "/admin/scopes/new",
    "/admin/scopes/{scope}",
    "/admin/platform-keys",
    "/admin/users",
    "/admin/users/{user}",
    "/admin/audit",
    "/admin/audit?actor=operator&action=app_created&since=2026-01-01&until=2026-12-31",
    "/admin/audit?format=csv",
    "/admin/audit?format=json",
    "/healthz",
    "/readyz",
    "/api/v1/me",
    "/nowhere",
];

/// The pages, of an app that is there.
pub(super) async fn pages(flow: &Flow) -> Vec<String> {
    let app = flow.active_app("Relay").await;
    let subscription = flow.portal.world.subscription(&flow.ada, &app).await;
    let delivery = flow.portal.world.delivery(&flow.ada, &app, subscription).await;
    let client = flow.portal.world.app(&flow.ada, AppType::Oauth, "Calendar").await;
    let named = |page: &&str| {
        let app = if page.ends_with("of=oauth") { &client } else { &app };
        page.replace("{app}", &app.id.to_string())
            .replace("{subscription}", &subscription.to_string())
            .replace("{delivery}", &delivery.to_string())
            .replace("{user}", &flow.ada.id.to_string())
            .replace("{event_type}", "user.created")
            .replace("{scope}", "user:read")
            .replace("{token}", "x")
            .replace("{account}", &flow.ada.account.to_string())
    };
    PAGES.iter().map(named).collect()
}

#[test]
fn every_page_of_the_table_of_routes_is_looked_at() {
    let source = std::fs::read_to_string("src/web/routes.rs").expect("the table of routes");
    for piece in source.split("page(\"").skip(1) {
        let (path, rest) = piece.split_once('"').expect("a path");
        let rest = rest.split("page(\"").next().unwrap_or_default();
        let known = PAGES.iter().any(|page| page.split('?').next() == Some(path));
        assert!(known || !rest.contains(".get("), "{path} is not among PAGES");
    }
}

async fn reading_changes_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let pages = pages(&flow).await;
    let stranger = flow.portal.client();
    let root = flow.portal.world.admin("root@meridian.example").await;
    let admin = flow.portal.signed_in(&root).await;
    let before = flow.portal.world.database.dump().await;
    for page in &pages {
        for client in [&flow.client, &stranger, &admin] {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                let answer = client.send(client.request(method.clone(), page)).await;
                assert!(answer.status.as_u16() < 500, "{method} {page}: {}", answer.status);
            }
        }
    }
    let after = flow.portal.world.database.dump().await;
    for (table, rows) in &before {
        assert_eq!(Some(rows), after.get(table), "{table}");
    }
}
