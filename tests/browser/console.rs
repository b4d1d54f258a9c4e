//! The admin console in a browser: an app is found, stopped and given back, a user shut out and let
//! in, and made an admin.

use portico::{
    actions::{self, information::IconChoice},
    domain::credential::PlatformKey,
};
use thirtyfour::By;

use crate::{
    accessibility,
    browser::{Browser, Look, Scheme, Script},
    person::{me, signed_in},
    support::{databases::Kind, site::Portal, world::Person},
};

struct Scene {
    portal: Portal,
    ada: Person,
    browser: Browser,
}

async fn scene(script: Script) -> Scene {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let root = portal.world.admin("root@platform.example").await;
    let browser = signed_in(&portal, &root, Look { script, ..Look::default() }).await;
    Scene { portal, ada, browser }
}

/// Looks the page over, and goes on with it wide.
async fn look_over(browser: &Browser) {
    accessibility::look_over(browser).await;
    browser.appear(1280, 800, Scheme::Light).await;
}

/// The checks are a script of their own, which runs where script does.
async fn look_over_with(script: Script, browser: &Browser) {
    match script {
        Script::On => look_over(browser).await,
        Script::Off => {}
    }
}

async fn an_app_is_found_stopped_and_given_back(script: Script) {
    let Scene { portal, ada, browser } = scene(script).await;
    let app = portal.world.jwt_app(&ada, "Recording Archiver").await;
    let app = portal.world.activate(&ada, &app).await;
    portal.world.jwt_app(&ada, "Something Else").await;
    let token = portal.world.token(&ada, &app).await;
    browser.press_here("R root@platform.example, your menu").await;
    browser.follow("Admin console").await;
    assert_eq!(browser.path().await, "/admin");
    let apps = browser.driver().find(By::Css("nav[aria-label='Admin console'] a[href='/admin/apps']")).await;
    apps.expect("a link").click().await.expect("it can be followed");
    browser.fill("Search", "ARCHIVER").await;
    browser.press("Apply").await;
    browser.sees("1 app found").await;
    browser.follow("Recording Archiver").await;
    browser.press("Suspend").await;
    browser.sees("Enter the reason.").await;
    assert_eq!(me(&portal, &token).await.0, 200);
    browser.fill("Reason", "It sends spam.").await;
    browser.press("Suspend").await;
    browser.sees("The app is suspended.").await;
    assert_eq!(me(&portal, &token).await.1, "app_suspended");
    browser.press("Reinstate").await;
    browser.sees("The app is reinstated.").await;
    assert_eq!(me(&portal, &token).await, (200, String::from("Recording Archiver")));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_stops_an_app_with_script() {
    an_app_is_found_stopped_and_given_back(Script::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_stops_an_app_without_script() {
    an_app_is_found_stopped_and_given_back(Script::Off).await;
}

async fn a_key_is_made_and_an_event_type_comes_and_goes(script: Script) {
    let Scene { portal: _portal, browser, .. } = scene(script).await;
    browser.visit("/admin").await;
    browser.follow("Platform keys").await;
    browser.press("Make a key").await;
    browser.sees("Enter the name.").await;
    browser.fill("Name", "Event publisher").await;
    browser.press("Make a key").await;
    browser.sees("Copy it now: it is shown this once.").await;
    let key = browser.text_of("#platform-key").await;
    assert!(key.parse::<PlatformKey>().is_ok(), "{key}");
    look_over_with(script, &browser).await;
    browser.follow("Platform keys").await;
    browser.sees(key.get(42..46).expect("four characters")).await;
    assert!(!browser.has("#platform-key").await, "it is shown once");

    browser.follow("Event types").await;
    browser.follow("New event type").await;
    browser.fill("Name", "invoice.paid").await;
    browser.fill("Group", "Invoices").await;
    browser.fill("Description", "An invoice was paid").await;
    browser.fill("Example", "{\"id\": 1,}").await;
    browser.press("Create").await;
    browser.sees("The example is not JSON").await;
    look_over_with(script, &browser).await;
    browser.fill("Example", "{\"id\": 1}").await;
    browser.press("Create").await;
    browser.sees("Event type created.").await;
    browser.press("Retire").await;
    browser.sees("This event type is retired.").await;
    look_over_with(script, &browser).await;
    browser.press("Delete").await;
    browser.sees("The event type is deleted.").await;
    browser.close().await;
}

async fn a_user_is_shut_out_let_in_and_made_an_admin(script: Script) {
    let Scene { portal, ada, browser } = scene(script).await;
    let ada_at = signed_in(&portal, &ada, Look::default()).await;
    portal.world.clock.advance(portico::domain::time::Span::minutes(61));
    browser.visit("/admin/users").await;
    browser.fill("Search", "ADA@").await;
    browser.press("Apply").await;
    browser.sees("1 user found").await;
    browser.follow("ada@meridian.example").await;
    browser.press("Disable").await;
    // The sign-in is an hour old.
    browser.sees("Confirm that it is you").await;
    browser.fill("Password", crate::support::world::PASSWORD).await;
    browser.press("Confirm").await;
    browser.press("Disable").await;
    browser.sees("The user is disabled.").await;
    ada_at.visit("/settings").await;
    assert_eq!(ada_at.path().await, "/sign-in?next=%2Fsettings");
    browser.press("Enable").await;
    browser.sees("The user is enabled.").await;
    browser.press("Make admin").await;
    browser.sees("The user is an admin.").await;
    ada_at.close().await;
    let ada_at = signed_in(&portal, &ada, Look::default()).await;
    ada_at.visit("/admin").await;
    ada_at.sees("Everything on").await;
    browser.follow("What they did").await;
    browser.sees("Signed in").await;
    ada_at.close().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_a_key_and_an_event_type_with_script() {
    a_key_is_made_and_an_event_type_comes_and_goes(Script::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_a_key_and_an_event_type_without_script() {
    a_key_is_made_and_an_event_type_comes_and_goes(Script::Off).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_rules_over_a_user_with_script() {
    a_user_is_shut_out_let_in_and_made_an_admin(Script::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_rules_over_a_user_without_script() {
    a_user_is_shut_out_let_in_and_made_an_admin(Script::Off).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_people_and_of_the_whole_log() {
    let Scene { portal, ada, browser } = scene(Script::On).await;
    let eve = portal.world.user("eve@evil.example").await;
    portal.world.database.set("users", &eve.id, "disabled_at = 1, proven_at = null").await;
    portal.world.database.set("users", &ada.id, &format!("name = '{}'", "W".repeat(100))).await;
    signed_in(&portal, &ada, Look::default()).await.close().await;
    let [ada, eve] = [ada, eve].map(|person| format!("/admin/users/{}", person.id));
    for path in [
        "/admin/users",
        "/admin/users?q=none-such",
        &ada,
        &eve,
        "/admin/audit",
        "/admin/audit?actor=none-such",
        "/admin/audit?action=app_deleted",
    ] {
        browser.visit(path).await;
        look_over(&browser).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_console() {
    let Scene { portal, ada, browser } = scene(Script::On).await;
    let world = &portal.world;
    let app = world.jwt_app(&ada, &"W".repeat(50)).await;
    let app = world.activate(&ada, &app).await;
    world.webhook_app(&ada, "Listener").await;
    world.refused(&ada, &app, "invalid_token", "The signature does not verify.", app.created_at);
    portico::actions::calls::flush(&world.ctx).await.expect("written");
    world.database.set("accounts", &ada.account, "standing = 'pending', external_id = 'crm-2209381'").await;
    let (app_page, account_page) =
        (format!("/admin/apps/{}", app.id), format!("/admin/accounts/{}", ada.account));
    for path in [
        "/admin",
        "/admin/apps",
        "/admin/apps?q=none-such",
        "/admin/accounts",
        &app_page,
        &account_page,
        "/admin/event-types",
        "/admin/event-types?q=none-such",
        "/admin/event-types/new",
        "/admin/event-types/user.created",
        "/admin/scopes",
        "/admin/scopes?q=none-such",
        "/admin/scopes/new",
        "/admin/scopes/user:read",
        "/admin/platform-keys",
    ] {
        browser.visit(path).await;
        look_over(&browser).await;
    }
    for page in [&app_page, &account_page] {
        browser.visit(page).await;
        browser.press("Suspend").await;
        browser.sees("There is a problem").await;
        look_over(&browser).await;
        browser.fill("Reason", "Refused calls above 40 % for two days.").await;
        browser.press("Suspend").await;
        look_over(&browser).await;
    }
    // What the developers see of it.
    let ada_at = signed_in(&portal, &ada, Look::default()).await;
    for path in ["/account", "/apps", &format!("/apps/{}", app.id)] {
        ada_at.visit(path).await;
        look_over(&ada_at).await;
    }
    ada_at.close().await;
    browser.close().await;
}

async fn an_account_is_approved_stopped_and_read_about(script: Script) {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let root = portal.world.admin("root@platform.example").await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let (ctx, acting) = (&portal.world.ctx, portal.world.acting(&ada));
    let entered = crate::support::world::information("Relay");
    actions::information::save(ctx, &acting, app.id, entered, IconChoice::Keep).await.expect("saved");
    portal.world.database.set("accounts", &ada.account, "standing = 'pending'").await;
    let look = Look { script, ..Look::default() };
    let (browser, ada_at) = (signed_in(&portal, &root, look).await, signed_in(&portal, &ada, look).await);
    let activation = format!("/apps/{}/activation", app.id);
    ada_at.visit(&activation).await;
    ada_at.sees("Your account waits for approval.").await;

    browser.visit("/admin").await;
    browser.sees("1 account waits for approval.").await;
    browser.follow("Look at it").await;
    browser.follow("ada@meridian.example").await;
    browser.press("Approve").await;
    browser.sees("The account is approved.").await;
    ada_at.visit(&activation).await;
    ada_at.press("Activate").await;
    let token = portal.world.token(&ada, &app).await;
    assert_eq!(me(&portal, &token).await.0, 200);

    browser.fill("Reason", "Unpaid bills.").await;
    browser.press("Suspend").await;
    browser.sees("The account is suspended.").await;
    assert_eq!(me(&portal, &token).await.1, "account_suspended");
    ada_at.visit("/account").await;
    ada_at.sees("“Unpaid bills.”").await;
    browser.press("Reinstate").await;
    browser.sees("The account is reinstated.").await;
    assert_eq!(me(&portal, &token).await.0, 200);

    browser.visit(&format!("/admin/audit?account={}", ada.account)).await;
    for words in ["Account approved", "Account suspended", "Account reinstated", "“Unpaid bills.”"] {
        browser.sees(words).await;
    }
    let link = browser.driver().find(By::Css("a[href*='format=csv']")).await.expect("a link");
    let path = link.attr("href").await.expect("it leads somewhere").expect("an address");
    let file = portal.signed_in(&root).await.visit(&path).await;
    assert!(file.body.contains("account_approved") && !file.body.contains("signed_in"), "{}", file.body);
    ada_at.close().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_approves_and_stops_an_account_with_script() {
    an_account_is_approved_stopped_and_read_about(Script::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_approves_and_stops_an_account_without_script() {
    an_account_is_approved_stopped_and_read_about(Script::Off).await;
}
