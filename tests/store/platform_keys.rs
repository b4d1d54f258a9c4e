use portico::{
    actions::{
        Conflict, Error,
        admin::platform_keys::{self, Made},
        calls::flush,
        platform_keys::authenticate,
    },
    crypto::token::TokenHash,
    domain::{
        credential::PlatformKey,
        id::PlatformKeyId,
        platform_key::PlatformKeyFacts,
        time::{Clock, Span, Timestamp},
    },
};

use crate::{
    races::at_once,
    rows::{at, new_id},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::{World, parsed},
    },
};

on_both!(
    a_key_is_read_as_written_and_by_its_hash_alone,
    a_key_that_works_is_known_and_a_revoked_one_is_not_at_the_next_request,
    a_use_is_written_at_most_once_a_minute,
    a_form_sent_ten_times_at_once_makes_one_key,
    of_two_who_revoke_one_is_told,
    keys_that_work_come_first_and_say_who_made_them,
);

async fn a_key_is_read_as_written_and_by_its_hash_alone(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let written = PlatformKeyFacts {
        id: new_id(),
        name: parsed("Event publisher"),
        hint: String::from("Qm4e"),
        made_at: at(3),
        made_by: Some(new_id()),
        last_used_at: None,
        revoked_at: None,
    };
    let hash = TokenHash::of_secret(&PlatformKey::from_random([7; 32]));
    let mut tx = database.begin().await;
    tx.insert_platform_key(&written, hash.as_bytes()).await.expect("a key");
    tx.commit().await.expect("it holds");
    let mut read = database.read().await;
    let by_hash = read.platform_key_of_hash(hash.as_bytes()).await.expect("a row");
    assert_eq!(format!("{by_hash:?}"), format!("{:?}", Some(&written)));
    let by_id = read.platform_key(written.id).await.expect("a row");
    assert_eq!(format!("{by_id:?}"), format!("{:?}", Some(&written)));
    let other = TokenHash::of_secret(&PlatformKey::from_random([8; 32]));
    assert!(read.platform_key_of_hash(other.as_bytes()).await.expect("no row").is_none());
    assert!(read.platform_key(new_id()).await.expect("no row").is_none());
}

async fn a_key_that_works_is_known_and_a_revoked_one_is_not_at_the_next_request(kind: Kind) {
    let world = World::new(kind).await;
    let root = world.as_admin(&world.admin("root@x.example").await).await;
    let (id, key) = world.platform_key("Publisher").await;
    let (other, other_key) = world.platform_key("Publisher").await;
    assert_eq!(authenticate(&world.ctx, &key).await.expect("it works").key(), id);
    let unknown = authenticate(&world.ctx, &PlatformKey::from_random([7; 32])).await;
    assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
    platform_keys::revoke(&world.ctx, &root, id).await.expect("it is revoked");
    for ctx in [&world.ctx, &world.another_process().await] {
        let revoked = authenticate(ctx, &key).await;
        assert!(matches!(revoked, Err(Error::NotFound)), "{revoked:?}");
        assert_eq!(authenticate(ctx, &other_key).await.expect("the other works").key(), other);
    }
}

async fn last_used(world: &World, id: PlatformKeyId) -> Option<Timestamp> {
    world.database.read().await.platform_key(id).await.expect("a row").expect("the key").last_used_at
}

async fn a_use_is_written_at_most_once_a_minute(kind: Kind) {
    let world = World::new(kind).await;
    let (id, key) = world.platform_key("Publisher").await;
    let (unused, _) = world.platform_key("Other").await;
    let first = world.clock.now();
    let use_and_write = async || {
        authenticate(&world.ctx, &key).await.expect("it works");
        flush(&world.ctx).await.expect("written");
    };
    authenticate(&world.ctx, &key).await.expect("it works");
    assert_eq!(last_used(&world, id).await, None, "nothing is written while a request waits");
    use_and_write().await;
    assert_eq!(last_used(&world, id).await, Some(first));
    world.clock.advance(Span::seconds(59));
    use_and_write().await;
    assert_eq!(last_used(&world, id).await, Some(first));
    // Another process had read the key before the use was written.
    world.ctx.tally.key_used(id, world.clock.now());
    flush(&world.ctx).await.expect("nothing to write");
    assert_eq!(last_used(&world, id).await, Some(first));
    world.clock.advance(Span::seconds(1));
    use_and_write().await;
    assert_eq!(last_used(&world, id).await, Some(world.clock.now()));
    assert_eq!(last_used(&world, unused).await, None);
}

async fn a_form_sent_ten_times_at_once_makes_one_key(kind: Kind) {
    let world = World::new(kind).await;
    let root = world.admin("root@x.example").await;
    let (acting, form) = (world.as_admin(&root).await, world.form(&root));
    let outcomes = at_once(10, |_| {
        let (ctx, acting) = (world.ctx.clone(), acting.clone());
        async move { platform_keys::make(&ctx, &acting, form, parsed("Publisher")).await }
    });
    let mut shown = Vec::new();
    for outcome in outcomes.await {
        match outcome.expect("each is answered") {
            Made::Now(key) => shown.push(key),
            Made::Before => {}
        }
    }
    let [key] = shown.as_slice() else { panic!("{} keys were shown", shown.len()) };
    authenticate(&world.ctx, key).await.expect("it works");
    assert_eq!(platform_keys::list(&world.ctx, &acting).await.expect("rows").len(), 1);
    assert_eq!(world.database.audited("platform_key_made").await, 1);
}

async fn of_two_who_revoke_one_is_told(kind: Kind) {
    let world = World::new(kind).await;
    let root = world.as_admin(&world.admin("root@x.example").await).await;
    let (id, _) = world.platform_key("Publisher").await;
    let outcomes = at_once(4, |_| {
        let (ctx, root) = (world.ctx.clone(), root.clone());
        async move { platform_keys::revoke(&ctx, &root, id).await }
    });
    let outcomes = outcomes.await;
    assert_eq!(crate::races::came_off(&outcomes, &Conflict::Overtaken), 1, "{outcomes:?}");
    assert_eq!(world.database.audited("platform_key_revoked").await, 1);
    let unknown = platform_keys::revoke(&world.ctx, &root, new_id()).await;
    assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
}

async fn keys_that_work_come_first_and_say_who_made_them(kind: Kind) {
    let world = World::new(kind).await;
    let root = world.admin("root@x.example").await;
    let acting = world.as_admin(&root).await;
    let (revoked, _) = world.platform_key("By the operator").await;
    platform_keys::revoke(&world.ctx, &acting, revoked).await.expect("it is revoked");
    for name in ["First", "Second"] {
        world.clock.advance(Span::seconds(1));
        let made = platform_keys::make(&world.ctx, &acting, world.form(&root), parsed(name)).await;
        made.expect("a key");
    }
    let listed = platform_keys::list(&world.ctx, &acting).await.expect("rows");
    let seen: Vec<_> = listed
        .iter()
        .map(|one| (one.facts.name.to_string(), one.maker.as_ref().map(ToString::to_string)))
        .collect();
    let maker = Some(String::from("root@x.example"));
    let expected = [("Second", maker.clone()), ("First", maker), ("By the operator", None)];
    assert_eq!(seen, expected.map(|(name, maker)| (name.to_owned(), maker)));
    assert_eq!(listed.iter().filter(|one| one.facts.revoked_at.is_some()).count(), 1);
}
