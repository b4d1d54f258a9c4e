//! The names that apps hold.

use portico::domain::app::name::NameKey;

use crate::{
    rows::{account, app, at},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    a_name_is_taken_by_one_app_until_it_gives_it_up,
    the_name_of_an_app_that_goes_is_free_at_once,
    a_remembered_name_outlives_its_app_and_is_free_again_after,
    names_that_are_free_again_are_swept,
);

async fn a_name_is_taken_by_one_app_until_it_gives_it_up(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (one, two) = (app(&database, ours, "One").await, app(&database, ours, "Two").await);
    let mut tx = database.begin().await;
    assert!(tx.take_name(&NameKey::of("Relay"), one, at(0)).await.expect("free"));
    for same in ["Relay", "RELAY", " relay ", "Ｒｅｌａｙ"] {
        assert!(!tx.take_name(&NameKey::of(same), two, at(0)).await.expect("taken"), "{same}");
    }
    tx.release_name(&NameKey::of("relay"), two).await.expect("not its name to give up");
    assert!(!tx.take_name(&NameKey::of("Relay"), two, at(0)).await.expect("taken"));
    tx.release_name(&NameKey::of("relay"), one).await.expect("given up");
    assert!(tx.take_name(&NameKey::of("Relay"), two, at(0)).await.expect("free"));
}

async fn the_name_of_an_app_that_goes_is_free_at_once(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (one, two) = (app(&database, ours, "One").await, app(&database, ours, "Two").await);
    let mut tx = database.begin().await;
    assert!(tx.take_name(&NameKey::of("Relay"), one, at(0)).await.expect("free"));
    tx.delete_app(ours, one).await.expect("the app goes");
    assert!(tx.take_name(&NameKey::of("Relay"), two, at(0)).await.expect("free"));
}

async fn a_remembered_name_outlives_its_app_and_is_free_again_after(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (one, two) = (app(&database, ours, "One").await, app(&database, ours, "Two").await);
    let key = NameKey::of("Relay");
    let mut tx = database.begin().await;
    assert!(tx.take_name(&key, one, at(0)).await.expect("free"));
    tx.remember_name(one, at(60)).await.expect("remembered");
    tx.delete_app(ours, one).await.expect("the app goes");
    tx.commit().await.expect("it holds");

    let mut tx = database.begin().await;
    assert!(!tx.take_name(&key, two, at(59)).await.expect("remembered"));
    tx.release_name(&key, two).await.expect("not its name to give up");
    assert!(!tx.take_name(&key, two, at(59)).await.expect("remembered"));
    assert!(tx.take_name(&key, two, at(60)).await.expect("free again"));
    assert!(!tx.take_name(&key, two, at(90)).await.expect("held now, not remembered"));
}

async fn names_that_are_free_again_are_swept(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let mut tx = database.begin().await;
    for (name, free_at) in [("Early", Some(at(10))), ("Late", Some(at(20))), ("Held", None)] {
        let id = crate::rows::draft(&mut tx, ours, name, at(0)).await;
        assert!(tx.take_name(&NameKey::of(name), id, at(0)).await.expect("free"));
        if let Some(free_at) = free_at {
            tx.remember_name(id, free_at).await.expect("remembered");
        }
    }
    assert_eq!(tx.delete_free_names(at(10)).await.expect("the first"), 1);
    assert_eq!(tx.delete_free_names(at(10)).await.expect("none"), 0);
    let other = crate::rows::draft(&mut tx, ours, "Other", at(0)).await;
    assert!(!tx.take_name(&NameKey::of("Late"), other, at(19)).await.expect("remembered"));
    assert!(!tx.take_name(&NameKey::of("Held"), other, at(99)).await.expect("held"));
}
