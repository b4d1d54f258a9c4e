use portico::domain::account::{Role, Standing};

use crate::{
    rows::{account, at, member, new_id, user},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    an_account_is_read_as_written_and_takes_another_name,
    memberships_come_oldest_first_and_a_second_one_changes_no_role,
    it_is_known_who_else_belongs_to_a_users_accounts,
);

async fn an_account_is_read_as_written_and_takes_another_name(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let id = new_id();
    let mut tx = database.begin().await;
    tx.insert_account(id, &parsed("Meridian"), Standing::Pending, at(4)).await.expect("an account");
    tx.commit().await.expect("it holds");

    let written = database.read().await.account(id).await.expect("a row").expect("the account");
    assert_eq!((written.id, written.name.as_str(), written.created_at), (id, "Meridian", at(4)));
    assert_eq!((written.standing, written.external_id), (Standing::Pending, None));
    assert!(database.read().await.account(new_id()).await.expect("no row").is_none());

    let mut tx = database.begin().await;
    tx.lock_account(id).await.expect("the row is taken");
    tx.lock_account(new_id()).await.expect("no row to take");
    tx.set_account_name(id, &parsed("Meridian & Söhne")).await.expect("another name");
    tx.commit().await.expect("it holds");
    database.run("update accounts set external_id = 'm-1'").await;
    let renamed = database.read().await.account(id).await.expect("a row").expect("the account");
    assert_eq!((renamed.name.as_str(), renamed.external_id.as_deref()), ("Meridian & Söhne", Some("m-1")));
}

async fn memberships_come_oldest_first_and_a_second_one_changes_no_role(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let (late, early) = (account(&database).await, account(&database).await);
    let mut tx = database.begin().await;
    tx.insert_membership(late, ada, Role::Viewer, at(9)).await.expect("a membership");
    assert!(tx.insert_membership(early, ada, Role::Owner, at(1)).await.expect("a membership"));
    assert!(!tx.insert_membership(early, ada, Role::Viewer, at(2)).await.expect("nothing new"));
    tx.commit().await.expect("it holds");

    let mut conn = database.read().await;
    let memberships = conn.memberships(ada).await.expect("rows");
    let seen: Vec<_> = memberships.iter().map(|one| (one.account.id, one.role)).collect();
    assert_eq!(seen, [(early, Role::Owner), (late, Role::Viewer)]);
    assert_eq!(conn.role(early, ada).await.expect("a row"), Some(Role::Owner));
    assert_eq!(conn.role(early, new_id()).await.expect("no row"), None);
    assert!(conn.memberships(new_id()).await.expect("no rows").is_empty());
}

async fn it_is_known_who_else_belongs_to_a_users_accounts(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let bob = user(&database, "bob@meridian.example").await;
    let gone = user(&database, "gone@meridian.example").await;
    database.set("users", &gone, "disabled_at = 1").await;
    let mut expected = Vec::new();
    for (place, (role, other, known)) in (0..).zip([
        (Role::Owner, None, (false, false)),
        (Role::Owner, Some((bob, Role::Developer)), (true, false)),
        (Role::Owner, Some((gone, Role::Owner)), (true, false)),
        (Role::Owner, Some((bob, Role::Owner)), (true, true)),
        (Role::Viewer, Some((bob, Role::Owner)), (true, true)),
    ]) {
        let account = account(&database).await;
        let mut tx = database.begin().await;
        tx.insert_membership(account, ada, role, at(place)).await.expect("a membership");
        tx.commit().await.expect("it holds");
        if let Some((other, role)) = other {
            member(&database, account, other, role).await;
        }
        expected.push((role, known));
    }
    let company = database.read().await.company(ada).await.expect("rows");
    let seen = company.iter().map(|one| (one.role, (one.has_others, one.has_other_owner)));
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    assert!(database.read().await.company(new_id()).await.expect("no rows").is_empty());
}
