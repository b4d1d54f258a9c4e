//! What admins read and write of every account.

use portico::{
    domain::{
        account::{Role, Standing, Suspension},
        app::{AppState, AppType, Resumable, StateKind, name::NameKey},
        calls::{Calls, CallsOf, Hour},
        id::{AccountId, UserId},
    },
    store::{AccountFilter, EveryAppFilter, StoreError},
};

use crate::{
    rows::{account, admin, app, at, draft, member, new_id, user},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    apps_of_every_account_are_listed_with_what_they_called_lately,
    a_page_begins_where_the_one_before_ended,
    a_suspended_app_gets_its_state_back,
    a_standing_keeps_its_reason_only_while_it_is_suspended,
    an_external_id_belongs_to_one_account,
    figures_count_what_there_is,
    owners_are_those_who_can_still_read_mail,
);

async fn apps_of_every_account_are_listed_with_what_they_called_lately(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let admin = admin(&database).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let (relay, _) = (app(&database, ours, "Relay").await, app(&database, theirs, "Other").await);
    let now = Hour::of(at(0));
    let calls = Calls { allowed: 5, refused: 2, unnamed: 1 };
    let mut tx = database.begin().await;
    tx.set_account_name(ours, &parsed("Straßenbau")).await.expect("a name");
    for hour in [now, now.before(24), now.before(25)] {
        tx.add_calls(&[(CallsOf::App(relay), hour, calls)]).await.expect("added");
    }
    tx.commit().await.expect("it holds");
    let all = EveryAppFilter::default();
    for (filter, names) in [
        (all.clone(), vec!["Other", "Relay"]),
        (EveryAppFilter { search: Some(NameKey::of("STRASSE")), ..all.clone() }, vec!["Relay"]),
        (EveryAppFilter { search: Some(NameKey::of("straßenbau")), ..all.clone() }, vec!["Relay"]),
        (EveryAppFilter { search: Some(NameKey::of("_")), ..all.clone() }, vec![]),
        (EveryAppFilter { account: Some(theirs), ..all.clone() }, vec!["Other"]),
        (EveryAppFilter { id: Some(relay), state: Some(StateKind::Draft), ..all.clone() }, vec!["Relay"]),
        (EveryAppFilter { app_type: Some(AppType::Webhook), ..all.clone() }, vec![]),
    ] {
        let page = database.read().await.every_app(admin, &filter, now.before(24)).await.expect("a page");
        let mut seen: Vec<_> = page.rows.iter().map(|row| row.app.information.name.as_str()).collect();
        seen.sort_unstable();
        assert_eq!(seen, names, "{filter:?}");
        assert_eq!(page.total, i64::try_from(names.len()).expect("few"), "{filter:?}");
    }
    let filter = EveryAppFilter { id: Some(relay), ..all };
    let page = database.read().await.every_app(admin, &filter, now.before(24)).await.expect("a page");
    let [row] = page.rows.as_slice() else { panic!("one row, not {page:?}") };
    assert_eq!((row.account_name.as_str(), row.calls.allowed, row.calls.refused), ("Straßenbau", 10, 4));
}

async fn a_page_begins_where_the_one_before_ended(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let admin = admin(&database).await;
    let ours = account(&database).await;
    let mut tx = database.begin().await;
    let mut made = Vec::new();
    for number in 0..51 {
        made.push(draft(&mut tx, ours, &format!("Relay {number}"), at(0)).await);
    }
    tx.commit().await.expect("it holds");
    let (mut filter, mut seen) = (EveryAppFilter::default(), Vec::new());
    loop {
        let page = database.read().await.every_app(admin, &filter, Hour::of(at(0))).await.expect("a page");
        assert_eq!(page.total, 51);
        seen.extend(page.rows.into_iter().map(|row| row.app.id));
        let Some(next) = page.next else { break };
        filter.after = Some(next);
    }
    made.reverse();
    assert_eq!(seen, made, "each once, the last one made first");
}

async fn a_suspended_app_gets_its_state_back(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let admin = admin(&database).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let id = app(&database, ours, "Relay").await;
    let mut tx = database.begin().await;
    tx.suspend_app(theirs, id, "spam", Resumable::Draft).await.expect("nothing");
    assert_eq!(tx.any_app(admin, id).await.expect("a row").expect("the app").state, AppState::Draft);
    tx.suspend_app(ours, id, "spam", Resumable::Deactivated).await.expect("suspended");
    let state = AppState::Suspended { reason: String::from("spam"), before: Resumable::Deactivated };
    assert_eq!(tx.any_app(admin, id).await.expect("a row").expect("the app").state, state);
    tx.reinstate_app(ours, id, StateKind::Deactivated).await.expect("reinstated");
    tx.set_app_name(ours, id, &parsed("Courier")).await.expect("another name");
    let app = tx.any_app(admin, id).await.expect("a row").expect("the app");
    assert_eq!((app.state, app.information.name.as_str()), (AppState::Deactivated, "Courier"));
    tx.commit().await.expect("it holds");
    let reasons = "select coalesce(suspended_reason, suspended_before, 'none') from apps";
    assert_eq!(database.texts(reasons).await, ["none"]);
    assert!(database.read().await.any_app(admin, new_id()).await.expect("no row").is_none());
}

