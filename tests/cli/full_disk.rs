//! A disk that takes not a byte more (S66, F3)

use std::collections::BTreeMap;

use crate::{
    program::{Program, Running},
    support::databases::{Kind, TestDatabase},
};

/// A limit of the size of files stands for the disk, and refuses every write wherever it goes.
#[tokio::test]
async fn a_full_disk_stops_what_writes_and_nothing_else_and_not_for_good() {
    let database = TestDatabase::empty(Kind::Sqlite).await;
    let program = Program::over(&database.database);
    let running = program.serve_on_a_disk().await;
    let (app, token) = running.sign_up().await;
    let client = &running.client;
    let credentials = format!("{app}/credentials");
    let regenerate = format!("{credentials}/regenerate");
    let create = client.visit("/apps/new").await.form("/apps").with("app_type", "jwt").with("name", "Late");
    let regenerate = client.visit(&credentials).await.form(&regenerate).with("keep_old_for", "0");
    let before = kept(&database).await;

    running.limit_files("0");
    for form in [&create, &regenerate] {
        let page = client.submit(form).await;
        assert_eq!(page.status, 503, "{}: {}", form.action, page.text());
        assert!(!page.header("retry-after").is_empty());
        assert!(
            page.has("main h1") && !page.body.contains("SQLite") && !page.body.contains("disk"),
            "{}",
            page.text()
        );
    }
    for page in ["/apps", &app, &credentials, "/settings", "/healthz", "/readyz"] {
        client.visit(page).await;
    }
    works(&running, &token).await;
    assert_eq!(kept(&database).await, before, "nothing is half made");

    running.limit_files("unlimited");
    let made = client.submit(&create).await.location();
    assert!(made.starts_with("/apps/app_"), "{made}");
    works(&running, &token).await;
    assert_eq!(client.submit(&regenerate).await.status, 303);
    assert_eq!(client.get_as("/api/v1/me", &token).await.status, 401, "the old secret is replaced");
}

/// What an app is made of, and what is written down of it.
async fn kept(database: &TestDatabase) -> BTreeMap<String, Vec<String>> {
    let mut dump = database.dump().await;
    // The worker and what is counted write at any time.
    let tables = ["apps", "app_names", "api_secrets", "audit_log", "audit_heads", "form_uses", "changes"];
    dump.retain(|table, _| tables.contains(&table.as_str()));
    dump
}

async fn works(running: &Running, token: &str) {
    for path in ["/api/v1/me", "/authorize"] {
        assert_eq!(running.client.get_as(path, token).await.status, 200, "{path}");
    }
}
