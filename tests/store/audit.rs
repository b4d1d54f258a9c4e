//! Reading the log: what is found, in which order, and by whom

use std::collections::BTreeSet;

use portico::{
    domain::{
        app::StateKind,
        audit::{Actor, Change, Entry, Milestone, Origin},
        id::{AccountId, AppId, AuditId, Id},
        time::{Span, Timestamp},
        user::Admin,
    },
    store::{Activity, Conn, LogFilter, Logged, StoreError},
};

use crate::{
    rows::{account, admin, app, at, member, new_id, user},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    activity_tells_who_did_what_the_newest_first,
    activity_is_of_one_app_of_one_account,
    a_row_outlives_what_it_tells_of,
    a_row_of_a_newer_program_is_left_out_of_what_a_page_tells,
    an_account_reads_its_own_part_page_by_page,
    a_filter_finds_what_fits_and_its_count_says_how_much,
    days_are_found_whatever_the_order_of_ids,
    the_whole_log_is_that_of_all_accounts_and_of_the_platform,
    what_can_be_chosen_is_the_accounts_own,
    what_staff_did_names_nobody_to_members,
);

fn entry(
    when: Timestamp,
    actor: Actor,
    account: Option<AccountId>,
    app: Option<AppId>,
    change: Change,
) -> Entry {
    let origin = Origin {
        address: Some("192.0.2.7".parse().expect("an address")),
        request_id: Some(String::from("01J0")),
    };
    Entry { at: when, actor, origin, account, app, change }
}

async fn write_all(database: &TestDatabase, entries: Vec<Entry>) {
    let mut tx = database.begin().await;
    for entry in entries {
        tx.audit(AuditId::generate(entry.at, portico::crypto::random()), entry);
    }
    tx.commit().await.expect("it holds");
}

async fn write(
    database: &TestDatabase,
    when: Timestamp,
    actor: Actor,
    on: (AccountId, AppId),
    change: Change,
) {
    write_all(database, vec![entry(when, actor, Some(on.0), Some(on.1), change)]).await;
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
    let log = database.read().await.log(on.0, &LogFilter::default(), 10).await.expect("rows");
    let [row] = log.as_slice() else { panic!("one row, not {log:?}") };
    assert_eq!(
        (row.who(), row.actor_id, row.app, &row.app_name),
        ("a former user", Some(ada), Some(on.1), &None)
    );
    assert_eq!((row.address.as_deref(), row.request_id.as_deref()), (Some("192.0.2.7"), Some("01J0")));
}

async fn a_row_of_a_newer_program_is_left_out_of_what_a_page_tells(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ada = user(&database, "ada@meridian.example").await;
    let (chain, relay) = (account(&database).await, new_id());
    write(&database, at(0), Actor::User(ada), (chain, relay), Change::AppActivated {}).await;
    let (ours, app, who) = (database.literal(&chain), database.literal(&relay), database.literal(&ada));
    for (seq, action) in ["app_teleported", "app_activated", "signing_secret_revealed"].iter().enumerate() {
        let (id, seq) = (database.literal(&new_id::<AuditId>()), seq + 2);
        let insert = format!(
            "insert into audit_log (id, chain, seq, at, actor, actor_id, app_id, action, detail, hash)
             select {id}, {ours}, {seq}, at, 'robot', {who}, {app}, '{action}', '[\"Mars\"]', hash
             from audit_log where chain = {ours} and seq = 1"
        );
        database.run(&insert).await;
    }
    let mut read = database.read().await;
    let told = |rows: Vec<Activity>| rows.into_iter().map(|row| row.change).collect::<Vec<_>>();
    let known = [Change::AppActivated {}];
    assert_eq!(told(read.activity(chain, relay, 10).await.expect("rows")), known);
    assert_eq!(told(read.state_history(chain, relay, 10).await.expect("rows")), known);
    assert!(read.last_of(chain, relay, Milestone::Activated).await.expect("a row").is_none());
    assert!(read.signing_secrets_seen(chain, ada).await.expect("a row").is_empty());
}

async fn an_account_reads_its_own_part_page_by_page(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    // All at one moment, where ids have no order: that of the chain counts.
    let renamed = |n: usize| Change::AccountRenamed { from: String::new(), to: n.to_string() };
    for n in 0..7 {
        let entries = [Some(ours), Some(theirs), None]
            .map(|account| entry(at(0), Actor::Operator, account, None, renamed(n)));
        write_all(&database, entries.into()).await;
    }
    let (mut filter, mut seen) = (LogFilter::default(), Vec::new());
    loop {
        let rows = database.read().await.log(ours, &filter, 3).await.expect("rows");
        let Some(last) = rows.last() else { break };
        filter.after = Some(last.id);
        seen.extend(rows.iter().map(|row| (row.seq, row.change())));
    }
    let expected: Vec<_> = (1..=7).rev().zip((0..7).rev().map(|n| Some(renamed(n)))).collect();
    assert_eq!(seen, expected);
    // Another account's row as the beginning of a page leads to nothing of theirs.
    let of_theirs = database.read().await.log(theirs, &LogFilter::default(), 1).await.expect("a row");
    let filter = LogFilter { after: of_theirs.first().map(|row| row.id), ..LogFilter::default() };
    let rows = database.read().await.log(ours, &filter, 10).await.expect("rows");
    assert!(rows.len() == 7 && rows.iter().all(|row| row.chain.account() == Some(ours)));
}

