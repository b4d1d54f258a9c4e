//! `/sign-in`, `/sign-out`, `/confirm`

use std::time::Instant;

use portico::domain::time::Span;
use reqwest::{
    Method,
    header::{HeaderName, HeaderValue},
};

use crate::support::{
    client::Page,
    databases::{Kind, on_both},
    site::Portal,
    world::PASSWORD,
};

on_both!(
    a_wrong_password_and_an_unknown_address_read_the_same,
    an_unknown_address_is_answered_no_sooner,
    ten_failures_close_the_door_but_not_for_a_known_browser,
    one_goes_where_one_was_going_and_never_off_the_site,
    signing_in_changes_the_cookie_and_signing_out_ends_it,
    signing_in_over_a_session_ends_it,
    a_session_ends_by_itself,
    the_password_is_asked_again_and_the_cookie_changes,
);

async fn a_wrong_password_and_an_unknown_address_read_the_same(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    let mut pages = Vec::new();
    for email in ["ada@meridian.example", "bob@meridian.example"] {
        let fields = [("email", email), ("password", "not the password")];
        let page = portal.client().fill("/sign-in", "/sign-in", &fields).await;
        assert_eq!(page.status, 422);
        assert_eq!(page.form("/sign-in").value("email"), Some(email));
        pages.push((headers(&page), page.text()));
    }
    assert_eq!(pages[0], pages[1]);
}

/// The headers of an answer, without what differs from one to the next.
pub(crate) fn headers(page: &Page) -> Vec<(String, String)> {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = value.to_str().expect("a header of text");
        let value = match name.as_str() {
            "date" | "x-request-id" => "…",
            "set-cookie" => value.split('=').next().expect("a cookie's name"),
            _ => value,
        };
        (name.to_string(), value.to_owned())
    };
    let mut headers: Vec<_> = page.headers.iter().map(header).collect();
    headers.sort();
    headers
}

async fn an_unknown_address_is_answered_no_sooner(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    let client = portal.client();
    let form = client.visit("/sign-in").await.form("/sign-in").with("password", "not the password");
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..30 {
        if number % 6 == 0 {
            // Ten failures from one place in a quarter of an hour.
            portal.world.clock.advance(Span::minutes(16));
        }
        let form = form.clone().with("email", ["ada@meridian.example", "bob@meridian.example"][number % 2]);
        let began = Instant::now();
        assert_eq!(client.submit(&form).await.status, 422);
        times[number % 2].push(began.elapsed());
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    assert!(known < unknown * 2 && unknown < known * 2, "{known:?} and {unknown:?}");
}

async fn ten_failures_close_the_door_but_not_for_a_known_browser(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let known = portal.signed_in(&ada).await;
    known.fill("/apps", "/sign-out", &[]).await;
    let guesser = portal.client();
    let guess = [("email", "ada@meridian.example"), ("password", "guess guess guess")];
    for n in 1..=10 {
        assert_eq!(guesser.fill("/sign-in", "/sign-in", &guess).await.status, 422, "guess {n}");
    }
    let page = guesser.fill("/sign-in", "/sign-in", &guess).await;
    assert_eq!(page.status, 429);
    assert_eq!(page.header("retry-after"), "900");
    assert!(page.says("in 15 minutes"), "{}", page.text());
    let right = [("email", "ada@meridian.example"), ("password", PASSWORD)];
    assert_eq!(
        guesser.fill("/sign-in", "/sign-in", &right).await.status,
        429,
        "the right one too, from there"
    );
    assert_eq!(portal.world.database.audited("tries_limited").await, 1, "once, by place and address");
    // Whoever has signed in from a browser before is not locked out of it (S6).
    assert_eq!(known.fill("/sign-in", "/sign-in", &right).await.location(), "/apps");
    portal.world.clock.advance(Span::minutes(16));
    assert_eq!(guesser.fill("/sign-in", "/sign-in", &right).await.location(), "/apps");
}

async fn one_goes_where_one_was_going_and_never_off_the_site(kind: Kind) {
    let portal = Portal::new(kind).await;
    portal.world.user("ada@meridian.example").await;
    let client = portal.client();
    let door = client.get("/settings?x=1").await;
    assert_eq!(door.location(), "/sign-in?next=%2Fsettings%3Fx%3D1");
    let fields = [("email", "ada@meridian.example"), ("password", PASSWORD)];
    assert_eq!(client.fill(&door.location(), "/sign-in", &fields).await.location(), "/settings?x=1");
    for evil in
        ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example/", "/%09/evil"]
    {
        let fields = [fields[0], fields[1], ("next", evil)];
        let page = portal.client().fill("/sign-in", "/sign-in", &fields).await;
        let location = page.location();
        assert!(location == "/apps" || location.starts_with("/%09"), "{evil} leads to {location}");
    }
}

async fn signing_in_changes_the_cookie_and_signing_out_ends_it(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.client();
    let before = client.visit("/sign-in").await.header("set-cookie").to_owned();
    let fields = [("email", ada.email.as_str()), ("password", PASSWORD)];
    let page = client.fill("/sign-in", "/sign-in", &fields).await;
    let cookies: Vec<_> = page
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|one| one.to_str().expect("a header of text"))
        .collect();
    let session = cookies.iter().find(|one| one.starts_with("portico=")).expect("a session cookie");
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax") && session.contains("Path=/"));
    let value = session.split(['=', ';']).nth(1).expect("a value").to_owned();
    assert!(!before.contains(&value));
    client.fill("/apps", "/sign-out", &[]).await;
    let replayed = portal.client();
    let request = replayed.request(Method::GET, "/apps").header("cookie", format!("portico={value}"));
    assert_eq!(replayed.send(request).await.status, 303, "the session is dead at the server (S15)");
}

