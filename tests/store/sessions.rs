use portico::domain::{
    account::Role,
    id::{AccountId, UserId},
    time::{Span, Timestamp},
    user::Session,
};

use crate::{
    rows::{account, at, member, new_id, user},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    a_session_is_read_as_written_by_the_hash_of_its_cookie,
    a_confirmed_session_has_another_cookie,
    a_user_ends_sessions_of_their_own_alone,
    sessions_that_ended_by_themselves_are_swept,
    an_account_that_goes_leaves_the_session,
    a_browser_is_remembered_for_one_user_until_it_is_old,
);

fn session(user: UserId, account: Option<AccountId>, seen_at: Timestamp) -> Session {
    Session {
        id: new_id(),
        token_hash: Vec::new(),
        user,
        account,
        created_at: at(0),
        seen_at,
        confirmed_at: at(0),
        code_at: None,
        address: Some("2001:db8::1".parse().expect("an address")),
        user_agent: String::from("Mozilla/5.0 (X11; Linux) ünï"),
    }
}

async fn written(database: &TestDatabase, session: &Session, cookie: &[u8]) {
    let mut tx = database.begin().await;
    let session = Session { token_hash: cookie.to_owned(), ..session.clone() };
    tx.insert_session(&session).await.expect("a session");
    tx.commit().await.expect("it holds");
}

async fn a_session_is_read_as_written_by_the_hash_of_its_cookie(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let ours = account(&database).await;
    member(&database, ours, ada, Role::Owner).await;
    let first = Session { token_hash: b"first".to_vec(), ..session(ada, Some(ours), at(1)) };
    let second = Session { token_hash: b"second".to_vec(), address: None, ..session(ada, None, at(2)) };
    written(&database, &first, b"first").await;
    written(&database, &second, b"second").await;

    let mut conn = database.read().await;
    let read = conn.session(b"first").await.expect("a row").expect("the session");
    assert_eq!(format!("{read:?}"), format!("{first:?}"));
    let read = conn.session(b"second").await.expect("a row").expect("the session");
    assert_eq!(format!("{read:?}"), format!("{second:?}"));
    assert!(conn.session(b"third").await.expect("no row").is_none());
    let ids: Vec<_> = conn.sessions_of(ada).await.expect("rows").iter().map(|one| one.id).collect();
    assert_eq!(ids, [second.id, first.id], "the last used first");
    drop(conn);

    let mut tx = database.begin().await;
    let moved = Session {
        seen_at: at(3),
        address: Some("198.51.100.7".parse().expect("an address")),
        user_agent: String::from("curl"),
        ..first.clone()
    };
    tx.set_session_seen(&moved).await.expect("it was used");
    tx.set_session_account(second.id, ours).await.expect("another account");
    tx.commit().await.expect("it holds");
    let sessions = database.read().await.sessions_of(ada).await.expect("rows");
    let seen: Vec<_> = sessions.iter().map(|one| (one.id, one.seen_at, one.account)).collect();
    assert_eq!(seen, [(first.id, at(3), Some(ours)), (second.id, at(2), Some(ours))]);
    assert_eq!(format!("{:?}", sessions[0]), format!("{moved:?}"), "and from where");
}

async fn a_confirmed_session_has_another_cookie(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let session = session(ada, None, at(1));
    written(&database, &session, b"old").await;
    let mut tx = database.begin().await;
    tx.set_session_confirmed(session.id, at(60), Some(at(60)), b"new").await.expect("the password again");
    assert!(tx.session(b"old").await.expect("no row").is_none());
    let read = tx.session(b"new").await.expect("a row").expect("the session");
    assert_eq!((read.id, read.confirmed_at, read.code_at), (session.id, at(60), Some(at(60))));
    tx.set_session_confirmed(session.id, at(61), None, b"newer").await.expect("the password alone");
    let read = tx.session(b"newer").await.expect("a row").expect("the session");
    assert_eq!((read.confirmed_at, read.code_at), (at(61), None));
}

async fn a_user_ends_sessions_of_their_own_alone(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let bob = user(&database, "bob@meridian.example").await;
    let hers = [session(ada, None, at(1)), session(ada, None, at(2)), session(ada, None, at(3))];
    let his = session(bob, None, at(1));
    for (place, one) in (0_u8..).zip(hers.iter().chain([&his])) {
        written(&database, one, &[place]).await;
    }
    let [one, two, _] = &hers;
    let mut tx = database.begin().await;
    assert!(!tx.delete_session(his.id, ada).await.expect("not hers"));
    assert!(tx.delete_session(one.id, ada).await.expect("hers"));
    assert!(!tx.delete_session(one.id, ada).await.expect("gone before"));
    assert_eq!(tx.delete_other_sessions(ada, two.id).await.expect("the third"), 1);
    let left: Vec<_> = tx.sessions_of(ada).await.expect("rows").iter().map(|one| one.id).collect();
    assert_eq!(left, [two.id]);
    assert_eq!(tx.delete_sessions(ada).await.expect("all of hers"), 1);
    assert_eq!(tx.sessions_of(bob).await.expect("rows").len(), 1);
}

async fn sessions_that_ended_by_themselves_are_swept(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let now = at(0) + Session::ABSOLUTE;
    let idle = session(ada, None, now - Session::IDLE - Span::seconds(1));
    let alive = Session { created_at: at(1), ..session(ada, None, now) };
    let too_old = Session { created_at: at(-1), ..session(ada, None, now) };
    for (place, one) in (0_u8..).zip([&idle, &alive, &too_old]) {
        written(&database, one, &[place]).await;
    }
    let mut tx = database.begin().await;
    assert_eq!(tx.delete_ended_sessions(now).await.expect("two"), 2);
    let left: Vec<_> = tx.sessions_of(ada).await.expect("rows").iter().map(|one| one.id).collect();
    assert_eq!(left, [alive.id]);
}

async fn an_account_that_goes_leaves_the_session(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let ours = account(&database).await;
    written(&database, &session(ada, Some(ours), at(1)), b"cookie").await;
    database.run("delete from accounts").await;
    let read = database.read().await.session(b"cookie").await.expect("a row").expect("the session");
    assert_eq!(read.account, None);
}

async fn a_browser_is_remembered_for_one_user_until_it_is_old(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let bob = user(&database, "bob@meridian.example").await;
    let mut tx = database.begin().await;
    tx.insert_device(b"laptop", ada, at(0)).await.expect("a browser");
    tx.insert_device(b"laptop", bob, at(0)).await.expect("nothing new");
    tx.insert_device(b"phone", ada, at(9)).await.expect("a browser");
    assert!(tx.knows_device(b"laptop", ada).await.expect("a row"));
    assert!(!tx.knows_device(b"laptop", bob).await.expect("no row"));
    assert_eq!(tx.delete_old_devices(at(9)).await.expect("the laptop"), 1);
    assert!(!tx.knows_device(b"laptop", ada).await.expect("no row"));
    assert!(tx.knows_device(b"phone", ada).await.expect("a row"));
    tx.delete_devices(ada).await.expect("all of hers");
    assert!(!tx.knows_device(b"phone", ada).await.expect("no row"));
}
