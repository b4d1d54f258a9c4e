//! `/apps/{app}/activation`, `POST /apps/{app}/activate`

use portico::{
    actions::Policy,
    domain::{
        account::{Role, Standing},
        app::{App, AppType},
    },
};

use super::{Flow, at};
use crate::support::{
    client::Page,
    databases::{Kind, on_both},
    world,
};

on_both!(
    what_is_missing_is_listed_and_leads_to_its_field,
    an_app_with_nothing_missing_becomes_active,
    each_subscription_needs_its_production_url,
    an_account_that_awaits_approval_builds_and_does_not_activate,
    no_jwt_app_is_activated_beside_a_suspended_one,
    a_viewer_sees_the_checklist_and_no_button,
    a_client_needs_a_redirect_uri_and_a_way_to_prove_who_it_is,
);

const INFORMATION: [(&str, &str, &str); 4] = [
    ("short_description", "A short description", "Passes meetings on"),
    ("company_name", "A company name", "Meridian"),
    ("contact_name", "A contact name", "Ada"),
    ("contact_email", "A contact email", "ada@meridian.example"),
];

/// What is missing, and where it leads.
fn missing(page: &Page) -> Vec<(String, String)> {
    let links = scraper::Selector::parse(".note.warn ul a").expect("a selector");
    let html = page.html();
    let found = html.select(&links).map(|link| {
        (link.text().collect::<String>(), link.value().attr("href").unwrap_or_default().to_owned())
    });
    found.collect()
}

async fn leads_to_its_field(flow: &Flow, href: &str) {
    let (path, field) = href.split_once('#').expect("a field");
    let page = flow.client.visit(path).await;
    assert!(page.has(&format!("#{field}")), "{href} leads to a field");
}

fn offered(page: &Page, app: &App) -> bool {
    page.has(&format!("form[action='{}']", at(app, "/activate")))
}

async fn what_is_missing_is_listed_and_leads_to_its_field(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let page = flow.client.visit(&at(&app, "/activation")).await;
    assert!(page.says("4 things are missing") && !offered(&page, &app), "{}", page.text());
    let expected =
        INFORMATION.map(|(field, words, _)| (words.to_owned(), at(&app, &format!("/information#{field}"))));
    assert_eq!(missing(&page), expected);
    for (_, href) in missing(&page) {
        leads_to_its_field(&flow, &href).await;
    }
    // What was entered can be changed from here, optional fields too.
    for (field, ..) in INFORMATION.iter().chain(&[("name", "", ""), ("support_url", "", "")]) {
        assert!(page.has(&format!("dl a[href='{}']", at(&app, &format!("/information#{field}")))), "{field}");
    }
}

async fn a_client_needs_a_redirect_uri_and_a_way_to_prove_who_it_is(kind: Kind) {
    let flow = Flow::new(kind).await;
    let uri = (String::from("A redirect URI"), "/credentials#redirect_uris");
    let secret = (String::from("A client secret, or a JWK set"), "/credentials#client-secret");
    for (app_type, needed) in
        [(AppType::Oauth, vec![secret.clone(), uri]), (AppType::ServerToServer, vec![secret])]
    {
        let app = flow.app(app_type, app_type.as_str()).await;
        let path = at(&app, "/information");
        flow.client.fill(&path, &path, &INFORMATION.map(|(field, _, value)| (field, value))).await;
        let page = flow.client.visit(&at(&app, "/activation")).await;
        let expected: Vec<_> = needed.into_iter().map(|(words, to)| (words, at(&app, to))).collect();
        assert_eq!(missing(&page), expected);
        for (_, href) in missing(&page) {
            leads_to_its_field(&flow, &href).await;
        }
        let activate = at(&app, "/activate");
        let csrf = page.attribute("input[name=csrf]", "value").expect("a value");
        let early = flow.client.request(reqwest::Method::POST, &activate).form(&[("csrf", csrf)]);
        assert_eq!(flow.client.send(early).await.status, 422, "the page alone does not hold it back");
        let credentials = at(&app, "/credentials");
        flow.client.fill(&credentials, &at(&app, "/credentials/regenerate"), &[]).await;
        if app_type == AppType::Oauth {
            assert_eq!(missing(&flow.client.visit(&at(&app, "/activation")).await).len(), 1);
            flow.client.fill(&credentials, &credentials, &[("redirect_uris", "https://a.example/")]).await;
        }
        let page = flow.press(&at(&app, "/activation"), &activate, &[]).await;
        assert!(page.says("The app is active."), "{}", page.text());
    }
    // A public client proves nothing beyond PKCE.
    let app = flow.app(AppType::Oauth, "On a phone").await;
    let credentials = at(&app, "/credentials");
    let fields = [("redirect_uris", "http://127.0.0.1/cb"), ("public", "1")];
    flow.client.fill(&credentials, &credentials, &fields).await;
    let page = flow.client.visit(&at(&app, "/activation")).await;
    assert!(
        page.says("4 things are missing") && page.says("PKCE alone, as a public client"),
        "{}",
        page.text()
    );
}

async fn an_app_with_nothing_missing_becomes_active(kind: Kind) {
    let flow = Flow::new(kind).await;
    for app in [flow.jwt_app("Relay").await, flow.portal.world.webhook_app(&flow.ada, "Listener").await] {
        let path = at(&app, "/information");
        flow.client.fill(&path, &path, &INFORMATION.map(|(field, _, value)| (field, value))).await;
        let page = flow.client.visit(&at(&app, "/activation")).await;
        assert!(page.says("Nothing is missing.") && offered(&page, &app), "{}", page.text());
        assert!(
            page.says("Passes meetings on") && page.says("Not given"),
            "what was entered: {}",
            page.text()
        );
        let page = flow.press(&at(&app, "/activation"), &at(&app, "/activate"), &[]).await;
        assert!(page.says("The app is active. It may call the API from now on."), "{}", page.text());
        assert_eq!(page.texts(".badge.active").first().map(String::as_str), Some("Active"));
        let page = flow.client.visit(&at(&app, "/activation")).await;
        assert!(
            page.says("is active, since 24 Nov 2026, 07:20 UTC") && !offered(&page, &app),
            "{}",
            page.text()
        );
    }
    assert_eq!(flow.portal.world.database.audited("app_activated").await, 2);
}

