//! A database that is lost in mid-work, and a user who is disabled (S15, S66).

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::support::{
    databases::{Kind, on_both},
    site::Portal,
    world::PASSWORD,
};

on_both!(
    without_a_database_pages_say_so_and_the_process_lives,
    a_database_without_a_migration_is_not_ready_and_says_so,
    a_disabled_user_is_out_at_once_and_stays_out,
);

async fn without_a_database_pages_say_so_and_the_process_lives(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let form = client.visit("/apps/new").await.form("/apps").with("app_type", "jwt").with("name", "Relay");
    portal.world.ctx.store.close().await;
    for page in [client.get("/apps").await, client.submit(&form).await] {
        assert_eq!(page.status, 503, "{}", page.text());
        assert!(!page.header("retry-after").is_empty());
        assert!(!page.body.contains("sqlx") && !page.body.contains("pool"), "{}", page.text());
    }
    let ready = client.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.body.as_str()), (503, "the database does not answer\n"));
    assert_eq!(client.get("/healthz").await.status, 200);
}

async fn a_database_without_a_migration_is_not_ready_and_says_so(kind: Kind) {
    let portal = Portal::new(kind).await;
    assert_eq!(portal.client().get("/readyz").await.body, "ready\n");
    portal.world.database.run("delete from _sqlx_migrations where version = 2").await;
    let page = portal.client().get("/readyz").await;
    assert_eq!(page.status, 503);
    assert_eq!(page.body, "the database lacks a migration of this program\n");
}

/// Only PostgreSQL can go away while it is in use.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_are_back_with_the_database() {
    let portal = Portal::new(Kind::Postgres).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    let form = client.visit("/apps/new").await.form("/apps").with("app_type", "jwt").with("name", "Relay");
    portal.world.database.cut_off().await;
    for page in [client.get("/apps").await, client.submit(&form).await] {
        assert_eq!(page.status, 503, "{}", page.text());
        assert!(page.has("main h1"), "{}", page.body);
    }
    assert_eq!(client.get("/readyz").await.status, 503);
    portal.world.database.let_in().await;
    let began = Instant::now();
    while client.get("/apps").await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(30), "it stays away");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(client.get("/readyz").await.status, 200);
    assert!(client.submit(&form).await.location().starts_with("/apps/app_"), "the form is good still");
    assert_eq!(portal.world.database.count("apps", "name = 'Relay'").await, 1);
}

async fn a_disabled_user_is_out_at_once_and_stays_out(kind: Kind) {
    let portal = Portal::new(kind).await;
    let ada = portal.world.user("ada@meridian.example").await;
    let client = portal.signed_in(&ada).await;
    client.visit("/apps").await;
    portal.world.database.set("users", &ada.id, "disabled_at = 1").await;
    assert!(client.get("/apps").await.location().starts_with("/sign-in"));
    let fields = [("email", ada.email.as_str()), ("password", PASSWORD)];
    let page = portal.client().fill("/sign-in", "/sign-in", &fields).await;
    assert!(page.errors()["email"].contains("disabled"), "{:?}", page.errors());
    assert_eq!(portal.world.database.audited("sign_in_failed").await, 1, "the attempt is written down (S65)");
    let forgot = portal.client();
    forgot.fill("/password/forgot", "/password/forgot", &[("email", ada.email.as_str())]).await;
    assert!(portal.letters().await.is_empty(), "no way back by mail");
    assert_eq!(client.send(client.request(Method::GET, "/settings")).await.status, 303);
}
