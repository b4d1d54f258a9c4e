use std::collections::BTreeSet;

use portico::{
    domain::{
        account::Role,
        app::{App, AppState, AppType, Resumable, StateKind, information::Information},
        icon::IconHash,
        id::AppId,
    },
    store::{AppFilter, StoreError},
};

use crate::{
    rows::{account, app, at, draft, member, new_id, user},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    a_new_app_is_an_empty_draft_with_events_off,
    information_is_read_as_written,
    an_app_is_seen_from_its_own_account_alone,
    the_first_activation_is_remembered,
    a_suspended_app_tells_why_and_what_it_was,
    pages_show_every_app_once_though_all_were_made_at_the_same_moment,
    pages_are_newest_first_and_end_when_nothing_follows,
    a_list_is_limited_by_type_and_state,
    apps_of_a_type_come_oldest_first,
    a_deleted_app_takes_what_belongs_to_it,
);

async fn read(database: &TestDatabase, account: portico::domain::id::AccountId, id: AppId) -> App {
    database.read().await.app(account, id).await.expect("a row").expect("the app")
}

async fn a_new_app_is_an_empty_draft_with_events_off(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let mut tx = database.begin().await;
    let id = new_id();
    tx.insert_app(id, ours, AppType::Webhook, &parsed("Relay"), at(7)).await.expect("an app");
    tx.commit().await.expect("it holds");
    let expected = App {
        id,
        account: ours,
        app_type: AppType::Webhook,
        information: Information::named(parsed("Relay")),
        icon: None,
        events_on: false,
        state: AppState::Draft,
        created_at: at(7),
        activated_at: None,
    };
    assert_eq!(format!("{:?}", read(&database, ours, id).await), format!("{expected:?}"));
    assert_eq!(database.read().await.app_count(ours).await.expect("a count"), 1);
    assert_eq!(database.read().await.app_count(new_id()).await.expect("a count"), 0);
}

async fn information_is_read_as_written(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (id, other) = (app(&database, ours, "Relay").await, app(&database, ours, "Other").await);
    let about = Information {
        name: parsed("Relay für 会議"),
        short_description: Some(parsed("Passes meetings on")),
        long_description: Some(parsed("First line\nsecond line\n\n\u{1f600}")),
        company_name: Some(parsed("Meridian GmbH")),
        contact_name: Some(parsed("Ada Lovelace")),
        contact_email: Some(parsed("ada@meridian.example")),
        privacy_policy_url: Some(parsed("https://meridian.example/privacy")),
        terms_url: Some(parsed("https://meridian.example/terms")),
        support_url: Some(parsed("https://meridian.example/support")),
    };
    let hash = IconHash::of(b"an icon");
    let mut tx = database.begin().await;
    tx.lock_app(ours, id).await.expect("the row is taken");
    tx.upsert_icon(&hash, b"an icon", at(9)).await.expect("an icon");
    tx.update_information(ours, id, &about, Some(&hash)).await.expect("information");
    tx.set_events_on(ours, id, true).await.expect("events on");
    tx.commit().await.expect("it holds");
    let saved = read(&database, ours, id).await;
    assert_eq!(format!("{:?}", saved.information), format!("{about:?}"));
    assert_eq!((saved.icon, saved.events_on), (Some(hash), true));
    let untouched = read(&database, ours, other).await;
    assert_eq!((untouched.information.name.as_str(), untouched.events_on), ("Other", false));

    let mut tx = database.begin().await;
    let bare = Information::named(parsed("Relay"));
    tx.update_information(ours, id, &bare, None).await.expect("all but the name goes");
    tx.commit().await.expect("it holds");
    let saved = read(&database, ours, id).await;
    assert_eq!((format!("{:?}", saved.information), saved.icon), (format!("{bare:?}"), None));
}

async fn an_app_is_seen_from_its_own_account_alone(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let id = app(&database, ours, "Relay").await;
    let (ada, eve) = (user(&database, "ada@meridian.example").await, user(&database, "eve@x.example").await);
    member(&database, ours, ada, Role::Viewer).await;
    member(&database, theirs, eve, Role::Owner).await;
    let mut tx = database.begin().await;
    assert!(tx.app_for_user(id, ada).await.expect("a row").is_some());
    assert!(tx.app_for_user(id, eve).await.expect("no row").is_none());
    assert!(tx.app(theirs, id).await.expect("no row").is_none());

    tx.lock_app(theirs, id).await.expect("nothing");
    tx.set_app_state(theirs, id, StateKind::Active, Some(at(1))).await.expect("nothing");
    tx.set_events_on(theirs, id, true).await.expect("nothing");
    let stolen = Information::named(parsed("Stolen"));
    tx.update_information(theirs, id, &stolen, None).await.expect("nothing");
    tx.delete_app(theirs, id).await.expect("nothing");
    let app = tx.app(ours, id).await.expect("a row").expect("the app");
    assert_eq!((app.state, app.events_on, app.information.name.as_str()), (AppState::Draft, false, "Relay"));
}

async fn the_first_activation_is_remembered(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let id = app(&database, ours, "Relay").await;
    let mut tx = database.begin().await;
    for (state, when, remembered) in [
        (StateKind::Active, Some(at(1)), at(1)),
        (StateKind::Deactivated, None, at(1)),
        (StateKind::Active, Some(at(5)), at(1)),
    ] {
        tx.set_app_state(ours, id, state, when).await.expect("another state");
        let app = tx.app(ours, id).await.expect("a row").expect("the app");
        assert_eq!((app.state.kind(), app.activated_at), (state, Some(remembered)));
    }
}

