use super::*;
use crate::domain::event_type::DEAUTHORIZED;

fn catalog() -> Vec<EventType> {
    let entry = |name: &str, retired| EventType {
        name: name.parse().unwrap(),
        group: "Users".parse().unwrap(),
        description: "Something happened".parse().unwrap(),
        example: "{}".parse().unwrap(),
        scope: None,
        retired,
        version: 1,
    };
    vec![entry("user.created", false), entry("user.merged", true), entry(DEAUTHORIZED, false)]
}

fn form(development: &str, production: &str, event_types: &[&str]) -> SubscriptionForm {
    SubscriptionForm {
        development_url: development.to_owned(),
        production_url: production.to_owned(),
        event_types: event_types.iter().map(|name| (*name).to_owned()).collect(),
        ..SubscriptionForm::default()
    }
}

#[test]
fn one_of_the_two_urls_suffices() {
    for (development, production) in [("https://example.com/", ""), (" ", "https://example.com/")] {
        let new =
            form(development, production, &["user.created"]).parse(&catalog(), AppType::Jwt, None).unwrap();
        assert_eq!(new.endpoints.development().is_some(), !development.trim().is_empty());
        assert_eq!(new.endpoints.production().is_some(), !production.is_empty());
    }
}

#[test]
fn every_wrong_field_is_named_in_the_order_of_the_page() {
    let errors = form("", " ", &[]).parse(&catalog(), AppType::Jwt, None).unwrap_err();
    let said: Vec<_> = errors.iter().collect();
    assert_eq!(
        said,
        [
            ("production_url", "Enter a development or a production URL."),
            ("event_types", "Choose at least one event type."),
        ]
    );
    // A wrong URL is named alone: that there is none would not be true.
    let errors =
        form("http://example.com", "", &["user.created"]).parse(&catalog(), AppType::Jwt, None).unwrap_err();
    assert_eq!(errors.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["development_url"]);
}

#[test]
fn a_retired_event_type_is_kept_and_not_chosen_anew() {
    let form = form("https://example.com/", "", &["user.merged"]);
    assert!(form.parse(&catalog(), AppType::Jwt, None).is_err());
    let had = EventTypes::new(vec!["user.merged".parse().unwrap()]).unwrap();
    assert!(form.parse(&catalog(), AppType::Jwt, Some(&had)).is_ok());
}

#[test]
fn that_a_grant_ended_is_for_apps_that_are_granted_something() {
    let form = form("https://example.com/", "", &[DEAUTHORIZED]);
    let had = EventTypes::new(vec![DEAUTHORIZED.parse().unwrap()]).unwrap();
    for app_type in [AppType::Jwt, AppType::ServerToServer, AppType::Webhook] {
        assert!(form.parse(&catalog(), app_type, None).is_err(), "{app_type:?}");
        assert!(form.parse(&catalog(), app_type, Some(&had)).is_ok(), "{app_type:?}");
    }
    assert!(form.parse(&catalog(), AppType::Oauth, None).is_ok());
}
