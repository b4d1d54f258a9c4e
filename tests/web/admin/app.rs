//! `/admin/apps/{app}`, `/suspend`, `/reinstate`, `/rename`

use portico::{
    actions::{Conflict, Error, Policy, admin::apps},
    domain::{calls::Calls, time::Clock},
};

use super::Console;
use crate::{
    apps::only_error,
    support::{
        databases::{Kind, on_both},
        world::{parsed, policy},
    },
};

on_both!(
    the_page_says_what_the_app_is_and_shows_no_secret,
    suspending_refuses_the_very_next_call_everywhere_and_reinstating_restores,
    its_developers_read_the_reason_and_its_contact_is_mailed,
    without_an_address_for_help_nobody_is_told_to_write,
    a_draft_without_a_contact_has_its_owners_told,
    suspending_asks_for_a_reason,
    beside_suspend_stands_what_it_stops,
    of_two_admins_one_wins_and_the_other_is_told,
    an_app_takes_another_name_by_the_rules_of_names,
    beside_a_suspended_app_no_other_door_opens,
);

async fn the_page_says_what_the_app_is_and_shows_no_secret(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let world = &console.portal.world;
    world.refused(&console.ada, &app, "invalid_token", "The signature does not verify.", world.clock.now());
    portico::actions::calls::flush(&world.ctx).await.expect("written");
    console.portal.world.database.set("accounts", &console.ada.account, "external_id = 'crm-7'").await;
    let page = console.client.visit(&format!("/admin/apps/{}", app.id)).await;
    let key = world.database.read().await.api_key(app.account).await.expect("a read").expect("a key");
    for words in [
        app.id.to_string().as_str(),
        key.to_string().as_str(),
        "ada@meridian.example",
        "crm-7",
        "Passes meetings on",
        "Ada Lovelace, ada@meridian.example",
        "Created by ada@meridian.example",
        "Activated by ada@meridian.example",
        "Requests a day",
        "The signature does not verify.",
    ] {
        assert!(page.says(words), "{words}: {}", page.text());
    }
    assert!(page.has(&format!("a[href='/admin/accounts/{}']", app.account)));
    assert!(!page.body.contains("as_") && !page.body.contains("whsec_"), "no secret");
    // What the console shows gives no way into the account itself.
    assert_eq!(console.client.get(&format!("/apps/{}", app.id)).await.status, 404);
    assert_eq!(console.client.get(&format!("/apps/{}/credentials", app.id)).await.status, 404);
    assert_eq!(console.client.get("/admin/apps/app_00000000000000000000000000").await.status, 404);
}

async fn suspending_refuses_the_very_next_call_everywhere_and_reinstating_restores(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let world = &console.portal.world;
    let token = world.token(&console.ada, &app).await;
    assert_eq!(console.authorize(&token).await, "200");
    let other = world.another_process().await;
    let page = format!("/admin/apps/{}", app.id);
    let suspended = console.press(&page, &format!("{page}/suspend"), &[("reason", "It sends spam.")]).await;
    assert!(suspended.says("The app is suspended."), "{}", suspended.text());
    assert!(suspended.says("“It sends spam.”"), "{}", suspended.text());
    assert!(suspended.says("Suspended by root@platform.example"), "{}", suspended.text());
    assert_eq!(console.authorize(&token).await, "app_suspended");
    other.directory.follow().await.expect("the log is read");
    let code = portico::actions::authorize::explain(&other, Ok(&token), "", None).await.code;
    assert_eq!(code.as_str(), "app_suspended", "on another process");

    let again = console.press(&page, &format!("{page}/reinstate"), &[]).await;
    assert!(again.says("The app is reinstated."), "{}", again.text());
    assert_eq!(console.authorize(&token).await, "200");
    assert!(again.says("Reinstated, active, by root@platform.example"), "{}", again.text());
    // A deactivated one comes back deactivated.
    world.database.set("apps", &app.id, "state = 'deactivated'").await;
    console.press(&page, &format!("{page}/suspend"), &[("reason", "Again.")]).await;
    let back = console.press(&page, &format!("{page}/reinstate"), &[]).await;
    assert_eq!(back.texts(".cell-app .badge.deactivated").len(), 1, "{}", back.text());
    assert_eq!(
        (world.database.audited("app_suspended").await, world.database.audited("app_reinstated").await),
        (2, 2)
    );
    let rows = "select detail from audit_log where action = 'app_suspended' or action = 'app_reinstated' order by seq";
    let expected = [
        r#"{"before":"active","reason":"It sends spam."}"#,
        r#"{"to":"active"}"#,
        r#"{"before":"deactivated","reason":"Again."}"#,
        r#"{"to":"deactivated"}"#,
    ];
    assert_eq!(world.database.texts(rows).await, expected);
}

