//! Limits of an account and of an app, also when many ask at once (S66).

use futures_util::future::join_all;
use portico::actions::Policy;

use super::{Flow, at, only_error};
use crate::support::{
    databases::{Kind, on_both},
    world::{self, at_most},
};

on_both!(
    an_account_has_no_more_apps_than_it_may,
    apps_asked_for_at_once_stay_within_the_limit,
    an_app_has_no_more_subscriptions_than_it_may,
    twenty_subscriptions_asked_for_at_once_make_ten,
);

fn three_apps() -> Policy {
    Policy { max_apps: at_most(3), ..world::policy() }
}

async fn an_account_has_no_more_apps_than_it_may(kind: Kind) {
    let flow = Flow::under(kind, three_apps()).await;
    let form =
        flow.client.visit("/apps/new").await.form("/apps").with("app_type", "webhook").with("name", "Fourth");
    for name in ["First", "Second", "Third"] {
        flow.jwt_app(name).await;
    }
    let page = flow.client.visit("/apps/new").await;
    assert!(page.says("has 3 apps, the most one account can have"), "{}", page.text());
    assert!(!page.has("form[action='/apps'][method=post]"));
    let page = flow.client.submit(&form).await;
    assert_eq!(page.status, 422);
    assert!(page.says("Delete an app before you build another one."), "{}", page.text());
    // The limit is each account's own.
    let bob = flow.portal.world.user("bob@harbour.example").await;
    flow.portal.world.jwt_app(&bob, "Fourth").await;
}

async fn apps_asked_for_at_once_stay_within_the_limit(kind: Kind) {
    let flow = Flow::under(kind, three_apps()).await;
    let mut posts = Vec::new();
    for n in 0..12 {
        let form = flow.client.visit("/apps/new").await.form("/apps");
        let form = form.with("app_type", "jwt").with("name", &format!("App {n}"));
        let client = flow.client.clone();
        posts.push(async move { client.submit(&form).await.status.as_u16() });
    }
    let mut answers = join_all(posts).await;
    answers.sort_unstable();
    assert_eq!(answers, [&[303; 3][..], &[422; 9]].concat());
}

async fn an_app_has_no_more_subscriptions_than_it_may(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = flow.client.visit(&at(&app, "/subscriptions/new")).await.form(&at(&app, "/subscriptions"));
    let form = form
        .with("name", "Eleventh")
        .with("production_url", "https://hooks.example.com/")
        .and("event_types", "user.created");
    for _ in 0..10 {
        flow.portal.world.subscription(&flow.ada, &app).await;
    }
    let page = flow.client.visit(&at(&app, "/features")).await;
    assert!(page.says("10 of 10 subscriptions"), "{}", page.text());
    assert!(page.says("10 subscriptions are the most an app can have."), "{}", page.text());
    assert!(!page.has("a[href$='/subscriptions/new']"));
    assert_eq!(flow.client.get(&at(&app, "/subscriptions/new")).await.location(), at(&app, "/features"));
    let page = flow.client.submit(&form).await;
    let sentence = "This app has 10 event subscriptions, the most it may have. Delete one to add another.";
    assert_eq!(only_error(&page), (String::from("name"), sentence.to_owned()));
    assert_eq!(page.form(&at(&app, "/subscriptions")).value("name"), Some("Eleventh"));
    // With one less there is room for it, by the same form.
    let list = flow.client.visit(&at(&app, "/features")).await;
    let first = list.attribute("tbody a", "href").expect("a subscription");
    flow.client.fill(&first, &format!("{first}/delete"), &[]).await;
    assert_eq!(flow.client.submit(&form).await.status, 303);
}

async fn twenty_subscriptions_asked_for_at_once_make_ten(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let mut posts = Vec::new();
    for n in 0..20 {
        let form = flow.client.visit(&at(&app, "/subscriptions/new")).await.form(&at(&app, "/subscriptions"));
        let form = form
            .with("production_url", &format!("https://hooks.example.com/{n}"))
            .and("event_types", "user.created");
        let client = flow.client.clone();
        posts.push(async move { client.submit(&form).await.status.as_u16() });
    }
    let mut answers = join_all(posts).await;
    answers.sort_unstable();
    assert_eq!(answers, [[303; 10], [422; 10]].concat());
    let database = &flow.portal.world.database;
    assert_eq!(database.texts("select production_url from subscriptions").await.len(), 10);
    assert_eq!(database.texts("select hint from signing_secrets").await.len(), 10, "each has its secret");
    assert_eq!(database.audited("subscription_created").await, 10, "each is written down");
}
