//! `/apps/{app}/information`, the icon apart

use futures_util::future::join_all;
use portico::domain::{account::Role, app::App};

use super::{Flow, at, only_error, refusal};
use crate::support::{
    client::{Form, Page},
    databases::{Kind, on_both},
};

on_both!(
    what_is_saved_stands_there_afterwards,
    save_stays_and_continue_goes_on,
    each_field_keeps_its_rule_at_both_edges,
    a_refusal_names_every_wrong_field_and_loses_nothing,
    what_is_optional_can_be_taken_away_again,
    an_app_may_respell_its_own_name_and_gives_up_the_old_one,
    two_apps_that_take_one_name_at_once_do_not_both_get_it,
    a_save_is_written_down_field_by_field_and_only_if_it_changes_something,
    a_viewer_reads_and_cannot_write,
);

const GOOD: [(&str, &str); 9] = [
    ("name", "Relay"),
    ("short_description", "Passes meetings on"),
    ("long_description", "One line\nand <b>another</b>"),
    ("company_name", "Meridian & Söhne"),
    ("contact_name", "Ada Lovelace"),
    ("contact_email", "ada@meridian.example"),
    ("privacy_policy_url", "https://meridian.example/privacy"),
    ("terms_url", "https://meridian.example/terms#today"),
    ("support_url", "https://meridian.example:444/?a=1&b=2"),
];

async fn form(flow: &Flow, app: &App) -> Form {
    let page = flow.client.visit(&at(app, "/information")).await;
    GOOD.iter().fold(page.form(&at(app, "/information")), |form, (name, value)| form.with(name, value))
}

async fn send(flow: &Flow, form: &Form, field: &str, value: &str) -> Page {
    flow.client.submit(&form.clone().with(field, value)).await
}

async fn what_is_saved_stands_there_afterwards(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Draft").await;
    let page = flow.client.submit(&form(&flow, &app).await).await;
    let page = flow.client.follow(&page).await;
    assert!(page.says("Information saved."), "{}", page.text());
    let saved = page.form(&at(&app, "/information"));
    for (field, value) in GOOD {
        assert_eq!(saved.value(field), Some(value), "{field}");
    }
    assert_eq!(page.texts(".apphead-name a"), ["Relay"]);
    assert!(flow.client.visit("/apps").await.says("Relay"));
}

async fn save_stays_and_continue_goes_on(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app).await;
    assert_eq!(flow.client.submit(&form).await.location(), at(&app, "/information"));
    let on = flow.client.submit(&form.clone().with("then", "continue")).await;
    assert_eq!(on.location(), at(&app, "/credentials"));
    assert!(flow.client.follow(&on).await.says("Information saved."));
    assert_eq!(
        send(&flow, &form, "then", "https://evil.example/").await.location(),
        at(&app, "/information")
    );
    let page = flow.client.visit(&at(&app, "/information")).await;
    assert_eq!(page.attribute("button[name=then]", "value").as_deref(), Some("continue"));
    let wrong = flow.client.submit(&form.with("then", "continue").with("company_name", "")).await;
    assert_eq!(wrong.status, 422, "what is wrong does not go on");
}

