//! `/admin/accounts/{account}`, `/approve`, `/external-id`, `/suspend`, `/reinstate`

use portico::actions::information::{self, IconChoice};

use super::Console;
use crate::{
    apps::only_error,
    support::{
        databases::{Kind, on_both},
        world,
    },
};

on_both!(
    an_account_that_waits_is_approved_and_may_activate,
    suspending_refuses_every_call_and_its_pages_say_why,
    reinstating_restores_the_standing_it_had,
    an_external_id_is_unique_and_can_be_cleared,
    of_two_admins_one_wins_and_the_other_is_told,
    what_changed_between_a_refusal_and_its_correction_is_told,
    another_suspension_is_not_ended_by_one_who_saw_the_first,
    the_page_lists_members_and_apps_and_shows_no_secret,
    owners_are_mailed_what_becomes_of_their_account,
);

async fn an_account_that_waits_is_approved_and_may_activate(kind: Kind) {
    let console = Console::new(kind).await;
    console.unapprove().await;
    let app = console.portal.world.jwt_app(&console.ada, "Relay").await;
    let (ctx, acting) = (&console.portal.world.ctx, console.portal.world.acting(&console.ada));
    let saved = information::save(ctx, &acting, app.id, world::information("Relay"), IconChoice::Keep);
    saved.await.expect("nothing is missing");
    let ada = console.portal.signed_in(&console.ada).await;
    let activation = ada.visit(&format!("/apps/{}/activation", app.id)).await;
    assert!(activation.says("Its owners are told by mail when it is approved."), "{}", activation.text());
    let page = format!("/admin/accounts/{}", console.ada.account);
    let waiting = console.client.visit(&page).await;
    assert!(waiting.says("Waiting for approval."), "{}", waiting.text());
    let approved = console.press(&page, &format!("{page}/approve"), &[]).await;
    assert!(approved.says("The account is approved."), "{}", approved.text());
    assert!(approved.says("Account approved by root@platform.example"), "{}", approved.text());
    assert!(!approved.has("form[action$='/approve']"));
    let app = console.portal.world.activate(&console.ada, &app).await;
    let token = console.portal.world.token(&console.ada, &app).await;
    assert_eq!(console.authorize(&token).await, "200");
    assert_eq!(console.portal.world.database.audited("account_approved").await, 1);
}

async fn owners_are_mailed_what_becomes_of_their_account(kind: Kind) {
    let console = Console::new(kind).await;
    // A member who is no owner is not.
    console.portal.world.colleague("dev@meridian.example", &console.ada).await;
    console.unapprove().await;
    let page = format!("/admin/accounts/{}", console.ada.account);
    for (verb, fields, words) in [
        ("/approve", &[][..], ["was approved", "can activate apps now"]),
        ("/suspend", &[("reason", "Unpaid\nbills.")], ["was suspended", "> Unpaid"]),
        ("/reinstate", &[], ["was reinstated", "stands as it did before"]),
    ] {
        console.press(&page, &format!("{page}{verb}"), fields).await;
        let letters = console.portal.letters().await;
        let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
        assert!(letter.whole.contains("To: ada@meridian.example"), "{verb}: {}", letter.whole);
        for words in words.into_iter().chain([console.ada.account.to_string().as_str()]) {
            assert!(letter.whole.contains(words), "{words}: {}", letter.whole);
        }
        assert!(!letter.whole.contains("root@platform.example"), "{verb}: {}", letter.whole);
    }
    // Nobody is told what did not come about.
    let again = console.client.visit(&page).await.form(&format!("{page}/suspend")).with("reason", "x");
    console.client.submit(&again).await;
    console.portal.letters().await;
    assert_eq!(console.client.submit(&again).await.status, 409);
    assert!(console.portal.letters().await.is_empty());
}

