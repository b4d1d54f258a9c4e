use portico::{
    domain::{
        credential::{ApiKey, SecretFacts},
        id::{AccountId, SubscriptionId},
        time::Timestamp,
    },
    store::{SealedSecret, StoreError},
};

use crate::{
    rows::{account, app, at, new_id},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::subscribing_to,
    },
};

on_both!(
    an_api_key_leads_to_its_account,
    a_secret_is_read_as_written,
    only_one_api_secret_is_current,
    only_one_signing_secret_is_current,
    api_secrets_come_current_first_then_newest_until_they_end,
    signing_secrets_come_current_first_then_newest_until_they_end,
    an_old_api_secret_stops_at_a_word_and_the_current_one_does_not,
    every_secret_of_one_holder_stops_at_once,
    ended_secrets_are_wiped,
);

fn secret(hint: &str, made_at: Timestamp) -> SealedSecret {
    let facts = SecretFacts {
        id: new_id(),
        hint: hint.to_owned(),
        made_at,
        made_by: Some(new_id()),
        retires_at: None,
    };
    SealedSecret { facts, sealed: vec![0, 1, 0xff] }
}

async fn subscription(database: &TestDatabase, ours: AccountId) -> SubscriptionId {
    let app = app(database, ours, "Relay").await;
    let id = new_id();
    let mut tx = database.begin().await;
    tx.insert_subscription(app, id, &subscribing_to(&["meeting.started"]), at(0))
        .await
        .expect("a subscription");
    tx.commit().await.expect("it holds");
    id
}

fn hints(secrets: &[SealedSecret]) -> Vec<&str> {
    secrets.iter().map(|secret| secret.facts.hint.as_str()).collect()
}

async fn an_api_key_leads_to_its_account(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let key = ApiKey::from_random([7; 16]);
    let mut tx = database.begin().await;
    tx.insert_api_key(ours, &key).await.expect("a key");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert_eq!(conn.api_key(ours).await.expect("a row"), Some(key));
    assert_eq!(conn.api_key(theirs).await.expect("no row"), None);
    assert_eq!(conn.account_of_key(&key).await.expect("a row"), Some(ours));
    assert_eq!(conn.account_of_key(&ApiKey::from_random([8; 16])).await.expect("no row"), None);
    drop(conn);
    let mut tx = database.begin().await;
    let refused = tx.insert_api_key(theirs, &key).await;
    assert!(matches!(refused, Err(StoreError::Duplicate)), "{refused:?}");
}

async fn a_secret_is_read_as_written(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let subscription = subscription(&database, ours).await;
    let mut written = secret("Wx9k", at(3));
    let mut tx = database.begin().await;
    tx.insert_api_secret(ours, &written).await.expect("a secret");
    tx.insert_signing_secret(subscription, &written).await.expect("a secret");
    let of_account = tx.api_secrets(ours, at(3)).await.expect("rows");
    let of_subscription = tx.signing_secrets(ours, subscription, at(3)).await.expect("rows");
    assert_eq!(format!("{of_account:?}"), format!("[{written:?}]"));
    assert_eq!(format!("{of_subscription:?}"), format!("[{written:?}]"));

    tx.retire_api_secret(ours, at(60)).await.expect("it retires");
    tx.retire_signing_secret(subscription, at(60)).await.expect("it retires");
    tx.retire_api_secret(ours, at(90)).await.expect("none is current");
    written.facts.retires_at = Some(at(60));
    let of_account = tx.api_secrets(ours, at(3)).await.expect("rows");
    let of_subscription = tx.signing_secrets(ours, subscription, at(3)).await.expect("rows");
    assert_eq!(format!("{of_account:?}"), format!("[{written:?}]"));
    assert_eq!(format!("{of_subscription:?}"), format!("[{written:?}]"));
}

async fn only_one_api_secret_is_current(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let mut tx = database.begin().await;
    tx.insert_api_secret(ours, &secret("one", at(0))).await.expect("the first");
    tx.insert_api_secret(theirs, &secret("other", at(0))).await.expect("another account's");
    tx.commit().await.expect("it holds");
    let mut tx = database.begin().await;
    let refused = tx.insert_api_secret(ours, &secret("two", at(1))).await;
    assert!(matches!(refused, Err(StoreError::Duplicate)), "{refused:?}");
    drop(tx);
    let mut tx = database.begin().await;
    tx.retire_api_secret(ours, at(60)).await.expect("the first retires");
    tx.insert_api_secret(ours, &secret("two", at(1))).await.expect("the second");
    assert_eq!(hints(&tx.api_secrets(theirs, at(1)).await.expect("rows")), ["other"]);
}

async fn only_one_signing_secret_is_current(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let subscription = subscription(&database, ours).await;
    let mut tx = database.begin().await;
    tx.insert_signing_secret(subscription, &secret("one", at(0))).await.expect("the first");
    tx.commit().await.expect("it holds");
    let mut tx = database.begin().await;
    let refused = tx.insert_signing_secret(subscription, &secret("two", at(1))).await;
    assert!(matches!(refused, Err(StoreError::Duplicate)), "{refused:?}");
    drop(tx);
    let mut tx = database.begin().await;
    tx.retire_signing_secret(subscription, at(60)).await.expect("the first retires");
    tx.insert_signing_secret(subscription, &secret("two", at(1))).await.expect("the second");
}

/// Made in this order, kept this long. The one kept longest is not the newest.
const KEPT: [(&str, i64, i64); 3] = [("week", 1, 600), ("hour", 2, 60), ("day", 3, 240)];

