//! `/password/forgot`, `/password/reset`, and passwords and addresses in `/settings`

use portico::domain::time::Span;
use reqwest::Method;

use crate::support::{
    client::Client,
    databases::{Kind, on_both},
    site::{Letter, Portal},
    world::PASSWORD,
};

on_both!(
    a_forgotten_password_is_set_anew_by_a_link_that_works_once,
    an_unknown_address_gets_the_same_answer_and_no_mail,
    a_reset_goes_to_the_address_that_is_stored,
    a_reset_link_ends_after_half_an_hour,
    a_reset_link_is_dead_once_the_password_or_the_address_has_changed,
    links_in_mail_come_from_the_settings_not_from_the_request,
    changing_the_password_ends_the_other_sessions,
    a_copy_of_the_cookie_ends_with_the_password,
    an_address_changes_when_the_new_one_is_proven,
    another_address_is_asked_for_with_the_right_password_alone,
    every_session_ends_when_another_address_is_proven,
    a_new_password_makes_links_to_another_address_void,
    nobodys_mailbox_is_filled_by_changes_of_address,
    a_session_can_be_ended_from_another_browser,
);

const NEW: &str = "another long passphrase";

async fn a_forgotten_password_is_set_anew_by_a_link_that_works_once(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let signed_in = portal.signed_in(&ada).await;
    let client = portal.client();
    let sent =
        client.fill("/password/forgot", "/password/forgot", &[("email", "Ada@Meridian.example")]).await;
    assert_eq!(sent.location(), "/password/sent");
    assert!(client.follow(&sent).await.says("on its way"));
    let link = portal.letters().await.first().expect("a letter").link(&portal);
    let short = client.fill(&link, "/password/reset", &[("password", "short")]).await;
    assert!(short.errors()["password"].contains("12"), "{:?}", short.errors());
    assert_eq!(client.fill(&link, "/password/reset", &[("password", NEW)]).await.location(), "/sign-in");
    assert!(!client.visit(&link).await.has("form[action=\"/password/reset\"]"), "the link is used up");
    assert_eq!(signed_in.get("/apps").await.status, 303, "every session has ended");
    let fields = [("email", "ada@meridian.example"), ("password", NEW)];
    assert_eq!(client.fill("/sign-in", "/sign-in", &fields).await.location(), "/apps");
    let notice = portal.letters().await;
    assert_eq!(notice.len(), 1, "a notice goes out: {notice:?}");
}