async fn suspending_refuses_every_call_and_its_pages_say_why(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let token = console.portal.world.token(&console.ada, &app).await;
    let page = format!("/admin/accounts/{}", console.ada.account);
    let refused = console.client.fill(&page, &format!("{page}/suspend"), &[("reason", " ")]).await;
    assert_eq!(only_error(&refused), ("reason".to_owned(), "Enter the reason.".to_owned()));
    assert_eq!(console.authorize(&token).await, "200");
    let suspended = console.press(&page, &format!("{page}/suspend"), &[("reason", "Unpaid <bills>.")]).await;
    assert!(suspended.says("The account is suspended."), "{}", suspended.text());
    assert_eq!(console.authorize(&token).await, "account_suspended");
    let ada = console.portal.signed_in(&console.ada).await;
    for path in ["/account", "/apps", &format!("/apps/{}", app.id), &format!("/apps/{}/information", app.id)]
    {
        let page = ada.visit(path).await;
        assert!(page.says("Meridian has suspended this account."), "{path}: {}", page.text());
        assert!(page.says("“Unpaid <bills>.”"), "{path}: {}", page.text());
    }
    let again = console.press(&page, &format!("{page}/reinstate"), &[]).await;
    assert!(again.says("The account is reinstated."), "{}", again.text());
    assert_eq!(console.authorize(&token).await, "200");
    assert!(!ada.visit("/account").await.says("has suspended"));
}

async fn reinstating_restores_the_standing_it_had(kind: Kind) {
    let console = Console::new(kind).await;
    console.unapprove().await;
    let page = format!("/admin/accounts/{}", console.ada.account);
    console.press(&page, &format!("{page}/suspend"), &[("reason", "Spam.")]).await;
    let back = console.press(&page, &format!("{page}/reinstate"), &[]).await;
    assert!(back.has("form[action$='/approve']"), "it waits again: {}", back.text());
    let standings =
        console.portal.world.database.texts("select standing from accounts order by standing").await;
    assert_eq!(standings, ["approved", "pending"]);
}

async fn an_external_id_is_unique_and_can_be_cleared(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    let token = console.portal.world.token(&console.ada, &app).await;
    let page = format!("/admin/accounts/{}", console.ada.account);
    let own = format!("/admin/accounts/{}", console.root.account);
    let action = format!("{page}/external-id");
    console.press(&own, &format!("{own}/external-id"), &[("external_id", "crm-1")]).await;
    for (id, sentence) in [
        ("crm-1", "Another account has the external id “crm-1”."),
        ("crm 1", "The external id must be 1 to 100 letters, digits and signs of ASCII, without spaces."),
    ] {
        let refused = console.client.fill(&page, &action, &[("external_id", id)]).await;
        assert_eq!(only_error(&refused), ("external_id".to_owned(), sentence.to_owned()));
    }
    let saved = console.press(&page, &action, &[("external_id", " crm-2 ")]).await;
    assert!(saved.says("External id saved."), "{}", saved.text());
    let answer = console.portal.client().get_as("/authorize", &token).await;
    assert_eq!(answer.header("x-portico-account-external-id"), "crm-2", "at the very next call");
    console.press(&page, &action, &[("external_id", "")]).await;
    let answer = console.portal.client().get_as("/authorize", &token).await;
    assert_eq!(answer.header("x-portico-account-external-id"), "");
    console.press(&own, &format!("{own}/external-id"), &[("external_id", "crm-2")]).await;
    assert_eq!(console.portal.world.database.audited("account_external_id_changed").await, 4);
}

