//! What is sent, and what is made of whole answers.

use std::process::Command;

use bytes::Bytes;
use portico::{
    domain::{delivery::failure::Failure, time::Span},
    outbound::{Excerpt, HeaderMap, Patience, Post},
};

use crate::{
    receiver::{Receiver, Reply},
    sender::{NOW, answer, client, failure, impatient, post, settings},
};

const BOTH: [&[&str]; 2] = [&["h2", "http/1.1"], &["http/1.1"]];

#[tokio::test]
async fn every_status_is_an_answer_and_2xx_alone_a_success() {
    for protocols in BOTH {
        let receiver = Receiver::speaking(protocols);
        let client = client(settings(&receiver.authority_pem));
        for status in [200, 201, 202, 204, 206, 299, 300, 304, 400, 401, 404, 408, 410, 429, 500, 503, 599] {
            receiver.answer("/", Reply::status(status));
            let answer = answer(&client, &receiver.url("/")).await;
            assert_eq!((answer.status, answer.is_success()), (status, (200..300).contains(&status)));
        }
    }
}

#[tokio::test]
async fn a_message_goes_out_as_it_was_given_and_nothing_with_it() {
    for protocols in BOTH {
        let receiver = Receiver::speaking(protocols);
        receiver.answer("/hook", Reply::status(204).with("set-cookie", "a=b"));
        let client = client(settings(&receiver.authority_pem));
        // A second time, so that a cookie would come back.
        for _ in 0..2 {
            answer(&client, &receiver.url("/hook?a=b%20c")).await;
        }
        for request in receiver.received() {
            assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook"));
            assert_eq!(request.body, Bytes::from_static(b"{\"n\":1}"));
            let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
            names.retain(|name| *name != "host");
            names.sort_unstable();
            assert_eq!(names, ["content-length", "content-type", "webhook-id"]);
            assert_eq!(request.header("webhook-id"), Some("msg_1"));
        }
    }
}

#[tokio::test]
async fn as_much_of_a_body_is_kept_as_is_wanted_and_may_be_read() {
    for protocols in BOTH {
        let receiver = Receiver::speaking(protocols);
        let client = client(settings(&receiver.authority_pem));
        let url = receiver.url("/").parse().expect("a URL");
        for (length, wanted, kept, is_cut) in [
            (0, 4_096, 0, false),
            (4_096, 4_096, 4_096, false),
            (4_097, 4_096, 4_096, true),
            (10_000, 4_096, 4_096, true),
            (16_384, 16_384, 16_384, false),
            (16_385, 16_384, 16_384, true),
            (1_000_000, 1_000_000, 16_384, true),
            (5, 0, 0, true),
        ] {
            receiver.answer("/", Reply::body(200, vec![b'a'; length]));
            let (headers, body) = (HeaderMap::new(), Bytes::new());
            let patience = Patience::Whole;
            let post = Post { url: &url, headers, body, excerpt_bytes: wanted, patience, now: NOW };
            let answer = client.post(post).await.result.expect("an answer");
            assert_eq!(answer.excerpt, Excerpt { bytes: vec![b'a'; kept], is_cut }, "{length} {wanted}");
        }
    }
}

#[tokio::test]
async fn a_time_to_wait_is_handed_on() {
    let receiver = Receiver::start();
    let client = client(settings(&receiver.authority_pem));
    receiver.answer("/", Reply::status(429).with("retry-after", "120"));
    assert_eq!(answer(&client, &receiver.url("/")).await.retry_after, Some(Span::seconds(120)));
    receiver.answer("/", Reply::status(503).with("retry-after", "Tue, 24 Nov 2026 07:20:30 GMT"));
    assert_eq!(answer(&client, &receiver.url("/")).await.retry_after, Some(Span::seconds(30)));
    receiver.answer("/", Reply::status(503));
    assert_eq!(answer(&client, &receiver.url("/")).await.retry_after, None);
}

#[tokio::test]
async fn an_endpoint_that_hangs_or_never_ends_takes_no_longer_than_it_may() {
    for protocols in BOTH {
        let receiver = Receiver::speaking(protocols);
        let client = impatient(settings(&receiver.authority_pem));
        receiver.answer("/hang", Reply::Hang);
        assert_eq!(failure(&client, &receiver.url("/hang")).await, Failure::AnswerTimedOut);
        receiver.answer("/head", Reply::HeadAlone(200));
        let head = answer(&client, &receiver.url("/head")).await;
        assert_eq!((head.status, head.excerpt), (200, Excerpt { bytes: b"x".to_vec(), is_cut: true }));
        receiver.answer("/endless", Reply::Endless(200));
        let endless = answer(&client, &receiver.url("/endless")).await;
        assert_eq!((endless.status, endless.excerpt.bytes.len(), endless.excerpt.is_cut), (200, 4_096, true));
        // Whoever comes after finds the client as it was.
        assert_eq!(answer(&client, &receiver.url("/")).await.status, 204);
    }
}

#[tokio::test]
async fn nobody_listens() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
    let address = address.expect("an address that is free again");
    let client = client(settings(&Receiver::start().authority_pem));
    let attempted = post(&client, &format!("https://{address}/")).await;
    assert_eq!(attempted.result.expect_err("nobody is there").why, Failure::ConnectRefused);
    let timing = attempted.timing.expect("it is told");
    assert!(timing.dns.is_none() && timing.connect.is_some() && timing.tls.is_none());
}

/// Set, in a process of its own, while the test below runs again.
const AGAIN: &str = "PORTICO_TEST_BEHIND_A_PROXY";

#[test]
fn proxies_of_the_environment_are_passed_by() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if std::env::var_os(AGAIN).is_some() {
        let receiver = Receiver::start();
        let client = client(settings(&receiver.authority_pem));
        let status = runtime.block_on(answer(&client, &receiver.url("/"))).status;
        assert_eq!((status, receiver.connections()), (204, 1));
        return;
    }
    let proxy = Receiver::start();
    let url = format!("http://{}", proxy.address);
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "answers::proxies_of_the_environment_are_passed_by"]).env(AGAIN, "1");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, &url);
    }
    let output = command.env_remove("NO_PROXY").env_remove("no_proxy").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(proxy.connections(), 0);
}
