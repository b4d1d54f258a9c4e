//! `/apps/{app}`, `/deactivate`, `/reactivate`

use portico::domain::{account::Role, time::Span};

use super::{Flow, at};
use crate::support::databases::{Kind, on_both};

on_both!(
    the_overview_says_what_the_app_is_and_what_happened_to_it,
    each_state_says_what_it_means_and_offers_what_may_follow,
    what_is_no_choice_of_what_waits_changes_nothing,
    a_state_changes_only_as_it_may,
    a_suspended_app_says_why_and_its_developers_cannot_change_that,
    stopping_says_what_it_does_not_stop,
    an_approved_account_may_reactivate_and_no_other,
    unknown_apps_are_not_found,
);

async fn the_overview_says_what_the_app_is_and_what_happened_to_it(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    flow.portal.world.subscription(&flow.ada, &app).await;
    let page = flow.client.visit(&at(&app, "")).await;
    for words in [
        app.id.to_string().as_str(),
        "JWT",
        "This app may call the API and receives production events.",
        "24 Nov 2026, 07:20 UTC by ada@meridian.example",
        "Created by ada@meridian.example",
        "Activated by ada@meridian.example",
        "Subscription added, https://meridian.example/hook, by ada@meridian.example",
    ] {
        assert!(page.says(words), "{words}: {}", page.text());
    }
}

async fn each_state_says_what_it_means_and_offers_what_may_follow(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let offers = |page: &crate::support::client::Page| {
        ["activation", "deactivate", "reactivate"].map(|verb| {
            let way = at(&app, &format!("/{verb}"));
            page.has(&format!("main form[action='{way}'], main p.actions a[href='{way}']"))
        })
    };
    let draft = flow.client.visit(&at(&app, "")).await;
    assert_eq!(offers(&draft), [true, false, false]);
    assert!(draft.says("Its calls are refused until it is activated."), "{}", draft.text());
    flow.portal.world.activate(&flow.ada, &app).await;
    assert_eq!(offers(&flow.client.visit(&at(&app, "")).await), [false, true, false]);

    flow.portal.world.clock.advance(Span::hours(3));
    let stopped = flow.press(&at(&app, ""), &at(&app, "/deactivate"), &[]).await;
    assert!(stopped.says("The app is deactivated. Its very next call is refused."), "{}", stopped.text());
    assert!(stopped.says("24 Nov 2026, 10:20 UTC"), "when it was stopped: {}", stopped.text());
    assert_eq!(offers(&stopped), [false, false, true]);

    let again = flow.press(&at(&app, ""), &at(&app, "/reactivate"), &[]).await;
    assert!(again.says("The app is active again."), "{}", again.text());
    assert_eq!(offers(&again), [false, true, false]);
    let database = &flow.portal.world.database;
    assert_eq!(
        (database.audited("app_deactivated").await, database.audited("app_reactivated").await),
        (1, 1)
    );
}

async fn what_is_no_choice_of_what_waits_changes_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    flow.press(&at(&app, ""), &at(&app, "/deactivate"), &[]).await;
    let reactivate = at(&app, "/reactivate");
    for wrong in ["zzz", "SEND", " "] {
        let form = flow.client.visit(&at(&app, "")).await.form(&reactivate).and("waiting", wrong);
        let page = flow.client.submit(&form).await;
        assert_eq!(page.status, 422, "{wrong}");
        for words in ["The app was not reactivated.", "Choose to deliver what waits or to drop it."] {
            assert!(page.says(words), "{wrong}: {}", page.text());
        }
        assert!(!page.says("The app was not deleted."), "{}", page.text());
    }
    assert_eq!(flow.portal.world.database.audited("app_reactivated").await, 0);
    let form = flow.client.visit(&at(&app, "")).await.form(&reactivate).and("waiting", "drop");
    assert_eq!(flow.client.submit(&form).await.status, 303);
}

