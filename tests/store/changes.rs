//! The log of changes: numbered in the order of commits, and nothing slips behind a reader.

use portico::{domain::account::Standing, store::Changed};

use crate::{
    rows::{at, new_id},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    a_commit_that_comes_late_gets_a_later_number,
    a_transaction_that_is_undone_takes_no_number,
    numbers_have_no_gaps_under_racing_commits,
    the_log_is_cut_at_its_old_end,
);

async fn new_account(database: &TestDatabase) -> Changed {
    let id = new_id();
    let mut tx = database.begin().await;
    tx.insert_account(id, &parsed("Meridian"), Standing::Approved, at(0)).await.expect("an account");
    tx.commit().await.expect("it holds");
    let last = database.read().await.changes_since(0).await.expect("the log").pop();
    last.filter(|change| change.account == id).expect("the last change is this account's")
}

async fn a_commit_that_comes_late_gets_a_later_number(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    if kind == Kind::Sqlite {
        // One writer at a time: a second transaction cannot even begin before the first ends.
        assert_eq!(new_account(&database).await.revision + 1, new_account(&database).await.revision);
        return;
    }
    let late = new_id();
    let mut tx = database.begin().await;
    tx.insert_account(late, &parsed("Late"), Standing::Approved, at(0)).await.expect("an account");
    let early = new_account(&database).await;
    let seen = database.read().await.changes_since(0).await.expect("the log");
    assert_eq!(seen, [early], "a reader has seen all there is");
    tx.commit().await.expect("it holds");
    let seen = database.read().await.changes_since(early.revision).await.expect("the log");
    assert_eq!(
        seen,
        [Changed { revision: early.revision + 1, account: late }],
        "and finds the late one after it"
    );
}

async fn a_transaction_that_is_undone_takes_no_number(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let first = new_account(&database).await;
    let mut tx = database.begin().await;
    tx.insert_account(new_id(), &parsed("Gone"), Standing::Approved, at(0)).await.expect("an account");
    drop(tx);
    assert_eq!(new_account(&database).await.revision, first.revision + 1);
}

async fn numbers_have_no_gaps_under_racing_commits(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let store = database.store.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..10 {
                let mut tx = store.begin().await.expect("a transaction");
                tx.insert_account(new_id(), &parsed("Racer"), Standing::Approved, at(0))
                    .await
                    .expect("an account");
                tx.commit().await.expect("it holds");
            }
        }));
    }
    for task in tasks {
        task.await.expect("the task ends");
    }
    let seen = database.read().await.changes_since(0).await.expect("the log");
    let numbers: Vec<i64> = seen.iter().map(|change| change.revision).collect();
    assert_eq!(numbers, (1..=80).collect::<Vec<_>>());
}

async fn the_log_is_cut_at_its_old_end(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    for _ in 0..5 {
        new_account(&database).await;
    }
    let mut tx = database.begin().await;
    assert_eq!(tx.delete_old_changes(2).await.expect("it is cut"), 3);
    tx.commit().await.expect("it holds");
    let seen = database.read().await.changes_since(0).await.expect("the log");
    assert_eq!(seen.iter().map(|change| change.revision).collect::<Vec<_>>(), [4, 5]);
}
