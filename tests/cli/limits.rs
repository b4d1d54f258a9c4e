//! Settings of authorisation, and what is counted, in the program as it runs (S42).

use std::time::{Duration, Instant};

use portico::store::Database;

use crate::{
    program::{KEY, Program, Running},
    support::databases::{Kind, TestDatabase},
};

/// The answer to a token: its status, and the code of a refusal.
async fn asked(running: &Running, token: &str) -> (u16, String) {
    let page = running.client.get_as("/authorize", token).await;
    (page.status.as_u16(), page.header("x-portico-error").to_owned())
}

#[tokio::test]
async fn the_operator_limits_calls() {
    let program = Program::new().with("PORTICO_API_RATE_LIMIT", "2");
    let running = program.serve().await;
    let (_, token) = running.sign_up().await;
    for expected in [(200, ""), (200, ""), (403, "rate_limited")] {
        assert_eq!(asked(&running, &token).await, (expected.0, expected.1.to_owned()));
    }
}

#[tokio::test]
async fn calls_are_on_their_page_soon_and_written_when_the_server_stops() {
    let program = Program::new();
    let running = program.serve().await;
    let (app, token) = running.sign_up().await;
    for _ in 0..3 {
        assert_eq!(asked(&running, &token).await.0, 200);
    }
    // Nobody asks for it: it is written in the background.
    let began = Instant::now();
    while !running.client.get(&app).await.says("3 requests allowed and 0 refused") {
        assert!(began.elapsed() < Duration::from_secs(30), "{}", running.client.get(&app).await.text());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for _ in 0..2 {
        assert_eq!(asked(&running, &token).await.0, 200);
    }
    let client = running.client.clone();
    assert_eq!(running.stop("-TERM").await.0, Some(0));
    let _again = program.serve().await;
    let page = client.get(&app).await;
    assert!(page.says("5 requests allowed and 0 refused"), "{}", page.text());
}

/// What is known goes on being answered for as long as the operator allows, and then not.
#[tokio::test]
async fn without_its_database_it_answers_for_a_while_and_again_when_it_is_back() {
    let database = TestDatabase::empty(Kind::Postgres).await;
    let Database::Postgres(url) = &database.database else { panic!("PostgreSQL") };
    let program = Program::new()
        .with("PORTICO_DATABASE_URL", url)
        .with("PORTICO_SECRET_KEY", KEY)
        .with("PORTICO_STALE_LIMIT", "3s");
    let running = program.serve().await;
    let (_, token) = running.sign_up().await;
    assert_eq!(asked(&running, &token).await.0, 200);
    database.cut_off().await;
    assert_eq!(asked(&running, &token).await.0, 200, "from memory");
    becomes(&running, &token, (503, "unavailable")).await;
    database.let_in().await;
    becomes(&running, &token, (200, "")).await;
}

async fn becomes(running: &Running, token: &str, wanted: (u16, &str)) {
    let began = Instant::now();
    loop {
        let got = asked(running, token).await;
        if (got.0, got.1.as_str()) == wanted {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it goes on answering {got:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
