//! Every page, to look at what must hold on all of them.
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use portico::domain::app::AppType;

use super::world::{Person, World};

/// Every page that can be fetched, of an app and a subscription.
pub const PAGES: &[&str] = &[
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

/// The pages, of an app that is there and of its owner.
pub async fn pages(world: &World, owner: &Person) -> Vec<String> {
    let app = world.jwt_app(owner, "Relay").await;
    let app = world.activate(owner, &app).await;
    let subscription = world.subscription(owner, &app).await;
    let delivery = world.delivery(owner, &app, subscription).await;
    let client = world.app(owner, AppType::Oauth, "Calendar").await;
    let named = |page: &&str| {
        let app = if page.ends_with("of=oauth") { &client } else { &app };
        page.replace("{app}", &app.id.to_string())
            .replace("{subscription}", &subscription.to_string())
            .replace("{delivery}", &delivery.to_string())
            .replace("{user}", &owner.id.to_string())
            .replace("{event_type}", "user.created")
            .replace("{scope}", "user:read")
            .replace("{token}", "x")
            .replace("{account}", &owner.account.to_string())
    };
    PAGES.iter().map(named).collect()
}
