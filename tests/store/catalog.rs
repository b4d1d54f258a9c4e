use portico::{
    actions::{
        self, Conflict, Error,
        admin::{AsAdmin, event_types},
        catalog::{self, Count, File, Imported, Listed, ListedScope, ListedScopeOf},
        scopes,
    },
    domain::{
        account::Developer,
        event_type::{EventType, EventTypeName, NewEventType},
        scope_catalog::NewScope,
    },
};

use crate::{
    races::at_once,
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::{World, parsed, subscribing_to},
    },
};

on_both!(
    the_catalog_starts_with_14_types_in_three_groups,
    a_retired_type_stays_in_the_catalog,
    a_new_type_is_read_as_written_and_ends_its_group,
    of_many_who_change_one_type_at_once_one_wins,
    a_type_that_is_held_is_not_deleted,
    whoever_subscribes_while_a_type_is_deleted_keeps_it_or_is_told,
    an_import_of_what_is_there_changes_nothing,
    an_import_creates_changes_and_retires_what_it_lists_alone,
    an_import_that_cannot_be_written_down_changes_nothing,
    an_event_type_needs_a_scope_of_the_catalog_or_none,
    an_import_of_scopes_comes_before_what_needs_them,
);

fn new_type(name: &str, group: &str) -> NewEventType {
    NewEventType {
        name: parsed(name),
        group: parsed(group),
        description: parsed("Something happened"),
        example: parsed(r#"{"b": 1.50, "a": [{}]}"#),
        scope: Some(parsed("user:read")),
    }
}

fn names(types: &[EventType]) -> Vec<&str> {
    types.iter().map(|one| one.name.as_str()).collect()
}

/// What is there, as a file would list it.
fn listed(types: &[EventType]) -> Vec<Listed> {
    let of = |one: EventType| Listed {
        event_type: NewEventType {
            name: one.name,
            group: one.group,
            description: one.description,
            example: one.example,
            scope: one.scope,
        },
        retired: Some(one.retired),
        scope: ListedScopeOf::Said,
    };
    types.iter().cloned().map(of).collect()
}

fn of(event_types: Vec<Listed>) -> File {
    File { event_types, ..File::default() }
}

async fn world_and_admin(kind: Kind) -> (World, AsAdmin) {
    let world = World::new(kind).await;
    let root = world.admin("root@platform.example").await;
    let acting = world.as_admin(&root).await;
    (world, acting)
}

async fn create(world: &World, acting: &AsAdmin, new: &NewEventType) {
    let form = actions::FormValue::of_visitor("");
    event_types::create(&world.ctx, acting, form, new).await.expect("it is created");
}

async fn a_new_type_is_read_as_written_and_ends_its_group(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    let new = new_type("user.merged", "Users");
    create(&world, &root, &new).await;
    let types = catalog::list(&world.ctx).await.expect("rows");
    assert_eq!(names(&types).get(4..7), Some(&["user.deleted", "user.merged", "meeting.created"][..]));
    let read = world.database.read().await.event_type(&new.name).await.expect("a row").expect("the type");
    assert_eq!(listed(&[read])[0].event_type, new);
    let form = actions::FormValue::of_visitor("");
    let taken = event_types::create(&world.ctx, &root, form, &new).await;
    assert!(matches!(taken, Err(Error::Invalid(_))), "{taken:?}");
    // Another group that is there: at its end, and the group stays where it is.
    let moved = NewEventType { group: parsed("Recordings"), ..new_type("user.created", "Users") };
    event_types::save(&world.ctx, &root, Some(1), &moved).await.expect("it is saved");
    let types = catalog::list(&world.ctx).await.expect("rows");
    assert_eq!((names(&types)[0], names(&types)[14]), ("user.updated", "user.created"));
    assert_eq!(world.database.audited("event_type_changed").await, 1);
}

async fn of_many_who_change_one_type_at_once_one_wins(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    let outcomes = at_once(6, |racer| {
        let (ctx, root) = (world.ctx.clone(), root.clone());
        async move {
            let new = new_type("user.created", &format!("Group {racer}"));
            event_types::save(&ctx, &root, Some(1), &new).await
        }
    });
    assert_eq!(crate::races::came_off(&outcomes.await, &Conflict::Overtaken), 1);
    let outcomes = at_once(6, |_| {
        let (ctx, root) = (world.ctx.clone(), root.clone());
        async move { event_types::retire(&ctx, &root, None, &parsed("user.created")).await }
    });
    assert_eq!(crate::races::came_off(&outcomes.await, &Conflict::Overtaken), 1);
    for (action, times) in [("event_type_changed", 1), ("event_type_retired", 1)] {
        assert_eq!(world.database.audited(action).await, times, "{action}");
    }
    let late = event_types::delete(&world.ctx, &root, Some(2), &parsed("user.created")).await;
    assert!(matches!(late, Err(Error::Conflict(Conflict::Overtaken))), "{late:?}");
    let unknown: EventTypeName = parsed("no.such");
    for outcome in [
        event_types::retire(&world.ctx, &root, None, &unknown).await,
        event_types::bring_back(&world.ctx, &root, None, &unknown).await,
        event_types::delete(&world.ctx, &root, None, &unknown).await,
        event_types::save(&world.ctx, &root, None, &new_type("no.such", "x")).await,
    ] {
        assert!(matches!(outcome, Err(Error::NotFound)), "{outcome:?}");
    }
}

async fn a_type_that_is_held_is_not_deleted(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    let ada = world.user("ada@x.example").await;
    let app = world.jwt_app(&ada, "Relay").await;
    let subscription = world.subscription(&ada, &app).await;
    let held: EventTypeName = parsed("meeting.started");
    let refused = event_types::delete(&world.ctx, &root, None, &held).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::EventTypeInUse))), "{refused:?}");
    assert_eq!(event_types::view(&world.ctx, &root, &held).await.expect("the type").1, 1);
    event_types::retire(&world.ctx, &root, None, &held).await.expect("it is retired");
    let acting = world.acting::<Developer>(&ada);
    let (kept, _) =
        actions::subscriptions::view(&world.ctx, &acting, &app, subscription).await.expect("kept");
    assert!(kept.event_types.contains("meeting.started"));
    actions::subscriptions::delete(&world.ctx, &acting, &app, subscription).await.expect("it goes");
    event_types::delete(&world.ctx, &root, None, &held).await.expect("nobody holds it");
    assert_eq!(catalog::list(&world.ctx).await.expect("rows").len(), 14);
}

