//! Many sign-ins at once (S4)

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::{
    databases::{Kind, on_both},
    site::Portal,
    world::PASSWORD,
};

on_both!(sixty_sign_ins_at_once_are_all_answered_and_nobody_else_waits);

async fn sixty_sign_ins_at_once_are_all_answered_and_nobody_else_waits(kind: Kind) {
    let portal = Portal::behind(kind, false, &["127.0.0.0/8"]).await;
    for n in 0..6 {
        portal.world.user(&format!("user{n}@x.example")).await;
    }
    let mut posts = Vec::new();
    for n in 0..60 {
        let client = portal.client();
        let form = client.visit("/sign-in").await.form("/sign-in");
        let right = if n % 3 == 0 { PASSWORD } else { "not the password" };
        let form = form.with("email", &format!("user{}@x.example", n % 8)).with("password", right);
        let request = client.request(reqwest::Method::POST, "/sign-in").form(form.fields());
        // From sixty places, so that it is the work that limits and not the place.
        let request = request.header("x-forwarded-for", format!("203.0.113.{n}"));
        posts.push(async move {
            let began = Instant::now();
            (client.send(request).await.status.as_u16(), began.elapsed())
        });
    }
    let healthy = async {
        let client = portal.client();
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let began = Instant::now();
            assert_eq!(client.get("/healthz").await.status, 200);
            slowest = slowest.max(began.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        slowest
    };
    let (answers, slowest) = tokio::join!(join_all(posts), healthy);
    for (status, took) in &answers {
        assert!(matches!(status, 303 | 422 | 429 | 503), "{status}");
        assert!(*took < Duration::from_secs(8), "answered in {took:?}");
    }
    assert!(answers.iter().any(|(status, _)| *status == 303), "some got in: {answers:?}");
    assert!(slowest < Duration::from_secs(1), "/healthz took {slowest:?}");
}