async fn a_standing_keeps_its_reason_only_while_it_is_suspended(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let mut tx = database.begin().await;
    tx.suspend_account(ours, &parsed("Unpaid."), Standing::Pending).await.expect("suspended");
    let suspension = Suspension { reason: String::from("Unpaid."), before: Standing::Pending };
    assert_eq!(tx.suspension(ours).await.expect("a row"), Some(suspension));
    let account = tx.account(ours).await.expect("a row").expect("the account");
    assert_eq!(account.standing, Standing::Suspended);
    tx.set_standing(ours, Standing::Approved).await.expect("reinstated");
    assert_eq!(tx.suspension(ours).await.expect("no row"), None);
    let account = tx.account(ours).await.expect("a row").expect("the account");
    assert_eq!(account.standing, Standing::Approved);
}

async fn an_external_id_belongs_to_one_account(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let admin = admin(&database).await;
    let (ours, theirs) = (account(&database).await, account(&database).await);
    let id = parsed("crm-7");
    let mut tx = database.begin().await;
    tx.set_external_id(ours, Some(&id)).await.expect("set");
    tx.commit().await.expect("it holds");
    let mut tx = database.begin().await;
    let taken = tx.set_external_id(theirs, Some(&id)).await;
    assert!(matches!(taken, Err(StoreError::Duplicate)), "{taken:?}");
    drop(tx);
    let filter = AccountFilter {
        search: Some(NameKey::of("crm-7")),
        external_id: Some(id.clone()),
        ..AccountFilter::default()
    };
    let page = database.read().await.every_account(admin, &filter).await.expect("a page");
    let found: Vec<AccountId> = page.rows.iter().map(|row| row.account.id).collect();
    assert_eq!((found, page.total), (vec![ours], 1));
    let mut tx = database.begin().await;
    tx.set_external_id(ours, None).await.expect("cleared");
    tx.set_external_id(theirs, Some(&id)).await.expect("free again");
}

async fn figures_count_what_there_is(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let admin = admin(&database).await;
    let ours = account(&database).await;
    let (relay, _) = (app(&database, ours, "Relay").await, app(&database, ours, "Other").await);
    let now = Hour::of(at(0));
    let mut tx = database.begin().await;
    tx.insert_account(new_id(), &parsed("Waiting"), Standing::Pending, at(0)).await.expect("an account");
    tx.set_app_state(ours, relay, StateKind::Active, None).await.expect("active");
    for (hour, refused) in [(now, 2), (now.before(1), 3), (now, 1)] {
        tx.add_refused(hour, refused).await.expect("added");
    }
    tx.commit().await.expect("it holds");
    let mut read = database.read().await;
    for (hours, refused) in [(0, 3), (1, 3), (2, 0)] {
        assert_eq!(read.refused_in(admin, now.before(hours)).await.expect("a figure"), refused);
    }
    assert_eq!(read.pending_accounts(admin).await.expect("a count"), 1);
    let mut figures = read.figures(admin).await.expect("figures");
    figures.accounts.sort_by_key(|(standing, _)| standing.as_str());
    figures.apps.sort_by_key(|(state, _)| state.as_str());
    assert_eq!(figures.accounts, [(Standing::Approved, 1), (Standing::Pending, 1)]);
    assert_eq!(figures.apps, [(StateKind::Active, 1), (StateKind::Draft, 1)]);
    assert_eq!(figures.users, 1);
}

async fn owners_are_those_who_can_still_read_mail(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let mut people: Vec<UserId> = Vec::new();
    for (email, role) in [
        ("ada@meridian.example", Role::Owner),
        ("bob@meridian.example", Role::Developer),
        ("eve@meridian.example", Role::Owner),
    ] {
        let person = user(&database, email).await;
        member(&database, ours, person, role).await;
        people.push(person);
    }
    database.set("users", people.last().expect("Eve"), "disabled_at = 1").await;
    let owners = database.read().await.owners(ours).await.expect("rows");
    assert_eq!(owners.iter().map(|email| email.as_str()).collect::<Vec<_>>(), ["ada@meridian.example"]);
}
