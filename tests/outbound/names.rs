//! Names: every address judged, one look-up for each connection (S55, F10).

use std::time::Duration;

use portico::{
    domain::delivery::failure::Failure,
    outbound::{Limits, Settings},
};

use crate::{
    name_server::{NameServer, Names, names},
    receiver::{Receiver, Reply},
    sender::{answer, by_name, client, failure, post},
};

fn url(receiver: &Receiver, name: &str) -> String {
    format!("https://{name}:{}/", receiver.address.port())
}

#[tokio::test]
async fn a_name_is_looked_up_once_for_each_connection() {
    let (receiver, server) = (Receiver::start(), NameServer::start());
    server.lead("hooks.example.com", &["127.0.0.1"]);
    let client = client(by_name(&receiver.authority_pem, server.address));
    for _ in 0..3 {
        assert_eq!(answer(&client, &url(&receiver, "hooks.example.com")).await.status, 204);
    }
    assert_eq!((server.look_ups("hooks.example.com"), receiver.connections()), (1, 1));
    assert!(receiver.received().iter().all(|request| request.is_http2 && request.path == "/"));
    // Over HTTP/1.1 the host is a header.
    let receiver = Receiver::speaking(&["http/1.1"]);
    let client = crate::sender::client(by_name(&receiver.authority_pem, server.address));
    assert_eq!(answer(&client, &url(&receiver, "hooks.example.com")).await.status, 204);
    let host = format!("hooks.example.com:{}", receiver.address.port());
    assert_eq!(receiver.received()[0].header("host"), Some(host.as_str()));
}

#[tokio::test]
async fn one_inner_address_among_many_refuses_the_name() {
    let (canary, server) = (Receiver::start(), NameServer::start());
    let settings = by_name(&canary.authority_pem, server.address);
    let client = client(Settings { allowed: crate::sender::nets(&["127.0.0.1/32"]), ..settings });
    for mixed in [
        &["127.0.0.1", "127.0.0.2"][..],
        &["127.0.0.2", "127.0.0.1"],
        &["127.0.0.1", "::1"],
        &["127.0.0.1", "::ffff:127.0.0.1"],
        &["127.0.0.1", "64:ff9b::7f00:1"],
        &["127.0.0.1", "10.0.0.1"],
        &["8.8.8.8", "127.0.0.2"],
    ] {
        server.lead("hooks.example.com", mixed);
        let attempted = post(&client, &url(&canary, "hooks.example.com")).await;
        assert_eq!(attempted.result.expect_err("it is refused").why, Failure::Blocked, "{mixed:?}");
        assert_eq!(attempted.timing, None, "{mixed:?}");
    }
    assert_eq!(canary.connections(), 0);
    server.lead("hooks.example.com", &["127.0.0.1"]);
    assert_eq!(answer(&client, &url(&canary, "hooks.example.com")).await.status, 204);
}

#[tokio::test]
async fn what_a_name_led_to_before_counts_for_nothing() {
    let (canary, server) = (Receiver::start(), NameServer::start());
    let settings = by_name(&canary.authority_pem, server.address);
    // Only what no canary listens on is allowed: the first look-up leads there, each later one to it.
    let client = client(Settings { allowed: crate::sender::nets(&["127.0.0.2/32"]), ..settings });
    server.name("hooks.example.com", [names(&["127.0.0.2"]), names(&["127.0.0.1"])]);
    assert_eq!(failure(&client, &url(&canary, "hooks.example.com")).await, Failure::ConnectRefused);
    for _ in 0..200 {
        assert_eq!(failure(&client, &url(&canary, "hooks.example.com")).await, Failure::Blocked);
    }
    assert_eq!(server.look_ups("hooks.example.com"), 201);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_kept_connection_goes_where_it_was_allowed_to() {
    let (receiver, server) = (Receiver::start(), NameServer::start());
    let settings = by_name(&receiver.authority_pem, server.address);
    let client = client(Settings { allowed: crate::sender::nets(&["127.0.0.1/32"]), ..settings });
    server.name("hooks.example.com", [names(&["127.0.0.1"]), names(&["127.0.0.3"])]);
    for _ in 0..10 {
        assert_eq!(answer(&client, &url(&receiver, "hooks.example.com")).await.status, 204);
    }
    assert_eq!(server.look_ups("hooks.example.com"), 1);
    // A connection is of its name: another name at the same address has one of its own.
    server.lead("other.example.com", &["127.0.0.3"]);
    assert_eq!(failure(&client, &url(&receiver, "other.example.com")).await, Failure::Blocked);
}

#[tokio::test]
async fn an_address_that_does_not_answer_gives_way_to_the_next() {
    let (receiver, server) = (Receiver::start(), NameServer::start());
    let client = client(by_name(&receiver.authority_pem, server.address));
    // Nobody listens at the first.
    server.lead("hooks.example.com", &["127.0.0.9", "127.0.0.1"]);
    assert_eq!(answer(&client, &url(&receiver, "hooks.example.com")).await.status, 204);
}

#[tokio::test]
async fn names_that_lead_nowhere_say_how() {
    let server = NameServer::start();
    let settings = by_name(&Receiver::start().authority_pem, server.address);
    let limits = Limits { connect: Duration::from_millis(500), ..settings.limits };
    let client = client(Settings { limits, ..settings });
    assert_eq!(failure(&client, "https://nowhere.example.com/").await, Failure::NameNotFound);
    server.lead("empty.example.com", &[]);
    assert_eq!(failure(&client, "https://empty.example.com/").await, Failure::NameNotFound);
    server.name("broken.example.com", [Names::Broken]);
    assert_eq!(failure(&client, "https://broken.example.com/").await, Failure::DnsFailed);
    server.name("silent.example.com", [Names::Silent]);
    let attempted = post(&client, "https://silent.example.com/").await;
    assert_eq!(attempted.result.expect_err("no answer").why, Failure::DnsTimedOut);
    let timing = attempted.timing.expect("it is told");
    assert!(timing.dns.is_some() && timing.connect.is_none() && timing.first_byte.is_none());
    // A host name that cannot be one.
    assert_eq!(failure(&client, "https://a{b.example.com/").await, Failure::NameNotFound);
}

#[tokio::test]
async fn the_hosts_name_goes_to_the_receiver_and_no_redirect_is_followed() {
    let (receiver, canary, server) = (Receiver::start(), Receiver::start(), NameServer::start());
    server.lead("hooks.example.com", &["127.0.0.1"]);
    let client = client(by_name(&receiver.authority_pem, server.address));
    for status in [301, 302, 303, 307, 308] {
        receiver.answer("/", Reply::status(status).with("location", &canary.url("/")));
        let answer = answer(&client, &url(&receiver, "hooks.example.com")).await;
        assert_eq!((answer.status, answer.is_success()), (status, false));
        assert!(answer.head.contains(&(String::from("location"), canary.url("/"))));
    }
    assert_eq!(canary.connections(), 0);
    assert_eq!(server.look_ups("hooks.example.com"), 1);
}
