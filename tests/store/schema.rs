use std::{collections::BTreeSet, path::Path};

use crate::{
    dialects::{Schema, differences},
    support::databases::{BOTH, Kind, TestDatabase, on_both},
};

on_both!(
    every_statement_can_be_prepared,
    a_statement_that_names_no_column_is_refused,
    migrating_again_changes_nothing
);

async fn every_statement_can_be_prepared(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let refused = database.store.refused_statements().await.expect("a connection");
    assert!(refused.is_empty(), "{kind:?} refuses {refused:#?}");
}

/// The check above can fail, and names the statement.
async fn a_statement_that_names_no_column_is_refused(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    database.run("alter table users rename column disabled_at to disabledat").await;
    let refused = database.store.refused_statements().await.expect("a connection");
    let names: BTreeSet<_> = refused.iter().filter_map(|line| line.split(':').next()).collect();
    for name in ["OWNERS", "DISABLE_USER", "USER", "USER_BY_EMAIL", "ADMINS"] {
        assert!(names.contains(name), "{name}: {refused:#?}");
    }
    assert!(refused.iter().all(|line| line.contains("disabled_at")), "{refused:#?}");
}

async fn migrating_again_changes_nothing(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let before = Schema::of(&database).await;
    database.store.migrate().await.expect("migrations run again");
    assert_eq!(Schema::of(&database).await, before);
}

#[test]
fn both_folders_hold_migrations_of_the_same_names() {
    let [sqlite, postgres] = ["sqlite", "postgres"].map(|folder| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let files = std::fs::read_dir(folder).expect("the folder of migrations");
        files.map(|file| file.expect("a file").file_name()).collect::<BTreeSet<_>>()
    });
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_rules() {
    let [sqlite, postgres] = both().await;
    let differences = differences(&Schema::of(&sqlite).await, &Schema::of(&postgres).await);
    assert!(differences.is_empty(), "{differences:#?}");
}

/// The comparison reads what it says it reads: none of its lists is empty for want of a query.
#[tokio::test]
async fn the_schema_that_is_compared_is_whole() {
    for database in both().await {
        let schema = Schema::of(&database).await;
        for line in [
            "apps.account_id bytes not null",
            "apps.activated_at integer",
            "users.is_admin integer not null",
            "memberships primary key (account_id, user_id)",
            "accounts unique (external_id)",
            "users unique (email_key)",
            "api_secrets unique (account_id) where retires_at is null",
            "signing_secrets unique (subscription_id) where retires_at is null",
            "apps index (account_id, created_at, id)",
            "apps (account_id) refers to accounts, on delete cascade",
            "sessions (account_id) refers to accounts, on delete set null",
            "apps (icon_hash) refers to icons, on delete no action",
            "app_search trigrams (words)",
            "account_search trigrams (words)",
            "user_search trigrams (words)",
            "apps trigger apps_found_state after update",
            "audit_log unique (chain, seq)",
            "audit_log trigger audit_log_no_update before update",
            "audit_log trigger audit_log_no_delete before delete",
            "audit_heads trigger audit_heads_only_forward before update",
        ] {
            assert!(schema.has(line), "{:?} has no {line:?}: {schema:#?}", database.kind());
        }
    }
}

#[tokio::test]
async fn a_difference_of_the_two_databases_is_found() {
    let [sqlite, postgres] = both().await;
    postgres.run("alter table apps add column colour text").await;
    postgres.run("alter table users alter column name drop not null").await;
    sqlite.run("drop index api_secrets_one_current").await;
    sqlite.run("drop trigger audit_log_no_delete").await;
    postgres.run("drop index app_trigrams").await;
    sqlite.run("drop table account_trigrams").await;
    postgres.run("alter table audit_log disable trigger audit_log_no_update").await;
    let found = differences(&Schema::of(&sqlite).await, &Schema::of(&postgres).await);
    let expected = [
        "PostgreSQL alone: api_secrets unique (account_id) where retires_at is null",
        "PostgreSQL alone: audit_log trigger audit_log_no_delete before delete",
        "PostgreSQL alone: apps.colour text",
        "PostgreSQL alone: users.name text",
        "PostgreSQL alone: account_search trigrams (words)",
        "SQLite alone: app_search trigrams (words)",
        "SQLite alone: audit_log trigger audit_log_no_update before update",
        "SQLite alone: users.name text not null",
    ];
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected.map(String::from).into());
}

async fn both() -> [TestDatabase; 2] {
    let [one, other] = BOTH;
    [TestDatabase::new(one).await, TestDatabase::new(other).await]
}
