use portico::{
    domain::subscription::{Endpoints, NewSubscription, Subscription},
    store::StoreError,
};

use crate::{
    rows::{account, app, at, new_id},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::{parsed, subscribing_to},
    },
};

on_both!(
    a_subscription_is_read_as_written,
    what_was_entered_is_replaced_whole,
    a_subscription_is_seen_from_its_own_account_and_app_alone,
    a_subscription_that_lacks_what_it_must_have_cannot_be_read,
    an_event_type_outside_the_catalog_is_refused,
);

fn entered(subscription: &Subscription) -> NewSubscription {
    NewSubscription {
        name: subscription.name.clone(),
        endpoints: subscription.endpoints.clone(),
        event_types: subscription.event_types.clone(),
    }
}

async fn a_subscription_is_read_as_written(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let app = app(&database, ours, "Relay").await;
    let named = NewSubscription {
        name: Some(parsed("Büro")),
        endpoints: Endpoints::new(None, Some(parsed("https://meridian.example:8443/hook?a=b")))
            .expect("a URL"),
        ..subscribing_to(&["user.created", "meeting.started", "recording.completed"])
    };
    let (late, early) = (new_id(), new_id());
    let mut tx = database.begin().await;
    tx.insert_subscription(app, late, &named, at(9)).await.expect("a subscription");
    tx.insert_subscription(app, early, &subscribing_to(&["user.created"]), at(1)).await.expect("another");
    tx.commit().await.expect("it holds");

    let mut conn = database.read().await;
    let all = conn.subscriptions(ours, app).await.expect("rows");
    assert_eq!(all.iter().map(|one| one.id).collect::<Vec<_>>(), [early, late], "the oldest first");
    let of_account = conn.subscriptions_of_account(ours).await.expect("rows");
    let types = |all: &[Subscription]| all.iter().map(|one| (one.id, entered(one))).collect::<Vec<_>>();
    assert_eq!(types(&of_account), types(&all));
    let read = conn.subscription(ours, app, late).await.expect("a row").expect("the subscription");
    assert_eq!((entered(&read), read.app, read.created_at), (named, app, at(9)));
    assert_eq!(conn.subscription_count(ours, app).await.expect("a count"), 2);
    assert!(conn.subscription(ours, app, new_id()).await.expect("no row").is_none());
}

async fn what_was_entered_is_replaced_whole(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let app = app(&database, ours, "Relay").await;
    let (id, other) = (new_id(), new_id());
    let before = subscribing_to(&["user.created", "meeting.started"]);
    let after = NewSubscription {
        name: Some(parsed("Only ends")),
        endpoints: Endpoints::new(Some(parsed("https://dev.meridian.example/")), None).expect("a URL"),
        ..subscribing_to(&["meeting.ended"])
    };
    let mut tx = database.begin().await;
    tx.insert_subscription(app, id, &before, at(0)).await.expect("a subscription");
    tx.insert_subscription(app, other, &before, at(0)).await.expect("another");
    assert!(tx.update_subscription(app, id, &after).await.expect("it changes"));
    assert!(!tx.update_subscription(app, new_id(), &after).await.expect("there is none"));
    let read = tx.subscription(ours, app, id).await.expect("a row").expect("the subscription");
    assert_eq!(entered(&read), after);
    let read = tx.subscription(ours, app, other).await.expect("a row").expect("the other");
    assert_eq!(entered(&read), before);
    assert!(tx.delete_subscription(app, id).await.expect("it goes"));
    assert!(!tx.delete_subscription(app, id).await.expect("it is gone"));
    assert_eq!(tx.subscription_count(ours, app).await.expect("a count"), 1);
}

async fn a_subscription_is_seen_from_its_own_account_and_app_alone(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (app, theirs) =
        (app(&database, ours, "Relay").await, crate::rows::app(&database, ours, "Other").await);
    let stranger = account(&database).await;
    let (id, new) = (new_id(), subscribing_to(&["user.created"]));
    let mut tx = database.begin().await;
    tx.insert_subscription(app, id, &new, at(0)).await.expect("a subscription");
    assert!(tx.subscription(ours, theirs, id).await.expect("no row").is_none());
    assert!(tx.subscriptions(ours, theirs).await.expect("no rows").is_empty());
    assert!(tx.subscription(stranger, app, id).await.expect("no row").is_none());
    assert!(tx.subscriptions(stranger, app).await.expect("no rows").is_empty());
    assert!(tx.subscriptions_of_account(stranger).await.expect("no rows").is_empty());
    assert_eq!(tx.subscription_count(stranger, app).await.expect("a count"), 0);
    let other = subscribing_to(&["meeting.ended"]);
    assert!(!tx.update_subscription(theirs, id, &other).await.expect("not its own"));
    assert!(!tx.delete_subscription(theirs, id).await.expect("not its own"));
    let read = tx.subscription(ours, app, id).await.expect("a row").expect("the subscription");
    assert_eq!(entered(&read), new);
}

async fn a_subscription_that_lacks_what_it_must_have_cannot_be_read(kind: Kind) {
    for lack in [
        "delete from subscription_event_types",
        "update subscriptions set development_url = null, production_url = null",
    ] {
        let database = TestDatabase::new(kind).await;
        let ours = account(&database).await;
        let app = app(&database, ours, "Relay").await;
        let mut tx = database.begin().await;
        let new = subscribing_to(&["user.created"]);
        tx.insert_subscription(app, new_id(), &new, at(0)).await.expect("a subscription");
        tx.commit().await.expect("it holds");
        database.run(lack).await;
        let unreadable = database.read().await.subscriptions(ours, app).await;
        assert!(matches!(unreadable, Err(StoreError::Corrupt(_))), "{lack}: {unreadable:?}");
    }
}

async fn an_event_type_outside_the_catalog_is_refused(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let app = app(&database, ours, "Relay").await;
    let mut tx = database.begin().await;
    let refused = tx.insert_subscription(app, new_id(), &subscribing_to(&["no.such"]), at(0)).await;
    assert!(matches!(refused, Err(StoreError::Dangling)), "{refused:?}");
    drop(tx);
    assert_eq!(database.read().await.subscription_count(ours, app).await.expect("a count"), 0);
}