async fn a_suspended_app_tells_why_and_what_it_was(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let id = app(&database, ours, "Relay").await;
    database.run("update apps set state = 'suspended'").await;
    let unreadable = database.read().await.app(ours, id).await;
    assert!(matches!(unreadable, Err(StoreError::Corrupt(_))), "{unreadable:?}");
    database.run("update apps set suspended_reason = 'spam', suspended_before = 'active'").await;
    let state = AppState::Suspended { reason: String::from("spam"), before: Resumable::Active };
    assert_eq!(read(&database, ours, id).await.state, state);
    database.run("update apps set state = 'asleep'").await;
    let unreadable = database.read().await.app(ours, id).await;
    assert!(matches!(unreadable, Err(StoreError::Corrupt(_))), "{unreadable:?}");
}

async fn pages_show_every_app_once_though_all_were_made_at_the_same_moment(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let mut tx = database.begin().await;
    let mut made = BTreeSet::new();
    for number in 0..60 {
        made.insert(draft(&mut tx, ours, &format!("Relay {number}"), at(0)).await);
    }
    tx.commit().await.expect("it holds");

    let (mut seen, mut pages, mut filter) = (Vec::new(), Vec::new(), AppFilter::default());
    loop {
        let page = database.read().await.apps(ours, &filter).await.expect("a page");
        assert_eq!(page.total, 60);
        pages.push(page.apps.len());
        seen.extend(page.apps.into_iter().map(|app| app.id));
        let Some(next) = page.next else { break };
        filter.after = Some(next);
    }
    assert_eq!(pages, [25, 25, 10]);
    assert_eq!(seen.iter().copied().collect::<BTreeSet<_>>(), made);
    assert!(seen.is_sorted_by(|one, next| one > next), "by id where the moment is the same");
}

async fn pages_are_newest_first_and_end_when_nothing_follows(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let mut tx = database.begin().await;
    draft(&mut tx, theirs, "Not ours", at(100)).await;
    for second in 0..25 {
        draft(&mut tx, ours, &format!("Relay {second}"), at(second)).await;
    }
    tx.commit().await.expect("it holds");
    let page = database.read().await.apps(ours, &AppFilter::default()).await.expect("a page");
    let moments: Vec<_> = page.apps.iter().map(|app| app.created_at).collect();
    assert_eq!(moments, (0..25).rev().map(at).collect::<Vec<_>>());
    assert_eq!((page.total, page.next), (25, None), "a full page need not have a next");
    let empty = database.read().await.apps(new_id(), &AppFilter::default()).await.expect("a page");
    assert_eq!((empty.apps.len(), empty.total, empty.next), (0, 0, None));
}

async fn a_list_is_limited_by_type_and_state(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let mut tx = database.begin().await;
    for (name, app_type, state) in [
        ("jwt draft", AppType::Jwt, StateKind::Draft),
        ("jwt active", AppType::Jwt, StateKind::Active),
        ("webhook active", AppType::Webhook, StateKind::Active),
    ] {
        let id = new_id();
        tx.insert_app(id, ours, app_type, &parsed(name), at(0)).await.expect("an app");
        tx.set_app_state(ours, id, state, None).await.expect("a state");
    }
    tx.commit().await.expect("it holds");
    let none = AppFilter::default();
    for (filter, expected) in [
        (AppFilter { app_type: Some(AppType::Jwt), ..none.clone() }, vec!["jwt active", "jwt draft"]),
        (AppFilter { state: Some(StateKind::Active), ..none.clone() }, vec!["jwt active", "webhook active"]),
        (AppFilter { state: Some(StateKind::Suspended), ..none.clone() }, vec![]),
        (
            AppFilter {
                search: Some(portico::domain::app::name::NameKey::of("act")),
                id: None,
                app_type: Some(AppType::Webhook),
                state: Some(StateKind::Active),
                after: None,
            },
            vec!["webhook active"],
        ),
    ] {
        let page = database.read().await.apps(ours, &filter).await.expect("a page");
        let mut names: Vec<_> = page.apps.iter().map(|app| app.information.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{filter:?}");
        assert_eq!(page.total, i64::try_from(expected.len()).expect("few"), "{filter:?}");
    }
}

async fn apps_of_a_type_come_oldest_first(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let mut tx = database.begin().await;
    let late = draft(&mut tx, ours, "Late", at(9)).await;
    let early = draft(&mut tx, ours, "Early", at(1)).await;
    tx.insert_app(new_id(), ours, AppType::Webhook, &parsed("Hook"), at(5)).await.expect("an app");
    tx.set_app_state(ours, late, StateKind::Active, Some(at(9))).await.expect("a state");
    let apps = tx.apps_of_type(ours, AppType::Jwt).await.expect("rows");
    let seen: Vec<_> = apps.iter().map(|(id, name, state)| (*id, name.as_str(), *state)).collect();
    assert_eq!(seen, [(early, "Early", StateKind::Draft), (late, "Late", StateKind::Active)]);
}

async fn a_deleted_app_takes_what_belongs_to_it(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let (id, kept) = (app(&database, ours, "Relay").await, app(&database, ours, "Kept").await);
    let new = crate::support::world::subscribing_to(&["meeting.started"]);
    let mut tx = database.begin().await;
    tx.insert_subscription(id, new_id(), &new, at(0)).await.expect("a subscription");
    tx.insert_subscription(kept, new_id(), &new, at(0)).await.expect("a subscription");
    tx.delete_app(ours, id).await.expect("the app goes");
    tx.commit().await.expect("it holds");
    let mut conn = database.read().await;
    assert!(conn.app(ours, id).await.expect("no row").is_none());
    assert_eq!(conn.subscription_count(ours, id).await.expect("a count"), 0);
    assert_eq!(conn.subscription_count(ours, kept).await.expect("a count"), 1);
}