#[rustfmt::skip]
async fn each_field_keeps_its_rule_at_both_edges(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Draft").await;
    let form = form(&flow, &app).await;
    let url = |bytes: usize| format!("https://meridian.example/{}", "a".repeat(bytes - 25));
    let (x50, x100, x150, x4000) = ("é".repeat(50), "é".repeat(100), "é".repeat(150), "é".repeat(4_000));
    let email = format!("{}@{}.example", "a".repeat(64), ["b".repeat(60), "c".repeat(60), "d".repeat(58)].join("."));
    for (field, value) in [
        ("name", "x"), ("name", &x50), ("short_description", "x"), ("short_description", &x150),
        ("long_description", ""), ("long_description", &x4000), ("company_name", &x100), ("contact_name", &x100),
        ("contact_email", "o'hara+apps@mail.meridian.example"), ("contact_email", &email),
        ("privacy_policy_url", &url(2_048)), ("terms_url", ""), ("support_url", "https://xn--bcher-kva.example"),
    ] {
        let page = send(&flow, &form, field, value).await;
        assert_eq!(page.status, 303, "{field} {value:?}: {}", page.text());
    }
    let too_long = |what: &str, max: &str, was: &str| format!("{what} must be at most {max} characters; it has {was}.");
    let hidden = |what: &str, code: &str| format!("{what} contains a character that cannot be shown (U+{code}); remove it.");
    let (long_name, long_short) = (too_long("The app name", "50", "51"), too_long("The short description", "150", "151"));
    let (long_long, long_company) = (too_long("The long description", "4,000", "4,001"), too_long("The company name", "100", "101"));
    let (long_contact, long_url) = (too_long("The contact name", "100", "101"), "The support page must be at most 2,048 bytes; it has 2049.");
    let address = "Enter an address such as name@example.com.";
    let (https, whole) = ("must begin with https://.", "must be a whole URL such as https://example.com/path.");
    for (field, value, sentence) in [
        ("name", "", "Enter the app name."),
        ("name", &"é".repeat(51), &long_name),
        ("name", "a\u{202e}b", &hidden("The app name", "202E")),
        ("name", "ＭＥＲＩＤＩＡＮ", "“ＭＥＲＩＤＩＡＮ” is the name of this platform. Choose another name."),
        ("short_description", " \n ", "Enter the short description."),
        ("short_description", &"é".repeat(151), &long_short),
        ("short_description", "a\u{7}", &hidden("The short description", "0007")),
        ("long_description", &"é".repeat(4_001), &long_long),
        ("long_description", "a\u{e000}", &hidden("The long description", "E000")),
        ("company_name", "", "Enter the company name."),
        ("company_name", &"é".repeat(101), &long_company),
        ("contact_name", "", "Enter the contact name."),
        ("contact_name", &"é".repeat(101), &long_contact),
        ("contact_email", "", "Enter the contact email."),
        ("contact_email", "ada@meridian", address),
        ("contact_email", "Ada <ada@meridian.example>", address),
        ("contact_email", "ada@meridian.example\r\nBcc: eve@evil.example", address),
        ("contact_email", &format!("a{email}"), address),
        ("privacy_policy_url", "http://meridian.example/", &format!("The privacy policy {https}")),
        ("privacy_policy_url", "javascript:alert(1)", &format!("The privacy policy {https}")),
        ("terms_url", "data:text/html,<script>alert(1)</script>", &format!("The terms of use {https}")),
        ("terms_url", "meridian.example", &format!("The terms of use {https}")),
        ("terms_url", "https:meridian.example", &format!("The terms of use {whole}")),
        ("support_url", "https://", &format!("The support page {whole}")),
        ("support_url", "https://ada:pw@meridian.example/", "The support page must not contain a user name or password."),
        ("support_url", &url(2_049), long_url),
    ] {
        let page = send(&flow, &form, field, value).await;
        assert_eq!(only_error(&page), (field.to_owned(), sentence.to_owned()), "{value:?}");
    }
}

