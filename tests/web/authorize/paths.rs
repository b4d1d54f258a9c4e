//! Paths that a gateway or a client claims, in strange spellings.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use super::{Calls, calls};
use crate::support::databases::{Kind, on_both};

on_both!(the_token_alone_decides_whatever_path_is_claimed,);

/// Status, refusal, account and body of an answer to what is sent just so: clients tidy a path
/// up before they send it.
fn asked_by_hand(calls: &Calls, path: &str, token: &str, more: &str) -> [String; 4] {
    let address = calls.portal.site.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the portal listens");
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n{more}connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer of text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().to_owned()
    };
    let status = head.split(' ').nth(1).expect("a status").to_owned();
    [status, header("x-portico-error"), header("x-portico-account"), body.to_owned()]
}

/// Nothing a gateway says of the client's path, method or host is read, and what stands behind
/// `/authorize/` is not taken apart (S43).
async fn the_token_alone_decides_whatever_path_is_claimed(kind: Kind) {
    let calls = calls(kind).await;
    let (good, bad) = (calls.token(), "no.token.atall");
    let passed = asked_by_hand(&calls, "/authorize", &good, "");
    let refused = asked_by_hand(&calls, "/authorize", bad, "");
    assert_eq!((passed[0].as_str(), passed[2].clone()), ("200", calls.owner.account.to_string()));
    assert_eq!((refused[0].as_str(), refused[1].as_str()), ("401", "invalid_token"));
    let claimed =
        ["/%2e%2e/healthz", "/../healthz", "//v1//rooms", "/v1%2frooms", "/%2E%2E%5chealthz", "/", "x"];
    for name in ["X-Forwarded-Uri", "X-Original-URI", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"]
    {
        for value in claimed {
            let more = format!("{name}: {value}\r\n");
            assert_eq!(asked_by_hand(&calls, "/authorize", &good, &more), passed, "{more}");
            assert_eq!(asked_by_hand(&calls, "/authorize", bad, &more), refused, "{more}");
        }
    }
    for more in [
        "X-Forwarded-Method: OPTIONS\r\n",
        "X-HTTP-Method-Override: OPTIONS\r\n",
        "X-Forwarded-Host: elsewhere.example\r\n",
        "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\n",
    ] {
        assert_eq!(asked_by_hand(&calls, "/authorize", &good, more), passed, "{more}");
        assert_eq!(asked_by_hand(&calls, "/authorize", bad, more), refused, "{more}");
    }
    for path in claimed.iter().filter(|path| path.starts_with('/')) {
        for path in [format!("/authorize{path}"), format!("/authorize{path}?scope=x&access_token={good}")] {
            assert_eq!(asked_by_hand(&calls, &path, &good, ""), passed, "{path}");
            assert_eq!(asked_by_hand(&calls, &path, bad, ""), refused, "{path}");
        }
    }
    // Another page is not asked by way of this one, nor this one by another's address.
    for path in ["//authorize", "/healthz/../authorize", "/assets/%2e%2e/authorize", "/authorizes"] {
        assert_eq!(asked_by_hand(&calls, path, &good, "")[0], "404", "{path}");
    }
}
