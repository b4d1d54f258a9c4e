//! Clients of OAuth: what is registered of them, their secrets, the scopes they ask for.

use portico::{
    domain::{
        app::AppType,
        client::{Client, ClientId, JwkSet, RedirectUris},
        credential::SecretFacts,
        id::{AccountId, AppId},
        time::Timestamp,
    },
    store::{HashedSecret, StoreError, WantedScope},
};

use crate::{
    rows::{account, at, new_id},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::{World, parsed},
    },
};

on_both!(
    a_client_is_read_as_it_was_written,
    a_client_id_is_one_clients_alone,
    only_one_client_secret_is_current,
    client_secrets_come_current_first_then_newest_until_they_end,
    an_old_client_secret_stops_at_a_word_and_the_current_one_does_not,
    ended_client_secrets_are_wiped,
    an_app_asks_for_scopes_of_the_catalog,
    an_app_of_a_type_that_needs_it_is_made_with_its_client,
    what_is_a_clients_goes_with_its_app,
);

const JWKS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}]}"#;

async fn client(database: &TestDatabase, ours: AccountId, mark: u8) -> (AppId, ClientId) {
    let (app, id) = (new_id(), ClientId::from_random([mark; 16]));
    let mut tx = database.begin().await;
    let name = parsed(&format!("Client {mark}"));
    tx.insert_app(app, ours, AppType::Oauth, &name, at(0)).await.expect("an app");
    tx.insert_client(ours, app, &id).await.expect("a client");
    tx.commit().await.expect("it holds");
    (app, id)
}

fn uris(text: &str) -> RedirectUris {
    RedirectUris::parse("redirect_uris", text).expect("redirect URIs")
}

fn secret(hint: &str, made_at: Timestamp) -> HashedSecret {
    let facts = SecretFacts {
        id: new_id(),
        hint: hint.to_owned(),
        made_at,
        made_by: Some(new_id()),
        retires_at: None,
    };
    HashedSecret { facts, hash: vec![7; 32] }
}

async fn add(database: &TestDatabase, ours: AccountId, app: AppId, new: &HashedSecret) {
    let mut tx = database.begin().await;
    tx.insert_client_secret(ours, app, new).await.expect("a secret");
    tx.commit().await.expect("it holds");
}

async fn retire(database: &TestDatabase, ours: AccountId, app: AppId, when: Timestamp) {
    let mut tx = database.begin().await;
    tx.retire_client_secret(ours, app, when).await.expect("retired");
    tx.commit().await.expect("it holds");
}

async fn hints(database: &TestDatabase, ours: AccountId, app: AppId, now: Timestamp) -> Vec<String> {
    let secrets = database.read().await.client_secrets(ours, app, now).await.expect("rows");
    secrets.into_iter().map(|secret| secret.facts.hint).collect()
}

async fn a_client_is_read_as_it_was_written(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let (app, id) = client(&database, ours, 1).await;
    let read =
        async || database.read().await.client_of_app(ours, app).await.expect("a row").expect("a client");
    let Client { client_id, is_public, redirect_uris, jwks, .. } = read().await;
    assert_eq!((client_id, is_public, redirect_uris.is_empty(), jwks), (id, false, true, None));
    let (registered, jwks) = (uris("https://b.example/\nhttp://127.0.0.1/a"), parsed::<JwkSet>(JWKS));
    for (is_public, jwks) in [(true, None), (false, Some(&jwks)), (true, None)] {
        let mut tx = database.begin().await;
        tx.update_client(ours, app, &registered, is_public, jwks).await.expect("changed");
        tx.commit().await.expect("it holds");
        let client = read().await;
        assert_eq!((client.is_public, client.jwks.as_ref()), (is_public, jwks));
        assert_eq!(client.redirect_uris, registered, "in their order");
    }
    let mut conn = database.read().await;
    let (owner, found) = conn.client_by_id(&id).await.expect("a row").expect("the client");
    assert_eq!((owner, found.app, found.redirect_uris), (ours, app, registered));
    assert!(conn.client_of_app(theirs, app).await.expect("no row").is_none(), "another account's");
    assert!(conn.client_by_id(&ClientId::from_random([2; 16])).await.expect("no row").is_none());
    assert_eq!(conn.accounts_of_clients(&[id]).await.expect("a row"), [ours]);
}

async fn a_client_id_is_one_clients_alone(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (_, id) = client(&database, ours, 1).await;
    let app = new_id();
    let mut tx = database.begin().await;
    tx.insert_app(app, ours, AppType::Oauth, &parsed("Other"), at(0)).await.expect("an app");
    let refused = tx.insert_client(ours, app, &id).await;
    assert!(matches!(refused, Err(StoreError::Duplicate)), "{refused:?}");
}

async fn only_one_client_secret_is_current(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (app, _) = client(&database, ours, 1).await;
    add(&database, ours, app, &secret("aaaa", at(1))).await;
    let mut tx = database.begin().await;
    let refused = tx.insert_client_secret(ours, app, &secret("bbbb", at(2))).await;
    assert!(matches!(refused, Err(StoreError::Duplicate)), "{refused:?}");
}

