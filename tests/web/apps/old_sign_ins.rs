//! A form that makes a secret, open while the sign-in becomes old: nothing typed is lost

use portico::{
    actions::Policy,
    domain::{app::App, time::Span},
};

use super::{Flow, at, only_error, refusal};
use crate::{
    support::{
        client::{Client, Form},
        databases::{Kind, on_both},
        world::{self, PASSWORD, at_most},
    },
    two_step::TwoSteps,
};

on_both!(
    the_form_of_a_subscription_asks_for_the_password_itself,
    what_is_refused_after_the_password_goes_on_under_the_new_cookie,
    with_two_step_sign_in_it_asks_for_a_code_too,
);

const TYPED: [(&str, &str); 3] = [
    ("name", "Room calendars"),
    ("development_url", "https://dev.example.com/x"),
    ("production_url", "https://hooks.example.com/x"),
];

async fn typed(client: &Client, app: &App) -> Form {
    let form = client.visit(&at(app, "/subscriptions/new")).await.form(&at(app, "/subscriptions"));
    let form = TYPED.iter().fold(form, |form, (name, value)| form.with(name, value));
    form.and("event_types", "user.created").and("event_types", "meeting.ended")
}

fn stands_as_typed(form: &Form) {
    for (name, value) in TYPED {
        assert_eq!(form.value(name), Some(value), "{name}");
    }
    let types = form.fields().iter().filter(|(name, _)| name == "event_types");
    let mut types: Vec<_> = types.map(|(_, value)| value.as_str()).collect();
    types.sort_unstable();
    assert_eq!(types, ["meeting.ended", "user.created"]);
    assert_eq!(form.value("password"), Some(""), "a password is never sent back");
}

async fn the_form_of_a_subscription_asks_for_the_password_itself(kind: Kind) {
    let flow = Flow::new(kind).await;
    let app = flow.jwt_app("Relay").await;
    let form = typed(&flow.client, &app).await;
    assert_eq!(form.value("password"), None, "not while the sign-in is fresh");
    let to = form.action.clone();
    flow.portal.world.clock.advance(Span::hours(1));
    let page = flow.client.submit(&form).await;
    assert_eq!(only_error(&page), (String::from("password"), String::from("Enter your password.")));
    assert!(page.says("you entered your password more than an hour ago"), "{}", page.text());
    stands_as_typed(&page.form(&to));
    let page = flow.client.submit(&page.form(&to).with("password", "not this one")).await;
    assert_eq!(only_error(&page), (String::from("password"), String::from("This is not your password.")));
    stands_as_typed(&page.form(&to));
    let both = flow.client.submit(&page.form(&to).with("production_url", "http://x")).await;
    let fields: Vec<_> = refusal(&both).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["production_url", "password"], "whatever is wrong is told at once");
    let database = &flow.portal.world.database;
    assert!(database.texts("select hint from signing_secrets").await.is_empty(), "nothing was made");

    let form = page.form(&to).with("password", PASSWORD);
    let saved = flow.client.submit(&form).await;
    assert!(flow.client.follow(&saved).await.says("Subscription added."));
    assert_eq!(database.texts("select hint from signing_secrets").await.len(), 1);
    assert_eq!(database.audited("confirmed").await, 1);
    // The sign-in is fresh from now on.
    assert_eq!(typed(&flow.client, &app).await.value("password"), None);
}

async fn what_is_refused_after_the_password_goes_on_under_the_new_cookie(kind: Kind) {
    let flow = Flow::under(kind, Policy { max_subscriptions: at_most(1), ..world::policy() }).await;
    let app = flow.jwt_app("Relay").await;
    let form = typed(&flow.client, &app).await;
    let only = flow.portal.world.subscription(&flow.ada, &app).await;
    flow.portal.world.clock.advance(Span::hours(1));
    let page = flow.client.submit(&form.with("password", PASSWORD)).await;
    assert_eq!(only_error(&page).0, "name", "there is no room");
    let form = page.form(&at(&app, "/subscriptions"));
    assert_eq!(form.value("password"), None, "it was given");
    let only = at(&app, &format!("/subscriptions/{only}"));
    flow.client.fill(&only, &format!("{only}/delete"), &[]).await;
    let saved = flow.client.submit(&form).await;
    assert!(flow.client.follow(&saved).await.says("Subscription added."));
}

async fn with_two_step_sign_in_it_asks_for_a_code_too(kind: Kind) {
    let two = TwoSteps::new(kind).await;
    let app = two.portal.world.jwt_app(&two.ada, "Relay").await;
    let (client, _) = two.half_way().await;
    two.next_code();
    assert_eq!(two.enter(&client, &two.code()).await.location(), "/apps");
    let form = typed(&client, &app).await;
    let to = form.action.clone();
    two.portal.world.clock.advance(Span::hours(1));
    let page = client.submit(&form.with("password", PASSWORD)).await;
    assert_eq!(only_error(&page).0, "code");
    stands_as_typed(&page.form(&to));
    let form = page.form(&to).with("password", PASSWORD).with("code", &two.code());
    let saved = client.submit(&form).await;
    assert!(client.follow(&saved).await.says("Subscription added."));
}
