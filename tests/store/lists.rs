//! Lists and figures of the whole platform.

use std::collections::BTreeMap;

use portico::{
    domain::{account::Standing, app::StateKind, calls::Hour},
    store::{COUNTED, EveryAppFilter},
};

use crate::{
    finding::{admin, named_account},
    rows::{app, at, draft},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    a_page_goes_on_after_an_app_that_is_gone,
    a_count_ends_at_a_number,
    figures_are_the_same_before_and_after_they_are_summed_up,
    figures_are_right_whoever_writes_while_they_are_summed_up,
    figures_are_put_right_by_a_recount,
);

async fn a_page_goes_on_after_an_app_that_is_gone(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = named_account(&database, "Meridian").await;
    let mut tx = database.begin().await;
    for number in 0..30 {
        draft(&mut tx, ours, &format!("Relay {number}"), at(number)).await;
    }
    tx.commit().await.expect("it holds");
    let mut filter = EveryAppFilter::default();
    let page = database.read().await.every_app(admin(), &filter, Hour::of(at(0))).await.expect("a page");
    let last = page.next.expect("another page");
    let mut tx = database.begin().await;
    tx.delete_app(ours, last.1).await.expect("gone");
    tx.commit().await.expect("it holds");
    filter.after = Some(last);
    let page = database.read().await.every_app(admin(), &filter, Hour::of(at(0))).await.expect("a page");
    let names: Vec<_> = page.rows.iter().map(|row| row.app.information.name.as_str()).collect();
    assert_eq!(names, ["Relay 4", "Relay 3", "Relay 2", "Relay 1", "Relay 0"]);
}

async fn a_count_ends_at_a_number(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = named_account(&database, "Meridian").await;
    let mut tx = database.begin().await;
    for number in 0..COUNTED {
        draft(&mut tx, ours, &format!("Relay {number}"), at(0)).await;
    }
    tx.commit().await.expect("it holds");
    let total = async || {
        let filter = EveryAppFilter::default();
        let page = database.read().await.every_app(admin(), &filter, Hour::of(at(0))).await;
        page.expect("a page").total
    };
    assert_eq!(total().await, COUNTED);
    for _ in 0..2 {
        app(&database, ours, "One more").await;
        assert_eq!(total().await, COUNTED + 1);
    }
}

async fn figures_are_the_same_before_and_after_they_are_summed_up(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) =
        (named_account(&database, "Meridian").await, named_account(&database, "Other").await);
    let person = crate::rows::user(&database, "ada@meridian.example").await;
    crate::rows::user(&database, "bob@meridian.example").await;
    let relay = app(&database, ours, "Relay").await;
    app(&database, ours, "Bridge").await;
    app(&database, theirs, "Theirs").await;
    let mut tx = database.begin().await;
    tx.set_app_state(ours, relay, StateKind::Active, None).await.expect("active");
    tx.set_standing(ours, Standing::Pending).await.expect("pending");
    tx.delete_account(theirs).await.expect("gone, and its app");
    tx.delete_user(person).await.expect("gone");
    tx.commit().await.expect("it holds");
    let changes = async || database.texts("select thing || kind || change from figure_changes").await.len();
    assert!(changes().await > 4);
    for _ in 0..3 {
        let figures = database.read().await.figures(admin()).await.expect("figures");
        assert_eq!(figures.accounts, [(Standing::Pending, 1)]);
        let apps: BTreeMap<_, _> = figures.apps.iter().map(|(state, n)| (state.as_str(), *n)).collect();
        assert_eq!(apps, BTreeMap::from([("active", 1), ("draft", 1)]));
        assert_eq!(figures.users, 1);
        let mut tx = database.begin().await;
        tx.sum_figures().await.expect("summed up");
        tx.commit().await.expect("it holds");
    }
    assert_eq!(changes().await, 0);
}

async fn figures_are_right_whoever_writes_while_they_are_summed_up(kind: Kind) {
    const WRITERS: i64 = 4;
    const EACH: i64 = 15;
    let database = TestDatabase::new(kind).await;
    let ours = named_account(&database, "Meridian").await;
    let store = &database.store;
    let writer = async |number: i64| {
        for round in 0..EACH {
            let mut tx = store.begin().await.expect("a transaction");
            let app = draft(&mut tx, ours, &format!("Relay {number} {round}"), at(0)).await;
            if round % 3 == 0 {
                tx.set_app_state(ours, app, StateKind::Active, None).await.expect("active");
            }
            tx.commit().await.expect("it holds");
        }
    };
    let sweeper = async || {
        for round in 0..EACH {
            let mut tx = store.begin().await.expect("a transaction");
            if round % 4 == 0 {
                tx.recount_figures().await.expect("counted");
            } else {
                tx.sum_figures().await.expect("summed up");
            }
            tx.commit().await.expect("it holds");
        }
    };
    tokio::join!(futures_util::future::join_all((0..WRITERS).map(writer)), sweeper(), sweeper(),);
    let figures = database.read().await.figures(admin()).await.expect("figures");
    let apps: BTreeMap<_, _> = figures.apps.iter().map(|(state, n)| (state.as_str(), *n)).collect();
    assert_eq!(apps, BTreeMap::from([("active", WRITERS * EACH / 3), ("draft", WRITERS * EACH / 3 * 2)]));
}

async fn figures_are_put_right_by_a_recount(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = named_account(&database, "Meridian").await;
    app(&database, ours, "Relay").await;
    database.run("update figures set total = -3").await;
    database.run("insert into figures (thing, kind, total) values ('app', 'suspended', 9)").await;
    for _ in 0..2 {
        let mut tx = database.begin().await;
        tx.recount_figures().await.expect("counted");
        tx.sum_figures().await.expect("summed up");
        tx.commit().await.expect("it holds");
        let figures = database.read().await.figures(admin()).await.expect("figures");
        assert_eq!(figures.accounts, [(Standing::Approved, 1)]);
        assert_eq!((figures.apps, figures.users), (vec![(StateKind::Draft, 1)], 0));
    }
}
