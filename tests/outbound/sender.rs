//! The client under test, and what it sends.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use portico::{
    domain::{
        address::AllowedNets,
        delivery::failure::{Failed, Failure},
        time::Timestamp,
    },
    outbound::{
        Answer, Attempted, HeaderMap, HeaderValue, Limits, NameServer, Outbound, Patience, Post, Settings,
    },
};

/// Settings under which receivers on this machine are reached.
pub(crate) fn settings(authority_pem: &str) -> Settings {
    Settings {
        allowed: nets(&["127.0.0.0/8"]),
        extra_roots: Some(authority_pem.as_bytes().to_vec()),
        // A machine under load must not fail a test that is about something else.
        limits: Limits {
            connect: Duration::from_secs(60),
            total: Duration::from_secs(120),
            ..Limits::default()
        },
        ..Settings::default()
    }
}

/// The same with names of a name server of the test.
pub(crate) fn by_name(authority_pem: &str, name_server: SocketAddr) -> Settings {
    Settings { name_server: NameServer::At(name_server), ..settings(authority_pem) }
}

/// The time is up soon.
pub(crate) fn impatient(settings: Settings) -> Outbound {
    let limits = Limits { total: Duration::from_millis(1_500), ..settings.limits };
    client(Settings { limits, ..settings })
}

pub(crate) fn client(settings: Settings) -> Outbound {
    Outbound::new(settings).expect("a client")
}

pub(crate) fn nets(texts: &[&str]) -> AllowedNets {
    AllowedNets::new(texts.iter().map(|text| text.parse().expect("a network")).collect())
}

/// 24 Nov 2026, 07:20 UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_504_800);

/// Posts `{"n":1}` and wants up to 4 KiB back.
pub(crate) async fn post(client: &Outbound, url: &str) -> Attempted {
    let headers = [("content-type", "application/json"), ("webhook-id", "msg_1")];
    let headers = headers
        .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_str(value).expect("a value")));
    let post = Post {
        url: &url.parse().expect("a URL"),
        headers: HeaderMap::from_iter(headers),
        body: Bytes::from_static(b"{\"n\":1}"),
        excerpt_bytes: 4_096,
        patience: Patience::Whole,
        now: NOW,
    };
    client.post(post).await
}

pub(crate) async fn answer(client: &Outbound, url: &str) -> Answer {
    let attempted = post(client, url).await;
    attempted.result.unwrap_or_else(|failed| panic!("{url}: {failed:?}"))
}

pub(crate) async fn failure(client: &Outbound, url: &str) -> Failure {
    failed(client, url).await.why
}

pub(crate) async fn failed(client: &Outbound, url: &str) -> Failed {
    let attempted = post(client, url).await;
    attempted.result.err().unwrap_or_else(|| panic!("{url}: it was answered"))
}
