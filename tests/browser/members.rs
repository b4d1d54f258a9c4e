//! A team that shares an account without sharing a login: invited, joined, promoted, removed.
//! With script and without, by mouse and by keyboard alone.

use portico::actions::{Policy, SignUp};

use crate::{
    browser::{Look, Script},
    person::{Hands, Person},
    support::{
        databases::{Kind, on_both},
        site::Portal,
        world::{self, PASSWORD},
    },
};

on_both!(a_member_is_invited_promoted_and_removed);

async fn a_member_is_invited_promoted_and_removed(kind: Kind) {
    walk(kind, Look::default(), Hands::Mouse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_invited_without_script() {
    walk(Kind::Sqlite, Look { script: Script::Off, ..Look::default() }, Hands::Mouse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_invited_by_keyboard_alone() {
    walk(Kind::Sqlite, Look::default(), Hands::Keyboard).await;
}

async fn walk(kind: Kind, look: Look, hands: Hands) {
    let policy = Policy { sign_up: SignUp::Invite, ..world::policy() };
    let portal = Portal::under(kind, policy).await;
    let owner = portal.world.user("ada@meridian.example").await;
    let app = portal.world.jwt_app(&owner, "Relay").await;
    let ada = Person::new(&portal, look, hands).await;
    sign_in(&ada).await;
    let link = invite(&ada, &portal).await;

    let bo = Person::new(&portal, look, hands).await;
    join(&bo, &link).await;
    assert!(bo.browser.has(&format!("a[href='/apps/{}']", app.id)).await, "the app of the account");
    bo.browser.visit(&format!("/apps/{}/credentials", app.id)).await;
    bo.press("View JWT Token").await;
    assert_eq!(bo.browser.text_of("#token").await.split('.').count(), 3);

    remove(&ada).await;
    bo.browser.visit("/apps").await;
    bo.browser.sees("You belong to no account now.").await;
    rotate(&ada).await;
    ada.browser.close().await;
    bo.browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_handed_over_and_left() {
    hand_over(Kind::Postgres, Look::default(), Hands::Mouse).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_handed_over_and_left_by_keyboard_alone_without_script() {
    hand_over(Kind::Sqlite, Look { script: Script::Off, ..Look::default() }, Hands::Keyboard).await;
}

/// The only owner cannot leave; with another one beside them they can.
async fn hand_over(kind: Kind, look: Look, hands: Hands) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    let ada = Person::new(&portal, look, hands).await;
    sign_in(&ada).await;
    ada.browser.visit("/account").await;
    ada.browser.sees("You are the only owner. Make another member an owner before you leave.").await;
    let link = invite(&ada, &portal).await;
    let bo = Person::new(&portal, look, hands).await;
    join(&bo, &link).await;

    ada.browser.visit("/account").await;
    ada.follow("Bo Lindqvist").await;
    ada.select("Role", "Owner: everything").await;
    ada.press("Save role").await;
    ada.browser.sees("Role saved.").await;
    ada.browser.visit("/account").await;
    ada.press("Leave").await;
    ada.browser.sees("You have left the account.").await;

    bo.browser.visit("/account").await;
    bo.browser.sees("You are the only owner. Make another member an owner before you leave.").await;
    ada.browser.close().await;
    bo.browser.close().await;
}

async fn sign_in(ada: &Person) {
    ada.browser.visit("/sign-in").await;
    ada.fill("Email", "ada@meridian.example").await;
    ada.fill("Password", PASSWORD).await;
    ada.press("Sign in").await;
}

async fn invite(ada: &Person, portal: &Portal) -> String {
    ada.browser.visit("/account").await;
    ada.fill("Email", "bo@other.example").await;
    ada.press("Send invitation").await;
    ada.browser.sees("The invitation is on its way.").await;
    let letters = portal.letters().await;
    let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
    letter.link(portal)
}

async fn join(bo: &Person, link: &str) {
    bo.browser.visit(link).await;
    bo.browser.sees("You are invited to be a developer of this account").await;
    bo.fill("Your name", "Bo Lindqvist").await;
    bo.fill("Password", PASSWORD).await;
    bo.press("Sign up and join").await;
    bo.browser.sees("You have joined.").await;
}

async fn remove(ada: &Person) {
    ada.browser.visit("/account").await;
    ada.follow("Bo Lindqvist").await;
    ada.browser.sees("Secrets they know").await;
    ada.browser.sees("Still works").await;
    ada.press("Save role").await;
    ada.browser.sees("Role saved.").await;
    ada.press("Remove").await;
    ada.browser.sees("They belong to this account no more.").await;
}

/// Straight from what they know to where it is replaced.
async fn rotate(ada: &Person) {
    ada.follow("Regenerate API secret").await;
    ada.press("Regenerate").await;
    ada.browser.sees("There is a new API secret.").await;
    ada.browser.visit("/account").await;
    ada.follow("Bo Lindqvist").await;
    ada.browser.sees("Still works").await;
}
