//! `/account`, `/accounts/new`, and whose pages one sees

mod audit;
mod deletion;
mod invitations;
mod members;
mod token_debugger;

use portico::{
    actions::{self, By},
    domain::{audit::Origin, time::Span},
};

use crate::support::{
    databases::{Kind, on_both},
    site::Portal,
    world::parsed,
};

on_both!(
    an_owner_renames_the_account_and_a_developer_cannot,
    one_person_works_in_several_accounts,
    a_form_of_another_account_is_told_so,
    whoever_owns_fifty_accounts_is_told_so_and_loses_nothing,
);

async fn an_owner_renames_the_account_and_a_developer_cannot(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let bob = portal.world.colleague("bob@meridian.example", &ada).await;
    let owner = portal.signed_in(&ada).await;
    let page = owner.fill("/account", "/account", &[("name", "")]).await;
    assert_eq!(page.errors()["name"], "Enter the account name.");
    assert_eq!(
        owner.fill("/account", "/account", &[("name", "Meridian  Labs")]).await.location(),
        "/account"
    );
    assert!(owner.visit("/account").await.says("Meridian Labs"));
    let developer = portal.signed_in(&bob).await;
    let page = developer.visit("/account").await;
    assert!(!page.has("form[action=\"/account\"]"));
    let forged = page.form("/sign-out").with("name", "Mine");
    let request = developer.request(reqwest::Method::POST, "/account").form(forged.fields());
    assert_eq!(developer.send(request).await.status, 404);
}

async fn one_person_works_in_several_accounts(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let first = client.visit("/account").await;
    let form = client.visit("/accounts/new").await.form("/accounts/new").with("name", "Harbour Clinic");
    assert_eq!(client.submit(&form).await.location(), "/apps");
    let second = client.visit("/account").await;
    assert_eq!(second.texts("h1"), ["Harbour Clinic"]);
    // Sent once more, the form makes nothing and says so.
    let again = client.submit(&form).await;
    assert!(client.follow(&again).await.says("sent twice"));
    assert_eq!(client.visit("/account").await.texts("form[action=\"/account/switch\"]").len(), 2);
    let back = first.form("/account/switch").with("account", &ada.account.to_string());
    assert_eq!(client.submit(&back).await.location(), "/apps");
    assert_eq!(client.visit("/account").await.texts("h1"), ["ada@meridian.example"]);
}

async fn a_form_of_another_account_is_told_so(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let stale = client.visit("/account").await.form("/account").with("name", "Renamed");
    client.fill("/accounts/new", "/accounts/new", &[("name", "Harbour Clinic")]).await;
    let page = client.submit(&stale).await;
    assert_eq!(page.status, 409);
    assert!(page.says("another account"), "{}", page.text());
    assert!(client.visit("/account").await.says("Harbour Clinic"));
}

async fn whoever_owns_fifty_accounts_is_told_so_and_loses_nothing(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let by = By::user(ada.id, Origin::default());
    for number in 1..50 {
        if number % 10 == 0 {
            // Ten in a quarter of an hour.
            portal.world.clock.advance(Span::minutes(16));
        }
        let (form, name) = (portal.world.form(&ada), parsed(&format!("Account {number}")));
        actions::accounts::create(&portal.world.ctx, &by, ada.id, form, name).await.expect("an account");
    }
    portal.world.clock.advance(Span::minutes(16));
    let client = portal.signed_in(&ada).await;
    let page = client.fill("/accounts/new", "/accounts/new", &[("name", "One more")]).await;
    assert_eq!(page.status, 422);
    assert!(page.errors()["name"].contains("You own 50 accounts"), "{:?}", page.errors());
    assert_eq!(page.form("/accounts/new").value("name"), Some("One more"));
}
