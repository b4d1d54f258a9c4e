use portico::{
    actions::{
        self, Conflict, Error,
        admin::{AsAdmin, scopes as catalog},
        scopes,
    },
    domain::{scope::ScopeName, scope_catalog::NewScope},
};

use crate::{
    races::at_once,
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::{World, parsed},
    },
};

on_both!(
    the_catalog_starts_with_six_scopes_in_words,
    a_new_scope_is_read_as_written_and_comes_last,
    of_many_who_change_one_scope_at_once_one_wins,
    a_scope_that_is_used_is_not_deleted,
);

async fn world_and_admin(kind: Kind) -> (World, AsAdmin) {
    let world = World::new(kind).await;
    let root = world.admin("root@platform.example").await;
    let acting = world.as_admin(&root).await;
    (world, acting)
}

fn new_scope(name: &str, words: &str) -> NewScope {
    NewScope { name: parsed(name), description: parsed(words) }
}

async fn the_catalog_starts_with_six_scopes_in_words(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let scopes = database.read().await.scopes().await.expect("rows");
    let names: Vec<_> = scopes.iter().map(|one| one.name.as_str()).collect();
    let expected =
        ["user:read", "user:write", "meeting:read", "meeting:write", "recording:read", "recording:write"];
    assert_eq!(names, expected);
    assert!(scopes.iter().all(|one| !one.retired && one.version == 1));
    let read = database.read().await.event_types_of_scope(&parsed("meeting:read")).await.expect("rows");
    assert_eq!(read.len(), 5, "{read:?}");
}

async fn a_new_scope_is_read_as_written_and_comes_last(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    let new = new_scope("invoice:read", "See invoices");
    let form = actions::FormValue::of_visitor("");
    catalog::create(&world.ctx, &root, form, &new).await.expect("it is created");
    let listed = scopes::list(&world.ctx).await.expect("rows");
    let last = listed.last().expect("a scope");
    assert_eq!((&last.name, &last.description, last.retired), (&new.name, &new.description, false));
    let taken = catalog::create(&world.ctx, &root, form, &new).await;
    assert!(matches!(taken, Err(Error::Invalid(_))), "{taken:?}");
    assert_eq!(world.database.audited("scope_created").await, 1);
}

async fn of_many_who_change_one_scope_at_once_one_wins(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    let outcomes = at_once(6, |racer| {
        let (ctx, root) = (world.ctx.clone(), root.clone());
        async move {
            let new = new_scope("user:read", &format!("Words {racer}"));
            catalog::save(&ctx, &root, Some(1), &new).await
        }
    });
    assert_eq!(crate::races::came_off(&outcomes.await, &Conflict::Overtaken), 1);
    let outcomes = at_once(6, |_| {
        let (ctx, root) = (world.ctx.clone(), root.clone());
        async move { catalog::retire(&ctx, &root, None, &parsed("user:read")).await }
    });
    assert_eq!(crate::races::came_off(&outcomes.await, &Conflict::Overtaken), 1);
    catalog::bring_back(&world.ctx, &root, None, &parsed("user:read")).await.expect("it is offered again");
    for (action, times) in [("scope_changed", 1), ("scope_retired", 1), ("scope_brought_back", 1)] {
        assert_eq!(world.database.audited(action).await, times, "{action}");
    }
    let unknown: ScopeName = parsed("no:such");
    for outcome in [
        catalog::retire(&world.ctx, &root, None, &unknown).await,
        catalog::bring_back(&world.ctx, &root, None, &unknown).await,
        catalog::delete(&world.ctx, &root, None, &unknown).await,
        catalog::save(&world.ctx, &root, None, &new_scope("no:such", "x")).await,
    ] {
        assert!(matches!(outcome, Err(Error::NotFound)), "{outcome:?}");
    }
}

async fn a_scope_that_is_used_is_not_deleted(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    let needed: ScopeName = parsed("user:read");
    let refused = catalog::delete(&world.ctx, &root, None, &needed).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::ScopeInUse))), "{refused:?}");
    assert_eq!(catalog::view(&world.ctx, &root, &needed).await.expect("the scope").event_types.len(), 5);
    catalog::delete(&world.ctx, &root, None, &parsed("user:write")).await.expect("nothing uses it");
    assert_eq!(scopes::list(&world.ctx).await.expect("rows").len(), 5);
    assert_eq!(world.database.audited("scope_deleted").await, 1);
}
