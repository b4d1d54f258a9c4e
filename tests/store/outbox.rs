use std::collections::BTreeSet;

use portico::domain::id::MailId;

use crate::{
    rows::{at, new_id},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    a_mail_is_claimed_once_until_its_lease_ends,
    a_postponed_mail_waits,
    one_is_claimed_at_a_time_the_one_due_longest_first,
    claims_at_the_same_time_share_the_mail_and_none_gets_one_twice,
);

async fn post(database: &TestDatabase, second: i64) -> MailId {
    let id = new_id();
    let mut tx = database.begin().await;
    tx.insert_mail(id, b"sealed", at(second)).await.expect("a mail");
    tx.commit().await.expect("it holds");
    id
}

async fn claim(database: &TestDatabase, now: i64, lease_ends: i64) -> Option<MailId> {
    let mut tx = database.begin().await;
    let claimed = tx.claim_mail(at(now), at(lease_ends)).await.expect("rows");
    tx.commit().await.expect("it holds");
    claimed.map(|mail| mail.id)
}

async fn a_mail_is_claimed_once_until_its_lease_ends(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let id = post(&database, 5).await;
    assert_eq!(claim(&database, 4, 100).await, None, "not due");
    let mut tx = database.begin().await;
    let claimed = tx.claim_mail(at(5), at(65)).await.expect("rows");
    tx.commit().await.expect("it holds");
    let mail = claimed.expect("the mail");
    assert_eq!((mail.id, mail.mail_sealed.as_slice()), (id, b"sealed".as_slice()));
    assert_eq!((mail.created_at, mail.tries), (at(5), 1));

    assert_eq!(claim(&database, 64, 200).await, None, "another has it");
    let mut tx = database.begin().await;
    let again = tx.claim_mail(at(65), at(125)).await.expect("rows");
    assert_eq!(again.map(|mail| (mail.id, mail.tries)), Some((id, 2)));
    tx.delete_mail(id).await.expect("it was sent");
    tx.commit().await.expect("it holds");
    assert_eq!(claim(&database, 999, 1_000).await, None);
    assert_eq!(database.read().await.due_mail(at(1_000_000)).await.expect("a count"), 0);
}

async fn a_postponed_mail_waits(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (id, other) = (post(&database, 0).await, post(&database, 0).await);
    let mut tx = database.begin().await;
    tx.postpone_mail(id, at(30)).await.expect("later");
    tx.commit().await.expect("it holds");
    assert_eq!(database.read().await.due_mail(at(1_000_000)).await.expect("a count"), 2);
    assert_eq!(claim(&database, 29, 100).await, Some(other));
    assert_eq!(claim(&database, 30, 100).await, Some(id));
}

async fn one_is_claimed_at_a_time_the_one_due_longest_first(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut posted = Vec::new();
    for second in (0..5).rev() {
        posted.insert(0, post(&database, second).await);
    }
    for expected in posted {
        assert_eq!(claim(&database, 30, 100).await, Some(expected));
    }
    assert_eq!(claim(&database, 30, 100).await, None);
}

async fn claims_at_the_same_time_share_the_mail_and_none_gets_one_twice(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut posted = BTreeSet::new();
    for _ in 0..60 {
        posted.insert(post(&database, 0).await);
    }
    let mut claimed = Vec::new();
    // One who comes second may find its mail taken, and comes again.
    for _ in 0..60 {
        let claims = (0..8).map(|_| {
            let store = database.store.clone();
            tokio::spawn(async move {
                let mut tx = store.begin().await.expect("a transaction");
                let claimed = tx.claim_mail(at(1), at(60)).await.expect("rows");
                tx.commit().await.expect("it holds");
                claimed
            })
        });
        for claim in claims.collect::<Vec<_>>() {
            claimed.extend(claim.await.expect("no panic").into_iter().map(|mail| mail.id));
        }
    }
    assert_eq!(claimed.len(), 60, "each once");
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), posted);
}
