//! Every page in its states: nothing for axe in light and dark, nothing wider than a phone,
//! a quiet console (S22).

mod members;

use portico::{
    actions::{self, information::IconChoice},
    domain::{account::Role, app::App, time::Span},
};

use thirtyfour::By;

use crate::{
    browser::{Browser, Look, Scheme},
    person::{picture, signed_in},
    support::{
        databases::Kind,
        pages::PAGES,
        site::Portal,
        world::{self, PASSWORD, Person, parsed},
    },
};

const STEPS: [&str; 6] = ["", "/refusals", "/information", "/credentials", "/features", "/activation"];

async fn visit(browser: &Browser, path: &str) {
    browser.visit(path).await;
    look_over(browser).await;
}

/// The page as it is now, wide and light, then narrow and dark.
pub(crate) async fn look_over(browser: &Browser) {
    browser.appear(1280, 800, Scheme::Light).await;
    browser.assert_accessible().await;
    browser.assert_no_overflow().await;
    browser.appear(360, 800, Scheme::Dark).await;
    browser.assert_accessible().await;
    browser.assert_no_overflow().await;
    browser.assert_quiet_console().await;
}

async fn scene() -> (Portal, Person, Browser) {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let browser = signed_in(&portal, &ada, Look::default()).await;
    (portal, ada, browser)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_visitors() {
    let portal = Portal::new(Kind::Sqlite).await;
    let setup = actions::setup::first_admin_link(&portal.world.ctx).await.expect("a link").expect("no admin");
    portal.world.user("ada@meridian.example").await;
    let browser = Browser::open(&portal.site.url, Look::default()).await;
    for path in ["/", "/sign-up", "/sign-up/sent", "/sign-in", "/password/forgot", "/no-such-page"] {
        visit(&browser, path).await;
    }
    for path in PAGES.iter().filter(|path| path.starts_with("/docs")) {
        visit(&browser, path).await;
    }
    let setup = format!("/setup?token={}", setup.expose());
    for (path, button) in [
        ("/sign-up", "Create account"),
        ("/sign-in", "Sign in"),
        ("/password/forgot", "Send the link"),
        (setup.as_str(), "Create the first account"),
    ] {
        visit(&browser, path).await;
        browser.press(button).await;
        browser.sees("There is a problem").await;
        look_over(&browser).await;
    }
    browser.visit("/password/forgot").await;
    browser.fill("Email", "ada@meridian.example").await;
    browser.press("Send the link").await;
    look_over(&browser).await;
    let letters = portal.letters().await;
    let reset = letters.last().expect("a letter").link(&portal);
    visit(&browser, &reset).await;
    browser.press("Set the password").await;
    look_over(&browser).await;
    for dead in ["/setup?token=x", "/verify-email?token=x", "/password/reset?token=x"] {
        visit(&browser, dead).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_people() {
    let portal = Portal::new(Kind::Sqlite).await;
    let browser = Browser::open(&portal.site.url, Look::default()).await;
    browser.visit("/sign-up").await;
    browser.fill("Your name", "Ada Lovelace").await;
    browser.fill("Work email", "ada@meridian.example").await;
    browser.fill("Organisation", "Meridian GmbH").await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Create account").await;
    look_over(&browser).await;
    let letters = portal.letters().await;
    let proof = letters.last().expect("a letter").link(&portal);
    visit(&browser, &proof).await;
    for path in ["/account", "/account/audit", "/accounts/new", "/settings", "/confirm?next=/apps"] {
        visit(&browser, path).await;
    }
    for (path, button) in [
        ("/accounts/new", "Create account"),
        ("/settings", "Change email"),
        ("/settings", "Change password"),
        ("/confirm?next=/apps", "Confirm"),
    ] {
        browser.visit(path).await;
        browser.press(button).await;
        browser.sees("There is a problem").await;
        look_over(&browser).await;
    }
    for menu in ["Develop", "AL Ada Lovelace, your menu"] {
        browser.visit("/apps").await;
        browser.press_here(menu).await;
        look_over(&browser).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_draft() {
    let (portal, ada, browser) = scene().await;
    for path in ["/apps", "/apps/new"] {
        visit(&browser, path).await;
    }
    browser.press("Create").await;
    browser.sees("There is a problem").await;
    look_over(&browser).await;

    let app = portal.world.jwt_app(&ada, "Relay").await;
    let at = |page: &str| format!("/apps/{}{page}", app.id);
    for step in STEPS {
        visit(&browser, &at(step)).await;
    }
    visit(&browser, &at("/subscriptions/new")).await;
    browser.press("Save").await;
    browser.sees("There is a problem").await;
    look_over(&browser).await;
    browser.visit(&at("/information")).await;
    let small = picture(100);
    browser.attach("App icon (optional)", small.path()).await;
    browser.press("Save").await;
    browser.sees("There is a problem").await;
    look_over(&browser).await;
    browser.visit(&at("")).await;
    browser.press("Delete").await;
    browser.sees("There is a problem").await;
    look_over(&browser).await;
    visit(&browser, "/apps?q=nothing-is-called-so").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_secrets() {
    let (portal, ada, browser) = scene().await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let sub = portal.world.subscription(&ada, &app).await;
    let page = format!("/apps/{}/credentials", app.id);
    browser.visit(&page).await;
    browser.press("View JWT Token").await;
    look_over(&browser).await;
    browser.visit(&page).await;
    let custom = browser.driver().find(By::Css("[value=custom]")).await.expect("a choice");
    custom.click().await.expect("it can be chosen");
    browser.press("View JWT Token").await;
    browser.sees("There is a problem").await;
    look_over(&browser).await;
    for _ in 0..3 {
        browser.visit(&page).await;
        browser.press("Regenerate").await;
    }
    look_over(&browser).await;
    browser.press_here("Reveal API Secret").await;
    look_over(&browser).await;
    browser.press("Regenerate").await;
    browser.sees("There is a problem").await;
    look_over(&browser).await;

    visit(&browser, &format!("/apps/{}/subscriptions/{sub}", app.id)).await;
    browser.press("Rotate").await;
    browser.press_here("Reveal Signing secret").await;
    look_over(&browser).await;
    portal.world.clock.advance(Span::hours(2));
    browser.visit(&page).await;
    browser.press("View JWT Token").await;
    look_over(&browser).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_token_debugger() {
    let (portal, ada, browser) = scene().await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let app = portal.world.activate(&ada, &app).await;
    browser.visit(&format!("/apps/{}/credentials", app.id)).await;
    browser.press("View JWT Token").await;
    let token = browser.driver().find(By::Id("token")).await.expect("a token").text().await.expect("text");
    let page = "/account/token-debugger";
    visit(&browser, page).await;
    browser.press("Check token").await;
    browser.sees("There is a problem").await;
    look_over(&browser).await;
    let long = ["h", "c"].map(|part| part.repeat(1_500)).join(".") + ".s";
    for (typed, verdict) in [
        (token.as_str(), "This token would pass"),
        (token.trim_end_matches(|c: char| c != '.'), "would be refused"),
        ("no token", "would be refused"),
        (long.as_str(), "would be refused"),
    ] {
        browser.visit(page).await;
        browser.fill("Token", typed).await;
        browser.press("Check token").await;
        browser.sees(verdict).await;
        look_over(&browser).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_an_app_that_calls() {
    let (portal, ada, browser) = scene().await;
    let world = &portal.world;
    let app = world.jwt_app(&ada, "Relay").await;
    let app = world.activate(&ada, &app).await;
    let token = world.token(&ada, &app).await;
    let client = portal.client();
    let call = || client.get_as("/authorize", &token);
    for _ in 0..3 {
        assert_eq!(call().await.status, 200);
    }
    let page = format!("/apps/{}/credentials", app.id);
    browser.visit(&page).await;
    browser.press("Regenerate").await;
    assert_eq!(call().await.status, 200, "by the old secret");
    for ago in [0, 1, 2] {
        let now = world.ctx.now() - Span::days(ago);
        let code = ["token_expired", "invalid_token", "app_required"][ago as usize];
        let detail = "What failed, in as many words as it takes. ".repeat(4);
        world.refused(&ada, &app, code, &detail, now);
    }
    actions::calls::flush(&world.ctx).await.expect("written");
    for path in ["", "/refusals", "/refusals?code=app_draft", "/credentials"] {
        visit(&browser, &format!("/apps/{}{path}", app.id)).await;
    }
    browser.visit(&format!("/apps/{}", app.id)).await;
    browser.press_here("Show as table").await;
    look_over(&browser).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_an_app_that_is_stopped() {
    let (portal, ada, browser) = scene().await;
    let world = &portal.world;
    let app = world.jwt_app(&ada, "Relay").await;
    let app = world.activate(&ada, &app).await;
    for step in ["", "/activation"] {
        visit(&browser, &format!("/apps/{}{step}", app.id)).await;
    }
    let acting = world.acting(&ada);
    actions::activation::deactivate(&world.ctx, &acting, app.id).await.expect("it is deactivated");
    for step in STEPS {
        visit(&browser, &format!("/apps/{}{step}", app.id)).await;
    }
    let suspend = "update apps set suspended_before = state, state = 'suspended', suspended_reason =";
    world.database.run(&format!("{suspend} 'It calls ten thousand times a second.'")).await;
    for step in STEPS {
        visit(&browser, &format!("/apps/{}{step}", app.id)).await;
    }
    visit(&browser, "/apps").await;
    visit(&browser, "/apps/new").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_a_viewer_sees() {
    let (portal, ada, browser) = scene().await;
    let world = &portal.world;
    let webhook = world.webhook_app(&ada, "Listener").await;
    visit(&browser, &format!("/apps/{}/credentials", webhook.id)).await;
    browser.close().await;
    let app = world.jwt_app(&ada, "Relay").await;
    let sub = world.subscription(&ada, &app).await;
    let eve = world.colleague("eve@meridian.example", &ada).await;
    let eve = world.with_role(eve, Role::Viewer).await;
    let browser = signed_in(&portal, &eve, Look::default()).await;
    look_over(&browser).await;
    for step in STEPS {
        visit(&browser, &format!("/apps/{}{step}", app.id)).await;
    }
    visit(&browser, &format!("/apps/{}/subscriptions/{sub}", app.id)).await;
    visit(&browser, "/account").await;
    visit(&browser, "/account/audit").await;
    visit(&browser, "/account/audit?action=app_deleted&since=2026-01-01").await;
    browser.close().await;
}

/// As much as each field takes, without a space to break a line at.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_what_is_long() {
    let (portal, ada, browser) = scene().await;
    let world = &portal.world;
    let account = "W".repeat(100);
    actions::accounts::rename(&world.ctx, &world.acting(&ada), &parsed(&account)).await.expect("renamed");
    let app = long_app(&portal, &ada).await;
    let new = world::subscribing_to(&["meeting.started"]);
    let url = |path: &str| Some(parsed(&format!("https://{path}.example/{}", "u".repeat(1_900))));
    let new = portico::domain::subscription::NewSubscription {
        name: Some(parsed(&"S".repeat(100))),
        endpoints: portico::domain::subscription::Endpoints::new(url("dev"), url("prod")).expect("URLs"),
        ..new
    };
    let created =
        actions::subscriptions::create(&world.ctx, &world.acting(&ada), &app, world.form(&ada), &new).await;
    let sub = created.expect("the subscription is made").into_inner();
    for path in ["/apps", "/apps/new", "/account", "/account/audit", "/settings"] {
        visit(&browser, path).await;
    }
    for step in STEPS {
        visit(&browser, &format!("/apps/{}{step}", app.id)).await;
    }
    visit(&browser, &format!("/apps/{}/subscriptions/{sub}", app.id)).await;
    browser.press_here(&format!("W {account} , your account")).await;
    look_over(&browser).await;
    browser.close().await;
}

async fn long_app(portal: &Portal, ada: &Person) -> App {
    let world = &portal.world;
    let name = "M".repeat(50);
    let app = world.jwt_app(ada, &name).await;
    world.jwt_app(ada, &"N".repeat(50)).await;
    let url = |path: &str| Some(parsed(&format!("https://{path}.example/{}", "u".repeat(1_900))));
    let new = actions::information::NewInformation {
        short_description: parsed(&"s".repeat(150)),
        long_description: Some(parsed(&"l".repeat(4_000))),
        company_name: parsed(&"C".repeat(100)),
        contact_name: parsed(&"A".repeat(100)),
        contact_email: parsed(&format!("{}@{}.example", "a".repeat(60), "d".repeat(60))),
        privacy_policy_url: url("privacy"),
        terms_url: url("terms"),
        support_url: url("help"),
        ..world::information(&name)
    };
    let acting = world.acting(ada);
    actions::information::save(&world.ctx, &acting, app.id, new, IconChoice::Keep).await.expect("saved");
    actions::apps::seen_by(&world.ctx, ada.id, app.id).await.expect("its owner sees it")
}
