use portico::domain::{
    account::Role,
    audit::{Actor, Change, Entry, Origin},
    id::{AccountId, AppId, SubscriptionId, UserId},
    time::Timestamp,
};

use crate::{
    rows::{account, app, at, member, new_id, user},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    members_are_told_by_name_address_and_role,
    a_role_changes_in_its_account_alone,
    who_was_a_member_is_remembered_until_they_are_one_again,
    a_deleted_user_leaves_a_memory_without_a_name,
    what_a_user_saw_is_read_from_the_audit_log,
    an_account_takes_along_what_belongs_to_it_and_leaves_its_audit_log,
);

async fn members_are_told_by_name_address_and_role(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let ada = user(&database, "ada@meridian.example").await;
    let bob = user(&database, "bob@meridian.example").await;
    member(&database, theirs, bob, Role::Owner).await;
    member(&database, ours, ada, Role::Owner).await;
    let mut tx = database.begin().await;
    tx.insert_membership(ours, bob, Role::Developer, at(5)).await.expect("a membership");
    tx.commit().await.expect("it holds");
    let members = database.read().await.members(ours).await.expect("rows");
    let seen: Vec<_> = members.iter().map(|one| (one.user, one.email.as_str(), one.role)).collect();
    let expected =
        [(ada, "ada@meridian.example", Role::Owner), (bob, "bob@meridian.example", Role::Developer)];
    assert_eq!(seen, expected);
    assert!(members.iter().all(|one| one.name.as_str() == "Ada Lovelace"));
}

async fn a_role_changes_in_its_account_alone(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let ada = user(&database, "ada@meridian.example").await;
    let bob = user(&database, "bob@meridian.example").await;
    for (account, user) in [(ours, ada), (theirs, ada), (ours, bob)] {
        member(&database, account, user, Role::Viewer).await;
    }
    let mut tx = database.begin().await;
    tx.set_role(ours, ada, Role::Owner).await.expect("another role");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert_eq!(conn.role(ours, ada).await.expect("a row"), Some(Role::Owner));
    assert_eq!(conn.role(theirs, ada).await.expect("a row"), Some(Role::Viewer));
    assert_eq!(conn.role(ours, bob).await.expect("a row"), Some(Role::Viewer));
}

async fn who_was_a_member_is_remembered_until_they_are_one_again(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let (ada, bob) =
        (user(&database, "ada@meridian.example").await, user(&database, "bob@meridian.example").await);
    for user in [ada, bob] {
        member(&database, ours, user, Role::Viewer).await;
    }
    member(&database, theirs, ada, Role::Viewer).await;
    let mut tx = database.begin().await;
    tx.delete_membership(ours, ada, at(3)).await.expect("it ends");
    tx.delete_membership(ours, bob, at(4)).await.expect("it ends");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    let former = conn.former_members(ours).await.expect("rows");
    let seen: Vec<_> = former.iter().map(|one| (one.user, one.ended_at)).collect();
    assert_eq!(seen, [(bob, at(4)), (ada, at(3))]);
    assert!(former.iter().all(|one| one.name.is_some()));
    assert!(conn.former_members(theirs).await.expect("no rows").is_empty());
    assert!(conn.former_member(theirs, ada).await.expect("no row").is_none());
    assert!(conn.role(theirs, ada).await.expect("a row").is_some());
    drop(conn);

    member(&database, ours, ada, Role::Viewer).await;
    assert!(database.read().await.former_member(ours, ada).await.expect("no row").is_none());
    let mut tx = database.begin().await;
    tx.delete_membership(ours, ada, at(9)).await.expect("it ends again");
    tx.commit().await.expect("it holds");
    let again = database.read().await.former_member(ours, ada).await.expect("a row").expect("the memory");
    assert_eq!(again.ended_at, at(9));
}

async fn a_deleted_user_leaves_a_memory_without_a_name(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let bob = user(&database, "bob@meridian.example").await;
    member(&database, ours, bob, Role::Viewer).await;
    let mut tx = database.begin().await;
    tx.delete_membership(ours, bob, at(3)).await.expect("it ends");
    tx.delete_user(bob).await.expect("the user goes");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert!(conn.user(bob).await.expect("no row").is_none());
    let former = conn.former_member(ours, bob).await.expect("a row").expect("the memory");
    assert!(former.name.is_none());
}

