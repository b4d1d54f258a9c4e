use portico::store::{Database, StoreError};
use sqlx::Connection;

use crate::{
    rows::{at, new_id, password_hash, unsaved_user},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    what_is_not_committed_never_was,
    a_transaction_reads_what_it_wrote_and_others_do_not,
    readers_keep_no_writer_waiting,
);

async fn what_is_not_committed_never_was(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = unsaved_user("ada@meridian.example");
    let mut tx = database.begin().await;
    tx.insert_user(&ada, &password_hash('A')).await.expect("a user");
    let refused = tx.insert_user(&unsaved_user("ADA@meridian.example"), &password_hash('A')).await;
    assert!(matches!(refused, Err(StoreError::Duplicate)), "{refused:?}");
    drop(tx);
    assert!(database.read().await.user(ada.id).await.expect("no row").is_none());
    let mut tx = database.begin().await;
    tx.insert_user(&ada, &password_hash('A')).await.expect("nobody has the address");
}

async fn a_transaction_reads_what_it_wrote_and_others_do_not(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut tx = database.begin().await;
    tx.insert_mail(new_id(), b"sealed", at(0)).await.expect("a mail");
    assert_eq!(tx.due_mail(at(1_000_000)).await.expect("a count"), 1);
    assert_eq!(database.read().await.due_mail(at(1_000_000)).await.expect("a count"), 0);
    tx.commit().await.expect("it holds");
    assert_eq!(database.read().await.due_mail(at(1_000_000)).await.expect("a count"), 1);
}

async fn readers_keep_no_writer_waiting(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let readers = [database.read().await, database.read().await];
    let mut tx = database.begin().await;
    tx.insert_mail(new_id(), b"sealed", at(0)).await.expect("a mail");
    tx.commit().await.expect("it holds");
    drop(readers);
}

/// SQLite's own limit of a file, which it calls a full disk.
#[tokio::test]
async fn a_full_disk_may_pass_by_itself() {
    let database = TestDatabase::new(Kind::Sqlite).await;
    let Database::Sqlite(path) = &database.database else { panic!("SQLite") };
    let url = format!("sqlite://{}", path.display());
    let mut direct = sqlx::SqliteConnection::connect(&url).await.expect("the file opens");
    let statements = "pragma max_page_count = 1; create table large as select zeroblob(1000000)";
    let refused = sqlx::raw_sql(statements).execute(&mut direct).await.map_err(StoreError::from);
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(why)) if why.to_string().contains("(code: 13)")),
        "{refused:?}"
    );
}