async fn whoever_subscribes_while_a_type_is_deleted_keeps_it_or_is_told(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    let ada = world.user("ada@x.example").await;
    let app = world.jwt_app(&ada, "Relay").await;
    for name in ["user.created", "user.updated", "user.deleted"] {
        let outcomes = at_once(2, |racer| {
            let (ctx, root, app) = (world.ctx.clone(), root.clone(), app.clone());
            let (acting, form) = (world.acting::<Developer>(&ada), world.form(&ada));
            async move {
                if racer == 0 {
                    return event_types::delete(&ctx, &root, None, &parsed(name)).await;
                }
                let new = subscribing_to(&[name]);
                actions::subscriptions::create(&ctx, &acting, &app, form, &new).await.map(drop)
            }
        });
        let outcomes = outcomes.await;
        let told = |outcome: &Result<(), Error>| {
            matches!(outcome, Err(Error::Conflict(Conflict::Overtaken | Conflict::EventTypeInUse)))
        };
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| told(outcome)).count(), 1, "{outcomes:?}");
    }
}

async fn an_import_of_what_is_there_changes_nothing(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    create(&world, &root, &new_type("user.merged", "Users")).await;
    event_types::retire(&world.ctx, &root, None, &parsed("user.created")).await.expect("it is retired");
    let before = world.database.dump().await;
    let exported = listed(&catalog::list(&world.ctx).await.expect("rows"));
    let imported = catalog::import(&world.ctx, &of(exported.clone())).await.expect("it is imported");
    assert_eq!(imported.event_types, Count { created: 0, changed: 0, unchanged: 16 });
    let after = world.database.dump().await;
    for table in ["event_types", "audit_log"] {
        assert_eq!(before[table], after[table], "{table}");
    }

    // Into another catalog: as it was here, order and all.
    let (other, _) = world_and_admin(kind).await;
    let imported = catalog::import(&other.ctx, &of(exported.clone())).await.expect("it is imported");
    assert_eq!(imported.event_types, Count { created: 1, changed: 1, unchanged: 14 });
    let there = listed(&catalog::list(&other.ctx).await.expect("rows"));
    assert_eq!(format!("{there:?}"), format!("{exported:?}"));
    assert_eq!(other.database.audited("event_types_reordered").await, 0);
}

