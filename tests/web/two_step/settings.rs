//! Turning it on and off, and the forms that ask for the password

use portico::domain::time::Span;
use reqwest::Method;

use super::{TwoSteps, cookie};
use crate::support::{
    authenticator::{Authenticator, recovery_codes},
    databases::{Kind, on_both},
    site::Portal,
    world::PASSWORD,
};

on_both!(
    it_is_turned_on_with_a_code_and_ends_the_other_sessions,
    codes_that_would_turn_it_on_are_counted_and_written_down,
    what_was_offered_to_another_session_is_not_taken,
    it_is_turned_off_with_password_and_code,
    whatever_asks_for_the_password_asks_for_a_code_too,
    confirming_asks_for_a_code_too,
    an_export_tells_of_it_and_a_deleted_user_leaves_nothing_of_it,
    a_session_shows_where_it_was_last_used,
);

const HERE: &str = "/settings/two-step";

async fn it_is_turned_on_with_a_code_and_ends_the_other_sessions(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let other = portal.signed_in(&ada).await;
    assert!(client.visit("/settings").await.has(&format!("a[href='{HERE}']")));
    let page = client.visit(HERE).await;
    assert_eq!((page.header("cache-control"), page.header("content-encoding")), ("no-store", "identity"));
    assert!(page.attribute("svg.qr path", "d").is_some_and(|path| path.len() > 1_000), "a QR code");
    let app = Authenticator::told(&page.texts("#secret").join(""));
    let now = portal.world.ctx.now();
    let form = page.form(HERE).with("password", PASSWORD);
    for (typed, field, words) in [
        (form.clone(), "code", "Enter the code"),
        (form.clone().with("code", &app.wrong_code(now)), "code", "not right"),
        (form.clone().with("code", "0123-4567-89ab-cdef"), "code", "not right"),
        (form.clone().with("code", &app.code(now)).with("password", ""), "password", "Enter your password"),
        (form.clone().with("code", &app.code(now)).with("password", "x"), "password", "not your password"),
    ] {
        let page = client.submit(&typed).await;
        assert_eq!((page.status.as_u16(), page.header("content-encoding")), (422, "identity"));
        assert!(page.errors()[field].contains(words), "{words}: {}", page.text());
        // The app that has the secret by now stays right.
        assert_eq!(page.form(HERE).value("offer"), form.value("offer"));
        assert_eq!(Authenticator::told(&page.texts("#secret").join("")).code(now), app.code(now));
    }
    assert_eq!(portal.world.database.audited("two_step_turned_on").await, 0);
    assert_eq!(portal.world.database.audited("code_failed").await, 2, "the wrong codes");
    other.visit("/settings").await;
    portal.letters().await;

    let form = form.with("code", &app.code(now));
    let page = client.submit(&form).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!((page.header("cache-control"), page.header("content-encoding")), ("no-store", "identity"));
    let codes = recovery_codes(&page);
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 19), "{codes:?}");
    assert!(cookie(&page, "portico").is_some(), "the session goes on under another value (S14)");
    // The forms of the page work under the new cookie.
    assert!(page.form("/sign-out").value("csrf").is_some());
    assert!(other.get("/apps").await.location().starts_with("/sign-in"), "the other session ended (S9)");
    let letters = portal.letters().await;
    assert!(letters.len() == 1 && letters[0].whole.contains("was turned on"), "{letters:?}");
    assert_eq!(portal.world.database.audited("two_step_turned_on").await, 1);

    let settings = client.visit(HERE).await;
    assert!(settings.says("10 of 10 are left"), "{}", settings.text());
    assert!(codes.iter().all(|code| !settings.body.contains(code.as_str())), "shown once");
    // Sent again, as by going back: nothing is shown, nothing changes.
    let csrf = settings.form("/sign-out").value("csrf").map(str::to_owned).expect("a value");
    let again = client.submit(&form.with("csrf", &csrf)).await;
    assert_eq!(again.location(), HERE);
    assert!(client.follow(&again).await.says("This form was sent twice."));
    assert_eq!(portal.world.database.audited("two_step_turned_on").await, 1);
    // The code that turned it on is used.
    let door = portal.client();
    let fields = [("email", ada.email.as_str()), ("password", PASSWORD)];
    door.fill("/sign-in", "/sign-in", &fields).await;
    let page = door.fill("/sign-in/code", "/sign-in/code", &[("code", &app.code(now))]).await;
    assert!(page.errors()["code"].contains("used already"), "{}", page.text());
}