async fn a_filter_finds_what_fits_and_its_count_says_how_much(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let root = admin(&database).await;
    let ada = user(&database, "ada@meridian.example").await;
    let ours = account(&database).await;
    let relay = app(&database, ours, "Relay").await;
    let other: AppId = new_id();
    let entries = vec![
        entry(at(0), Actor::User(ada), Some(ours), Some(relay), Change::AppActivated {}),
        entry(at(1), Actor::Operator, Some(ours), Some(relay), Change::AppDeactivated {}),
        entry(at(2), Actor::User(ada), Some(ours), Some(other), Change::AppDeactivated {}),
        entry(at(3), Actor::User(ada), Some(ours), None, Change::AccountSwitched {}),
    ];
    write_all(&database, entries).await;
    let all = LogFilter::default();
    let deactivated = Some(String::from("app_deactivated"));
    for (filter, found) in [
        (all.clone(), &[4, 3, 2, 1][..]),
        (LogFilter { actor: Some(Actor::User(ada)), ..all.clone() }, &[4, 3, 1]),
        (LogFilter { actor: Some(Actor::User(new_id())), ..all.clone() }, &[]),
        (LogFilter { actor: Some(Actor::Operator), ..all.clone() }, &[2]),
        (LogFilter { actor: Some(Actor::Visitor), ..all.clone() }, &[]),
        (LogFilter { app: Some(relay), ..all.clone() }, &[2, 1]),
        (LogFilter { action: deactivated.clone(), ..all.clone() }, &[3, 2]),
        (LogFilter { action: deactivated, app: Some(other), ..all.clone() }, &[3]),
        (LogFilter { since: Some(at(2)), ..all.clone() }, &[4, 3]),
        (LogFilter { until: Some(at(2)), ..all.clone() }, &[2, 1]),
        (LogFilter { since: Some(at(1)), until: Some(at(3)), ..all.clone() }, &[3, 2]),
    ] {
        let mut read = database.read().await;
        for (rows, count) in [
            (read.log(ours, &filter, 10).await, read.log_count(ours, &filter, 3).await),
            (read.whole_log(root, &filter, 10).await, read.whole_log_count(root, &filter, 3).await),
            of_account(&mut read, root, &filter, ours).await,
        ] {
            let rows = rows.expect("rows");
            assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), found, "{filter:?}");
            let counted = i64::try_from(found.len().min(3)).expect("few");
            assert_eq!(count.expect("a count"), counted, "{filter:?}");
        }
        let named = read.log(ours, &filter, 10).await.expect("rows");
        let name = |row: &Logged| row.app_name.as_ref().map(ToString::to_string);
        assert!(named.iter().all(|row| (name(row).as_deref() == Some("Relay")) == (row.app == Some(relay))));
    }
}

/// The same of the whole log, with the account as part of the filter.
async fn of_account(
    read: &mut Conn,
    root: Admin,
    filter: &LogFilter,
    account: AccountId,
) -> (Result<Vec<Logged>, StoreError>, Result<i64, StoreError>) {
    let filter = LogFilter { account: Some(account), ..filter.clone() };
    (read.whole_log(root, &filter, 10).await, read.whole_log_count(root, &filter, 3).await)
}

