//! Several processes over one database: each hears of what the others change (S35).

use std::time::{Duration, Instant};

use crate::{
    program::{Program, Running},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(a_change_in_one_process_holds_in_the_other, what_stands_in_the_database_is_known_at_the_start);

/// Waits until the process answers the token so, which takes it a fraction of a second, and says
/// how long that was.
async fn answers(running: &Running, token: &str, status: u16) -> Duration {
    let began = Instant::now();
    loop {
        let page = running.client.get_as("/authorize", token).await;
        if page.status == status {
            return began.elapsed();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it goes on answering {}", page.status);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn a_change_in_one_process_holds_in_the_other(kind: Kind) {
    let database = TestDatabase::empty(kind).await;
    let (one, other) = (Program::over(&database.database), Program::over(&database.database));
    let (one, other) = (one.serve().await, other.serve().await);
    let (app, token) = one.sign_up().await;
    answers(&other, &token, 200).await;
    let mut soonest = Duration::MAX;
    for (verb, status) in [("deactivate", 403), ("reactivate", 200)].repeat(3) {
        one.client.fill(&app, &format!("{app}/{verb}"), &[]).await;
        assert_eq!(one.client.get_as("/authorize", &token).await.status, status, "{verb}: at once here");
        soonest = soonest.min(answers(&other, &token, status).await);
    }
    // It is the requirement itself that has a time. The best of six turns holds on a busy machine too.
    assert!(soonest < Duration::from_secs(1), "{soonest:?}");
    let credentials = format!("{app}/credentials");
    let fields = [("keep_old_for", "0")];
    one.client.fill(&credentials, &format!("{credentials}/regenerate"), &fields).await;
    answers(&other, &token, 401).await;
}

async fn what_stands_in_the_database_is_known_at_the_start(kind: Kind) {
    let database = TestDatabase::empty(kind).await;
    let one = Program::over(&database.database);
    let one = one.serve().await;
    let (app, token) = one.sign_up().await;
    let late = Program::over(&database.database);
    let late = late.serve().await;
    late.says("the directory is filled").await;
    one.client.fill(&app, &format!("{app}/deactivate"), &[]).await;
    answers(&late, &token, 403).await;
}