/// Whoever sits at somebody's open session and knows the password guesses no longer than elsewhere.
async fn codes_that_would_turn_it_on_are_counted_and_written_down(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let page = client.visit(HERE).await;
    let app = Authenticator::told(&page.texts("#secret").join(""));
    let form = page.form(HERE).with("password", PASSWORD);
    let wrong = form.clone().with("code", &app.wrong_code(portal.world.ctx.now()));
    for n in 1..=10 {
        assert_eq!(client.submit(&wrong).await.status, 422, "guess {n}");
    }
    let right = form.with("code", &app.code(portal.world.ctx.now()));
    assert_eq!(client.submit(&right).await.status, 429);
    assert_eq!(client.submit(&right).await.status, 429);
    let database = &portal.world.database;
    assert_eq!(database.audited("code_failed").await, 10);
    assert_eq!(database.audited("tries_limited").await, 1);
    assert_eq!(database.audited("two_step_turned_on").await, 0);
    portal.world.clock.advance(Span::minutes(15));
    let right = right.with("code", &app.code(portal.world.ctx.now()));
    assert_eq!(client.submit(&right).await.status, 200);
}

async fn what_was_offered_to_another_session_is_not_taken(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let eve = portal.world.user("eve@evil.example").await;
    let theirs = portal.signed_in(&eve).await.visit(HERE).await;
    let app = Authenticator::told(&theirs.texts("#secret").join(""));
    let offer = theirs.form(HERE).value("offer").map(str::to_owned).expect("an offer");
    let client = portal.signed_in(&ada).await;
    let form = client.visit(HERE).await.form(HERE).with("password", PASSWORD);
    let form = form.with("code", &app.code(portal.world.ctx.now()));
    for offer in [offer.as_str(), "", "AAAA"] {
        assert_eq!(client.submit(&form.clone().with("offer", offer)).await.status, 400);
    }
    assert_eq!(portal.world.database.audited("two_step_turned_on").await, 0);
}

async fn it_is_turned_off_with_password_and_code(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let (other, _) = two.half_way().await;
    two.enter(&other, &two.code()).await;
    two.next_code();
    let (waiting, _) = two.half_way().await;
    two.portal.letters().await;
    let off = "/settings/two-step/off";
    let form = two.client.visit(HERE).await.form(off);
    for (password, code, field) in [
        ("", two.code(), "off_password"),
        (PASSWORD, String::new(), "off_code"),
        (PASSWORD, two.app.wrong_code(two.portal.world.ctx.now()), "off_code"),
        ("wrong wrong wrong", two.code(), "off_password"),
    ] {
        let form = form.clone().with("off_password", password).with("off_code", &code);
        let page = two.client.submit(&form).await;
        assert_eq!(page.status, 422);
        assert!(page.errors().contains_key(field), "{}", page.text());
    }
    let form = form.with("off_password", PASSWORD).with("off_code", &two.code());
    let page = two.client.submit(&form).await;
    assert_eq!(page.location(), HERE);
    assert!(two.client.follow(&page).await.says("Two-step sign-in is off."));
    assert!(other.get("/apps").await.location().starts_with("/sign-in"), "the other session ended (S9)");
    assert_eq!(waiting.get("/sign-in/code").await.location(), "/sign-in", "what waited is over");
    let letters = two.portal.letters().await;
    assert!(letters.len() == 1 && letters[0].whole.contains("was turned off"), "{letters:?}");
    let database = &two.portal.world.database;
    assert_eq!(database.audited("two_step_turned_off").await, 1);
    let dump = database.dump().await;
    assert!(dump["second_factors"].is_empty() && dump["recovery_codes"].is_empty());
    let page = two.half_way().await.1;
    assert_eq!(page.location(), "/apps", "the password alone");
}