async fn api_secrets_come_current_first_then_newest_until_they_end(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let mut tx = database.begin().await;
    for (hint, made, retires) in KEPT {
        tx.insert_api_secret(ours, &secret(hint, at(made))).await.expect("a secret");
        tx.retire_api_secret(ours, at(retires)).await.expect("it retires");
    }
    tx.insert_api_secret(ours, &secret("current", at(4))).await.expect("a secret");
    for (now, expected) in [
        (59, vec!["current", "day", "hour", "week"]),
        (60, vec!["current", "day", "week"]),
        (240, vec!["current", "week"]),
        (600, vec!["current"]),
    ] {
        assert_eq!(hints(&tx.api_secrets(ours, at(now)).await.expect("rows")), expected, "at {now}");
    }
}

async fn signing_secrets_come_current_first_then_newest_until_they_end(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let subscription = subscription(&database, ours).await;
    let mut tx = database.begin().await;
    for (hint, made, retires) in KEPT {
        tx.insert_signing_secret(subscription, &secret(hint, at(made))).await.expect("a secret");
        tx.retire_signing_secret(subscription, at(retires)).await.expect("it retires");
    }
    tx.insert_signing_secret(subscription, &secret("current", at(4))).await.expect("a secret");
    for (now, expected) in [
        (59, vec!["current", "day", "hour", "week"]),
        (60, vec!["current", "day", "week"]),
        (240, vec!["current", "week"]),
        (600, vec!["current"]),
    ] {
        assert_eq!(
            hints(&tx.signing_secrets(ours, subscription, at(now)).await.expect("rows")),
            expected,
            "at {now}"
        );
        let signing = tx.signing_secrets(ours, subscription, at(now)).await.expect("rows");
        let oldest = signing.iter().map(|secret| secret.facts.made_at).min();
        let since = tx.signing_since(ours, at(now)).await.expect("rows");
        assert_eq!(since.get(&subscription).copied(), oldest, "at {now}");
        assert!(tx.signing_since(theirs, at(now)).await.expect("no rows").is_empty());
    }
}

async fn an_old_api_secret_stops_at_a_word_and_the_current_one_does_not(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours: AccountId = account(&database).await;
    let theirs = account(&database).await;
    let (old, current) = (secret("old", at(0)), secret("current", at(1)));
    let mut tx = database.begin().await;
    tx.insert_api_secret(ours, &old).await.expect("a secret");
    tx.retire_api_secret(ours, at(60)).await.expect("it retires");
    tx.insert_api_secret(ours, &current).await.expect("a secret");
    assert!(!tx.delete_old_api_secret(ours, current.facts.id).await.expect("it is current"));
    assert!(!tx.delete_old_api_secret(theirs, old.facts.id).await.expect("it is ours"));
    assert!(tx.delete_old_api_secret(ours, old.facts.id).await.expect("it stops"));
    assert!(!tx.delete_old_api_secret(ours, old.facts.id).await.expect("it has stopped"));
    assert_eq!(hints(&tx.api_secrets(ours, at(2)).await.expect("rows")), ["current"]);
}

async fn every_secret_of_one_holder_stops_at_once(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let subscription = subscription(&database, ours).await;
    let mut tx = database.begin().await;
    tx.insert_api_secret(ours, &secret("old", at(0))).await.expect("a secret");
    tx.retire_api_secret(ours, at(60)).await.expect("it retires");
    tx.insert_api_secret(ours, &secret("current", at(1))).await.expect("a secret");
    tx.insert_api_secret(theirs, &secret("other", at(1))).await.expect("a secret");
    tx.insert_signing_secret(subscription, &secret("signs", at(1))).await.expect("a secret");
    tx.delete_api_secrets(ours).await.expect("all of ours");
    assert!(tx.api_secrets(ours, at(2)).await.expect("no rows").is_empty());
    assert_eq!(hints(&tx.api_secrets(theirs, at(2)).await.expect("rows")), ["other"]);
    assert_eq!(hints(&tx.signing_secrets(ours, subscription, at(2)).await.expect("rows")), ["signs"]);
    assert!(tx.signing_secrets(theirs, subscription, at(2)).await.expect("no rows").is_empty());
    tx.delete_signing_secrets(subscription).await.expect("all of it");
    assert!(tx.signing_secrets(ours, subscription, at(2)).await.expect("no rows").is_empty());
}

async fn ended_secrets_are_wiped(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let subscription = subscription(&database, ours).await;
    let mut tx = database.begin().await;
    for retires in [60, 61] {
        tx.insert_api_secret(ours, &secret("api", at(0))).await.expect("a secret");
        tx.retire_api_secret(ours, at(retires)).await.expect("it retires");
        tx.insert_signing_secret(subscription, &secret("signs", at(0))).await.expect("a secret");
        tx.retire_signing_secret(subscription, at(retires)).await.expect("it retires");
    }
    tx.insert_api_secret(ours, &secret("current", at(0))).await.expect("a secret");
    assert_eq!(tx.delete_ended_secrets(at(60)).await.expect("one of each kind"), 2);
    assert_eq!(tx.delete_ended_secrets(at(60)).await.expect("none"), 0);
    // Seen from before they ended: the rows are gone, not hidden.
    assert_eq!(tx.api_secrets(ours, at(0)).await.expect("rows").len(), 2);
    assert_eq!(tx.signing_secrets(ours, subscription, at(0)).await.expect("rows").len(), 1);
}
