//! What authorisation holds in memory: how much, for how long, and what makes it forget.

mod again;
mod floods;
mod stalls;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use portico::{
    directory::{Blind, Directory, Limits},
    domain::credential::ApiKey,
    store::{Conn, Store},
};

use crate::support::{
    databases::{Kind, on_both},
    world::{Person, World},
};

on_both!(
    a_directory_answers_from_memory_for_a_while_and_then_not,
    a_directory_is_filled_at_the_start,
    what_is_forgotten_at_once_is_filled_again,
    filling_that_fails_is_tried_again,
    the_log_is_read_while_every_other_connection_is_taken,
    a_look_up_goes_on_when_the_call_waits_no_more,
    past_its_limit_accounts_are_looked_up_when_they_call,
    a_key_of_nobody_is_remembered,
    a_log_with_a_gap_makes_it_forget_everything,
    a_log_that_goes_back_makes_it_forget_everything,
    an_account_whose_secret_does_not_open_is_not_known,
);

async fn key_of(world: &World, person: &Person) -> ApiKey {
    world.database.read().await.api_key(person.account).await.expect("a read").expect("a key")
}

/// The directory of another process over the world's database.
async fn directory(world: &World, entries: usize, stale: Duration) -> (Arc<Directory>, Store) {
    directory_with(world, limits(entries, stale)).await
}

/// A call has time.
fn limits(entries: usize, stale: Duration) -> Limits {
    Limits { entries, stale, wait: Duration::from_secs(5) }
}

async fn directory_with(world: &World, limits: Limits) -> (Arc<Directory>, Store) {
    let (store, clock) = (world.another_process().await.store, world.ctx.clock.clone());
    let directory = Directory::open(store.clone(), world.ctx.keys.clone(), clock, limits).await;
    (directory.expect("the log is read"), store)
}