async fn its_developers_read_the_reason_and_its_contact_is_mailed(kind: Kind) {
    let support = Some(String::from("help@platform.example"));
    let console = Console::under(kind, Policy { support, ..policy() }).await;
    let app = console.active_app("Relay").await;
    let page = format!("/admin/apps/{}", app.id);
    console.portal.letters().await;
    let reason = "It sends <b>spam</b>.\r\nStop that.";
    console.press(&page, &format!("{page}/suspend"), &[("reason", reason)]).await;
    let ada = console.portal.signed_in(&console.ada).await;
    let link = r#"Write to <a href="mailto:help@platform.example">"#;
    for page in ["", "/information", "/credentials"] {
        let page = ada.visit(&format!("/apps/{}{page}", app.id)).await;
        assert!(page.says("Meridian has suspended this app."), "{}", page.text());
        assert!(page.body.contains("It sends &#60;b&#62;spam&#60;/b&#62;.\nStop that."), "{}", page.body);
        assert!(page.says("Write to help@platform.example to have it reinstated."), "{}", page.text());
        assert!(page.body.contains(link), "{}", page.body);
    }
    let overview = ada.visit(&format!("/apps/{}", app.id)).await;
    assert!(overview.says("Suspended by the platform’s staff"), "{}", overview.text());
    assert!(!overview.says("root@platform.example"), "{}", overview.text());
    let letters = console.portal.letters().await;
    let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
    for words in ["To: ada@meridian.example", "was suspended", "> Stop that.", &app.id.to_string()] {
        assert!(letter.whole.contains(words), "{words}: {}", letter.whole);
    }
    assert!(letter.whole.contains("help@platform.example"), "{}", letter.whole);
    assert!(!letter.whole.contains("Relay"), "no name that developers typed: {}", letter.whole);

    let account = format!("/admin/accounts/{}", console.ada.account);
    console.press(&account, &format!("{account}/suspend"), &[("reason", "Unpaid.")]).await;
    let page = ada.visit("/account").await;
    assert!(page.says("Write to help@platform.example to have it reinstated."), "{}", page.text());
    assert!(page.body.contains(link), "{}", page.body);
}

async fn without_an_address_for_help_nobody_is_told_to_write(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let page = format!("/admin/apps/{}", app.id);
    console.press(&page, &format!("{page}/suspend"), &[("reason", "Spam.")]).await;
    let ada = console.portal.signed_in(&console.ada).await;
    let page = ada.visit(&format!("/apps/{}", app.id)).await;
    assert!(
        page.says("Only the platform’s staff can reinstate it.") && !page.says("Write to"),
        "{}",
        page.text()
    );
}

async fn a_draft_without_a_contact_has_its_owners_told(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.portal.world.jwt_app(&console.ada, "Relay").await;
    console.portal.world.colleague("dev@meridian.example", &console.ada).await;
    console.portal.letters().await;
    let page = format!("/admin/apps/{}", app.id);
    console.press(&page, &format!("{page}/suspend"), &[("reason", "Spam.")]).await;
    let letters = console.portal.letters().await;
    assert_eq!(letters.len(), 1);
    assert!(letters.iter().all(|letter| letter.whole.contains("To: ada@meridian.example")), "{letters:?}");
}

async fn suspending_asks_for_a_reason(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let page = format!("/admin/apps/{}", app.id);
    let long = "x".repeat(1_001);
    for (reason, sentence) in [
        ("", "Enter the reason."),
        (" \n ", "Enter the reason."),
        (long.as_str(), "The reason must be at most 1,000 characters; it has 1,001."),
        ("a\u{202e}b", "The reason contains a character that cannot be shown (U+202E); remove it."),
    ] {
        let refused = console.client.fill(&page, &format!("{page}/suspend"), &[("reason", reason)]).await;
        assert_eq!(only_error(&refused), ("reason".to_owned(), sentence.to_owned()));
        assert!(refused.title().starts_with("Error: "), "{}", refused.title());
        assert!(refused.body.contains(reason.trim()), "it is kept");
    }
    assert_eq!(console.portal.world.database.audited("app_suspended").await, 0);
}

async fn beside_suspend_stands_what_it_stops(kind: Kind) {
    let console = Console::new(kind).await;
    let world = &console.portal.world;
    let app = console.active_app("Relay").await;
    world.jwt_app(&console.ada, "Sibling").await;
    world.subscription(&console.ada, &app).await;
    console.called(&app, Calls { allowed: 1_433, refused: 0, unnamed: 12 }).await;
    let page = console.client.visit(&format!("/admin/apps/{}", app.id)).await;
    for words in [
        "1,433 passed in the last 24 hours",
        "its event subscription receives nothing",
        "12 calls of the account named no app",
        "whoever holds it can still name Sibling",
    ] {
        assert!(page.says(words), "{words}: {}", page.text());
    }
    assert!(page.has(&format!(".danger-zone a[href='/admin/accounts/{}#danger']", app.account)));
}

