//! What a process answers when it has not read the log for nearly a second.

use std::time::{Duration, Instant};

use portico::{directory::Directory, domain::account::Standing};

use super::{EVER, directory, key_of};
use crate::support::{
    databases::{Kind, on_both},
    world::World,
};

on_both!(
    what_changed_while_a_process_stood_still_holds_for_its_first_call,
    memory_is_trusted_when_the_log_is_late,
);

/// As if whoever reads the log had stood still.
async fn stands_still(directory: &Directory) {
    tokio::time::sleep(Duration::from_secs(1).saturating_sub(directory.age())).await;
}

async fn what_changed_while_a_process_stood_still_holds_for_its_first_call(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let key = key_of(&world, &ada).await;
    let (directory, _store) = directory(&world, 10, EVER).await;
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    world.database.set("accounts", &ada.account, "standing = 'suspended'").await;
    world.hear_of(ada.account).await;
    stands_still(&directory).await;
    let entry = directory.account(key.as_str()).await.expect("it sees").expect("it is known");
    assert_eq!(entry.holder.standing, Standing::Suspended);
    assert!(directory.age() < Duration::from_millis(900), "it was read for all");
}

async fn memory_is_trusted_when_the_log_is_late(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let key = key_of(&world, &ada).await;
    let (mut limits, wait) = (super::limits(10, EVER), Duration::from_millis(150));
    limits.wait = wait;
    let (directory, store) = super::directory_with(&world, limits).await;
    directory.fill().await.expect("it is filled");
    stands_still(&directory).await;
    let held = store.read_log().await.expect("the connection");
    let began = Instant::now();
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    assert!(began.elapsed() >= wait, "it waited for the log");
    // The database is out of reach, as far as is known.
    assert!(directory.follow().await.is_err());
    assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    drop(held);
    world.hear_of(ada.account).await;
    directory.follow().await.expect("the log is read");
    assert!(directory.in_memory(key.as_str()).is_none());
}
