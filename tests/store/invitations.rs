use portico::{
    domain::{
        account::Role,
        id::{AccountId, UserId},
        invitation::{Ending, Invitation},
        time::Span,
    },
    store::StoreError,
};

use crate::{
    rows::{account, at, new_id, user},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    an_invitation_is_read_as_written_by_its_link_and_its_account,
    one_address_has_one_invitation_that_waits,
    another_link_takes_the_place_of_the_old_one,
    an_invitation_ends_once,
    old_invitations_are_dropped,
);

fn new(account: AccountId, made_by: UserId, email: &str) -> Invitation {
    Invitation {
        id: new_id(),
        account,
        email: parsed(email),
        role: Role::Developer,
        made_by,
        created_at: at(1),
        expires_at: at(1) + Invitation::LASTS,
        ending: None,
    }
}

async fn written(database: &TestDatabase, invitation: &Invitation, link: &[u8]) {
    let mut tx = database.begin().await;
    tx.insert_invitation(invitation, link).await.expect("an invitation");
    tx.commit().await.expect("it holds");
}

async fn an_invitation_is_read_as_written_by_its_link_and_its_account(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let ada = user(&database, "ada@meridian.example").await;
    let bo = new(ours, ada, "Bo@meridian.example");
    written(&database, &bo, b"bo").await;
    let mut conn = database.read().await;
    let found = conn.invitation_of_link(b"bo").await.expect("a row").expect("the invitation");
    assert_eq!(format!("{found:?}"), format!("{bo:?}"));
    assert!(conn.invitation_of_link(b"cy").await.expect("no row").is_none());
    assert!(conn.invitation(ours, bo.id).await.expect("a row").is_some());
    assert!(conn.invitation(theirs, bo.id).await.expect("no row").is_none());
    assert_eq!(conn.waiting_invitations(ours).await.expect("rows").len(), 1);
    assert!(conn.waiting_invitations(theirs).await.expect("no rows").is_empty());
}

async fn one_address_has_one_invitation_that_waits(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let ada = user(&database, "ada@meridian.example").await;
    let first = new(ours, ada, "bo@meridian.example");
    written(&database, &first, b"1").await;
    written(&database, &new(theirs, ada, "bo@meridian.example"), b"2").await;
    let again = new(ours, ada, "BO@meridian.example");
    let mut tx = database.begin().await;
    let refused = tx.insert_invitation(&again, b"3").await;
    assert!(matches!(refused, Err(StoreError::Duplicate)), "{refused:?}");
    drop(tx);
    let mut tx = database.begin().await;
    assert!(tx.end_invitation(first.id, Ending::Revoked).await.expect("it waited"));
    tx.insert_invitation(&again, b"3").await.expect("another one");
    tx.commit().await.expect("it holds");
}

async fn another_link_takes_the_place_of_the_old_one(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (ada, eve) =
        (user(&database, "ada@meridian.example").await, user(&database, "eve@meridian.example").await);
    let bo = new(ours, ada, "bo@meridian.example");
    written(&database, &bo, b"old").await;
    let mut tx = database.begin().await;
    assert!(tx.renew_invitation(bo.id, b"new", eve, at(9)).await.expect("it waited"));
    assert!(!tx.renew_invitation(new_id(), b"other", eve, at(9)).await.expect("nothing to renew"));
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert!(conn.invitation_of_link(b"old").await.expect("no row").is_none());
    let renewed = conn.invitation_of_link(b"new").await.expect("a row").expect("the invitation");
    assert_eq!((renewed.id, renewed.made_by, renewed.expires_at), (bo.id, eve, at(9)));
}

async fn an_invitation_ends_once(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let ada = user(&database, "ada@meridian.example").await;
    let bo = new(ours, ada, "bo@meridian.example");
    written(&database, &bo, b"bo").await;
    let mut tx = database.begin().await;
    assert!(tx.end_invitation(bo.id, Ending::Accepted).await.expect("it waited"));
    assert!(!tx.end_invitation(bo.id, Ending::Revoked).await.expect("no more"));
    assert!(!tx.renew_invitation(bo.id, b"new", ada, at(9)).await.expect("nor is it renewed"));
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    let ended = conn.invitation_of_link(b"bo").await.expect("a row").expect("the invitation");
    assert_eq!(ended.ending, Some(Ending::Accepted));
    assert!(conn.waiting_invitations(ours).await.expect("no rows").is_empty());
}

async fn old_invitations_are_dropped(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let ada = user(&database, "ada@meridian.example").await;
    let (old, young) = (new(ours, ada, "bo@meridian.example"), new(ours, ada, "cy@meridian.example"));
    written(&database, &Invitation { expires_at: at(5), ..old }, b"old").await;
    written(&database, &Invitation { expires_at: at(6), ..young }, b"young").await;
    let mut tx = database.begin().await;
    assert_eq!(tx.delete_old_invitations(at(5) + Span::seconds(1)).await.expect("a count"), 1);
    tx.commit().await.expect("it holds");
    assert!(database.read().await.invitation_of_link(b"old").await.expect("no row").is_none());
    assert!(database.read().await.invitation_of_link(b"young").await.expect("a row").is_some());
}
