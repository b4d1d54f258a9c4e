//! `/apps/new`, `POST /apps`

use futures_util::future::join_all;
use portico::{actions::Policy, domain::app::AppType};

use super::{Flow, only_error, refusal};
use crate::support::{
    client::Form,
    databases::{Kind, on_both},
    world::{self, at_most},
};

on_both!(
    an_app_of_each_type_is_made_and_leads_to_its_information,
    a_name_has_1_to_50_characters_that_can_be_shown,
    type_and_name_are_both_asked_for_and_what_was_typed_stays,
    a_name_is_taken_on_the_whole_platform_in_any_case_width_and_spacing,
    the_platforms_own_name_is_no_apps_name,
    one_name_asked_for_at_once_makes_one_app,
    a_form_sent_twice_makes_one_app,
    a_form_of_another_account_makes_nothing,
    no_jwt_app_is_made_beside_a_suspended_one,
);

async fn form(flow: &Flow, app_type: &str, name: &str) -> Form {
    flow.client.visit("/apps/new").await.form("/apps").with("app_type", app_type).with("name", name)
}

async fn an_app_of_each_type_is_made_and_leads_to_its_information(kind: Kind) {
    let flow = Flow::new(kind).await;
    let types = [
        ("jwt", "Relay", "JWT"),
        ("oauth", "Calendar", "OAuth"),
        ("server_to_server", "Robot", "Server-to-Server OAuth"),
        ("webhook", "  Siren\t 2 ", "Webhook Only"),
    ];
    let offered = flow.client.visit("/apps/new").await.texts(".choice strong");
    assert_eq!(offered, types.map(|(.., words)| words));
    for (app_type, name, words) in types {
        let page = flow.client.submit(&form(&flow, app_type, name).await).await;
        let location = page.location();
        assert!(location.starts_with("/apps/app_") && location.ends_with("/information"), "{location}");
        let page = flow.client.follow(&page).await;
        assert!(page.says("App created.") && page.says(words), "{}", page.text());
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(page.form(&location).value("name"), Some(name.as_str()));
    }
    assert_eq!(flow.portal.world.database.audited("app_created").await, 4);
}

async fn a_name_has_1_to_50_characters_that_can_be_shown(kind: Kind) {
    let flow = Flow::new(kind).await;
    for good in ["x", &"é".repeat(50), &format!("  {}  ", "y".repeat(50)), "O’Hara & Söhne <b>", "日本"]
    {
        let page = flow.client.submit(&form(&flow, "webhook", good).await).await;
        assert_eq!(page.status, 303, "{good:?}: {}", page.text());
    }
    let hidden =
        |code: &str| format!("The app name contains a character that cannot be shown (U+{code}); remove it.");
    let long = String::from("The app name must be at most 50 characters; it has 51.");
    let empty = String::from("Enter the app name.");
    let unseen =
        String::from("The app name must have a character that can be seen, such as a letter or a digit.");
    let table = [
        (String::new(), empty.clone()),
        (String::from(" \t\u{3000}"), empty),
        (String::from("\u{3164}"), unseen.clone()),
        (String::from("\u{301}"), unseen),
        ("z".repeat(51), long.clone()),
        ("é".repeat(51), long),
        (String::from("a\u{0}b"), hidden("0000")),
        (String::from("a\u{7}b"), hidden("0007")),
        (String::from("a\u{200b}b"), hidden("200B")),
        (String::from("a\u{202e}b"), hidden("202E")),
        (String::from("a\u{ad}b"), hidden("00AD")),
        (String::from("a\u{e000}b"), hidden("E000")),
        (String::from("a\u{378}b"), hidden("0378")),
    ];
    for (name, sentence) in table {
        let page = flow.client.submit(&form(&flow, "webhook", &name).await).await;
        assert_eq!(only_error(&page), (String::from("name"), sentence), "{name:?}");
    }
}

async fn type_and_name_are_both_asked_for_and_what_was_typed_stays(kind: Kind) {
    let flow = Flow::new(kind).await;
    let form = flow.client.visit("/apps/new").await.form("/apps");
    let page = flow.client.submit(&form).await;
    assert_eq!(page.status, 422);
    let both = [("app_type", "Choose an app type."), ("name", "Enter the app name.")];
    assert_eq!(refusal(&page), both.map(|(field, words)| (field.to_owned(), words.to_owned())));

    let page = flow.client.submit(&form.clone().with("app_type", "oauth2").with("name", "Relay")).await;
    assert_eq!(only_error(&page), (String::from("app_type"), String::from("Choose an app type.")));
    assert_eq!(page.form("/apps").value("name"), Some("Relay"));

    let page =
        flow.client.submit(&form.clone().with("app_type", "webhook").with("name", &"x".repeat(51))).await;
    assert_eq!(page.form("/apps").value("app_type"), Some("webhook"));
    assert_eq!(page.form("/apps").value("name"), Some("x".repeat(51).as_str()));
    // The form that was refused is the one that works when it is put right.
    assert_eq!(page.form("/apps").value("once"), form.value("once"));
    assert!(flow.portal.world.database.texts("select name from apps").await.is_empty());
}

