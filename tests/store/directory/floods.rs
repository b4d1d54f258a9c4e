//! Very many keys at once that nobody here has seen.

use std::{iter, sync::Arc, time::Duration};

use portico::{
    directory::{Blind, Directory},
    domain::credential::ApiKey,
};
use tokio::task::JoinHandle;

use super::{EVER, all_connections, directory, key_of, spoil_secrets};
use crate::support::{
    databases::{Kind, on_both},
    world::World,
};

on_both!(
    one_look_up_answers_all_who_ask_for_a_key,
    a_flood_of_made_up_keys_does_not_hold_up_a_first_call,
    a_flood_of_made_up_keys_does_not_hold_up_an_account_that_changed,
    more_strangers_than_may_be_under_way_are_told_to_come_back,
    what_cannot_be_read_of_one_account_does_not_concern_those_asked_for_with_it,
);

/// A call, and whether it found an account.
type Call = JoinHandle<Result<bool, Blind>>;

fn call(directory: &Arc<Directory>, key: ApiKey) -> Call {
    let directory = Arc::clone(directory);
    tokio::spawn(async move { directory.account(key.as_str()).await.map(|found| found.is_some()) })
}

fn made_up(n: u16) -> ApiKey {
    let mut random = [0; 16];
    random[..2].copy_from_slice(&n.to_be_bytes());
    ApiKey::from_random(random)
}

fn flood(directory: &Arc<Directory>, keys: u16) -> Vec<Call> {
    (0..keys).map(|n| call(directory, made_up(n))).collect()
}

async fn one_look_up_answers_all_who_ask_for_a_key(kind: Kind) {
    let world = World::new(kind).await;
    let key = key_of(&world, &world.user("ada@meridian.example").await).await;
    let (directory, store) = directory(&world, 10, EVER).await;
    let held = all_connections(&store).await;
    let calls: Vec<_> = iter::repeat_with(|| Arc::clone(&directory))
        .take(50)
        .map(|directory| tokio::spawn(async move { directory.account(key.as_str()).await }))
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(held);
    let mut first = None;
    for call in calls {
        let found = call.await.expect("no panic").expect("it sees").expect("it is known");
        assert!(Arc::ptr_eq(first.get_or_insert_with(|| Arc::clone(&found)), &found));
    }
}

/// A look-up of one key after the other would take longer than a look-up may.
async fn a_flood_of_made_up_keys_does_not_hold_up_a_first_call(kind: Kind) {
    let world = World::new(kind).await;
    let (directory, _store) = directory(&world, 10, EVER).await;
    let key = key_of(&world, &world.user("ada@meridian.example").await).await;
    let flood = flood(&directory, 4_000);
    assert!(call(&directory, key).await.expect("no panic").expect("it sees"), "it is known");
    for call in flood {
        assert!(!call.await.expect("no panic").expect("it sees"), "nobody has it");
    }
}

async fn a_flood_of_made_up_keys_does_not_hold_up_an_account_that_changed(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let key = key_of(&world, &ada).await;
    let (directory, store) = directory(&world, 10, EVER).await;
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    world.hear_of(ada.account).await;
    directory.follow().await.expect("the log is read");
    assert!(directory.in_memory(key.as_str()).is_none());
    let held = all_connections(&store).await;
    let flood = flood(&directory, 10_000);
    while flood.iter().all(|call| !call.is_finished()) {
        tokio::task::yield_now().await;
    }
    // No stranger is let in any more. Who was known is, and before them.
    let call = call(&directory, key);
    drop(held);
    assert!(call.await.expect("no panic").expect("it sees"), "it is known");
    flood.iter().for_each(JoinHandle::abort);
}

async fn more_strangers_than_may_be_under_way_are_told_to_come_back(kind: Kind) {
    let world = World::new(kind).await;
    let (directory, store) = directory(&world, 10, EVER).await;
    let held = all_connections(&store).await;
    let flood = flood(&directory, 10_000);
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(held);
    let mut refused = 0;
    for call in flood {
        let found = call.await.expect("no panic");
        refused += usize::from(matches!(found, Err(Blind::Late(after)) if after.is_zero()));
    }
    assert!(refused > 1_000, "{refused}");
    assert!(!call(&directory, made_up(20_000)).await.expect("no panic").expect("it sees again"));
}

async fn what_cannot_be_read_of_one_account_does_not_concern_those_asked_for_with_it(kind: Kind) {
    let world = World::new(kind).await;
    let mut keys = Vec::new();
    for name in ["ada", "bob", "cyd", "dan"] {
        let person = world.user(&format!("{name}@meridian.example")).await;
        keys.push(key_of(&world, &person).await);
        match name {
            "bob" => spoil_secrets(&world, &person).await,
            "cyd" => world.database.set("accounts", &person.account, "standing = 'odd'").await,
            _ => {}
        }
    }
    let (directory, store) = directory(&world, 10, EVER).await;
    let held = all_connections(&store).await;
    // The first two are read alone, each by a reader that had nothing else to do.
    let before = flood(&directory, 2);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let nobody = call(&directory, made_up(100));
    let calls: Vec<_> = keys.into_iter().map(|key| call(&directory, key)).collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(held);
    let [ada, bob, cyd, dan] = calls.try_into().expect("four");
    assert!(matches!(ada.await.expect("no panic"), Ok(true)));
    assert!(matches!(bob.await.expect("no panic"), Err(Blind::Sealed(_))));
    assert!(matches!(cyd.await.expect("no panic"), Err(Blind::Lookup(_))));
    assert!(matches!(dan.await.expect("no panic"), Ok(true)));
    for call in before.into_iter().chain([nobody]) {
        assert!(matches!(call.await.expect("no panic"), Ok(false)));
    }
}