async fn a_refusal_names_every_wrong_field_and_loses_nothing(kind: Kind) {
    let flow = Flow::new(kind).await;
    flow.jwt_app("Taken").await;
    let app = flow.jwt_app("Draft").await;
    let path = at(&app, "/information");
    let before = flow.client.visit(&path).await.form(&path);
    let typed = [
        ("name", "x\u{7}"),
        ("short_description", "  "),
        ("long_description", "\n\n kept \"as\" <typed> & all\n"),
        ("company_name", ""),
        ("contact_name", "\u{200b}"),
        ("contact_email", "ada@"),
        ("privacy_policy_url", "javascript:alert(1)"),
        ("terms_url", "http://x"),
        ("support_url", "\"><script>alert(1)</script>"),
    ];
    let page = flow.client.fill(&path, &path, &typed).await;
    assert_eq!(page.status, 422);
    let fields: Vec<String> = refusal(&page).into_iter().map(|(field, _)| field).collect();
    let wrong = typed.iter().map(|(field, _)| *field).filter(|field| *field != "long_description");
    assert_eq!(fields, wrong.collect::<Vec<_>>());
    let form = page.form(&path);
    for (field, value) in typed {
        // A multipart form sends line breaks as CR LF; a page shows them as LF.
        assert_eq!(
            form.value(field).map(|shown| shown.trim_start_matches('\n')),
            Some(value.trim_start_matches('\n')),
            "{field}"
        );
    }
    assert!(!page.has("main script"), "what was typed is text");
    let after = flow.client.visit(&path).await.form(&path);
    for (field, _) in typed {
        assert_eq!(after.value(field), before.value(field), "{field} was not saved");
    }

    // A name that only the database knows to be taken is told in the same way.
    let taken = flow
        .client
        .fill(
            &path,
            &path,
            &[
                ("name", "TAKEN"),
                ("company_name", "Kept"),
                ("short_description", "Kept"),
                ("contact_name", "Kept"),
                ("contact_email", "kept@x.example"),
            ],
        )
        .await;
    assert_eq!(only_error(&taken).0, "name");
    assert_eq!(taken.form(&path).value("company_name"), Some("Kept"));
}

async fn what_is_optional_can_be_taken_away_again(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app).await;
    flow.client.submit(&form).await;
    let optional = ["long_description", "privacy_policy_url", "terms_url", "support_url"];
    let emptied = optional.iter().fold(form, |form, field| form.with(field, " "));
    let page = flow.client.submit(&emptied).await;
    let page = flow.client.follow(&page).await;
    for field in optional {
        assert_eq!(page.form(&at(&app, "/information")).value(field), Some(""), "{field}");
    }
}

async fn an_app_may_respell_its_own_name_and_gives_up_the_old_one(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app).await;
    assert_eq!(send(&flow, &form, "name", "RELAY").await.status, 303);
    assert_eq!(send(&flow, &form, "name", "Ferry").await.status, 303);
    let other = flow.jwt_app("relay").await;
    let page = send(&flow, &form, "name", "Relay").await;
    assert_eq!(only_error(&page).0, "name", "the old name is another app's now");
    assert_eq!(other.information.name.as_str(), "relay");
}

async fn two_apps_that_take_one_name_at_once_do_not_both_get_it(kind: Kind) {
    let flow = Flow::new(kind).await;
    let mut posts = Vec::new();
    for n in 0..6 {
        let app = flow.jwt_app(&format!("App {n}")).await;
        let form = form(&flow, &app).await.with("name", "The One");
        let client = flow.client.clone();
        posts.push(async move { client.submit(&form).await.status.as_u16() });
    }
    let mut answers = join_all(posts).await;
    answers.sort_unstable();
    assert_eq!(answers, [303, 422, 422, 422, 422, 422]);
}

async fn a_save_is_written_down_field_by_field_and_only_if_it_changes_something(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = form(&flow, &app).await;
    flow.client.submit(&form).await;
    flow.client.submit(&form).await;
    send(&flow, &form, "company_name", "Other").await;
    let database = &flow.portal.world.database;
    assert_eq!(database.audited("app_information_changed").await, 2);
    let details = database
        .texts(
            "select detail from audit_log where action = 'app_information_changed' order by length(detail)",
        )
        .await;
    assert_eq!(
        details[0],
        r#"{"changes":[{"field":"company_name","from":"Meridian & Söhne","to":"Other"}]}"#
    );
}

async fn a_viewer_reads_and_cannot_write(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.active_app("Relay").await;
    let viewer = flow.portal.world.colleague("viewer@meridian.example", &flow.ada).await;
    let viewer = flow.portal.world.with_role(viewer, Role::Viewer).await;
    let page = flow.portal.signed_in(&viewer).await.visit(&at(&app, "/information")).await;
    assert!(page.says("Meridian GmbH") && page.says("Not given"), "{}", page.text());
    assert!(!page.has("main form[method=post]") && !page.has("main input:not([type=search])"));
    // The checklist leads to fields by their ids; for a viewer they are facts.
    assert!(page.has("#company_name") && page.has("#support_url"));
}