async fn each_subscription_needs_its_production_url(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let path = at(&app, "/information");
    flow.client.fill(&path, &path, &INFORMATION.map(|(field, _, value)| (field, value))).await;
    let form = flow.client.visit(&at(&app, "/subscriptions/new")).await.form(&at(&app, "/subscriptions"));
    let form = form
        .with("name", "Room calendars")
        .with("development_url", "https://dev.example.com/")
        .with("event_types", "user.created");
    let location = flow.client.submit(&form).await.location();
    let page = flow.client.visit(&at(&app, "/activation")).await;
    assert!(page.says("One thing is missing") && !offered(&page, &app), "{}", page.text());
    let expected =
        (String::from("A production URL for “Room calendars”"), format!("{location}#production_url"));
    assert_eq!(missing(&page), std::slice::from_ref(&expected));
    leads_to_its_field(&flow, &expected.1).await;
    flow.client.fill(&location, &location, &[("production_url", "https://hooks.example.com/")]).await;
    let page = flow.client.visit(&at(&app, "/activation")).await;
    assert!(missing(&page).is_empty() && offered(&page, &app), "{}", page.text());
    assert!(page.says("1 event type to hooks.example.com/"), "{}", page.text());
    // It was missing when the page was drawn, or went missing since: the post looks again.
    flow.client.fill(&location, &location, &[("production_url", "")]).await;
    let refused = flow.client.submit(&page.form(&at(&app, "/activate"))).await;
    assert_eq!(refused.status, 422);
    assert!(!missing(&refused).is_empty(), "{}", refused.text());
}

async fn an_account_that_awaits_approval_builds_and_does_not_activate(kind: Kind) {
    let policy = Policy { new_accounts: Standing::Pending, ..world::policy() };
    let portal = crate::support::site::Portal::under(kind, policy).await;
    let client = portal.client();
    let fields = [
        ("name", "Noor"),
        ("email", "noor@x.example"),
        ("account_name", "Noor"),
        ("password", "a long enough passphrase"),
    ];
    client.fill("/sign-up", "/sign-up", &fields).await;
    let created =
        client.fill("/apps/new", "/apps", &[("app_type", "jwt"), ("name", "Relay")]).await.location();
    client.fill(&created, &created, &INFORMATION.map(|(field, _, value)| (field, value))).await;
    let app = created.trim_end_matches("/information").to_owned();
    let page = client.visit(&format!("{app}/activation")).await;
    assert!(page.says("Your account waits for approval."), "{}", page.text());
    assert!(!page.has("form[action$='/activate']"));
    let csrf = page.attribute("input[name=csrf]", "value").expect("a value");
    let request = client.request(reqwest::Method::POST, &format!("{app}/activate")).form(&[("csrf", csrf)]);
    let refused = client.send(request).await;
    assert_eq!(refused.status, 409);
    assert!(refused.says("This account awaits approval by an admin"), "{}", refused.text());
    portal.world.database.run("update accounts set standing = 'suspended'").await;
    let page = client.visit(&format!("{app}/activation")).await;
    assert!(
        page.says("Your account is suspended.") && !page.has("form[action$='/activate']"),
        "{}",
        page.text()
    );
    portal.world.database.run("update accounts set standing = 'approved'").await;
    assert_eq!(client.fill(&format!("{app}/activation"), &format!("{app}/activate"), &[]).await.status, 303);
}

async fn no_jwt_app_is_activated_beside_a_suspended_one(kind: Kind) {
    let flow = Flow::new(kind).await;
    let (spam, app) = (flow.jwt_app("Spam").await, flow.jwt_app("Relay").await);
    let listener = flow.portal.world.webhook_app(&flow.ada, "Listener").await;
    for app in [&app, &listener] {
        let path = at(app, "/information");
        flow.client.fill(&path, &path, &INFORMATION.map(|(field, _, value)| (field, value))).await;
    }
    let form = flow.client.visit(&at(&app, "/activation")).await.form(&at(&app, "/activate"));
    flow.suspend(&spam, "It sends spam").await;
    let page = flow.client.visit(&at(&app, "/activation")).await;
    assert!(page.says("Spam is suspended.") && !offered(&page, &app), "{}", page.text());
    let refused = flow.client.submit(&form).await;
    assert_eq!(refused.status, 409);
    assert!(refused.says("This account has a suspended JWT app"), "{}", refused.text());
    assert_eq!(
        flow.client.fill(&at(&listener, "/activation"), &at(&listener, "/activate"), &[]).await.status,
        303
    );
}

async fn a_viewer_sees_the_checklist_and_no_button(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let viewer = flow.portal.world.colleague("viewer@meridian.example", &flow.ada).await;
    let viewer = flow.portal.world.with_role(viewer, Role::Viewer).await;
    let client = flow.portal.signed_in(&viewer).await;
    assert_eq!(missing(&client.visit(&at(&app, "/activation")).await).len(), 4);
    let path = at(&app, "/information");
    flow.client.fill(&path, &path, &INFORMATION.map(|(field, _, value)| (field, value))).await;
    let page = client.visit(&at(&app, "/activation")).await;
    assert!(
        page.says("A developer or owner of the account can activate it.") && !offered(&page, &app),
        "{}",
        page.text()
    );
}