async fn client_secrets_come_current_first_then_newest_until_they_end(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let (app, _) = client(&database, ours, 1).await;
    let (other, _) = client(&database, ours, 2).await;
    for (hint, made, retires) in [("aaaa", 1, 100), ("bbbb", 2, 50)] {
        add(&database, ours, app, &secret(hint, at(made))).await;
        retire(&database, ours, app, at(retires)).await;
    }
    let current = secret("cccc", at(3));
    add(&database, ours, app, &current).await;
    add(&database, ours, other, &secret("dddd", at(3))).await;
    assert_eq!(hints(&database, ours, app, at(49)).await, ["cccc", "bbbb", "aaaa"]);
    assert_eq!(hints(&database, ours, app, at(50)).await, ["cccc", "aaaa"]);
    assert_eq!(hints(&database, ours, app, at(100)).await, ["cccc"]);
    assert!(hints(&database, theirs, app, at(4)).await.is_empty(), "another account's");
    let read = database.read().await.client_secrets(ours, app, at(200)).await.expect("rows");
    let [only] = read.as_slice() else { panic!("one, not {read:?}") };
    assert_eq!((only.facts.id, only.facts.made_by), (current.facts.id, current.facts.made_by));
    assert_eq!((only.facts.made_at, &only.hash), (at(3), &current.hash));
    // As authorisation reads them for its memory.
    let mut conn = database.read().await;
    let known = conn.client_secrets_of_accounts(&[ours], at(60)).await.expect("rows");
    let of_app = known.iter().filter(|(of, ..)| *of == app).map(|(.., ends)| *ends);
    assert_eq!(of_app.collect::<Vec<_>>(), [None, Some(at(100))], "the current one first");
}

async fn an_old_client_secret_stops_at_a_word_and_the_current_one_does_not(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (app, _) = client(&database, ours, 1).await;
    let (other, _) = client(&database, ours, 2).await;
    let (old, current) = (secret("aaaa", at(1)), secret("bbbb", at(2)));
    add(&database, ours, app, &old).await;
    retire(&database, ours, app, at(100)).await;
    add(&database, ours, app, &current).await;
    let mut tx = database.begin().await;
    assert!(!tx.delete_old_client_secret(ours, app, current.facts.id).await.expect("kept"));
    assert!(!tx.delete_old_client_secret(ours, other, old.facts.id).await.expect("another app's"));
    assert!(tx.delete_old_client_secret(ours, app, old.facts.id).await.expect("deleted"));
    tx.commit().await.expect("it holds");
    assert_eq!(hints(&database, ours, app, at(3)).await, ["bbbb"]);
    let mut tx = database.begin().await;
    tx.delete_client_secrets(ours, app).await.expect("deleted");
    tx.commit().await.expect("it holds");
    assert!(hints(&database, ours, app, at(3)).await.is_empty());
}

async fn ended_client_secrets_are_wiped(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (app, _) = client(&database, ours, 1).await;
    add(&database, ours, app, &secret("aaaa", at(1))).await;
    retire(&database, ours, app, at(10)).await;
    add(&database, ours, app, &secret("bbbb", at(2))).await;
    for (now, wiped) in [(9, 0), (10, 1), (10, 0)] {
        let mut tx = database.begin().await;
        assert_eq!(tx.delete_ended_client_secrets(at(now)).await.expect("wiped"), wiped, "{now}");
        tx.commit().await.expect("it holds");
    }
}

async fn an_app_asks_for_scopes_of_the_catalog(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let (app, _) = client(&database, ours, 1).await;
    let wanted = |scope: &str, why: Option<&str>| WantedScope { scope: parsed(scope), why: why.map(parsed) };
    let (meeting, user) = (wanted("meeting:read", Some("To list them")), wanted("user:read", None));
    for set in [vec![meeting.clone(), user.clone()], vec![user.clone()], vec![]] {
        let mut tx = database.begin().await;
        tx.set_app_scopes(ours, app, &set).await.expect("set");
        tx.commit().await.expect("it holds");
        let mut conn = database.read().await;
        assert_eq!(conn.app_scopes(ours, app).await.expect("rows"), set);
        assert!(conn.app_scopes(theirs, app).await.expect("no rows").is_empty());
        let known = conn.scopes_of_accounts(&[ours]).await.expect("rows");
        assert_eq!(known.len(), set.len());
    }
    let mut tx = database.begin().await;
    let refused = tx.set_app_scopes(ours, app, &[wanted("nobody:knows", None)]).await;
    assert!(matches!(refused, Err(StoreError::Dangling)), "{refused:?}");
}

async fn an_app_of_a_type_that_needs_it_is_made_with_its_client(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    for (app_type, has_client) in [
        (AppType::Jwt, false),
        (AppType::Oauth, true),
        (AppType::ServerToServer, true),
        (AppType::Webhook, false),
    ] {
        let app = world.app(&ada, app_type, app_type.label()).await;
        let client = world.database.read().await.client_of_app(ada.account, app.id).await.expect("a read");
        assert_eq!(client.is_some(), has_client, "{app_type}");
        assert_eq!(app_type.has_client(), has_client);
    }
    let mut conn = world.database.read().await;
    let known = conn.clients_of_accounts(&[ada.account]).await.expect("rows");
    assert_eq!(known.len(), 2);
    assert_ne!(known[0].client_id, known[1].client_id);
    let app = known[0].app_id;
    assert_eq!(conn.audience_of_app(ada.account, app, 10).await.expect("a count"), 0);
}

async fn what_is_a_clients_goes_with_its_app(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (app, id) = client(&database, ours, 1).await;
    add(&database, ours, app, &secret("aaaa", at(1))).await;
    let mut tx = database.begin().await;
    tx.update_client(ours, app, &uris("https://a.example/"), false, None).await.expect("changed");
    tx.insert_revoked_token(ours, app, vec![1; 8].try_into().expect("an id"), at(9)).await.expect("revoked");
    tx.commit().await.expect("it holds");
    let mut tx = database.begin().await;
    tx.delete_app(ours, app).await.expect("deleted");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert!(conn.client_by_id(&id).await.expect("no row").is_none());
    assert_eq!(conn.revoked_count(app, at(0)).await.expect("a count"), 0);
}
