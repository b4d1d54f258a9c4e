use portico::domain::{
    audit::{Actor, Change, Entry, Origin},
    id::{AccountId, AppId, AuditId, Id},
    time::{Span, Timestamp},
};

use crate::{
    rows::{account, at, new_id, user},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    activity_tells_who_did_what_the_newest_first,
    activity_is_of_one_app_of_one_account,
    a_row_outlives_what_it_tells_of,
);

async fn write(
    database: &TestDatabase,
    when: Timestamp,
    actor: Actor,
    on: (AccountId, AppId),
    change: Change,
) {
    let origin = Origin {
        address: Some("192.0.2.7".parse().expect("an address")),
        request_id: Some(String::from("01J0")),
    };
    let entry = Entry { at: when, actor, origin, account: Some(on.0), app: Some(on.1), change };
    let mut tx = database.begin().await;
    tx.audit(AuditId::generate(when, portico::crypto::random()), &entry).await.expect("a row");
    tx.commit().await.expect("it holds");
}

async fn activity_tells_who_did_what_the_newest_first(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let on = (account(&database).await, new_id());
    let changes = [
        (Actor::User(ada), Change::EventsToggled { on: true }),
        (Actor::Operator, Change::AppActivated {}),
        (Actor::Visitor, Change::AppDeactivated {}),
    ];
    for (second, (actor, change)) in (0..).zip(changes.clone()) {
        write(&database, at(second), actor, on, change).await;
    }
    let activity = database.read().await.activity(on.0, on.1, 10).await.expect("rows");
    let seen: Vec<_> = activity.iter().map(|row| (row.at, row.who.as_str(), &row.change)).collect();
    let [first, second, third] = &changes;
    let expected = [
        (at(2), "a visitor", &third.1),
        (at(1), "the operator", &second.1),
        (at(0), "Ada Lovelace", &first.1),
    ];
    assert_eq!(seen, expected);
    let activity = database.read().await.activity(on.0, on.1, 2).await.expect("rows");
    assert_eq!(activity.iter().map(|row| row.at).collect::<Vec<_>>(), [at(2), at(1)]);
}

async fn activity_is_of_one_app_of_one_account(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let (one, two) = (new_id(), new_id());
    for on in [(ours, one), (ours, two), (theirs, one)] {
        write(&database, at(0), Actor::Operator, on, Change::AppActivated {}).await;
    }
    assert_eq!(database.read().await.activity(ours, one, 10).await.expect("rows").len(), 1);
    assert!(database.read().await.activity(theirs, two, 10).await.expect("no rows").is_empty());
}

async fn a_row_outlives_what_it_tells_of(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let on = (account(&database).await, new_id());
    write(&database, at(0) + Span::days(1), Actor::User(ada), on, Change::AppActivated {}).await;
    database.run("delete from users").await;
    database.run("delete from accounts").await;
    let activity = database.read().await.activity(on.0, on.1, 10).await.expect("rows");
    assert_eq!(activity.iter().map(|row| row.who.as_str()).collect::<Vec<_>>(), ["a former user"]);
}