async fn a_state_changes_only_as_it_may(kind: Kind) {
    let flow = Flow::new(kind).await;
    let draft = flow.jwt_app("Draft").await;
    let active = flow.active_app("Active").await;
    let csrf = flow.client.visit("/apps").await;
    let csrf = csrf.attribute("input[name=csrf]", "value").expect("a value");
    let post = async |app, verb: &str| {
        let request = flow.client.request(reqwest::Method::POST, &at(app, verb)).form(&[("csrf", &csrf)]);
        flow.client.send(request).await
    };
    for (app, verb, sentence) in [
        (&draft, "/deactivate", "This app is a draft"),
        (&draft, "/reactivate", "This app is a draft"),
        (&active, "/activate", "This app is active already."),
        (&active, "/reactivate", "This app is active already."),
    ] {
        let page = post(app, verb).await;
        assert_eq!(page.status, 409, "{verb}");
        assert!(page.says(sentence), "{verb}: {}", page.text());
    }
    assert_eq!(post(&active, "/deactivate").await.status, 303);
    for verb in ["/activate", "/deactivate"] {
        let page = post(&active, verb).await;
        assert_eq!(page.status, 409, "{verb}");
        assert!(page.says("This app is deactivated already"), "{verb}: {}", page.text());
    }
    flow.suspend(&draft, "It sends spam").await;
    for verb in ["/activate", "/deactivate", "/reactivate", "/delete"] {
        let page = post(&draft, verb).await;
        assert_eq!(page.status, 409, "{verb}");
        assert!(page.says("This app is suspended."), "{verb}: {}", page.text());
    }
}

async fn a_suspended_app_says_why_and_its_developers_cannot_change_that(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    flow.suspend(&app, "It sends <b>spam</b>").await;
    for page in ["", "/information", "/credentials", "/features", "/activation"] {
        let page = flow.client.visit(&at(&app, page)).await;
        assert!(page.says("It sends <b>spam</b>"), "{}", page.text());
    }
    let page = flow.client.visit(&at(&app, "")).await;
    for verb in ["deactivate", "reactivate", "delete"] {
        assert!(!page.has(&format!("form[action$='/{verb}']")), "{verb}");
    }
    // What it is can still be put right; that may be what reinstating waits for.
    let page = flow
        .client
        .fill(&at(&app, "/information"), &at(&app, "/information"), &[("company_name", "Other")])
        .await;
    assert_eq!(page.status, 303);
    assert_eq!(
        flow.client.visit(&at(&app, "")).await.texts(".badge.suspended").len(),
        1,
        "it is suspended still"
    );
}

async fn stopping_says_what_it_does_not_stop(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    flow.jwt_app("Sibling").await;
    flow.portal.world.webhook_app(&flow.ada, "Listener").await;
    let page = flow.client.visit(&at(&app, "")).await;
    assert!(page.says("can still name the other JWT apps of the account: Sibling."), "{}", page.text());
    assert!(page.has(&format!("a[href='{}']", at(&app, "/credentials#regenerate"))));
    let developer = flow.portal.world.colleague("dev@meridian.example", &flow.ada).await;
    let page = flow.portal.signed_in(&developer).await.visit(&at(&app, "")).await;
    assert!(page.says("ask an owner of the account"), "{}", page.text());
    assert!(!page.has("form[action$='/delete']"));
    let viewer = flow.portal.world.with_role(developer, Role::Viewer).await;
    let page = flow.portal.signed_in(&viewer).await.visit(&at(&app, "")).await;
    assert!(!page.has("main form[method=post]"), "{}", page.text());
}

async fn an_approved_account_may_reactivate_and_no_other(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let sibling = flow.jwt_app("Sibling").await;
    flow.press(&at(&app, ""), &at(&app, "/deactivate"), &[]).await;
    let account = flow.ada.account;
    let database = &flow.portal.world.database;
    for (standing, sentence) in
        [("pending", "This account awaits approval"), ("suspended", "This account is suspended")]
    {
        database.set("accounts", &account, &format!("standing = '{standing}'")).await;
        let page = flow.client.fill(&at(&app, ""), &at(&app, "/reactivate"), &[]).await;
        assert_eq!(page.status, 409);
        assert!(page.says(sentence), "{}", page.text());
    }
    database.set("accounts", &account, "standing = 'approved'").await;
    flow.suspend(&sibling, "It sends spam").await;
    let page = flow.client.fill(&at(&app, ""), &at(&app, "/reactivate"), &[]).await;
    assert_eq!(page.status, 409);
    assert!(page.says("This account has a suspended JWT app"), "{}", page.text());
}

async fn unknown_apps_are_not_found(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let id = app.id.to_string();
    for wrong in [
        "app_00000000000000000000000000",
        "app_x",
        "x",
        &id.to_uppercase(),
        &id.replacen("app", "sub", 1),
        "%00",
        "..%2f",
    ] {
        assert_eq!(flow.client.get(&format!("/apps/{wrong}")).await.status, 404, "{wrong}");
    }
    assert_eq!(flow.client.get(&at(&app, "/nothing")).await.status, 404);
    assert_eq!(flow.client.get(&at(&app, "/credentials/reveal")).await.status, 405);
}