async fn an_import_creates_changes_and_retires_what_it_lists_alone(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    event_types::retire(&world.ctx, &root, None, &parsed("user.deleted")).await.expect("it is retired");
    let one = |name, group, retired| Listed {
        event_type: new_type(name, group),
        retired,
        scope: ListedScopeOf::Said,
    };
    let file = of(vec![
        one("invoice.paid", "Invoices", None),
        one("invoice.sent", "Invoices", Some(true)),
        one("user.updated", "Users", None),
        one("user.created", "Users", Some(true)),
        one("user.deleted", "Users", None),
    ]);
    let imported = catalog::import(&world.ctx, &file).await.expect("it is imported");
    assert_eq!(imported.event_types, Count { created: 2, changed: 3, unchanged: 0 });
    let types = catalog::list(&world.ctx).await.expect("rows");
    let retired: Vec<_> = types.iter().filter(|one| one.retired).map(|one| one.name.as_str()).collect();
    assert_eq!(retired, ["invoice.sent", "user.created", "user.deleted"]);
    let first = ["invoice.paid", "invoice.sent", "user.updated", "user.created"];
    assert_eq!(names(&types).get(..4), Some(&first[..]));
    for (action, times) in [
        ("event_type_created", 2),
        ("event_type_changed", 3),
        ("event_type_retired", 3),
        ("event_types_reordered", 1),
    ] {
        assert_eq!(world.database.audited(action).await, times, "{action}");
    }
    let again = catalog::import(&world.ctx, &file).await.expect("it is imported again");
    assert_eq!(again.event_types, Count { created: 0, changed: 0, unchanged: 5 });
    assert_eq!(world.database.audited("event_types_reordered").await, 1);
    assert_eq!(catalog::list(&world.ctx).await.expect("rows"), types);
}

async fn an_import_that_cannot_be_written_down_changes_nothing(kind: Kind) {
    let (world, _) = world_and_admin(kind).await;
    let before = catalog::list(&world.ctx).await.expect("rows");
    world.database.run("alter table audit_log rename to elsewhere").await;
    let listed = Listed {
        event_type: new_type("invoice.paid", "Invoices"),
        retired: None,
        scope: ListedScopeOf::Said,
    };
    let file = of(vec![listed]);
    catalog::import(&world.ctx, &file).await.expect_err("there is no audit log");
    assert_eq!(catalog::list(&world.ctx).await.expect("rows"), before);
}

