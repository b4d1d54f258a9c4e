use crate::support::databases::{Kind, TestDatabase, on_both};

on_both!(the_catalog_starts_with_14_types_in_three_groups, a_retired_type_stays_in_the_catalog);

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
    ];
    assert_eq!(seen, expected);
    assert!(types.iter().all(|one| !one.retired && !one.description.is_empty()));
}

async fn a_retired_type_stays_in_the_catalog(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    database.run("update event_types set retired_at = 1 where name = 'user.updated'").await;
    let types = database.read().await.event_types().await.expect("rows");
    let retired: Vec<_> = types.iter().filter(|one| one.retired).map(|one| one.name.as_str()).collect();
    assert_eq!((types.len(), retired), (14, vec!["user.updated"]));
}
