//! Hostile answers: each ends as it is documented, in bounded memory and time (S57, F8).

use portico::domain::delivery::failure::Failure;

use crate::{
    hostile_peer::{Peer, Step},
    receiver::{Receiver, Reply},
    sender::{answer, client, failure, impatient, post, settings},
};

const OK: &str = "HTTP/1.1 200 OK\r\n";

fn send(text: impl AsRef<str>) -> Step {
    Step::Send(text.as_ref().as_bytes().to_vec())
}

async fn fails(steps: Vec<Step>) -> Failure {
    let peer = Peer::over_tls(steps);
    failure(&client(settings(&peer.authority_pem)), &peer.url()).await
}

#[tokio::test]
async fn what_is_no_http_is_a_broken_answer() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "\0\u{1}\u{2}\u{3}\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
    ] {
        assert_eq!(fails(vec![send(garbage), Step::Hang]).await, Failure::BrokenAnswer, "{garbage:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_early_is_lost() {
    for steps in [
        vec![],
        vec![Step::Reset],
        vec![send("HTTP/1.1 20")],
        vec![send("HTTP/1.1 200 OK\r\ncontent-type: text/pl"), Step::Reset],
    ] {
        assert_eq!(fails(steps.clone()).await, Failure::ConnectionLost, "{steps:?}");
    }
}

#[tokio::test]
async fn a_head_has_an_end() {
    let long = "a".repeat(33 * 1_024);
    let many: String = (0..10_000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let hundred_and_one: String = (0..101).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let a_byte_more = format!("x: {}\r\n", "a".repeat(32 * 1_024 - 15));
    for head in [format!("x: {long}\r\n"), many, hundred_and_one, a_byte_more] {
        let steps = vec![send(format!("{OK}{head}content-length: 0\r\n\r\n")), Step::Hang];
        assert_eq!(fails(steps).await, Failure::HeadTooLarge, "{} bytes", head.len());
    }
    let steps = vec![send(OK), Step::Flood(b"x-flood: and so on and so on\r\n".to_vec())];
    assert_eq!(fails(steps).await, Failure::HeadTooLarge);
    // With `content-length: 0` these have 100 headers, and 32 KiB.
    let many: String = (0..99).map(|n| format!("x-{n}: {n}\r\n")).collect();
    for head in [many, format!("x: {}\r\n", "a".repeat(32 * 1_024 - 16))] {
        let peer = Peer::over_tls(vec![send(format!("{OK}{head}content-length: 0\r\n\r\n"))]);
        assert_eq!(answer(&client(settings(&peer.authority_pem)), &peer.url()).await.status, 200);
    }
}

#[tokio::test]
async fn a_head_over_http2_has_an_end_too() {
    let receiver = Receiver::start();
    let client = client(settings(&receiver.authority_pem));
    let long = |bytes: usize| Reply::status(204).with("x", &"a".repeat(bytes));
    receiver.answer("/", long(33 * 1_024));
    assert_eq!(failure(&client, &receiver.url("/")).await, Failure::HeadTooLarge);
    // What is far too large is refused before it is unpacked, and then nothing tells why.
    receiver.answer("/", long(100 * 1_024));
    assert_eq!(failure(&client, &receiver.url("/")).await, Failure::BrokenAnswer);
    let many = (0..101).fold(Reply::status(204), |reply, _| reply.with("x", "a"));
    receiver.answer("/", many);
    assert_eq!(failure(&client, &receiver.url("/")).await, Failure::HeadTooLarge);
    receiver.answer("/", long(31 * 1_024));
    assert_eq!(answer(&client, &receiver.url("/")).await.status, 204);
}

#[tokio::test]
async fn interim_answers_are_few() {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let peer = Peer::over_tls(vec![send(interim.repeat(16)), send("HTTP/1.1 204 No Content\r\n\r\n")]);
    assert_eq!(answer(&client(settings(&peer.authority_pem)), &peer.url()).await.status, 204);
    assert_eq!(fails(vec![Step::Flood(interim.as_bytes().to_vec())]).await, Failure::BrokenAnswer);
    assert_eq!(fails(vec![send(interim.repeat(17)), Step::Hang]).await, Failure::BrokenAnswer);
}

#[tokio::test]
async fn silence_and_a_head_that_drips_end_with_the_time() {
    for steps in [vec![Step::Hang], vec![Step::Drip(OK.repeat(100).into_bytes())]] {
        let peer = Peer::over_tls(steps.clone());
        let attempted = post(&impatient(settings(&peer.authority_pem)), &peer.url()).await;
        assert_eq!(attempted.result.expect_err("no answer").why, Failure::AnswerTimedOut, "{steps:?}");
        let timing = attempted.timing.expect("it is told");
        assert!(timing.connect.is_some() && timing.tls.is_some() && timing.first_byte.is_none());
    }
}

#[tokio::test]
async fn a_status_counts_whatever_becomes_of_its_body() {
    let head = |headers: &str| send(format!("HTTP/1.1 201 Created\r\n{headers}\r\n"));
    let bodies = [
        // It drips, it hangs, it is shorter than it says, it breaks off, it is no chunk, it floods.
        vec![head("content-length: 1000\r\n"), Step::Drip(vec![b'a'; 1_000])],
        vec![head("content-length: 1000\r\n"), Step::Hang],
        vec![head("content-length: 1000\r\n"), send("short")],
        vec![head("content-length: 1000\r\n"), send("short"), Step::Reset],
        vec![head("transfer-encoding: chunked\r\n"), send("not a length\r\n"), Step::Hang],
        vec![head(""), Step::Flood(vec![b'a'; 65_536])],
        vec![head("transfer-encoding: chunked\r\n"), Step::Flood(b"10\r\n0123456789abcdef\r\n".to_vec())],
    ];
    for steps in bodies {
        let peer = Peer::over_tls(steps.clone());
        let answer = answer(&impatient(settings(&peer.authority_pem)), &peer.url()).await;
        assert_eq!((answer.status, answer.is_success()), (201, true), "{:?}", steps[0]);
        assert!(answer.excerpt.is_cut, "{:?}", steps[0]);
        assert!(answer.excerpt.bytes.len() <= 4_096, "{:?}", steps[0]);
    }
}

#[tokio::test]
async fn what_is_packed_stays_packed() {
    // What a gzip bomb begins with; nobody asked for it.
    let bomb = [&b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"[..], &[0; 2_000]].concat();
    let head = format!("{OK}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
    let peer = Peer::over_tls(vec![send(head), Step::Send(bomb.clone())]);
    let answer = answer(&client(settings(&peer.authority_pem)), &peer.url()).await;
    assert_eq!((answer.excerpt.bytes, answer.excerpt.is_cut), (bomb, false));
}