async fn an_event_type_needs_a_scope_of_the_catalog_or_none(kind: Kind) {
    let (world, root) = world_and_admin(kind).await;
    let unknown = NewEventType { scope: Some(parsed("user:nothing")), ..new_type("user.created", "Users") };
    let before = catalog::list(&world.ctx).await.expect("rows");
    let form = actions::FormValue::of_visitor("");
    let new = NewEventType { name: parsed("user.merged"), ..unknown.clone() };
    for refused in [
        event_types::save(&world.ctx, &root, None, &unknown).await,
        event_types::create(&world.ctx, &root, form, &new).await.map(drop),
    ] {
        let Err(Error::Invalid(errors)) = refused else { panic!("{refused:?}") };
        assert_eq!(errors.iter().collect::<Vec<_>>(), [("scope", event_types::NO_SUCH_SCOPE)]);
    }
    let said = Listed { event_type: new, retired: None, scope: ListedScopeOf::Said };
    let refused = catalog::import(&world.ctx, &of(vec![said])).await;
    let Err(Error::Invalid(errors)) = refused else { panic!("{refused:?}") };
    let sentence = errors.get("event_types").unwrap_or_default();
    assert!(sentence.starts_with("“user.merged” needs the scope “user:nothing”"), "{sentence}");
    assert_eq!(catalog::list(&world.ctx).await.expect("rows"), before);
    // None at all is an answer too, and is written down as what it is.
    let none = NewEventType { scope: None, ..new_type("user.created", "Users") };
    event_types::save(&world.ctx, &root, None, &none).await.expect("it is saved");
    let (saved, _) = event_types::view(&world.ctx, &root, &none.name).await.expect("the type");
    assert_eq!(saved.scope, None);
    let detail =
        world.database.texts("select detail from audit_log where action = 'event_type_changed'").await;
    assert!(detail[0].contains(r#"{"field":"scope","from":"user:read","to":""}"#), "{detail:?}");
}

async fn an_import_of_scopes_comes_before_what_needs_them(kind: Kind) {
    let (world, _) = world_and_admin(kind).await;
    let scope = |name: &str, words: &str, retired| ListedScope {
        scope: NewScope { name: parsed(name), description: parsed(words) },
        retired,
    };
    let listed = Listed {
        event_type: NewEventType {
            scope: Some(parsed("invoice:read")),
            ..new_type("invoice.paid", "Invoices")
        },
        retired: None,
        scope: ListedScopeOf::Said,
    };
    let file = File {
        scopes: vec![
            scope("invoice:read", "See invoices", None),
            scope("user:write", "Change people", Some(true)),
            scope("meeting:write", "Schedule, change and cancel meetings", None),
        ],
        event_types: vec![listed.clone()],
    };
    let imported = catalog::import(&world.ctx, &file).await.expect("it is imported");
    let expected = Imported {
        scopes: Count { created: 1, changed: 1, unchanged: 1 },
        event_types: Count { created: 1, changed: 0, unchanged: 0 },
    };
    assert_eq!(imported, expected);
    let known = scopes::list(&world.ctx).await.expect("rows");
    let last = known.last().expect("scopes");
    assert_eq!((last.name.as_str(), last.retired), ("invoice:read", false));
    let write = known.iter().find(|one| one.name.as_str() == "user:write").expect("the scope");
    assert_eq!((write.description.as_str(), write.retired), ("Change people", true));
    // What the file does not say of a scope stays.
    let unsaid = Listed {
        event_type: NewEventType { scope: None, ..listed.event_type.clone() },
        scope: ListedScopeOf::Unsaid,
        ..listed
    };
    let imported = catalog::import(&world.ctx, &of(vec![unsaid])).await.expect("it is imported");
    assert_eq!(imported.event_types, Count { created: 0, changed: 0, unchanged: 1 });
    for (action, times) in [("scope_created", 1), ("scope_changed", 1), ("scope_retired", 1)] {
        assert_eq!(world.database.audited(action).await, times, "{action}");
    }
}

async fn the_catalog_starts_with_14_types_in_three_groups(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let types = database.read().await.event_types().await.expect("rows");
    let seen: Vec<_> = types.iter().map(|one| (one.group.as_str(), one.name.as_str())).collect();
    let expected = [
        ("Users", "user.created"),
        ("Users", "user.updated"),
        ("Users", "user.activated"),
        ("Users", "user.deactivated"),
        ("Users", "user.deleted"),
        ("Meetings", "meeting.created"),
        ("Meetings", "meeting.updated"),
        ("Meetings", "meeting.deleted"),
        ("Meetings", "meeting.started"),
        ("Meetings", "meeting.ended"),
        ("Recordings", "recording.started"),
        ("Recordings", "recording.stopped"),
        ("Recordings", "recording.completed"),
        ("Recordings", "recording.deleted"),
        ("Apps", "app.deauthorized"),
    ];
    assert_eq!(seen, expected);
    assert!(types.iter().all(|one| !one.retired && one.version == 1));
}

async fn a_retired_type_stays_in_the_catalog(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    database.run("update event_types set retired_at = 1 where name = 'user.updated'").await;
    let types = database.read().await.event_types().await.expect("rows");
    let retired: Vec<_> = types.iter().filter(|one| one.retired).map(|one| one.name.as_str()).collect();
    assert_eq!((types.len(), retired), (15, vec!["user.updated"]));
}