async fn an_unknown_address_gets_the_same_answer_and_no_mail(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    let mut pages = Vec::new();
    for email in ["ada@meridian.example", "bob@meridian.example"] {
        let page = portal.client().fill("/password/forgot", "/password/forgot", &[("email", email)]).await;
        pages.push((page.status, crate::sign_in::headers(&page), page.text()));
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(portal.letters().await.len(), 1);
}

async fn a_reset_goes_to_the_address_that_is_stored(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user("strasse@meridian.example").await;
    portal.world.user("ada@strasse.example").await;
    // Spelt alike for one who looks names up, and another mailbox.
    for (typed, to) in [
        ("straße@meridian.example", Some("To: strasse@meridian.example")),
        ("STRASSE@Meridian.Example", Some("To: strasse@meridian.example")),
        ("ada@straße.example", None),
    ] {
        portal.client().fill("/password/forgot", "/password/forgot", &[("email", typed)]).await;
        let letters = portal.letters().await;
        assert_eq!(letters.len(), usize::from(to.is_some()), "{typed}: {letters:?}");
        let to = to.unwrap_or_default();
        assert!(letters.iter().all(|letter| letter.whole.contains(to)), "{typed}: {letters:?}");
    }
}

async fn a_reset_link_ends_after_half_an_hour(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    let client = portal.client();
    client.fill("/password/forgot", "/password/forgot", &[("email", "ada@meridian.example")]).await;
    let link = portal.letters().await.first().expect("a letter").link(&portal);
    portal.world.clock.advance(Span::minutes(29));
    assert!(client.visit(&link).await.has("form[action=\"/password/reset\"]"));
    portal.world.clock.advance(Span::minutes(1));
    assert!(!client.visit(&link).await.has("form[action=\"/password/reset\"]"));
}

async fn a_reset_link_is_dead_once_the_password_or_the_address_has_changed(kind: Kind) {
    for by_address in [false, true] {
        let portal = Portal::new(kind).await;
        let ada = portal.world.user("ada@meridian.example").await;
        let (client, visitor) = (portal.signed_in(&ada).await, portal.client());
        visitor.fill("/password/forgot", "/password/forgot", &[("email", ada.email.as_str())]).await;
        let link = portal.letters().await.first().expect("a letter").link(&portal);
        let form = visitor.visit(&link).await.form("/password/reset").with("password", NEW);
        let now = if by_address {
            move_to_new_address(&portal, &client).await;
            [("email", "ada@new.example"), ("password", PASSWORD)]
        } else {
            let fields = [("current_password", PASSWORD), ("password", "yet another long passphrase")];
            assert_eq!(client.fill("/settings", "/settings/password", &fields).await.location(), "/settings");
            [("email", "ada@meridian.example"), ("password", "yet another long passphrase")]
        };
        let page = visitor.submit(&form).await;
        assert_eq!(page.status, 422, "{}", page.text());
        assert!(page.says("no longer works"), "{}", page.text());
        assert!(!visitor.visit(&link).await.has("form[action=\"/password/reset\"]"), "nor does it open");
        assert_eq!(portal.client().fill("/sign-in", "/sign-in", &now).await.location(), "/apps");
    }
}

/// Asks for another address in settings, and proves it by its link.
async fn move_to_new_address(portal: &Portal, client: &Client) {
    let fields = [("email", "ada@new.example"), ("email_password", PASSWORD)];
    assert_eq!(client.fill("/settings", "/settings/email", &fields).await.location(), "/settings");
    let link = link_to_new_address(portal, &portal.letters().await);
    assert_eq!(portal.client().fill(&link, "/verify-email", &[]).await.status, 303);
}

async fn another_address_is_asked_for_with_the_right_password_alone(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    for (password, sentence) in [("", "Enter your password."), ("not this one", "This is not your password.")]
    {
        let fields = [("email", "ada@new.example"), ("email_password", password)];
        let page = client.fill("/settings", "/settings/email", &fields).await;
        assert_eq!(page.status, 422);
        let told: Vec<_> = page.errors().into_iter().collect();
        assert_eq!(told, [(String::from("email_password"), sentence.to_owned())]);
        assert_eq!(page.form("/settings/email").value("email"), Some("ada@new.example"));
    }
    assert!(portal.letters().await.is_empty(), "nothing was sent");
    assert_eq!(portal.world.database.audited("address_change_asked").await, 0);
}

async fn every_session_ends_when_another_address_is_proven(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let (here, elsewhere) = (portal.signed_in(&ada).await, portal.signed_in(&ada).await);
    let fields = [("email", "ada@new.example"), ("email_password", PASSWORD)];
    here.fill("/settings", "/settings/email", &fields).await;
    let link = link_to_new_address(&portal, &portal.letters().await);
    for client in [&here, &elsewhere] {
        client.visit("/apps").await;
    }
    portal.client().fill(&link, "/verify-email", &[]).await;
    for client in [&here, &elsewhere] {
        assert!(client.get("/apps").await.location().starts_with("/sign-in"));
    }
}

async fn links_in_mail_come_from_the_settings_not_from_the_request(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    let client = portal.client();
    let form = client.visit("/password/forgot").await.form("/password/forgot");
    let form = form.with("email", "ada@meridian.example");
    let request = client
        .request(Method::POST, "/password/forgot")
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .form(form.fields());
    assert_eq!(client.send(request).await.location(), "/password/sent");
    let letters = portal.letters().await;
    assert!(!letters[0].whole.contains("evil"), "{}", letters[0].whole);
    letters[0].link(&portal);
}

async fn changing_the_password_ends_the_other_sessions(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let (here, elsewhere) = (portal.signed_in(&ada).await, portal.signed_in(&ada).await);
    let wrong = [("current_password", "not this one"), ("password", NEW)];
    let page = here.fill("/settings", "/settings/password", &wrong).await;
    assert!(page.errors().contains_key("current_password"), "{:?}", page.errors());
    elsewhere.visit("/apps").await;
    let right = [("current_password", PASSWORD), ("password", NEW)];
    assert_eq!(here.fill("/settings", "/settings/password", &right).await.location(), "/settings");
    here.visit("/apps").await;
    assert_eq!(elsewhere.get("/apps").await.status, 303);
    let letters = portal.letters().await;
    let told = |letter: &Letter| letter.whole.contains("Subject: Your password for Meridian was changed");
    assert_eq!(letters.iter().filter(|letter| told(letter)).count(), 1, "{letters:?}");
}

async fn a_copy_of_the_cookie_ends_with_the_password(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.client();
    let fields = [("email", ada.email.as_str()), ("password", PASSWORD)];
    let page = client.fill("/sign-in", "/sign-in", &fields).await;
    let copied = crate::two_step::cookie(&page, "portico").expect("a session");
    let thief = portal.client();
    let asks = async || {
        let request = thief.request(Method::GET, "/apps").header("cookie", format!("portico={copied}"));
        thief.send(request).await.status
    };
    assert_eq!(asks().await, 200);
    let right = [("current_password", PASSWORD), ("password", NEW)];
    assert_eq!(client.fill("/settings", "/settings/password", &right).await.location(), "/settings");
    client.visit("/apps").await;
    assert_eq!(asks().await, 303);
}

async fn an_address_changes_when_the_new_one_is_proven(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let fields = [("email", "ada@new.example"), ("email_password", PASSWORD)];
    assert_eq!(client.fill("/settings", "/settings/email", &fields).await.location(), "/settings");
    let letters = portal.letters().await;
    let notice = letters.iter().find(|letter| letter.whole.contains("To: ada@meridian.example"));
    let notice = notice.expect("the address that is in use is told");
    assert!(notice.whole.contains("ada@new.example"), "{}", notice.whole);
    assert!(!notice.whole.contains("token="), "the link is for the new one alone");
    assert!(client.visit("/settings").await.says("ada@meridian.example"), "not before it is proven");
    let link = link_to_new_address(&portal, &letters);
    client.fill(&link, "/verify-email", &[]).await;
    let notice = portal.letters().await;
    assert!(notice[0].whole.contains("To: ada@meridian.example"), "{}", notice[0].whole);
    let old = [("email", "ada@meridian.example"), ("password", PASSWORD)];
    assert_eq!(portal.client().fill("/sign-in", "/sign-in", &old).await.status, 422);
    let new = [("email", "ada@new.example"), ("password", PASSWORD)];
    assert_eq!(portal.client().fill("/sign-in", "/sign-in", &new).await.location(), "/apps");
}

fn link_to_new_address(portal: &Portal, letters: &[Letter]) -> String {
    let letter = letters.iter().find(|letter| letter.whole.contains("To: ada@new.example"));
    letter.expect("a letter to the new address").link(portal)
}

async fn a_new_password_makes_links_to_another_address_void(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let mut password = PASSWORD;
    for by_mail in [false, true] {
        // Somebody who has got hold of the password asks for the address.
        let thief = portal.client();
        let fields = [("email", "ada@meridian.example"), ("password", password)];
        assert_eq!(thief.fill("/sign-in", "/sign-in", &fields).await.location(), "/apps");
        let fields = [("email", "ada@new.example"), ("email_password", password)];
        assert_eq!(thief.fill("/settings", "/settings/email", &fields).await.location(), "/settings");
        let link = link_to_new_address(&portal, &portal.letters().await);
        let client = portal.client();
        if by_mail {
            let asked = [("email", ada.email.as_str())];
            client.fill("/password/forgot", "/password/forgot", &asked).await;
            let reset = portal.letters().await.first().expect("a letter").link(&portal);
            let done = client.fill(&reset, "/password/reset", &[("password", NEW)]).await;
            assert_eq!(done.location(), "/sign-in");
        } else {
            let client = portal.signed_in(&ada).await;
            let other = "yet another long passphrase";
            let fields = [("current_password", password), ("password", other)];
            assert_eq!(client.fill("/settings", "/settings/password", &fields).await.location(), "/settings");
            password = other;
        }
        let page = client.visit(&link).await;
        assert!(!page.has("form[action=\"/verify-email\"]"), "{}", page.text());
        portal.letters().await;
    }
}

async fn nobodys_mailbox_is_filled_by_changes_of_address(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let fields = [("email", "bob@elsewhere.example"), ("email_password", PASSWORD)];
    for n in 1..=10 {
        assert_eq!(client.fill("/settings", "/settings/email", &fields).await.status, 303, "{n}");
    }
    assert_eq!(client.fill("/settings", "/settings/email", &fields).await.status, 429);
}

async fn a_session_can_be_ended_from_another_browser(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let (lost, here) = (portal.signed_in(&ada).await, portal.signed_in(&ada).await);
    let page = here.visit("/settings").await;
    let action = page.attribute("form[action$=\"/end\"]", "action").expect("another session to end");
    // The list begins with the last one used, so look for the one that is not this browser's.
    let mut ended = false;
    for action in page.html().select(&scraper::Selector::parse("form[action$=\"/end\"]").expect("a selector"))
    {
        let action = action.value().attr("action").unwrap_or_default();
        here.submit(&page.form(action)).await;
        ended |= lost.get("/apps").await.status == 303;
        if ended {
            break;
        }
    }
    assert!(ended, "{action} ends the other session");
}