async fn of_two_admins_one_wins_and_the_other_is_told(kind: Kind) {
    let console = Console::new(kind).await;
    let world = &console.portal.world;
    let app = console.active_app("Relay").await;
    let second = world.admin("second@platform.example").await;
    let second = console.portal.signed_in(&second).await;
    let page = format!("/admin/apps/{}", app.id);
    let suspend = format!("{page}/suspend");
    let late = second.visit(&page).await;
    console.press(&page, &suspend, &[("reason", "First.")]).await;
    let told = second.submit(&late.form(&suspend).with("reason", "Second.")).await;
    assert_eq!(told.status, 409);
    assert!(told.says("somebody else was quicker"), "{}", told.text());
    assert_eq!(world.database.texts("select suspended_reason from apps").await, ["First."]);
    // The same of giving it back, and of a name.
    let late = second.visit(&page).await;
    console.press(&page, &format!("{page}/reinstate"), &[]).await;
    assert_eq!(second.submit(&late.form(&format!("{page}/reinstate"))).await.status, 409);
    let late = second.visit(&page).await;
    console.press(&page, &format!("{page}/rename"), &[("name", "Relay One")]).await;
    let told = second.submit(&late.form(&format!("{page}/rename")).with("name", "Relay Two")).await;
    assert_eq!(told.status, 409);
    assert_eq!(world.database.texts("select name from apps").await, ["Relay One"]);

    // And at the very same moment.
    let acting = world.as_admin(&console.root).await;
    let (one, other) = (parsed("One."), parsed("Other."));
    let (one, other) = tokio::join!(
        apps::suspend(&world.ctx, &acting, app.id, &one),
        apps::suspend(&world.ctx, &acting, app.id, &other),
    );
    let told = |outcome: &Result<(), Error>| matches!(outcome, Err(Error::Conflict(Conflict::Overtaken)));
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|won| **won).count(), 1, "{one:?} {other:?}");
    assert!(told(&one) || told(&other), "{one:?} {other:?}");
    assert_eq!(world.database.audited("app_suspended").await, 2);
}

async fn an_app_takes_another_name_by_the_rules_of_names(kind: Kind) {
    let console = Console::new(kind).await;
    let world = &console.portal.world;
    let app = console.active_app("Relay").await;
    world.jwt_app(&console.ada, "Taken").await;
    world.colleague("dev@meridian.example", &console.ada).await;
    console.portal.letters().await;
    let page = format!("/admin/apps/{}", app.id);
    let rename = format!("{page}/rename");
    for (name, sentence) in [
        ("", "Enter the app name."),
        ("TAKEN", "An app called “TAKEN” already exists on Meridian. Choose another name."),
        ("meridian", "“meridian” is the name of this platform. Choose another name."),
    ] {
        let refused = console.client.fill(&page, &rename, &[("name", name)]).await;
        assert_eq!(only_error(&refused), ("name".to_owned(), sentence.to_owned()));
    }
    let renamed = console.press(&page, &rename, &[("name", "Courier")]).await;
    assert!(renamed.says("The app has another name."), "{}", renamed.text());
    assert!(renamed.says("Renamed, “Courier”, by root@platform.example"), "{}", renamed.text());
    let letters = console.portal.letters().await;
    let [letter] = letters.as_slice() else { panic!("the owner alone, not {letters:?}") };
    assert!(letter.whole.contains("To: ada@meridian.example"), "{}", letter.whole);
    assert_eq!(letter.link(&console.portal), format!("/apps/{}", app.id));
    // The old name is free again, and /api/v1/me tells the new one at once.
    world.jwt_app(&console.ada, "Relay").await;
    let me = console.portal.client().get_as("/api/v1/me", &world.token(&console.ada, &app).await).await;
    assert!(me.body.contains("Courier"), "{}", me.body);
    console.press(&page, &rename, &[("name", "COURIER")]).await;
    console.press(&page, &rename, &[("name", "COURIER")]).await;
    assert_eq!(world.database.audited("app_renamed").await, 2, "the same name is no change");
}

async fn beside_a_suspended_app_no_other_door_opens(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let page = format!("/admin/apps/{}", app.id);
    console.press(&page, &format!("{page}/suspend"), &[("reason", "Spam.")]).await;
    let ada = console.portal.signed_in(&console.ada).await;
    let refused = ada.fill("/apps/new", "/apps", &[("app_type", "jwt"), ("name", "Second")]).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let gone = ada.visit(&format!("/apps/{}", app.id)).await;
    assert!(!gone.has("form[action$='/delete']"), "its developers cannot make it go away");
}
