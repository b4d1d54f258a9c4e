//! Many sign-ins at once (S4)

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use portico::crypto::password::MEMORY_KIB;
use reqwest::{Method, RequestBuilder};

use crate::{
    program::{PASSWORD, Program},
    support::{
        client::Client,
        databases::{Kind, TestDatabase, on_both},
    },
};

const AT_ONCE: usize = 200;

on_both!(two_hundred_sign_ins_at_once_are_all_answered_and_nobody_else_waits);

async fn two_hundred_sign_ins_at_once_are_all_answered_and_nobody_else_waits(kind: Kind) {
    let database = TestDatabase::empty(kind).await;
    let program = Program::over(&database.database).with("PORTICO_TRUSTED_PROXIES", "127.0.0.0/8");
    let running = program.serve().await;
    running.sign_up().await;
    let mut posts = Vec::new();
    for n in 0..AT_ONCE {
        posts.push(post(running.client.base(), n).await);
    }
    let before = running.memory_kib("VmRSS");
    let answers = posts.into_iter().map(async |(client, request)| {
        let began = Instant::now();
        (client.send(request).await.status.as_u16(), began.elapsed())
    });
    let (answers, mut waits) = tokio::join!(join_all(answers), healthz(running.client.base()));

    for (status, took) in &answers {
        assert!(matches!(status, 303 | 422 | 429 | 503), "{status}");
        // A second and a half is what one waits for a turn; the rest is what this build takes where
        // other tests run too.
        assert!(*took < Duration::from_secs(8), "answered in {took:?}");
    }
    assert!(answers.iter().any(|(status, _)| *status == 303), "some got in: {answers:?}");
    waits.sort();
    assert!(waits[waits.len() * 99 / 100] < Duration::from_millis(500), "/healthz took {:?}", waits.last());
    // As many hashes as there are cores, and what two hundred connections take.
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let bound = u64::from(MEMORY_KIB) * at_once as u64 + 32 * 1_024;
    let grown = running.memory_kib("VmHWM").saturating_sub(before);
    assert!(grown < bound, "{grown} KiB for {at_once} at once");
}

/// A sign-in from a place of its own, so that it is the work that limits and not the place.
async fn post(base: &str, n: usize) -> (Client, RequestBuilder) {
    let client = Client::new(base);
    let nobody = format!("nobody{n}@x.example");
    // Somebody who is not there is as much work, and no address has more than ten tries.
    let email = if n.is_multiple_of(25) { "noor@x.example" } else { &nobody };
    let form =
        client.visit("/sign-in").await.form("/sign-in").with("email", email).with("password", PASSWORD);
    let request = client.request(Method::POST, &form.action).form(form.fields());
    let place = format!("203.0.113.{n}");
    (client, request.header("x-forwarded-for", place))
}

/// How long each of a hundred looks at the health took, one after the other.
async fn healthz(base: &str) -> Vec<Duration> {
    let client = Client::new(base);
    let mut waits = Vec::new();
    for _ in 0..100 {
        let began = Instant::now();
        assert_eq!(client.get("/healthz").await.status, 200);
        waits.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    waits
}
