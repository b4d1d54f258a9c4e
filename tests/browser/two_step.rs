//! Two-step sign-in as a person with an app on a phone meets it: turned on, asked for, and done
//! without the phone. With script and without, by mouse and by keyboard alone.

use portico::domain::time::Span;
use thirtyfour::By;

use crate::{
    accessibility::look_over,
    browser::{Look, Script},
    person::{Hands, Person},
    support::{
        authenticator::Authenticator,
        databases::{Kind, on_both},
        site::Portal,
        world::PASSWORD,
    },
};

on_both!(two_steps_are_turned_on_and_taken);

async fn two_steps_are_turned_on_and_taken(kind: Kind) {
    walk(kind, Look::default(), Hands::Mouse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_steps_are_taken_without_script() {
    walk(Kind::Sqlite, Look { script: Script::Off, ..Look::default() }, Hands::Mouse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_steps_are_taken_by_keyboard_alone() {
    walk(Kind::Sqlite, Look::default(), Hands::Keyboard).await;
}

async fn walk(kind: Kind, look: Look, hands: Hands) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    let ada = Person::new(&portal, look, hands).await;
    give_password(&ada, "/settings").await;
    ada.follow("Turn on two-step sign-in").await;
    let app = Authenticator::told(&ada.browser.text_of("#secret").await);
    ada.fill("Code", &app.code(portal.world.ctx.now())).await;
    ada.fill("Current password", PASSWORD).await;
    ada.press("Turn on").await;
    ada.browser.sees("Two-step sign-in is on.").await;
    let codes = ada.browser.text_of("#codes").await;
    let codes: Vec<&str> = codes.split_whitespace().collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    ada.follow("I have kept them").await;
    ada.browser.sees("10 of 10 are left").await;
    ada.browser.close().await;

    portal.world.clock.advance(Span::seconds(30));
    let ada = Person::new(&portal, look, hands).await;
    give_password(&ada, "/settings").await;
    ada.browser.sees("The password of ada@meridian.example was right.").await;
    ada.fill("Code", &app.wrong_code(portal.world.ctx.now())).await;
    ada.press("Sign in").await;
    ada.browser.sees("This code is not right.").await;
    ada.fill("Code", &app.code(portal.world.ctx.now())).await;
    ada.press("Sign in").await;
    assert_eq!(ada.browser.path().await, "/settings");
    ada.browser.close().await;

    let ada = Person::new(&portal, look, hands).await;
    give_password(&ada, "/settings/two-step").await;
    ada.fill("Code", codes[0]).await;
    ada.press("Sign in").await;
    assert_eq!(ada.browser.path().await, "/settings/two-step");
    ada.browser.sees("9 of 10 are left").await;
    ada.browser.close().await;
}

async fn give_password(ada: &Person, next: &str) {
    ada.browser.visit(next).await;
    ada.fill("Email", "ada@meridian.example").await;
    ada.fill("Password", PASSWORD).await;
    ada.press("Sign in").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_pages_are_for_everybody() {
    let portal = Portal::new(Kind::Sqlite).await;
    portal.world.user("ada@meridian.example").await;
    let ada = Person::new(&portal, Look::default(), Hands::Mouse).await;
    give_password(&ada, "/settings/two-step").await;
    look_over(&ada.browser).await;
    // Cameras need it dark on light, whatever the scheme.
    let code = ada.browser.driver().find(By::Css("svg.qr")).await.expect("a QR code");
    assert_eq!(code.css_value("background-color").await.expect("a colour"), "rgba(255, 255, 255, 1)");
    let app = Authenticator::told(&ada.browser.text_of("#secret").await);
    ada.press("Turn on").await;
    ada.browser.sees("There is a problem").await;
    look_over(&ada.browser).await;
    ada.fill("Code", &app.code(portal.world.ctx.now())).await;
    ada.fill("Current password", PASSWORD).await;
    ada.press("Turn on").await;
    look_over(&ada.browser).await;
    ada.follow("I have kept them").await;
    look_over(&ada.browser).await;
    ada.press("Turn off").await;
    ada.browser.sees("There is a problem").await;
    look_over(&ada.browser).await;
    for path in ["/settings", "/confirm?next=/apps"] {
        ada.browser.visit(path).await;
        look_over(&ada.browser).await;
    }
    let ada = Person::new(&portal, Look::default(), Hands::Mouse).await;
    give_password(&ada, "/settings").await;
    look_over(&ada.browser).await;
    ada.press("Sign in").await;
    ada.browser.sees("There is a problem").await;
    look_over(&ada.browser).await;
    ada.browser.close().await;
}