async fn whatever_asks_for_the_password_asks_for_a_code_too(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let new = "another staple of horses";
    for (action, password, code, fields) in [
        ("/settings/email", "email_password", "email_code", &[("email", "ada@new.example")][..]),
        ("/settings/password", "current_password", "current_code", &[("password", new)][..]),
        ("/settings/export", "export_password", "export_code", &[][..]),
        ("/settings/delete", "delete_password", "delete_code", &[][..]),
    ] {
        let form = two.client.visit("/settings").await.form(action).with(password, PASSWORD);
        let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
        for (typed, words) in
            [(String::new(), "Enter the code"), (two.app.wrong_code(two.portal.world.ctx.now()), "not right")]
        {
            let page = two.client.submit(&form.clone().with(code, &typed)).await;
            assert_eq!(page.status, 422, "{action}");
            assert!(page.errors()[code].contains(words), "{action}: {}", page.text());
        }
    }
    for action in ["address_change_asked", "password_changed", "user_exported", "user_deleted"] {
        assert_eq!(two.portal.world.database.audited(action).await, 0, "{action}");
    }
    let fields = [("current_password", PASSWORD), ("password", new), ("current_code", &two.code())];
    assert_eq!(two.client.fill("/settings", "/settings/password", &fields).await.location(), "/settings");
    // A code counts once, wherever it was given.
    let fields = [("email", "ada@new.example"), ("email_password", new), ("email_code", &two.code())];
    let page = two.client.fill("/settings", "/settings/email", &fields).await;
    assert!(page.errors()["email_code"].contains("used already"), "{}", page.text());
}

async fn confirming_asks_for_a_code_too(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let app = two.portal.world.jwt_app(&two.ada, "Relay").await;
    two.portal.world.clock.advance(Span::hours(1));
    let credentials = format!("/apps/{}/credentials", app.id);
    let page = two.client.fill(&credentials, &format!("{credentials}/reveal"), &[]).await;
    let door = page.location();
    assert!(door.starts_with("/confirm?next="), "{door}");
    let refused = two.client.fill(&door, "/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.errors()["code"].contains("Enter the code"), "{}", refused.text());
    let page = two.client.fill(&credentials, &format!("{credentials}/reveal"), &[]).await;
    assert!(page.location().starts_with("/confirm?next="), "the password alone was not enough");
    let code = two.code();
    let page = two.client.fill(&door, "/confirm", &[("password", PASSWORD), ("code", &code)]).await;
    assert_eq!(page.location(), credentials);
    assert_eq!(two.client.fill(&credentials, &format!("{credentials}/reveal"), &[]).await.status, 200);
}

async fn an_export_tells_of_it_and_a_deleted_user_leaves_nothing_of_it(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let fields = [("export_password", PASSWORD), ("export_code", two.codes[0].as_str())];
    let page = two.client.fill("/settings", "/settings/export", &fields).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let export: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!(export["two_step_sign_in"]["recovery_codes_left"], 9);
    assert!(export["two_step_sign_in"]["on_since"].as_str().is_some_and(|at| at.starts_with("2026-11-24")));
    assert!(two.codes.iter().all(|code| !page.body.contains(code.as_str())));
    let (_waiting, _) = two.half_way().await;
    let fields = [("delete_password", PASSWORD), ("delete_code", two.codes[1].as_str())];
    let page = two.client.fill("/settings", "/settings/delete", &fields).await;
    assert_eq!(page.location(), "/sign-in", "{}", page.text());
    let dump = two.portal.world.database.dump().await;
    for table in ["second_factors", "recovery_codes", "half_sign_ins", "sessions"] {
        assert!(dump[table].is_empty(), "{table}: {:?}", dump[table]);
    }
}

async fn a_session_shows_where_it_was_last_used(kind: Kind) {
    let portal = Portal::behind(kind, false, &["127.0.0.0/8"]).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let other = portal.signed_in(&ada).await;
    let from = |address: &str, browser: &str| {
        let request = other.request(Method::GET, "/settings").header("x-forwarded-for", address);
        request.header("user-agent", browser)
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    portal.world.clock.advance(Span::seconds(11));
    assert_eq!(other.send(from("203.0.113.9", firefox)).await.status, 200);
    let page = client.visit("/settings").await;
    let row = page.texts("#sessions + p + table tbody tr").join("\n");
    assert!(row.contains("Firefox on Linux") && row.contains("203.0.113.9"), "{row}");
    // Each can be ended, and then it is.
    let end = page.attribute("form[action^='/settings/sessions/']", "action").expect("a way to end it");
    assert_eq!(client.fill("/settings", &end, &[]).await.location(), "/settings");
    assert!(other.get("/settings").await.location().starts_with("/sign-in"));
    assert!(!client.visit("/settings").await.says("203.0.113.9"));
}
