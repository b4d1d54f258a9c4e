//! What a keyboard and the browser's own focus meet on the way: the skip link, menus, the summary
//! of errors, the editor of event types with script and without.

use thirtyfour::Key;

use crate::{
    browser::{Browser, Look, Script},
    person::signed_in,
    support::{databases::Kind, site::Portal},
};

/// A browser at a new subscription of a draft.
async fn at_subscription(portal: &Portal, script: Script) -> Browser {
    let ada = portal.world.user("ada@meridian.example").await;
    let app = portal.world.webhook_app(&ada, "Listener").await;
    let browser = signed_in(portal, &ada, Look { script, ..Look::default() }).await;
    browser.visit(&format!("/apps/{}/subscriptions/new", app.id)).await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_stop_leads_past_the_navigation() {
    let portal = Portal::new(Kind::Sqlite).await;
    let browser = at_subscription(&portal, Script::On).await;
    browser.keys(Key::Tab).await;
    assert_eq!(browser.focused().await, "Skip to content");
    browser.keys(Key::Enter).await;
    browser.keys(Key::Tab).await;
    assert_eq!(browser.focused().await, "EVENT SUBSCRIPTIONS", "the first link of the content");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_menu_closes_on_escape_and_gives_the_focus_back() {
    let portal = Portal::new(Kind::Sqlite).await;
    for script in [Script::On, Script::Off] {
        let ada = portal.world.user(&format!("{script:?}@meridian.example")).await;
        let browser = signed_in(&portal, &ada, Look { script, ..Look::default() }).await;
        browser.tab_to("Develop").await;
        browser.keys(Key::Enter).await;
        browser.keys(Key::Tab).await;
        assert_eq!(browser.focused().await, "Build App");
        browser.keys(Key::Escape).await;
        assert!(!browser.has("#menu-develop:popover-open").await);
        assert_eq!(browser.focused().await, "Develop");
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_of_errors_leads_to_the_fields() {
    let portal = Portal::new(Kind::Sqlite).await;
    let browser = at_subscription(&portal, Script::On).await;
    browser.tab_to("Production URL").await;
    browser.keys("http://meridian.example").await;
    // Enter in a field saves, and does not take the first button of the form.
    browser.enter().await;
    browser.sees("There is a problem").await;
    assert!(browser.has(".errors:focus").await, "the summary has the focus");
    let sentence = browser.text_of(".errors a[href='#event_types']").await;
    browser.tab_to(&sentence).await;
    browser.keys(Key::Enter).await;
    assert!(browser.has("#event_types:focus").await, "{sentence:?} leads to the field");
    browser.close().await;
}

/// Each filters, takes a whole group, and saves; hidden choices are kept.
#[tokio::test(flavor = "multi_thread")]
async fn event_types_are_filtered_and_taken_by_the_group() {
    for script in [Script::On, Script::Off] {
        let portal = Portal::new(Kind::Sqlite).await;
        let browser = at_subscription(&portal, script).await;
        browser.fill("Production URL", "https://meridian.example/hook").await;
        take_group(&browser, script, "Recordings").await;
        browser.fill("Filter event types", "meeting.st").await;
        if script == Script::Off {
            browser.press("Filter event types").await;
        }
        assert!(!browser.text_of("#events").await.contains("user.created"), "filtered");
        take_group(&browser, script, "Meetings").await;
        browser.press("Save").await;
        browser.sees("Subscription added.").await;
        browser.sees("5 chosen.").await;
        browser.close().await;
    }
}

/// In place where script runs, by a post where none does.
async fn take_group(browser: &Browser, script: Script, group: &str) {
    let button = format!("Select all {group}");
    match script {
        Script::On => browser.press_here(&button).await,
        Script::Off => browser.press(&button).await,
    }
}
