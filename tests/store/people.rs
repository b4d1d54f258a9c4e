//! People as admins find them, and what admins make of them.

use portico::{
    domain::{account::Role, app::name::NameKey, id::UserId, user::User},
    store::{Only, UserFilter},
};

use crate::{
    rows::{account, admin, at, member, password_hash, unsaved_user, user},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    people_are_found_by_name_address_and_kind,
    a_page_of_people_begins_where_the_one_before_ended,
    powers_are_given_and_taken,
);

async fn people_are_found_by_name_address_and_kind(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let root = admin(&database).await;
    let noor = user(&database, "noor@harbour.example").await;
    let eve = user(&database, "eve@evil.example").await;
    member(&database, account(&database).await, noor, Role::Viewer).await;
    let mut tx = database.begin().await;
    tx.set_user_name(noor, &parsed("Noor Straße")).await.expect("a name");
    tx.disable_user(eve, at(1)).await.expect("disabled");
    tx.commit().await.expect("it holds");
    let all = UserFilter::default();
    let search = |text: &str| UserFilter { search: Some(NameKey::of(text)), ..UserFilter::default() };
    for (filter, found) in [
        (search("STRASSE"), vec![noor]),
        (search("Harbour.ex"), vec![noor]),
        (search("ada lovelace"), vec![root.user(), eve]),
        (search("%"), vec![]),
        (search("no"), vec![noor]),
        (search("ar"), vec![]),
        (UserFilter { id: Some(eve), ..all.clone() }, vec![eve]),
        (UserFilter { only: Some(Only::Admins), ..all.clone() }, vec![root.user()]),
        (UserFilter { only: Some(Only::Disabled), ..all.clone() }, vec![eve]),
        (UserFilter { only: Some(Only::Admins), ..search("noor") }, vec![]),
        (all, vec![root.user(), noor, eve]),
    ] {
        let page = database.read().await.every_user(root, &filter).await.expect("a page");
        let mut ids: Vec<UserId> = page.rows.iter().map(|row| row.user.id).collect();
        let mut found = found;
        ids.sort_unstable();
        found.sort_unstable();
        assert_eq!(ids, found, "{filter:?}");
        assert_eq!(page.total, i64::try_from(found.len()).expect("few"), "{filter:?}");
        for row in page.rows {
            assert_eq!(row.accounts, i64::from(row.user.id == noor));
        }
    }
}

async fn a_page_of_people_begins_where_the_one_before_ended(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let root = admin(&database).await;
    let mut tx = database.begin().await;
    for n in 0..29 {
        // Three at each moment.
        let one = User { created_at: at(n / 3), ..unsaved_user(&format!("u{n}@x.example")) };
        tx.insert_user(&one, &password_hash('A')).await.expect("a user");
    }
    tx.commit().await.expect("it holds");
    let mut read = database.read().await;
    let first = read.every_user(root, &UserFilter::default()).await.expect("a page");
    assert_eq!((first.rows.len(), first.total), (25, 30));
    let filter = UserFilter { after: first.next, ..UserFilter::default() };
    let second = read.every_user(root, &filter).await.expect("a page");
    assert_eq!((second.rows.len(), second.total, second.next), (5, 30, None));
    let seen: Vec<_> = first.rows.iter().chain(&second.rows).map(|row| row.user.email.to_string()).collect();
    let mut made: Vec<_> = (0..29).rev().map(|n| format!("u{n}@x.example")).collect();
    made.push(String::from("root@platform.example"));
    assert_eq!(seen, made, "each once, the last one made first");
}

async fn powers_are_given_and_taken(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let root = admin(&database).await;
    let (ada, bob) = (user(&database, "ada@x.example").await, user(&database, "bob@x.example").await);
    let mut tx = database.begin().await;
    tx.make_admin(ada).await.expect("an admin");
    tx.make_admin(bob).await.expect("an admin");
    tx.disable_user(bob, at(9)).await.expect("disabled");
    tx.commit().await.expect("it holds");
    let addresses = async || {
        let found = database.read().await.admin_addresses(root).await.expect("rows");
        let mut found: Vec<_> = found.iter().map(ToString::to_string).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(addresses().await, ["ada@x.example", "root@platform.example"]);
    let known = database.read().await.user(bob).await.expect("a row").expect("the user").user;
    assert_eq!((known.is_admin, known.disabled_at), (true, Some(at(9))));
    let mut tx = database.begin().await;
    tx.remove_admin(ada).await.expect("none");
    tx.enable_user(bob).await.expect("enabled");
    tx.commit().await.expect("it holds");
    assert_eq!(addresses().await, ["bob@x.example", "root@platform.example"]);
}