async fn of_two_admins_one_wins_and_the_other_is_told(kind: Kind) {
    let console = Console::new(kind).await;
    console.unapprove().await;
    let second = console.portal.world.admin("second@platform.example").await;
    let second = console.portal.signed_in(&second).await;
    let page = format!("/admin/accounts/{}", console.ada.account);
    for (verb, fields) in [
        ("external-id", [("external_id", "crm-1")].as_slice()),
        ("approve", &[]),
        ("suspend", &[("reason", "Spam.")]),
        ("reinstate", &[]),
    ] {
        let action = format!("{page}/{verb}");
        let mut late = second.visit(&page).await.form(&action);
        for (field, _) in fields {
            late = late.with(field, "crm-2");
        }
        console.press(&page, &action, fields).await;
        let told = second.submit(&late).await;
        assert_eq!(told.status, 409, "{verb}: {}", told.text());
        assert!(told.says("somebody else was quicker"), "{verb}: {}", told.text());
        let typed = verb != "suspend" || told.says("What you wrote was not sent:“crm-2”");
        assert!(typed, "{}", told.text());
    }
}

async fn what_changed_between_a_refusal_and_its_correction_is_told(kind: Kind) {
    let console = Console::new(kind).await;
    let second = console.portal.world.admin("second@platform.example").await;
    let second = console.portal.signed_in(&second).await;
    let page = format!("/admin/accounts/{}", console.ada.account);
    let action = format!("{page}/external-id");
    let refused = second.fill(&page, &action, &[("external_id", "crm 2")]).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    console.press(&page, &action, &[("external_id", "crm-1")]).await;
    let corrected = refused.form(&action).with("external_id", "crm-2");
    let told = second.submit(&corrected).await;
    assert_eq!(told.status, 409, "{}", told.text());
    assert_eq!(told.form(&action).value("external_id"), Some("crm-2"), "what was typed is still there");
    // Now it has been told, and may decide.
    assert_eq!(second.submit(&told.form(&action)).await.status, 303);
    assert_eq!(console.portal.world.database.audited("account_external_id_changed").await, 2);
}

async fn another_suspension_is_not_ended_by_one_who_saw_the_first(kind: Kind) {
    let console = Console::new(kind).await;
    let second = console.portal.world.admin("second@platform.example").await;
    let second = console.portal.signed_in(&second).await;
    let page = format!("/admin/accounts/{}", console.ada.account);
    let (suspend, reinstate) = (format!("{page}/suspend"), format!("{page}/reinstate"));
    console.press(&page, &suspend, &[("reason", "It sends\r\nspam.")]).await;
    let seen = second.visit(&page).await.form(&reinstate);
    console.press(&page, &reinstate, &[]).await;
    console.press(&page, &suspend, &[("reason", "Unpaid bills.")]).await;
    let told = second.submit(&seen).await;
    assert_eq!(told.status, 409, "{}", told.text());
    let database = &console.portal.world.database;
    assert_eq!(
        database.texts("select standing from accounts where suspended_reason = 'Unpaid bills.'").await,
        ["suspended"]
    );
    console.press(&page, &reinstate, &[]).await;
    let rows = "select detail from audit_log where action in ('account_suspended', 'account_reinstated') order by chain, seq";
    let expected = [
        r#"{"before":"approved","reason":"It sends\nspam."}"#,
        r#"{"to":"approved"}"#,
        r#"{"before":"approved","reason":"Unpaid bills."}"#,
        r#"{"to":"approved"}"#,
    ];
    assert_eq!(database.texts(rows).await, expected);
}

async fn the_page_lists_members_and_apps_and_shows_no_secret(kind: Kind) {
    let console = Console::new(kind).await;
    let app = console.active_app("Relay").await;
    console.portal.world.colleague("dev@meridian.example", &console.ada).await;
    let page = console.client.visit(&format!("/admin/accounts/{}", console.ada.account)).await;
    for words in ["dev@meridian.example", "Developer", "Owner", "Relay", "Account created"] {
        assert!(page.says(words), "{words}: {}", page.text());
    }
    assert!(page.has(&format!("a[href='/admin/apps/{}']", app.id)));
    assert!(!page.body.contains("as_") && !page.body.contains(world::PASSWORD));
    for unknown in ["acc_00000000000000000000000000", "acc_x", &app.id.to_string()] {
        assert_eq!(console.client.get(&format!("/admin/accounts/{unknown}")).await.status, 404, "{unknown}");
    }
}
