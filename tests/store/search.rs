//! Finding apps by a part of their name.

use portico::{domain::app::name::NameKey, store::AppFilter};

use crate::{
    rows::{account, at, draft},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    a_search_finds_a_part_of_the_name_in_any_case_and_width,
    signs_of_patterns_are_letters_like_others,
    a_search_that_no_name_can_answer_finds_nothing,
);

const NAMES: [&str; 7] =
    ["Ledger Bridge", "100% Relay", "snake_case", "Straßen ÄÖÜ", "会議 Relay", "back\\slash", "Ｗｉｄｅ"];

async fn named(kind: Kind) -> impl AsyncFn(&str) -> Vec<String> {
    let database = TestDatabase::new(kind).await;
    let ours = account(&database).await;
    let mut tx = database.begin().await;
    for (second, name) in (0..).zip(NAMES) {
        draft(&mut tx, ours, name, at(-second)).await;
    }
    tx.commit().await.expect("it holds");
    async move |search: &str| {
        let filter = AppFilter { search: Some(NameKey::of(search)), ..AppFilter::default() };
        let page = database.read().await.apps(ours, &filter).await.expect("a page");
        assert_eq!(page.total, i64::try_from(page.apps.len()).expect("few"), "{search:?}");
        page.apps.into_iter().map(|app| app.information.name.to_string()).collect()
    }
}

async fn a_search_finds_a_part_of_the_name_in_any_case_and_width(kind: Kind) {
    let found = named(kind).await;
    for (search, names) in [
        ("", NAMES.as_slice()),
        ("  ", &NAMES),
        ("bridge", &["Ledger Bridge"]),
        ("LEDGER", &["Ledger Bridge"]),
        ("GER  bri", &["Ledger Bridge"]),
        ("relay", &["100% Relay", "会議 Relay"]),
        ("STRASSEN", &["Straßen ÄÖÜ"]),
        ("äÖü", &["Straßen ÄÖÜ"]),
        ("会議", &["会議 Relay"]),
        ("ｂｒｉｄｇｅ", &["Ledger Bridge"]),
        ("wide", &["Ｗｉｄｅ"]),
    ] {
        assert_eq!(found(search).await, names, "{search:?}");
    }
}

async fn signs_of_patterns_are_letters_like_others(kind: Kind) {
    let found = named(kind).await;
    for (search, names) in [
        ("%", ["100% Relay"].as_slice()),
        ("％", &["100% Relay"]),
        ("_", &["snake_case"]),
        ("e_c", &["snake_case"]),
        ("e%c", &[]),
        ("\\", &["back\\slash"]),
        ("k\\s", &["back\\slash"]),
        ("\\%", &[]),
        ("'", &[]),
    ] {
        assert_eq!(found(search).await, names, "{search:?}");
    }
}

/// PostgreSQL has no NUL in its text; SQLite refuses a pattern of 50,000 bytes.
async fn a_search_that_no_name_can_answer_finds_nothing(kind: Kind) {
    let found = named(kind).await;
    for search in ["led\0ger", "\0", &"a".repeat(60_000), &"%".repeat(60_000)] {
        assert!(found(search).await.is_empty(), "{:?}", search.get(..9));
    }
}
