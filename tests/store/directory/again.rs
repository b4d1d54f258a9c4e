//! What changed is read again before anyone asks for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use portico::{
    directory::Directory,
    domain::{app::AppType, credential::ApiKey, id::FamilyId},
    store::Store,
};

use super::{EVER, all_connections, comes_into_memory, directory, key_of};
use crate::{
    rows::new_id,
    support::{
        databases::{Kind, on_both},
        world::{Person, World},
    },
    tokens,
};

on_both!(
    an_account_that_changed_is_known_while_the_database_is_away_again,
    a_new_account_is_in_memory_before_it_calls,
    what_could_not_be_read_again_is_when_it_can,
    very_many_families_of_an_account_that_changed_are_in_memory_again,
    past_the_limit_nothing_is_read_that_was_not_known,
);

/// Is kept filled as long as this is not dropped.
struct Keeping(tokio::task::JoinHandle<()>);

impl Keeping {
    fn filled(directory: &Arc<Directory>) -> Self {
        let directory = Arc::clone(directory);
        Self(tokio::spawn(async move { directory.keep_filled().await }))
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A directory that is kept filled and has Ada's account in memory.
struct Filled {
    world: World,
    ada: Person,
    key: ApiKey,
    directory: Arc<Directory>,
    /// The one that the directory reads.
    store: Store,
    _keeping: Keeping,
}

impl Filled {
    async fn new(kind: Kind) -> Self {
        let world = World::new(kind).await;
        let ada = world.user("ada@meridian.example").await;
        let key = key_of(&world, &ada).await;
        let (directory, store) = directory(&world, 10, EVER).await;
        let keeping = Keeping::filled(&directory);
        comes_into_memory(&directory, &key).await;
        Self { world, ada, key, directory, store, _keeping: keeping }
    }
}

async fn becomes(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "never {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn an_account_that_changed_is_known_while_the_database_is_away_again(kind: Kind) {
    let Filled { world, ada, key, directory, store, _keeping } = Filled::new(kind).await;
    let before = directory.in_memory(key.as_str());
    world.hear_of(ada.account).await;
    directory.follow().await.expect("the log is read");
    comes_into_memory(&directory, &key).await;
    store.close().await;
    let after = directory.account(key.as_str()).await.expect("it sees").expect("it is known");
    assert!(before.is_some_and(|before| !Arc::ptr_eq(&before, &after)), "it was read anew");
}

async fn a_new_account_is_in_memory_before_it_calls(kind: Kind) {
    let Filled { world, directory, store, _keeping, .. } = Filled::new(kind).await;
    let bob = world.user("bob@harbour.example").await;
    world.client_app(&bob, AppType::ServerToServer, "Rooms", &[]).await;
    directory.follow().await.expect("the log is read");
    comes_into_memory(&directory, &key_of(&world, &bob).await).await;
    becomes("its client in memory", || directory.clients() == 1).await;
    store.close().await;
}

async fn what_could_not_be_read_again_is_when_it_can(kind: Kind) {
    let Filled { world, ada, key, directory, store, _keeping } = Filled::new(kind).await;
    // Pages have every connection for longer than reading waits for one.
    let held = all_connections(&store).await;
    world.hear_of(ada.account).await;
    directory.follow().await.expect("the log is read");
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    assert!(directory.in_memory(key.as_str()).is_none());
    drop(held);
    comes_into_memory(&directory, &key).await;
}

async fn very_many_families_of_an_account_that_changed_are_in_memory_again(kind: Kind) {
    const FAMILIES: u64 = 1_200;
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let key = key_of(&world, &ada).await;
    let app = world.client_app(&ada, AppType::Oauth, "Rooms", &["user:read"]).await.app.id;
    let database = &world.database;
    let mut families = vec![tokens::family(database, app, ada.id, ada.account).await];
    families.resize_with(FAMILIES as usize, new_id::<FamilyId>);
    let first = database.literal(&families[0]);
    let row = |id| {
        let id = database.literal(id);
        format!("({id}, (select grant_id from token_families where id = {first}), 'user:read', 0, 0)")
    };
    let rows: Vec<_> = families.iter().skip(1).map(row).collect();
    let more = format!(
        "insert into token_families (id, grant_id, scopes, created_at, expires_at) values {}",
        rows.join(", ")
    );
    database.run(&more).await;
    let (directory, store) = directory(&world, 10_000, EVER).await;
    let _keeping = Keeping::filled(&directory);
    comes_into_memory(&directory, &key).await;
    for id in &families {
        directory.family(*id).await.expect("it sees");
    }
    assert_eq!(directory.families(), FAMILIES);
    let held = all_connections(&store).await;
    world.hear_of(ada.account).await;
    directory.follow().await.expect("the log is read");
    assert_eq!(directory.families(), 0);
    drop(held);
    becomes("all in memory", || directory.families() == FAMILIES).await;
}

async fn past_the_limit_nothing_is_read_that_was_not_known(kind: Kind) {
    let world = World::new(kind).await;
    let mut people = Vec::new();
    for n in 0..3 {
        people.push(world.user(&format!("ada{n}@meridian.example")).await);
    }
    let (directory, _store) = directory(&world, 2, EVER).await;
    let keys = [key_of(&world, &people[0]).await, key_of(&world, &people[1]).await];
    for key in &keys {
        assert!(directory.account(key.as_str()).await.expect("it sees").is_some());
    }
    assert_eq!(directory.len(), 2);
    let _keeping = Keeping::filled(&directory);
    directory.first_filled().await;
    world.hear_of(people[2].account).await;
    world.hear_of(people[0].account).await;
    directory.follow().await.expect("the log is read");
    comes_into_memory(&directory, &keys[0]).await;
    assert!(directory.in_memory(keys[1].as_str()).is_some(), "nothing took its place");
    assert_eq!(directory.len(), 2);
}
