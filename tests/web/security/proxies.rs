//! Whose `X-Forwarded-For` is believed (S41)

use portico::domain::time::Span;
use reqwest::Method;

use crate::support::{
    client::Client,
    databases::{Kind, on_both},
    site::Portal,
    world::PASSWORD,
};

on_both!(
    an_address_that_a_client_claims_is_not_believed,
    an_address_that_a_trusted_proxy_tells_is_believed,
    claimed_addresses_do_not_multiply_guesses,
    a_session_says_where_it_was_last_used,
);

/// The address that is written down for a sign-in with these headers.
async fn noted(portal: &Portal, forwarded: &[&str]) -> String {
    let client = portal.client();
    let form = client.visit("/sign-in").await.form("/sign-in");
    let form = form.with("email", "ada@meridian.example").with("password", PASSWORD);
    let mut request = client.request(Method::POST, "/sign-in").form(form.fields());
    for value in forwarded {
        request = request.header("x-forwarded-for", *value);
    }
    assert_eq!(client.send(request).await.status, 303);
    let select = "select address from audit_log where action = 'signed_in' order by id desc";
    portal.world.clock.advance(portico::domain::time::Span::minutes(1));
    portal.world.database.texts(select).await.first().cloned().unwrap_or_default()
}

async fn an_address_that_a_client_claims_is_not_believed(kind: Kind) {
    for trusted in [&[][..], &["10.0.0.0/8"]] {
        let portal = Portal::behind(kind, false, trusted).await;
        portal.world.user("ada@meridian.example").await;
        assert_eq!(noted(&portal, &["203.0.113.9"]).await, "127.0.0.1", "{trusted:?}");
    }
}

async fn an_address_that_a_trusted_proxy_tells_is_believed(kind: Kind) {
    let portal = Portal::behind(kind, false, &["127.0.0.0/8", "10.0.0.0/8"]).await;
    portal.world.user("ada@meridian.example").await;
    for (forwarded, address) in [
        (&[][..], "127.0.0.1"),
        (&["203.0.113.9"], "203.0.113.9"),
        // What the client wrote itself stands first; the nearest one that is no proxy counts.
        (&["192.0.2.66, 203.0.113.9"], "203.0.113.9"),
        (&["192.0.2.66", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (&["2001:db8::7"], "2001:db8::7"),
        (&["::ffff:203.0.113.9"], "203.0.113.9"),
        (&["rubbish"], "127.0.0.1"),
        (&["203.0.113.9, rubbish"], "127.0.0.1"),
    ] {
        assert_eq!(noted(&portal, forwarded).await, address, "{forwarded:?}");
    }
}

async fn claimed_addresses_do_not_multiply_guesses(kind: Kind) {
    let portal = Portal::behind(kind, false, &[]).await;
    let client = portal.client();
    let mut answers = Vec::new();
    for n in 0..12 {
        let form = client.visit("/sign-in").await.form("/sign-in");
        let form = form.with("email", &format!("user{n}@x.example")).with("password", "guess guess guess");
        let request = client.request(Method::POST, "/sign-in").form(form.fields());
        let request = request.header("x-forwarded-for", format!("203.0.113.{n}"));
        answers.push(client.send(request).await.status.as_u16());
    }
    assert_eq!(answers, [&[422; 10][..], &[429; 2]].concat(), "ten from one place, whatever it says");
}

async fn a_session_says_where_it_was_last_used(kind: Kind) {
    let portal = Portal::behind(kind, false, &["127.0.0.0/8"]).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let owner = portal.signed_in(&ada).await;
    let stolen = portal.signed_in(&ada).await;
    let from = async |client: &Client, address: &str, browser: &str| {
        let request = client.request(Method::GET, "/settings").header("x-forwarded-for", address);
        client.send(request.header("user-agent", browser)).await
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
    from(&owner, "203.0.113.7", firefox).await;
    // Soon, however short ago it was used from elsewhere.
    portal.world.clock.advance(Span::seconds(11));
    from(&stolen, "198.51.100.66", "curl/8.0").await;
    let page = from(&owner, "203.0.113.7", firefox).await;
    assert!(page.says("198.51.100.66") && page.says("203.0.113.7"), "{}", page.text());
    assert!(!page.says("127.0.0.1"), "{}", page.text());
    assert!(page.says("Firefox"), "{}", page.text());

    // A browser that goes by two addresses in turn does not write at each look.
    let mut places = Vec::new();
    for n in 0..20 {
        portal.world.clock.advance(Span::seconds(1));
        from(&owner, if n % 2 == 0 { "203.0.113.7" } else { "203.0.113.8" }, firefox).await;
        let kept = "select address from sessions where address like '203%'";
        places.extend(portal.world.database.texts(kept).await);
    }
    let changes = places.windows(2).filter(|two| two[0] != two[1]).count();
    assert!((1..=2).contains(&changes), "{places:?}");
}
