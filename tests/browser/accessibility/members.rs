//! The pages of members and invitations.

use portico::{
    actions,
    domain::{account::Role, time::Span},
};

use super::{look_over, scene, visit};
use crate::{
    browser::{Browser, Look},
    support::{
        site::Portal,
        world::{PASSWORD, Person},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_members() {
    let (portal, ada, browser) = scene().await;
    let world = &portal.world;
    let app = world.jwt_app(&ada, "Relay").await;
    let bo = world.colleague("bo@meridian.example", &ada).await;
    actions::credentials::reveal(&world.ctx, &world.acting(&bo), &app).await.expect("the secret");
    world.invite(&ada, "cy@other.example", Role::Viewer).await;
    world.invite(&ada, "dee@other.example", Role::Owner).await;
    let letters = portal.letters().await;
    let link = letters.first().expect("a letter").link(&portal);
    let member = format!("/account/members/{}", bo.id);
    for path in [member.as_str(), &format!("/account/members/{}", ada.id), "/account", "/settings", &link] {
        visit(&browser, path).await;
    }
    for button in ["Send invitation", "Delete"] {
        browser.visit("/account").await;
        browser.press(button).await;
        browser.sees("There is a problem").await;
        look_over(&browser).await;
    }
    browser.visit(&member).await;
    browser.press("Remove").await;
    look_over(&browser).await;
    visit(&browser, "/account").await;
    visit(&browser, "/settings").await;
    browser.press("Delete my user").await;
    browser.sees("There is a problem").await;
    look_over(&browser).await;
    browser.close().await;

    let browser = Browser::open(&portal.site.url, Look::default()).await;
    visit(&browser, &link).await;
    browser.press("Sign up and join").await;
    browser.sees("There is a problem").await;
    look_over(&browser).await;
    visit(&browser, "/invitations/x").await;
    world.clock.advance(Span::days(8));
    visit(&browser, &link).await;
    browser.close().await;
    let browser = signed_in_nowhere(&portal, &bo).await;
    look_over(&browser).await;
    browser.close().await;
}

/// Of somebody who belongs to no account any more.
async fn signed_in_nowhere(portal: &Portal, person: &Person) -> Browser {
    let browser = Browser::open(&portal.site.url, Look::default()).await;
    browser.visit("/sign-in").await;
    browser.fill("Email", person.email.as_str()).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    assert_eq!(browser.path().await, "/accounts/new");
    browser
}