async fn what_staff_did_names_nobody_to_members(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let root = admin(&database).await;
    let (ours, staff) = (account(&database).await, Actor::User(root.user()));
    let relay: AppId = new_id();
    let reinstated =
        entry(at(0), staff, Some(ours), Some(relay), Change::AppReinstated { to: StateKind::Active });
    // The admin may be a member too, and is known for what members do.
    let switched = entry(at(1), staff, Some(ours), None, Change::AccountSwitched {});
    write_all(&database, vec![reinstated, switched]).await;
    let mut read = database.read().await;
    let seen = |rows: Vec<Logged>| -> Vec<_> {
        let facts = |row: Logged| (row.seq, row.who().to_owned(), row.actor, row.actor_id, row.address);
        rows.into_iter().map(facts).collect()
    };
    let word = |seq| (seq, String::from("the platform’s staff"), String::from("staff"), None, None);
    let (name, address) = (String::from("Ada Lovelace"), Some(String::from("192.0.2.7")));
    let named = |seq| (seq, name.clone(), String::from("user"), Some(root.user()), address.clone());
    let all = LogFilter::default();
    let theirs = LogFilter { actor: Some(staff), ..all.clone() };
    assert_eq!(seen(read.log(ours, &all, 9).await.expect("rows")), [named(2), word(1)]);
    assert_eq!(seen(read.log(ours, &theirs, 9).await.expect("rows")), [named(2)]);
    assert_eq!(read.log_count(ours, &theirs, 9).await.expect("a count"), 1);
    let of_app = LogFilter { app: Some(relay), ..theirs.clone() };
    assert!(read.log(ours, &of_app, 9).await.expect("no rows").is_empty());
    for filter in [all, theirs] {
        let rows = read.whole_log(root, &filter, 9).await.expect("rows");
        assert_eq!(seen(rows), [named(2), named(1)]);
        assert_eq!(read.whole_log_count(root, &filter, 9).await.expect("a count"), 2);
    }
}

/// Days of a chain whose rows were committed in another order than their ids were made in.
async fn days_are_found_whatever_the_order_of_ids(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let minutes = [0, 30, 26, 25, 27, 149, 148, 150, 400];
    for minute in minutes {
        let when = at(0) + Span::minutes(minute);
        write_all(
            &database,
            vec![entry(when, Actor::Operator, Some(ours), None, Change::AccountSwitched {})],
        )
        .await;
    }
    let of = |since: i64, until: i64| LogFilter {
        since: Some(at(0) + Span::minutes(since)),
        until: Some(at(0) + Span::minutes(until)),
        ..LogFilter::default()
    };
    let mut read = database.read().await;
    for (since, until) in
        [(0, 1), (24, 48), (25, 26), (27, 30), (30, 31), (148, 151), (149, 150), (151, 190), (399, 500)]
    {
        let rows = read.log(ours, &of(since, until), 50).await.expect("rows");
        let found: Vec<_> = rows.iter().map(|row| row.at).collect();
        let fits = minutes.iter().rev().filter(|minute| (since..until).contains(*minute));
        let expected: Vec<_> = fits.map(|minute| at(0) + Span::minutes(*minute)).collect();
        assert_eq!(found, expected, "{since} to {until}");
        let count = read.log_count(ours, &of(since, until), 50).await.expect("a count");
        assert_eq!(usize::try_from(count), Ok(expected.len()), "{since} to {until}");
    }
}

async fn the_whole_log_is_that_of_all_accounts_and_of_the_platform(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let root = admin(&database).await;
    let accounts = [None, Some(account(&database).await), Some(account(&database).await)];
    let mut seconds = 0;
    for _ in 0..3 {
        for account in accounts {
            let made = entry(at(seconds), Actor::Operator, account, None, Change::SignedIn {});
            write_all(&database, vec![made]).await;
            seconds += 1;
        }
    }
    let (mut filter, mut seen) = (LogFilter::default(), Vec::new());
    loop {
        let rows = database.read().await.whole_log(root, &filter, 4).await.expect("rows");
        let Some(last) = rows.last() else { break };
        filter.after = Some(last.id);
        seen.extend(rows.iter().map(|row| (row.at, row.chain.account())));
    }
    let expected: Vec<_> = (0..9).rev().map(|second| (at(second), accounts[second as usize % 3])).collect();
    assert_eq!(seen, expected);
    let mut read = database.read().await;
    assert_eq!(read.whole_log_count(root, &LogFilter::default(), 100).await.expect("a count"), 9);
    let nowhere = LogFilter { app: Some(new_id()), ..LogFilter::default() };
    assert!(read.whole_log(root, &nowhere, 10).await.expect("no rows").is_empty());
    assert_eq!(read.whole_log_count(root, &nowhere, 10).await.expect("a count"), 0);
}

async fn what_can_be_chosen_is_the_accounts_own(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let role = portico::domain::account::Role::Viewer;
    let mut members = BTreeSet::new();
    for (account, email) in [(ours, "a@x.example"), (ours, "b@x.example"), (theirs, "c@x.example")] {
        let who = user(&database, email).await;
        member(&database, account, who, role).await;
        if account == ours {
            members.insert(who);
        }
    }
    let apps = [app(&database, ours, "Relay").await, app(&database, ours, "Archive").await];
    app(&database, theirs, "Theirs").await;
    let mut read = database.read().await;
    let found = read.log_members(ours).await.expect("members");
    assert_eq!(found.into_iter().map(|(id, _)| id).collect::<BTreeSet<_>>(), members);
    let found = read.log_apps(ours).await.expect("apps");
    assert_eq!(found.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), [apps[1], apps[0]], "by name");
}
