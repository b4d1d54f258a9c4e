//! Connections are kept and used again, and not without bound.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use portico::{
    domain::delivery::failure::Failure,
    outbound::{Limits, Settings},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{
    receiver::{Receiver, Reply},
    sender::{answer, client, failure, impatient, post, settings},
};

#[tokio::test]
async fn one_connection_serves_one_message_after_the_other() {
    for protocols in [&["h2", "http/1.1"][..], &["http/1.1"]] {
        let receiver = Receiver::speaking(protocols);
        // Longer than what is kept, and short enough to be read to its end.
        receiver.answer("/", Reply::body(200, vec![b'a'; 16_384]));
        let client = client(settings(&receiver.authority_pem));
        for n in 0..20 {
            let timing = post(&client, &receiver.url("/")).await.timing.expect("it is told");
            let is_new = n == 0;
            assert_eq!((timing.connect.is_some(), timing.tls.is_some()), (is_new, is_new), "{n}");
            assert!(timing.dns.is_none() && timing.first_byte.is_some(), "{n}");
            let parts = [timing.connect, timing.tls, timing.first_byte].into_iter().flatten();
            assert!(parts.map(|part| part.micros()).sum::<i64>() <= timing.total.micros(), "{timing:?}");
        }
        assert_eq!(receiver.connections(), 1);
        assert_eq!(receiver.received()[0].is_http2, protocols.len() == 2);
    }
}

#[tokio::test]
async fn over_http2_many_messages_share_a_connection() {
    let receiver = Receiver::start();
    let client = client(settings(&receiver.authority_pem));
    answer(&client, &receiver.url("/")).await;
    let url = receiver.url("/");
    join_all((0..50).map(|_| answer(&client, &url))).await;
    assert_eq!((receiver.received().len(), receiver.connections()), (51, 1));
}

#[tokio::test]
async fn a_connection_whose_answer_was_left_is_not_used_again() {
    let receiver = Receiver::speaking(&["http/1.1"]);
    receiver.answer("/huge", Reply::Endless(200));
    let client = client(settings(&receiver.authority_pem));
    answer(&client, &receiver.url("/huge")).await;
    assert_eq!(answer(&client, &receiver.url("/")).await.status, 204);
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn beyond_the_most_that_are_kept_a_connection_serves_once() {
    let (first, second) = (Receiver::start(), Receiver::start());
    let roots = [first.authority_pem.as_str(), second.authority_pem.as_str()].concat();
    let settings = settings(&roots);
    let limits = Limits { kept: 1, ..settings.limits };
    let client = client(Settings { limits, ..settings });
    for _ in 0..3 {
        answer(&client, &first.url("/")).await;
        answer(&client, &second.url("/")).await;
    }
    assert_eq!((first.connections(), second.connections()), (1, 3));
    assert!(first.received().iter().all(|request| request.is_http2));
    assert!(second.received().iter().all(|request| !request.is_http2));
}

#[tokio::test]
async fn a_connection_that_the_endpoint_closed_is_made_anew() {
    let receiver = Receiver::speaking(&["http/1.1"]);
    receiver.answer("/", Reply::status(200).with("connection", "close"));
    let client = client(settings(&receiver.authority_pem));
    for _ in 0..3 {
        assert_eq!(answer(&client, &receiver.url("/")).await.status, 200);
    }
    assert_eq!(receiver.connections(), 3);
}

#[tokio::test]
async fn a_connection_that_was_silent_once_is_not_used_again() {
    for protocols in [&["h2", "http/1.1"][..], &["http/1.1"]] {
        let receiver = Receiver::speaking(protocols);
        receiver.answer_in_turn("/", [Reply::status(204), Reply::Hang, Reply::status(204)]);
        let client = impatient(settings(&receiver.authority_pem));
        let url = receiver.url("/");
        answer(&client, &url).await;
        assert!(post(&client, &url).await.result.is_err());
        answer(&client, &url).await;
        let connections: Vec<_> = receiver.received().iter().map(|one| one.connection).collect();
        assert_eq!(connections, [0, 0, 1]);
    }
}

/// Between a client and a receiver: it can be cut without a word to either.
struct Line {
    address: SocketAddr,
    cut: watch::Sender<()>,
}

impl Line {
    async fn to(receiver: &Receiver) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, far) = (listener.local_addr().expect("an address"), receiver.address);
        let cut = watch::Sender::new(());
        let cuts = cut.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut is_cut = cuts.subscribe();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(far).await.expect("the receiver listens");
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        // Both stay open.
                        _ = is_cut.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { address, cut }
    }
}

#[tokio::test]
async fn an_http2_connection_that_leaves_a_ping_unanswered_is_given_up() {
    let receiver = Receiver::start();
    let line = Line::to(&receiver).await;
    let settings = settings(&receiver.authority_pem);
    let limits = Limits { silent_for: Duration::from_millis(200), ..settings.limits };
    let client = client(Settings { limits, ..settings });
    let url = format!("https://{}/", line.address);
    answer(&client, &url).await;
    line.cut.send(()).expect("the line is in use");
    // The time for an answer is far longer.
    assert_eq!(failure(&client, &url).await, Failure::ConnectionLost);
    answer(&client, &url).await;
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn an_http2_connection_that_answers_pings_is_kept_however_long_the_answer_takes() {
    let receiver = Receiver::start();
    receiver.answer("/slow", Reply::Hang);
    let settings = settings(&receiver.authority_pem);
    let limits = Limits { silent_for: Duration::from_millis(200), ..settings.limits };
    let client = impatient(Settings { limits, ..settings });
    let url = receiver.url("/slow");
    assert_eq!(failure(&client, &url).await, Failure::AnswerTimedOut);
}
