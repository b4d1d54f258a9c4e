//! Access tokens ended before their time, assertions that were used, and families for memory.

use portico::domain::{
    access_token::TokenId,
    account::Role,
    app::AppType,
    client::ClientId,
    id::{AccountId, AppId, FamilyId, GrantId, UserId},
    time::Span,
};

use crate::{
    rows::{account, at, member, new_id, user},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::{World, parsed},
    },
};

on_both!(
    a_token_is_ended_once_and_remembered_until_it_would_have_expired,
    an_assertion_is_used_once_by_each_client,
    a_family_says_for_whom_it_speaks,
    a_family_is_held_as_long_as_its_user_may_act,
);

async fn client(database: &TestDatabase, ours: AccountId, mark: u8) -> AppId {
    let app = new_id();
    let mut tx = database.begin().await;
    let name = parsed(&format!("Client {mark}"));
    tx.insert_app(app, ours, AppType::Oauth, &name, at(0)).await.expect("an app");
    tx.insert_client(ours, app, &ClientId::from_random([mark; 16])).await.expect("a client");
    tx.commit().await.expect("it holds");
    app
}

async fn a_token_is_ended_once_and_remembered_until_it_would_have_expired(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (app, other) = (client(&database, ours, 1).await, client(&database, ours, 2).await);
    let tokens = [1, 2].map(|n| TokenId::from_random([n; 8]));
    for (of, token, ends) in [
        (app, tokens[0], at(10)),
        (app, tokens[0], at(10)),
        (app, tokens[1], at(20)),
        (other, tokens[0], at(20)),
    ] {
        let mut tx = database.begin().await;
        tx.insert_revoked_token(ours, of, token, ends).await.expect("ended");
        tx.commit().await.expect("it holds");
    }
    let mut conn = database.read().await;
    assert_eq!(conn.revoked_count(app, at(9)).await.expect("a count"), 2);
    assert_eq!(conn.revoked_count(app, at(10)).await.expect("a count"), 1);
    let mut known = conn.revoked_of_accounts(&[ours], at(10)).await.expect("rows");
    known.sort_unstable();
    let mut expected = [(app, tokens[1]), (other, tokens[0])];
    expected.sort_unstable();
    assert_eq!(known, expected);
    drop(conn);
    for (now, dropped) in [(9, 0), (10, 1), (20, 2)] {
        let mut tx = database.begin().await;
        assert_eq!(tx.delete_expired_revocations(at(now), 10).await.expect("dropped"), dropped, "{now}");
        tx.commit().await.expect("it holds");
    }
}

async fn an_assertion_is_used_once_by_each_client(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (app, other) = (client(&database, ours, 1).await, client(&database, ours, 2).await);
    for (of, jti, is_first) in
        [(app, [1; 32], true), (app, [1; 32], false), (app, [2; 32], true), (other, [1; 32], true)]
    {
        let mut tx = database.begin().await;
        assert_eq!(tx.use_assertion(of, &jti, at(10)).await.expect("an answer"), is_first);
        tx.commit().await.expect("it holds");
    }
    for (now, dropped) in [(9, 0), (10, 3)] {
        let mut tx = database.begin().await;
        assert_eq!(tx.delete_expired_assertions(at(now), 10).await.expect("dropped"), dropped, "{now}");
        tx.commit().await.expect("it holds");
    }
}

/// Past the store's functions: who grants is a matter of its own.
pub(crate) async fn family(
    database: &TestDatabase,
    app: AppId,
    user: UserId,
    account: AccountId,
) -> FamilyId {
    let (grant, family): (GrantId, FamilyId) = (new_id(), new_id());
    let (grant_id, family_id) = (database.literal(&grant), database.literal(&family));
    let (app, user, account) = (database.literal(&app), database.literal(&user), database.literal(&account));
    database
        .run(&format!(
            "insert into grants (id, app_id, user_id, account_id, scopes, created_at, agreed_at)
                 values ({grant_id}, {app}, {user}, {account}, 'meeting:read user:read', 0, 0);
             insert into token_families (id, grant_id, scopes, created_at, expires_at)
                 values ({family_id}, {grant_id}, 'user:read', 0, {})",
            at(100).micros()
        ))
        .await;
    family
}

async fn a_family_says_for_whom_it_speaks(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let app = client(&database, ours, 1).await;
    let ada = user(&database, "ada@meridian.example").await;
    member(&database, theirs, ada, Role::Viewer).await;
    let id = family(&database, app, ada, theirs).await;
    let read = async || database.read().await.families_for_memory(&[id]).await.expect("a read").pop();
    let known = read().await.expect("the family");
    assert_eq!((known.id, known.app_id, known.account_id, known.user_id), (id, app, theirs, ada));
    assert_eq!((known.scopes.to_string().as_str(), known.expires_at), ("user:read", at(100)));
    assert_eq!((known.member, known.disabled_at), (Some(ada), None));
    assert_eq!((known.user_name.as_str(), known.account_name.as_str()), ("Ada Lovelace", "Meridian"));
    database.set("users", &ada, "disabled_at = 7").await;
    assert!(read().await.expect("the family").disabled_at.is_some());
    let account = database.literal(&theirs);
    database.run(&format!("delete from memberships where account_id = {account}")).await;
    assert_eq!(read().await.expect("the family").member, None);
    database.run("delete from grants").await;
    assert!(read().await.is_none(), "it goes with the grant");
}

async fn a_family_is_held_as_long_as_its_user_may_act(kind: Kind) {
    let world = World::new(kind).await;
    let (ada, bob) = (world.user("ada@meridian.example").await, world.user("bob@harbour.example").await);
    let app = world.client_app(&ada, AppType::Oauth, "Rooms", &["user:read"]).await.app.id;
    let database = &world.database;
    let id = family(database, app, bob.id, bob.account).await;
    let holds = async || world.ctx.directory.family(id).await.expect("it sees").is_some();
    assert!(holds().await);
    for may_act in [false, true, false, true] {
        let mut tx = database.begin().await;
        if may_act {
            tx.enable_user(bob.id).await.expect("enabled");
        } else {
            tx.disable_user(bob.id, at(1)).await.expect("disabled");
        }
        tx.commit().await.expect("it holds");
        assert_eq!(holds().await, may_act, "disabled or not, and at once");
    }
    for may_act in [false, true] {
        let mut tx = database.begin().await;
        if may_act {
            tx.insert_membership(bob.account, bob.id, Role::Viewer, at(1)).await.expect("a member");
        } else {
            tx.delete_membership(bob.account, bob.id, at(1)).await.expect("none any more");
        }
        tx.commit().await.expect("it holds");
        assert_eq!(holds().await, may_act, "a member or not");
    }
    world.clock.advance(Span::seconds(99));
    assert!(holds().await);
    world.clock.advance(Span::seconds(1));
    assert!(!holds().await, "it is over");
    let mut tx = database.begin().await;
    tx.delete_user(bob.id).await.expect("deleted");
    tx.commit().await.expect("it holds");
    assert!(!holds().await);
}
