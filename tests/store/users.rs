use portico::store::StoreError;

use crate::{
    rows::{at, new_id, password_hash, unsaved_user, user},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    a_user_is_read_as_written,
    an_address_belongs_to_one_user_whatever_its_case,
    a_new_address_is_proven_at_once_and_may_not_be_anothers,
    an_address_is_proven_once_and_only_while_it_is_the_users,
    name_and_password_change,
    only_admins_who_are_not_disabled_are_counted,
);

async fn a_user_is_read_as_written(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut written = unsaved_user("Ada@Meridian.example");
    written.proven_at = Some(at(3));
    written.is_admin = true;
    let mut tx = database.begin().await;
    tx.insert_user(&written, &password_hash('A')).await.expect("a user");
    tx.commit().await.expect("it holds");

    let mut conn = database.read().await;
    let known = conn.user(written.id).await.expect("a row").expect("the user");
    assert_eq!(format!("{:?}", known.user), format!("{written:?}"));
    assert_eq!(known.password.as_str(), password_hash('A').as_str());
    let by_email = conn.user_by_email(&parsed("ADA@meridian.EXAMPLE")).await.expect("a row");
    assert_eq!(by_email.expect("the user").user.id, written.id);
    assert!(conn.user(new_id()).await.expect("no row").is_none());
    assert!(conn.user_by_email(&parsed("bob@meridian.example")).await.expect("no row").is_none());
}

async fn an_address_belongs_to_one_user_whatever_its_case(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    user(&database, "Straße@meridian.example").await;
    for same in ["Straße@meridian.example", "STRASSE@MERIDIAN.EXAMPLE"] {
        let mut tx = database.begin().await;
        let refused = tx.insert_user(&unsaved_user(same), &password_hash('A')).await;
        assert!(matches!(refused, Err(StoreError::Duplicate)), "{same}: {refused:?}");
    }
}

async fn a_new_address_is_proven_at_once_and_may_not_be_anothers(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    user(&database, "bob@meridian.example").await;

    let mut tx = database.begin().await;
    let refused = tx.set_user_email(ada, &parsed("BOB@meridian.example"), at(9)).await;
    assert!(matches!(refused, Err(StoreError::Duplicate)), "{refused:?}");
    drop(tx);

    let mut tx = database.begin().await;
    tx.set_user_email(ada, &parsed("ADA@meridian.example"), at(9)).await.expect("her own, in another case");
    tx.set_user_email(ada, &parsed("ada@other.example"), at(10)).await.expect("one nobody has");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert!(conn.user_by_email(&parsed("ada@meridian.example")).await.expect("no row").is_none());
    let known = conn.user_by_email(&parsed("Ada@other.example")).await.expect("a row").expect("the user");
    assert_eq!((known.user.id, known.user.proven_at), (ada, Some(at(10))));
}

async fn an_address_is_proven_once_and_only_while_it_is_the_users(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let mut tx = database.begin().await;
    assert!(!tx.prove_email(ada, &parsed("ada@old.example"), at(1)).await.expect("another address"));
    assert!(tx.prove_email(ada, &parsed("ada@meridian.example"), at(2)).await.expect("the address"));
    assert!(!tx.prove_email(ada, &parsed("ada@meridian.example"), at(3)).await.expect("proven before"));
    let known = tx.user(ada).await.expect("a row").expect("the user");
    assert_eq!(known.user.proven_at, Some(at(2)));
}

async fn name_and_password_change(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let bob = user(&database, "bob@meridian.example").await;
    let mut tx = database.begin().await;
    tx.lock_user(ada).await.expect("the row is taken");
    tx.set_user_name(ada, &parsed("Ada King")).await.expect("another name");
    tx.set_password(ada, &password_hash('B')).await.expect("another password");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    let known = conn.user(ada).await.expect("a row").expect("the user");
    assert_eq!(known.user.name.as_str(), "Ada King");
    assert_eq!(known.password.as_str(), password_hash('B').as_str());
    let other = conn.user(bob).await.expect("a row").expect("the user");
    assert_eq!(other.user.name.as_str(), "Ada Lovelace");
    assert_eq!(other.password.as_str(), password_hash('A').as_str());
}

async fn only_admins_who_are_not_disabled_are_counted(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    user(&database, "nobody@meridian.example").await;
    assert_eq!(database.read().await.admins().await.expect("a count"), 0);
    for email in ["ada@meridian.example", "bob@meridian.example"] {
        let mut admin = unsaved_user(email);
        admin.is_admin = true;
        let mut tx = database.begin().await;
        tx.insert_user(&admin, &password_hash('A')).await.expect("a user");
        tx.commit().await.expect("it holds");
    }
    assert_eq!(database.read().await.admins().await.expect("a count"), 2);
    database.run("update users set disabled_at = 1 where email_key = 'ada@meridian.example'").await;
    assert_eq!(database.read().await.admins().await.expect("a count"), 1);
}
