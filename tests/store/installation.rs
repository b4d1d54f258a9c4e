use portico::store::StoreError;

use crate::support::databases::{Kind, TestDatabase, on_both};

on_both!(the_first_key_check_stays, only_a_migrated_database_answers_the_ping);

async fn the_first_key_check_stays(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    assert_eq!(database.read().await.key_check().await.expect("no row"), None);
    for sealed in [b"first".as_slice(), b"second"] {
        let mut tx = database.begin().await;
        tx.insert_key_check(sealed).await.expect("a value or nothing");
        tx.commit().await.expect("it holds");
        let kept = database.read().await.key_check().await.expect("a row");
        assert_eq!(kept.as_deref(), Some(b"first".as_slice()));
    }
}

async fn only_a_migrated_database_answers_the_ping(kind: Kind) {
    let database = TestDatabase::empty(kind).await;
    assert!(database.store.ping().await.is_err());
    database.store.migrate().await.expect("migrations run");
    database.store.ping().await.expect("it answers");
    // Every migration counts, whether or not its table is the one that is looked at.
    database.run("delete from _sqlx_migrations where version = 6").await;
    let lacks = database.store.ping().await.expect_err("one is missing");
    assert!(matches!(lacks, StoreError::NotMigrated(6)), "{lacks}");
    database
        .run(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (6, 'mail', true, '', 0), (99, 'of a newer program', true, '', 0)",
        )
        .await;
    database.store.ping().await.expect("a newer database will do");
    database.store.close().await;
    assert!(database.store.ping().await.is_err());
}
