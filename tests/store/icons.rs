use portico::domain::{app::information::Information, icon::IconHash};

use crate::{
    rows::{account, app, at},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    an_icon_that_is_held_outlives_a_sweep,
    an_icon_is_kept_once_by_its_hash,
    icons_that_no_app_shows_are_swept_when_their_time_is_over
);

async fn an_icon_is_kept_once_by_its_hash(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let hash = IconHash::of(b"\x89PNG\0");
    let mut tx = database.begin().await;
    tx.upsert_icon(&hash, b"\x89PNG\0", at(1)).await.expect("an icon");
    tx.upsert_icon(&hash, b"\x89PNG\0", at(2)).await.expect("the same");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert_eq!(conn.icon(&hash).await.expect("a row").as_deref(), Some(b"\x89PNG\0".as_slice()));
    assert_eq!(conn.icon(&IconHash::of(b"other")).await.expect("no row"), None);
}

async fn icons_that_no_app_shows_are_swept_when_their_time_is_over(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let id = app(&database, ours, "Relay").await;
    let [shown, chosen_again, left] =
        [b"shown".as_slice(), b"again", b"left"].map(|png| (IconHash::of(png), png));
    let about = Information::named(parsed("Relay"));
    let mut tx = database.begin().await;
    for (hash, png) in [shown, chosen_again, left] {
        tx.upsert_icon(&hash, png, at(10)).await.expect("an icon");
    }
    tx.update_information(ours, id, &about, Some(&shown.0)).await.expect("an icon is shown");
    tx.upsert_icon(&chosen_again.0, chosen_again.1, at(20)).await.expect("its time starts again");
    assert_eq!(tx.delete_unused_icons(at(10)).await.expect("none yet"), 0);
    assert_eq!(tx.delete_unused_icons(at(11)).await.expect("one"), 1);
    assert!(tx.icon(&left.0).await.expect("no row").is_none());
    assert!(tx.icon(&shown.0).await.expect("a row").is_some());
    assert!(tx.icon(&chosen_again.0).await.expect("a row").is_some());

    tx.update_information(ours, id, &about, None).await.expect("it is shown no more");
    assert_eq!(tx.delete_unused_icons(at(21)).await.expect("both"), 2);
}

async fn an_icon_that_is_held_outlives_a_sweep(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let hash = parsed(&"a".repeat(64));
    let mut tx = database.begin().await;
    assert!(!tx.hold_icon(&hash, at(60)).await.expect("none"), "not there");
    tx.upsert_icon(&hash, b"png", at(60)).await.expect("an icon");
    assert!(tx.hold_icon(&hash, at(120)).await.expect("it is there"));
    assert_eq!(tx.delete_unused_icons(at(61)).await.expect("none"), 0);
    assert_eq!(tx.delete_unused_icons(at(121)).await.expect("one"), 1);
}
