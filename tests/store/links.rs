use portico::{
    domain::{id::UserId, user::LinkKind},
    store::Link,
};

use crate::{
    rows::{at, new_id, user},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    a_link_works_for_its_kind_until_it_ends,
    a_link_is_used_once,
    links_of_a_kind_are_void_for_one_user_alone,
    ended_links_are_swept,
);

fn link(user: Option<UserId>) -> Link {
    Link { id: new_id(), user, email: user.map(|_| parsed("ada@meridian.example")), expires_at: at(60) }
}

async fn a_link_works_for_its_kind_until_it_ends(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let (setup, reset) = (link(None), link(Some(ada)));
    let mut tx = database.begin().await;
    tx.insert_link(&setup, LinkKind::Setup, b"setup", at(0)).await.expect("a link");
    tx.insert_link(&reset, LinkKind::Reset, b"reset", at(0)).await.expect("a link");
    tx.commit().await.expect("it holds");

    let mut conn = database.read().await;
    let read = conn.link(b"reset", LinkKind::Reset, at(59)).await.expect("a row").expect("the link");
    assert_eq!(format!("{read:?}"), format!("{reset:?}"));
    let read = conn.link(b"setup", LinkKind::Setup, at(59)).await.expect("a row").expect("the link");
    assert_eq!(format!("{read:?}"), format!("{setup:?}"));
    for (token, kind, now) in [
        (b"reset", LinkKind::Verify, at(59)),
        (b"other", LinkKind::Reset, at(59)),
        (b"reset", LinkKind::Reset, at(60)),
    ] {
        assert!(conn.link(token, kind, now).await.expect("no row").is_none(), "{kind} at {now:?}");
    }
    assert!(conn.has_waiting_link(LinkKind::Setup, at(59)).await.expect("a count"));
    assert!(!conn.has_waiting_link(LinkKind::Setup, at(60)).await.expect("a count"));
    assert!(!conn.has_waiting_link(LinkKind::Verify, at(0)).await.expect("a count"));
}

async fn a_link_is_used_once(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let setup = link(None);
    let mut tx = database.begin().await;
    tx.insert_link(&setup, LinkKind::Setup, b"setup", at(0)).await.expect("a link");
    assert!(tx.use_link(setup.id, at(1)).await.expect("the first time"));
    assert!(!tx.use_link(setup.id, at(2)).await.expect("the second time"));
    assert!(tx.link(b"setup", LinkKind::Setup, at(2)).await.expect("no row").is_none());
    assert!(!tx.has_waiting_link(LinkKind::Setup, at(2)).await.expect("a count"));
}

async fn links_of_a_kind_are_void_for_one_user_alone(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let bob = user(&database, "bob@meridian.example").await;
    let mut tx = database.begin().await;
    tx.insert_link(&link(Some(ada)), LinkKind::Reset, b"hers", at(0)).await.expect("a link");
    tx.insert_link(&link(Some(ada)), LinkKind::Verify, b"proof", at(0)).await.expect("a link");
    tx.insert_link(&link(Some(bob)), LinkKind::Reset, b"his", at(0)).await.expect("a link");
    tx.void_links(ada, LinkKind::Reset, at(1)).await.expect("one is void");
    assert!(tx.link(b"hers", LinkKind::Reset, at(2)).await.expect("no row").is_none());
    assert!(tx.link(b"proof", LinkKind::Verify, at(2)).await.expect("a row").is_some());
    assert!(tx.link(b"his", LinkKind::Reset, at(2)).await.expect("a row").is_some());
}

async fn ended_links_are_swept(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut tx = database.begin().await;
    tx.insert_link(&link(None), LinkKind::Setup, b"one", at(0)).await.expect("a link");
    let longer = Link { expires_at: at(120), ..link(None) };
    tx.insert_link(&longer, LinkKind::Setup, b"two", at(0)).await.expect("a link");
    assert_eq!(tx.delete_ended_links(at(60)).await.expect("none ended before its end"), 0);
    assert_eq!(tx.delete_ended_links(at(61)).await.expect("the first"), 1);
    assert!(tx.link(b"two", LinkKind::Setup, at(61)).await.expect("a row").is_some());
}
