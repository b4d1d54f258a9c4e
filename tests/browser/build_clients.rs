//! OAuth and Server-to-Server apps, from nothing to active: with script, without it, and by keyboard
//! alone. Their pages in every state are looked over.

use portico::domain::app::AppType;

use crate::{
    accessibility,
    browser::{Browser, Look, Script},
    person::{Hands, Person, signed_in},
    support::{databases::Kind, site::Portal, world::PASSWORD},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_oauth_app_is_built() {
    let portal = Portal::new(Kind::Sqlite).await;
    build_oauth(signed_up(&portal, Look::default(), Hands::Mouse).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oauth_app_is_built_by_keyboard_alone() {
    let portal = Portal::new(Kind::Sqlite).await;
    build_oauth(signed_up(&portal, Look::default(), Hands::Keyboard).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_to_server_app_is_built_without_script() {
    let portal = Portal::new(Kind::Postgres).await;
    let look = Look { script: Script::Off, ..Look::default() };
    let ada = signed_up(&portal, look, Hands::Mouse).await;
    create(&ada, "Server-to-Server OAuth", "Night Robot").await;
    ada.browser.sees("None yet. It is shown once when it is made").await;
    make_secret(&ada).await;
    ada.press("Continue").await;
    ada.choose("user:read").await;
    ada.press("Continue").await;
    ada.browser.sees("Scopes saved.").await;
    activate(&ada).await;
    ada.browser.close().await;
}

async fn signed_up(portal: &Portal, look: Look, hands: Hands) -> Person {
    let ada = Person::new(portal, look, hands).await;
    ada.browser.visit("/sign-up").await;
    ada.fill("Your name", "Ada Lovelace").await;
    ada.fill("Work email", "ada@meridian.example").await;
    ada.fill("Organisation", "Meridian GmbH").await;
    ada.fill("Password", PASSWORD).await;
    ada.press("Create account").await;
    ada.browser.sees("No apps yet").await;
    ada
}

async fn build_oauth(ada: Person) {
    create(&ada, "OAuth", "Calendar").await;
    make_secret(&ada).await;
    ada.fill("Redirect URIs", "https://calendar.example/callback").await;
    ada.press("Continue").await;
    ada.browser.sees("Credentials saved.").await;
    assert!(ada.browser.path().await.ends_with("/scopes"));
    ada.choose("meeting:read").await;
    ada.press("Continue").await;
    ada.browser.sees("Scopes saved.").await;
    activate(&ada).await;
    ada.browser.close().await;
}

async fn create(ada: &Person, app_type: &str, name: &str) {
    ada.browser.visit("/apps/new").await;
    ada.choose(app_type).await;
    ada.fill("App name", name).await;
    ada.press("Create").await;
    ada.browser.sees("App created.").await;
    ada.fill("Short description", "Passes meetings on").await;
    ada.fill("Company name", "Meridian GmbH").await;
    ada.fill("Contact name", "Ada Lovelace").await;
    ada.fill("Contact email", "ada@meridian.example").await;
    ada.press("Continue").await;
    ada.browser.sees("Information saved.").await;
}

async fn make_secret(ada: &Person) {
    ada.press("Make a client secret").await;
    ada.browser.sees("Copy the client secret now: it is shown this once.").await;
    let secret = ada.browser.text_of("code#client-secret").await;
    assert!(secret.starts_with("cs_") && secret.len() == 52, "{secret}");
}

async fn activate(ada: &Person) {
    ada.follow("Continue").await;
    ada.browser.sees("A client secret").await;
    ada.press("Activate").await;
    ada.browser.sees("The app is active.").await;
}

async fn visit(browser: &Browser, path: &str) {
    browser.visit(path).await;
    accessibility::look_over(browser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_clients() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let browser = signed_in(&portal, &ada, Look::default()).await;
    let app = portal.world.app(&ada, AppType::Oauth, "Calendar").await;
    let at = |page: &str| format!("/apps/{}{page}", app.id);
    for page in ["", "/credentials", "/scopes", "/activation"] {
        visit(&browser, &at(page)).await;
    }
    browser.visit(&at("/credentials")).await;
    browser.fill("Redirect URIs", "http://calendar.example/\nhttps://calendar.example/#x").await;
    browser.press("Save").await;
    browser.sees("There is a problem").await;
    accessibility::look_over(&browser).await;
    browser.visit(&at("/scopes")).await;
    let everything = "for (const box of document.querySelectorAll('[name=scopes]')) box.checked = true;
        document.querySelector('[name^=why_]').value = 'x'.repeat(201);";
    browser.driver().execute(everything, vec![]).await.expect("it runs");
    browser.press("Save").await;
    browser.sees("There is a problem").await;
    accessibility::look_over(&browser).await;
    portal.world.activate(&ada, &app).await;
    browser.visit(&at("/credentials")).await;
    browser.press("Regenerate").await;
    browser.sees("Old secrets that still work").await;
    accessibility::look_over(&browser).await;
    for page in ["", "/activation", "/credentials"] {
        visit(&browser, &at(page)).await;
    }
    visit(&browser, "/apps").await;
    visit(&browser, "/docs/server-to-server").await;
    browser.close().await;
}