/// Waits until the account of the key is in memory, without asking for it.
async fn comes_into_memory(directory: &Directory, key: &ApiKey) {
    let began = Instant::now();
    while directory.in_memory(key.as_str()).is_none() {
        assert!(began.elapsed() < Duration::from_secs(30), "it never comes into memory");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every connection that pages read by.
async fn all_connections(store: &Store) -> Vec<Conn> {
    let most = store.pools().first().expect("a pool").max;
    let mut held = Vec::new();
    for _ in 0..most {
        held.push(store.read().await.expect("a connection"));
    }
    held
}

/// Has no secret of the account open any more, in a way that is not heard of.
async fn spoil_secrets(world: &World, person: &Person) {
    let account = world.database.literal(&person.account);
    let spoil = format!(
        "update api_secrets set secret_sealed = substr(secret_sealed, 1, 1) where account_id = {account}"
    );
    world.database.run(&spoil).await;
}

/// As long as no test takes.
const EVER: Duration = Duration::from_secs(3_600);

async fn a_directory_answers_from_memory_for_a_while_and_then_not(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let key = key_of(&world, &ada).await;
    let (directory, store) = directory(&world, 10, Duration::from_secs(4)).await;
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    store.close().await;
    assert!(directory.follow().await.is_err(), "the database is gone");
    assert!(directory.account(key.as_str()).await.expect("from memory").is_some());
    let began = Instant::now();
    while directory.account(key.as_str()).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(30), "it never fails closed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(matches!(directory.account(key.as_str()).await, Err(Blind::Stale(_))), "it fails closed");
}

async fn a_directory_is_filled_at_the_start(kind: Kind) {
    let world = World::new(kind).await;
    let mut keys = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let person = world.user(&format!("{name}@meridian.example")).await;
        world.jwt_app(&person, name).await;
        keys.push(key_of(&world, &person).await);
    }
    let (directory, store) = directory(&world, 10, EVER).await;
    directory.fill().await.expect("it is filled");
    // Without a database it still answers, since all are in memory.
    store.close().await;
    for key in keys {
        let entry = directory.account(key.as_str()).await.expect("it sees").expect("it is known");
        assert_eq!(entry.apps.len(), 1);
        assert_eq!(entry.secrets(world.ctx.now()).count(), 1);
    }
}

async fn what_is_forgotten_at_once_is_filled_again(kind: Kind) {
    let world = World::new(kind).await;
    let key = key_of(&world, &world.user("ada@meridian.example").await).await;
    let (directory, _store) = directory(&world, 10, EVER).await;
    let filling = Arc::clone(&directory);
    let filling = tokio::spawn(async move { filling.keep_filled().await });
    comes_into_memory(&directory, &key).await;
    // A gap in the log, and then the log of another past.
    world.database.run("update revision set n = n + 1").await;
    world.user("bo@other.example").await;
    for past in ["select 1", "delete from changes; update revision set n = 0"] {
        world.database.run(past).await;
        let before = directory.in_memory(key.as_str()).expect("it is in memory");
        directory.follow().await.expect("the log is read");
        comes_into_memory(&directory, &key).await;
        let after = directory.in_memory(key.as_str()).expect("it is in memory");
        assert!(!Arc::ptr_eq(&before, &after), "it was read anew");
    }
    filling.abort();
}

async fn filling_that_fails_is_tried_again(kind: Kind) {
    let world = World::new(kind).await;
    let key = key_of(&world, &world.user("ada@meridian.example").await).await;
    let (directory, _store) = directory(&world, 10, EVER).await;
    world.database.run("alter table api_secrets rename to gone").await;
    assert!(directory.fill().await.is_err());
    let filling = Arc::clone(&directory);
    let filling = tokio::spawn(async move { filling.keep_filled().await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(directory.in_memory(key.as_str()).is_none() && !filling.is_finished());
    world.database.run("alter table gone rename to api_secrets").await;
    comes_into_memory(&directory, &key).await;
    filling.abort();
}

async fn the_log_is_read_while_every_other_connection_is_taken(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let key = key_of(&world, &ada).await;
    let (directory, store) = directory(&world, 10, EVER).await;
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    let held = all_connections(&store).await;
    assert!(directory.in_memory(key.as_str()).is_some());
    world.hear_of(ada.account).await;
    directory.follow().await.expect("the log is read");
    assert!(directory.in_memory(key.as_str()).is_none(), "the change is heard of");
    assert!(directory.age() < Duration::from_secs(10));
    drop(held);
}

async fn a_look_up_goes_on_when_the_call_waits_no_more(kind: Kind) {
    let world = World::new(kind).await;
    let key = key_of(&world, &world.user("ada@meridian.example").await).await;
    let (store, clock) = (world.another_process().await.store, world.ctx.clock.clone());
    let limits = Limits { entries: 10, stale: EVER, wait: Duration::from_millis(50) };
    let directory = Directory::open(store.clone(), world.ctx.keys.clone(), clock, limits).await;
    let directory = directory.expect("the log is read");
    let held = all_connections(&store).await;
    let began = Instant::now();
    assert!(matches!(directory.account(key.as_str()).await, Err(Blind::Late(wait)) if wait == limits.wait));
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    drop(held);
    comes_into_memory(&directory, &key).await;
}

async fn past_its_limit_accounts_are_looked_up_when_they_call(kind: Kind) {
    let world = World::new(kind).await;
    let mut people = Vec::new();
    for n in 0..12 {
        people.push(world.user(&format!("ada{n}@meridian.example")).await);
    }
    let (directory, _store) = directory(&world, 4, EVER).await;
    directory.fill().await.expect("it is filled");
    for _ in 0..2 {
        for person in &people {
            let key = key_of(&world, person).await;
            let entry = directory.account(key.as_str()).await.expect("it sees").expect("it is known");
            assert_eq!(entry.holder.id, person.account);
            assert!(directory.len() <= 4, "{}", directory.len());
        }
    }
}

async fn a_key_of_nobody_is_remembered(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let nobodys = ApiKey::from_random([9; 16]);
    let (directory, _store) = directory(&world, 10, EVER).await;
    assert!(directory.account(nobodys.as_str()).await.expect("it sees").is_none());
    // Not in a way that would be heard of: whether the database is asked again shows itself.
    let id = world.database.literal(&ada.account);
    let update = format!("update api_keys set api_key = '{nobodys}' where account_id = {id}");
    world.database.run(&update).await;
    assert!(directory.account(nobodys.as_str()).await.expect("it sees").is_none(), "it is not asked again");
}

async fn a_log_with_a_gap_makes_it_forget_everything(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let key = key_of(&world, &ada).await;
    let (directory, _store) = directory(&world, 10, EVER).await;
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    // Two changes of others, of which the log has lost the first.
    world.database.run("update revision set n = n + 1").await;
    let other = world.user("bo@other.example").await;
    assert_ne!(other.account, ada.account);
    directory.follow().await.expect("the log is read");
    assert!(directory.in_memory(key.as_str()).is_none());
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
}

async fn a_log_that_goes_back_makes_it_forget_everything(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let key = key_of(&world, &ada).await;
    let (directory, _store) = directory(&world, 10, EVER).await;
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    // As after a failover to a copy that was behind.
    world.database.run("delete from changes; update revision set n = 0").await;
    directory.follow().await.expect("the log is read");
    assert!(directory.in_memory(key.as_str()).is_none());
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    assert!(directory.in_memory(key.as_str()).is_some(), "what is read anew is kept");
    // And changes are heard of again, from their new beginning.
    world.hear_of(ada.account).await;
    directory.follow().await.expect("the log is read");
    assert!(directory.in_memory(key.as_str()).is_none());
}

async fn an_account_whose_secret_does_not_open_is_not_known(kind: Kind) {
    let world = World::new(kind).await;
    let (ada, bob) = (world.user("ada@meridian.example").await, world.user("bob@meridian.example").await);
    let (key, other) = (key_of(&world, &ada).await, key_of(&world, &bob).await);
    let (directory, _store) = directory(&world, 10, EVER).await;
    spoil_secrets(&world, &ada).await;
    directory.fill().await.expect("the others are known");
    assert!(directory.in_memory(other.as_str()).is_some() && directory.in_memory(key.as_str()).is_none());
    for _ in 0..3 {
        assert!(matches!(directory.account(key.as_str()).await, Err(Blind::Sealed(_))));
    }
    // Its owner makes a new one: the very next call knows.
    world
        .database
        .run(&format!("delete from api_secrets where account_id = {}", world.database.literal(&ada.account)))
        .await;
    world.hear_of(ada.account).await;
    directory.follow().await.expect("the log is read");
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
}