async fn signing_in_over_a_session_ends_it(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let bob = portal.world.user("bob@meridian.example").await;
    let client = portal.client();
    // The page stays open in a tab, while another tab signs in.
    let form = client.visit("/sign-in").await.form("/sign-in").with("password", PASSWORD);
    let elsewhere = portal.signed_in(&bob).await;
    let mut before: Option<String> = None;
    for person in [&ada, &bob, &bob] {
        let csrf = match &before {
            // A post of one who is signed in carries the session's own value.
            Some(_) => client.visit("/settings").await.form("/sign-out").value("csrf").map(str::to_owned),
            None => form.value("csrf").map(str::to_owned),
        };
        let form = form.clone().with("email", person.email.as_str());
        let form = form.with("csrf", csrf.expect("a value").as_str());
        let page = client.submit(&form).await;
        assert_eq!(page.location(), "/apps");
        if let Some(old) = before.replace(session_cookie(&page)) {
            let stranger = portal.client();
            let request = stranger.request(Method::GET, "/apps").header("cookie", format!("portico={old}"));
            assert_eq!(stranger.send(request).await.status, 303, "dead at the server (S15)");
        }
    }
    elsewhere.visit("/apps").await;
}

fn session_cookie(page: &Page) -> String {
    let mut cookies = page.headers.get_all("set-cookie").iter().filter_map(|one| one.to_str().ok());
    let session = cookies.find_map(|one| one.strip_prefix("portico=")).expect("a session cookie");
    session.split(';').next().unwrap_or_default().to_owned()
}

async fn a_session_ends_by_itself(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    portal.world.clock.advance(Span::hours(11));
    client.visit("/apps").await;
    portal.world.clock.advance(Span::hours(11));
    client.visit("/apps").await;
    portal.world.clock.advance(Span::hours(13));
    assert!(client.get("/apps").await.location().starts_with("/sign-in"));
    // However often it is used, it ends after thirty days.
    let client = portal.signed_in(&ada).await;
    for _ in 0..72 {
        portal.world.clock.advance(Span::hours(10));
        client.get("/apps").await;
    }
    assert!(client.get("/apps").await.location().starts_with("/sign-in"));
}

async fn the_password_is_asked_again_and_the_cookie_changes(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let wrong = client.fill("/confirm?next=/settings", "/confirm", &[("password", "something else")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.errors()["password"].contains("not your password"));
    let page = client.fill("/confirm?next=/settings", "/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(page.location(), "/settings");
    assert!(page.header("set-cookie").starts_with("portico="));
    client.visit("/settings").await;
}