async fn a_name_is_taken_on_the_whole_platform_in_any_case_width_and_spacing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let bob = flow.portal.world.user("bob@harbour.example").await;
    flow.portal.world.jwt_app(&bob, "Ledger Bridge").await;
    let variants = [
        "Ledger Bridge",
        "LEDGER bridge",
        "  ledger \u{3000} bridge",
        "Ｌｅｄｇｅｒ Bridge",
        "Ledger\u{a0}Bridge",
    ];
    for name in variants {
        let page = flow.client.submit(&form(&flow, "jwt", name).await).await;
        let shown = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let sentence = format!("An app called “{shown}” already exists on Meridian. Choose another name.");
        assert_eq!(only_error(&page), (String::from("name"), sentence));
        // Nothing is said of whose it is.
        assert!(!page.says("harbour") && !page.says("bob"), "{}", page.text());
    }
    let page = flow.client.submit(&form(&flow, "jwt", "LedgerBridge").await).await;
    assert_eq!(page.status, 303);
}

async fn the_platforms_own_name_is_no_apps_name(kind: Kind) {
    let flow = Flow::new(kind).await;
    for name in ["Meridian", " MERIDIAN ", "Ｍｅｒｉｄｉａｎ"] {
        let page = flow.client.submit(&form(&flow, "jwt", name).await).await;
        let sentence = format!("“{}” is the name of this platform. Choose another name.", name.trim());
        assert_eq!(only_error(&page), (String::from("name"), sentence));
    }
}

async fn one_name_asked_for_at_once_makes_one_app(kind: Kind) {
    let flow = Flow::new(kind).await;
    let bob = flow.portal.world.user("bob@harbour.example").await;
    let other = flow.portal.signed_in(&bob).await;
    let mut posts = Vec::new();
    for (n, name) in ["Race", "RACE", "ｒａｃｅ", " race "].into_iter().cycle().take(12).enumerate() {
        let client = if n % 2 == 0 { flow.client.clone() } else { other.clone() };
        let form = client.visit("/apps/new").await.form("/apps").with("app_type", "jwt").with("name", name);
        posts.push(async move { client.submit(&form).await.status.as_u16() });
    }
    let mut answers = join_all(posts).await;
    answers.sort_unstable();
    assert_eq!(answers, [&[303][..], &[422; 11]].concat());
    assert_eq!(flow.portal.world.database.texts("select name from apps").await.len(), 1);
}

async fn a_form_sent_twice_makes_one_app(kind: Kind) {
    let flow = Flow::new(kind).await;
    let form = form(&flow, "jwt", "Relay").await;
    let answers = join_all((0..4).map(|_| flow.client.submit(&form))).await;
    let mut locations: Vec<_> = answers.iter().map(|page| page.location()).collect();
    locations.dedup();
    assert_eq!(locations.len(), 1, "{locations:?}");
    let again = flow.client.submit(&form).await;
    assert_eq!(again.location(), locations[0]);
    assert!(flow.client.follow(&again).await.says("This form was sent twice."));
    assert_eq!(flow.portal.world.database.texts("select name from apps").await, ["Relay"]);
}

async fn a_form_of_another_account_makes_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    let form = form(&flow, "jwt", "Relay").await;
    flow.client.fill("/accounts/new", "/accounts/new", &[("name", "Second Harbour")]).await;
    let page = flow.client.submit(&form).await;
    assert_eq!(page.status, 409, "{}", page.text());
    assert!(page.says("You are now working in another account."), "{}", page.text());
    assert!(flow.portal.world.database.texts("select name from apps").await.is_empty());
}

async fn no_jwt_app_is_made_beside_a_suspended_one(kind: Kind) {
    let flow = Flow::under(kind, Policy { max_apps: at_most(10), ..world::policy() }).await;
    let app = flow.jwt_app("Relay").await;
    flow.suspend(&app, "It sends spam").await;
    let page = flow.client.submit(&form(&flow, "jwt", "Another").await).await;
    assert_eq!(page.status, 422);
    assert!(page.says("Relay is suspended"), "{}", page.text());
    assert_eq!(page.form("/apps").value("name"), Some("Another"));
    // A webhook app holds nothing of the shared pair.
    let page = flow.client.submit(&form(&flow, "webhook", "Another").await).await;
    assert_eq!(page.status, 303);
    // Nor does it stop others: the pair of another account is another pair.
    let bob = flow.portal.world.user("bob@harbour.example").await;
    assert_eq!(flow.portal.world.jwt_app(&bob, "Third").await.app_type, AppType::Jwt);
}
