//! The main job, whole: from nothing to an active app whose token is let in, and out and in again.
//! With script on both databases; without script; and by keyboard alone.

use crate::{
    browser::{Look, Script},
    person::{Hands, Person, me, picture},
    support::{
        databases::{Kind, on_both},
        site::Portal,
        world::PASSWORD,
    },
};

on_both!(an_app_is_built_and_its_token_let_in);

async fn an_app_is_built_and_its_token_let_in(kind: Kind) {
    walk(kind, Look::default(), Hands::Mouse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_built_without_script() {
    walk(Kind::Sqlite, Look { script: Script::Off, ..Look::default() }, Hands::Mouse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_built_by_keyboard_alone() {
    walk(Kind::Postgres, Look::default(), Hands::Keyboard).await;
}

async fn walk(kind: Kind, look: Look, hands: Hands) {
    let portal = Portal::new(kind).await;
    let ada = Person::new(&portal, look, hands).await;
    sign_up(&ada).await;
    create(&ada).await;
    inform(&ada).await;
    let token = take_token(&ada).await;
    assert_eq!(me(&portal, &token).await, (403, String::from("app_draft")));
    subscribe(&ada).await;
    activate(&ada).await;
    assert_eq!(me(&portal, &token).await, (200, String::from("Calendar Relay")));
    stop_and_start(&ada, &portal, &token).await;
    find(&ada).await;
    ada.browser.close().await;
}

async fn sign_up(ada: &Person) {
    ada.browser.visit("/sign-up").await;
    ada.fill("Your name", "Ada Lovelace").await;
    ada.fill("Work email", "ada@meridian.example").await;
    ada.fill("Organisation", "Meridian GmbH").await;
    ada.fill("Password", PASSWORD).await;
    ada.press("Create account").await;
    ada.browser.sees("Welcome. We have sent you a link to prove your address.").await;
    ada.browser.sees("No apps yet").await;
}

async fn create(ada: &Person) {
    ada.open("Develop").await;
    ada.follow("Build App").await;
    assert_eq!(ada.browser.path().await, "/apps/new");
    ada.choose("JWT").await;
    ada.fill("App name", "Calendar Relay").await;
    ada.press("Create").await;
    ada.browser.sees("App created.").await;
    assert!(ada.browser.path().await.ends_with("/information"));
}

async fn inform(ada: &Person) {
    let icon = picture(240);
    ada.fill("Short description", "Passes meetings on to calendars").await;
    ada.fill("Long description (optional)", "Every room in the house has a calendar.").await;
    ada.attach("App icon (optional)", icon.path()).await;
    ada.fill("Company name", "Meridian GmbH").await;
    ada.fill("Contact name", "Ada Lovelace").await;
    ada.fill("Contact email", "ada@meridian.example").await;
    ada.fill("Privacy policy (optional)", "https://meridian.example/privacy").await;
    ada.fill("Terms of use (optional)", "https://meridian.example/terms").await;
    ada.fill("Support (optional)", "https://meridian.example/help").await;
    ada.press("Continue").await;
    ada.browser.sees("Information saved.").await;
    assert!(ada.browser.path().await.ends_with("/credentials"));
    assert!(ada.browser.has(".apphead img[src^='/icons/']").await, "the icon stands at the head");
}

/// The token as a person copies it from the page.
async fn take_token(ada: &Person) -> String {
    ada.press("View JWT Token").await;
    let token = ada.browser.text_of("#token").await;
    assert_eq!(token.split('.').count(), 3, "{token}");
    ada.browser.sees("The answer says why it is refused: only an active app may call.").await;
    token
}

async fn subscribe(ada: &Person) {
    ada.follow("Continue").await;
    ada.browser.sees("No event subscriptions yet").await;
    ada.choose("Deliver events").await;
    ada.press("Save").await;
    ada.browser.sees("Event subscriptions are on.").await;
    ada.follow("Add new event subscription").await;
    ada.fill("Subscription name (optional)", "Rooms").await;
    ada.fill("Production URL", "https://meridian.example/hook").await;
    ada.choose("meeting.started").await;
    ada.press("Save").await;
    ada.browser.sees("Subscription added.").await;
}

async fn activate(ada: &Person) {
    // As it is drawn: the style writes it in capitals.
    ada.follow("EVENT SUBSCRIPTIONS").await;
    ada.browser.sees("1 of 10 subscriptions").await;
    ada.follow("Continue").await;
    ada.browser.sees("Every room in the house has a calendar.").await;
    ada.browser.sees("1 event type to meridian.example").await;
    ada.press("Activate").await;
    ada.browser.sees("The app is active.").await;
}

async fn stop_and_start(ada: &Person, portal: &Portal, token: &str) {
    ada.follow("Calendar Relay").await;
    ada.press("Deactivate").await;
    ada.browser.sees("Its very next call is refused.").await;
    assert_eq!(me(portal, token).await, (403, String::from("app_deactivated")));
    ada.press("Reactivate").await;
    ada.browser.sees("The app is active again.").await;
    assert_eq!(me(portal, token).await, (200, String::from("Calendar Relay")));
}

async fn find(ada: &Person) {
    ada.follow("Manage").await;
    ada.fill("Search", "relay").await;
    ada.press("Apply").await;
    ada.browser.sees("1 app found").await;
    ada.follow("Calendar Relay").await;
    ada.browser.sees("Recent activity").await;
}