async fn noted(
    database: &TestDatabase,
    at: Timestamp,
    by: UserId,
    on: (AccountId, Option<AppId>),
    change: Change,
) {
    let (actor, origin) = (Actor::User(by), Origin::default());
    let entry = Entry { at, actor, origin, account: Some(on.0), app: on.1, change };
    let mut tx = database.begin().await;
    tx.audit(new_id(), entry);
    tx.commit().await.expect("it holds");
}

async fn what_a_user_saw_is_read_from_the_audit_log(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let (ada, bob) =
        (user(&database, "ada@meridian.example").await, user(&database, "bob@meridian.example").await);
    let relay = app(&database, ours, "Relay").await;
    let on = (ours, Some(relay));
    let (rooms, desks): (SubscriptionId, SubscriptionId) = (new_id(), new_id());
    let signing =
        |subscription, label: &str| Change::SigningSecretRevealed { subscription, label: label.into() };
    let mut conn = database.read().await;
    assert_eq!(conn.api_secret_seen(ours, ada).await.expect("nothing"), None);
    assert!(conn.signing_secrets_seen(ours, ada).await.expect("nothing").is_empty());
    drop(conn);

    noted(&database, at(1), ada, on, Change::SecretRevealed {}).await;
    noted(&database, at(2), ada, on, Change::TokenMade { expires_at: String::from("x") }).await;
    noted(&database, at(3), ada, on, Change::AppActivated {}).await;
    noted(&database, at(4), bob, on, Change::SecretRevealed {}).await;
    noted(&database, at(5), ada, (theirs, Some(new_id())), Change::SecretRevealed {}).await;
    noted(&database, at(6), ada, on, signing(rooms, "Rooms")).await;
    noted(&database, at(7), ada, on, signing(desks, "Desks")).await;
    noted(&database, at(8), ada, on, signing(rooms, "Rooms, as they are called now")).await;
    let mut conn = database.read().await;
    assert_eq!(conn.api_secret_seen(ours, ada).await.expect("a moment"), Some(at(2)));
    assert_eq!(conn.api_secret_seen(ours, bob).await.expect("a moment"), Some(at(4)));
    let seen = conn.signing_secrets_seen(ours, ada).await.expect("rows");
    let seen: Vec<_> = seen.iter().map(|one| (one.app, one.subscription, one.at)).collect();
    assert_eq!(seen, [(relay, rooms, at(8)), (relay, desks, at(7))]);
    assert!(conn.signing_secrets_seen(theirs, ada).await.expect("nothing").is_empty());
    assert_eq!(conn.done_by(ada, 6).await.expect("rows").len(), 6);
    assert_eq!(conn.done_by(ada, 8).await.expect("rows").len(), 7);
    assert!(conn.done_by(ada, 8).await.expect("rows").iter().all(|deed| deed.detail.starts_with('{')));
}

async fn an_account_takes_along_what_belongs_to_it_and_leaves_its_audit_log(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let ada = user(&database, "ada@meridian.example").await;
    for account in [ours, theirs] {
        member(&database, account, ada, Role::Owner).await;
    }
    let relay = app(&database, ours, "Relay").await;
    app(&database, theirs, "Theirs").await;
    noted(&database, at(1), ada, (ours, Some(relay)), Change::AppActivated {}).await;
    let mut tx = database.begin().await;
    tx.lock_apps(ours).await.expect("the rows are taken");
    assert_eq!(tx.apps_of(ours).await.expect("rows").len(), 1);
    tx.delete_account(ours).await.expect("the account goes");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert!(conn.account(ours).await.expect("no row").is_none());
    assert!(conn.apps_of(ours).await.expect("no rows").is_empty());
    assert_eq!(conn.memberships(ada).await.expect("rows").len(), 1);
    assert_eq!(conn.apps_of(theirs).await.expect("rows").len(), 1);
    assert_eq!(conn.activity(ours, relay, 10).await.expect("rows").len(), 1);
    assert!(conn.revision().await.expect("a number") > 0, "other processes hear of it");
}
