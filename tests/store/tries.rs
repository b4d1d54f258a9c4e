use crate::{
    rows::{at, new_id},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    tries_count_in_their_bucket_since_a_moment,
    a_try_is_taken_back_in_one_bucket,
    old_buckets_are_swept_with_their_tries,
);

async fn tries_count_in_their_bucket_since_a_moment(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut tx = database.begin().await;
    tx.lock_bucket(b"ada", at(1)).await.expect("the bucket is made");
    tx.lock_bucket(b"ada", at(2)).await.expect("the bucket is taken");
    tx.lock_bucket(b"bob", at(2)).await.expect("the bucket is made");
    for second in [1, 2, 3] {
        tx.insert_try(new_id(), b"ada", at(second)).await.expect("a try");
    }
    tx.insert_try(new_id(), b"bob", at(3)).await.expect("a try");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert_eq!(conn.tries(b"ada", at(0)).await.expect("a count"), 3);
    assert_eq!(conn.tries(b"ada", at(1)).await.expect("a count"), 2);
    assert_eq!(conn.tries(b"bob", at(0)).await.expect("a count"), 1);
    assert_eq!(conn.tries(b"nobody", at(0)).await.expect("a count"), 0);
}

async fn a_try_is_taken_back_in_one_bucket(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let id = new_id();
    let mut tx = database.begin().await;
    for bucket in [b"address".as_slice(), b"place"] {
        tx.lock_bucket(bucket, at(1)).await.expect("the bucket is made");
        tx.insert_try(id, bucket, at(1)).await.expect("a try");
    }
    tx.delete_try(id, b"address").await.expect("it was none");
    assert_eq!(tx.tries(b"address", at(0)).await.expect("a count"), 0);
    assert_eq!(tx.tries(b"place", at(0)).await.expect("a count"), 1);
}

async fn old_buckets_are_swept_with_their_tries(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut tx = database.begin().await;
    for (bucket, second) in [(b"old", 1), (b"new", 5)] {
        tx.lock_bucket(bucket, at(second)).await.expect("the bucket is made");
        tx.insert_try(new_id(), bucket, at(second)).await.expect("a try");
    }
    assert_eq!(tx.delete_old_tries(at(5)).await.expect("one bucket"), 1);
    assert_eq!(tx.tries(b"old", at(0)).await.expect("a count"), 0);
    assert_eq!(tx.tries(b"new", at(0)).await.expect("a count"), 1);
}
