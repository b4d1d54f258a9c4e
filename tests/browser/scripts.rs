//! What the portal's own scripts add to its pages.

use std::time::Duration;

use crate::{
    browser::{Browser, Look},
    support::{
        databases::Kind,
        site::Portal,
        world::{PASSWORD, Person},
    },
};

async fn signed_in(portal: &Portal, person: &Person) -> Browser {
    let browser = Browser::open(&portal.site.url, Look::default()).await;
    browser.visit("/sign-in").await;
    browser.fill("email", person.email.as_str()).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser
}

/// Clicks what the selector finds first.
async fn click(browser: &Browser, css: &str) {
    let found = browser.driver().find(thirtyfour::By::Css(css)).await.expect("an element");
    found.click().await.expect("it can be clicked");
}

#[tokio::test(flavor = "multi_thread")]
async fn event_types_are_counted_as_they_are_ticked() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let browser = signed_in(&portal, &ada).await;
    browser.visit(&format!("/apps/{}/subscriptions/new", app.id)).await;
    browser.sees("0 chosen").await;
    click(&browser, "label.check").await;
    browser.sees("1 chosen").await;
    click(&browser, "[data-all]").await;
    let ticked = browser.driver().find_all(thirtyfour::By::Css("[name=event_types]:checked")).await;
    browser.sees(&format!("{} chosen", ticked.expect("checkboxes").len())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_expiry_makes_another_token_at_once() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let browser = signed_in(&portal, &ada).await;
    browser.visit(&format!("/apps/{}/credentials", app.id)).await;
    browser.tick("1 week").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!browser.has("#token").await, "nothing is made before it is asked for");
    browser.press("View JWT Token").await;
    let first = browser.text_of("#token").await;
    let page = browser.driver().find(thirtyfour::By::Css("html")).await.expect("a page");
    browser.tick("1 day").await;
    for _ in 0..100 {
        if page.is_displayed().await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    browser.sees("Your token").await;
    assert_ne!(browser.text_of("#token").await, first);
    assert!(browser.has("[name=expires_in][value='1d']:checked").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_in_place_and_hidden_again() {
    let portal = Portal::new(Kind::Sqlite).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&ada, "Relay").await;
    let browser = signed_in(&portal, &ada).await;
    browser.visit(&format!("/apps/{}/credentials", app.id)).await;
    assert!(browser.text_of("#secret").await.contains('•'));
    click(&browser, "[data-reveal=secret] button").await;
    browser.sees("Hide").await;
    let shown = browser.text_of("#secret").await;
    assert!(shown.starts_with("as_") && !shown.contains('•'), "{shown}");
    click(&browser, "[data-reveal=secret] button").await;
    browser.sees("Reveal").await;
    assert!(browser.text_of("#secret").await.contains('•'));
    // Once the sign-in is old, the server's page asks for the password.
    portal.world.clock.advance(portico::domain::time::Span::hours(2));
    browser.press("Reveal API Secret").await;
    assert!(browser.path().await.starts_with("/confirm"), "{}", browser.path().await);
}
