//! In which order a request is judged, and as of when.

use portico::{
    actions::{admin, calls},
    domain::platform_key::PlatformKeyFacts,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, sleep, timeout},
};

use super::{Kind, Method, Publisher, on_both, refused};

on_both!(
    a_key_that_is_revoked_while_the_body_comes_publishes_nothing,
    sizes_are_judged_before_all_but_the_platform_key,
);

async fn sizes_are_judged_before_all_but_the_platform_key(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let large = format!("{{\"type\":7,\"data\":\"{}\"}}", "x".repeat(256 * 1024));
    let none: &[(&str, &str)] = &[];
    let bad_key: &[(&str, &str)] = &[("idempotency-key", "")];
    for (headers, body, status, code) in [
        (none, large.clone(), 413, "too_large"),
        (bad_key, large.clone(), 413, "too_large"),
        (none, format!("[{{}},{large},"), 413, "too_large"),
        (none, format!("[{}{large}]", "{},".repeat(101)), 413, "too_large"),
        (bad_key, String::from("["), 400, "invalid_request"),
        (none, String::from("["), 400, "invalid_request"),
        (none, String::from("[7]"), 422, "invalid_event"),
    ] {
        let page = publisher.send(headers, body).await;
        assert_eq!(refused(&page), (status, String::from(code)));
    }
    let request = publisher.flow.client.request(Method::POST, "/api/v1/events");
    let page = publisher.flow.client.send(request.body(large)).await;
    assert_eq!(refused(&page), (401, String::from("missing_token")));
    assert_eq!(publisher.events().await, 0);
}

async fn a_key_that_is_revoked_while_the_body_comes_publishes_nothing(kind: Kind) {
    let publisher = Publisher::new(kind).await;
    let world = &publisher.flow.portal.world;
    let root = world.admin("root@portico.example").await;
    let root = world.as_admin(&root).await;
    for (header, status) in [("x-nothing: 1", 401), ("idempotency-key: req-1", 401), ("x-nothing: 1", 202)] {
        let (id, key) = world.platform_key("Slow").await;
        let body = publisher.event().to_string();
        let (sent, last) = body.split_at(body.len() - 1);
        let host = publisher.flow.portal.site.url.trim_start_matches("http://");
        let length = body.len();
        let key = key.expose();
        let head = format!(
            "POST /api/v1/events HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
             {header}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(host).await.expect("the server listens");
        stream.write_all(format!("{head}{sent}").as_bytes()).await.expect("it is sent");
        // That a key was used is noticed by whoever lets it through.
        let used = async || -> PlatformKeyFacts {
            calls::flush(&world.ctx).await.expect("written down");
            world.database.read().await.platform_key(id).await.expect("read").expect("the key")
        };
        let looked = async {
            while used().await.last_used_at.is_none() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(60), looked).await.expect("the request is looked at");
        if status == 401 {
            admin::platform_keys::revoke(&world.ctx, &root, id).await.expect("revoked");
        }
        stream.write_all(last.as_bytes()).await.expect("it is sent");
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        timeout(Duration::from_secs(60), read).await.expect("an answer").expect("all of it");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert_eq!(answer.contains("invalid_token"), status == 401, "{answer}");
        assert_eq!(publisher.events().await, usize::from(status == 202));
        assert_eq!(world.database.count("idempotency_keys", "true").await, 0);
    }
}
