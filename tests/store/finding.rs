//! Finding apps and accounts of the whole platform, by the index of each database.

use portico::{
    domain::{
        account::Standing,
        app::{AppType, StateKind, name::NameKey},
        calls::Hour,
        credential::ApiKey,
        id::{AccountId, AppId},
        user::Admin,
    },
    store::{AccountFilter, EveryAppFilter},
};

use crate::{
    rows::{app, at, draft, new_id},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::parsed,
    },
};

on_both!(
    three_characters_are_found_anywhere_and_fewer_at_the_beginning,
    signs_of_patterns_and_expressions_are_letters_like_others,
    a_name_is_found_by_what_it_is_now,
    what_is_gone_is_not_found,
    filters_narrow_what_a_name_finds,
    ids_and_keys_find_what_is_theirs_alone,
    accounts_are_found_by_name_and_by_external_id,
    what_the_newest_rows_do_not_hold_is_found_in_the_index,
);

pub(crate) fn admin() -> Admin {
    let user = crate::rows::unsaved_user("root@platform.example");
    Admin::prove(&portico::domain::user::User { is_admin: true, ..user }).expect("an admin")
}

pub(crate) async fn named_account(database: &TestDatabase, name: &str) -> AccountId {
    let id = new_id();
    let mut tx = database.begin().await;
    tx.insert_account(id, &parsed(name), Standing::Approved, at(0)).await.expect("an account");
    tx.commit().await.expect("it holds");
    id
}

fn searching(text: &str) -> EveryAppFilter {
    EveryAppFilter { search: Some(NameKey::of(text)), ..EveryAppFilter::default() }
}

/// The names that a filter finds, the newest first, and as many counted.
async fn found(database: &TestDatabase, filter: &EveryAppFilter) -> Vec<String> {
    let page = database.read().await.every_app(admin(), filter, Hour::of(at(0))).await.expect("a page");
    assert_eq!(page.total, i64::try_from(page.rows.len()).expect("few"), "{filter:?}");
    page.rows.into_iter().map(|row| row.app.information.name.to_string()).collect()
}

async fn three_characters_are_found_anywhere_and_fewer_at_the_beginning(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = named_account(&database, "Nordwind Söhne").await;
    let theirs = named_account(&database, "Relais 会議室").await;
    for (account, name) in
        [(ours, "Ledger Bridge"), (ours, "Straßen ÄÖÜ"), (theirs, "会議 Desk"), (theirs, "Édit Ｗｉｄｅ")]
    {
        app(&database, account, name).await;
    }
    let (ledger, strassen, desk, edit) = ("Ledger Bridge", "Straßen ÄÖÜ", "会議 Desk", "Édit Ｗｉｄｅ");
    for (search, names) in [
        ("", [edit, desk, strassen, ledger].as_slice()),
        (" \u{3164} ", &[edit, desk, strassen, ledger]),
        ("bri", &[ledger]),
        ("GER  bri", &[ledger]),
        ("STRASSEN", &[strassen]),
        ("aßen", &[strassen]),
        ("äÖü", &[strassen]),
        ("ｗide", &[edit]),
        // Decomposed.
        ("e\u{301}dit", &[edit]),
        ("dwind", &[strassen, ledger]),
        ("söhne", &[strassen, ledger]),
        ("会議室", &[edit, desk]),
        ("l", &[ledger]),
        ("LE", &[ledger]),
        ("br", &[]),
        ("b", &[]),
        // The beginning of an account's name.
        ("n", &[strassen, ledger]),
        ("RE", &[edit, desk]),
        ("会", &[desk]),
        ("会議", &[desk]),
        ("é", &[edit]),
        // No name holds the end of one and the beginning of another.
        ("bridgenord", &[]),
        ("bridge nord", &[]),
        ("bridge\n\nnord", &[]),
        ("led\0ger", &[]),
        ("\0", &[]),
        (&"a".repeat(60_000), &[]),
        (&"%".repeat(60_000), &[]),
        (&"\"".repeat(60_000), &[]),
    ] {
        assert_eq!(found(&database, &searching(search)).await, names, "{:?}", search.get(..9));
    }
}

async fn signs_of_patterns_and_expressions_are_letters_like_others(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = named_account(&database, "Meridian").await;
    let names = [
        "100% Relay",
        "snake_case",
        "back\\slash",
        "say \"hey\"",
        "it's OR not",
        "a*b* AND (c)",
        "words:^x",
        "--- NEAR",
        "%_%",
    ];
    for name in names {
        app(&database, ours, name).await;
    }
    buried(&database, kind).await;
    for (search, name) in [
        ("00%", Some("100% Relay")),
        ("0%r", None),
        ("e_c", Some("snake_case")),
        ("e%c", None),
        ("k\\s", Some("back\\slash")),
        ("\"he", Some("say \"hey\"")),
        ("hey\"", Some("say \"hey\"")),
        ("\"\"\"", None),
        ("t's", Some("it's OR not")),
        ("' or", None),
        ("s or n", Some("it's OR not")),
        ("a*b", Some("a*b* AND (c)")),
        ("and (", Some("a*b* AND (c)")),
        ("b* and (c)", Some("a*b* AND (c)")),
        ("s:^", Some("words:^x")),
        ("words:^x", Some("words:^x")),
        ("---", Some("--- NEAR")),
        ("--", Some("--- NEAR")),
        ("-", Some("--- NEAR")),
        ("%", Some("%_%")),
        ("_", None),
        ("%_", Some("%_%")),
        ("__", None),
    ] {
        let names: Vec<_> = name.into_iter().collect();
        assert_eq!(found(&database, &searching(search)).await, names, "{search:?}");
    }
}

/// Puts so many other apps on top that none below is found without the index, and in PostgreSQL
/// so many places that what is below is in no stretch that is looked through.
async fn buried(database: &TestDatabase, kind: Kind) {
    let account = named_account(database, "Zzz").await;
    if kind == Kind::Postgres {
        database.run("select setval(pg_get_serial_sequence('app_search', 'place'), 300000)").await;
    }
    let mut tx = database.begin().await;
    for number in 0..1_010 {
        draft(&mut tx, account, &format!("Zz {number}"), at(1)).await;
    }
    tx.commit().await.expect("it holds");
}

async fn a_name_is_found_by_what_it_is_now(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = named_account(&database, "Meridian").await;
    let relay = app(&database, ours, "Relay").await;
    buried(&database, kind).await;
    let mut tx = database.begin().await;
    tx.set_app_name(ours, relay, &parsed("Courier")).await.expect("another name");
    tx.commit().await.expect("it holds");
    let mut tx = database.begin().await;
    tx.set_account_name(ours, &parsed("Nordwind")).await.expect("another name");
    tx.commit().await.expect("it holds");
    for (search, names) in [
        ("relay", [].as_slice()),
        ("meridian", &[]),
        ("courier", &["Courier"]),
        ("nordwind", &["Courier"]),
        ("no", &["Courier"]),
        ("me", &[]),
    ] {
        assert_eq!(found(&database, &searching(search)).await, names, "{search:?}");
    }
}

async fn what_is_gone_is_not_found(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) =
        (named_account(&database, "Meridian").await, named_account(&database, "Other").await);
    let relay = app(&database, ours, "Relay").await;
    app(&database, theirs, "Relay too").await;
    buried(&database, kind).await;
    let mut tx = database.begin().await;
    tx.delete_app(ours, relay).await.expect("gone");
    tx.commit().await.expect("it holds");
    assert_eq!(found(&database, &searching("relay")).await, ["Relay too"]);
    let mut tx = database.begin().await;
    tx.delete_account(theirs).await.expect("gone");
    tx.commit().await.expect("it holds");
    assert_eq!(found(&database, &searching("relay")).await, [""; 0]);
    assert_eq!(found_accounts(&database, "other").await, [""; 0]);
    assert_eq!(found_accounts(&database, "meri").await, ["Meridian"]);
}

async fn filters_narrow_what_a_name_finds(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) =
        (named_account(&database, "Meridian").await, named_account(&database, "Other").await);
    let mut tx = database.begin().await;
    for (account, name, app_type, state) in [
        (ours, "Relay A", AppType::Jwt, StateKind::Draft),
        (ours, "Relay B", AppType::Webhook, StateKind::Draft),
        (theirs, "Relay C", AppType::Jwt, StateKind::Active),
        (theirs, "Relay D", AppType::Webhook, StateKind::Active),
        (theirs, "Bridge", AppType::Webhook, StateKind::Active),
    ] {
        let id = new_id();
        tx.insert_app(id, account, app_type, &parsed(name), at(0)).await.expect("an app");
        tx.set_app_state(account, id, state, None).await.expect("a state");
    }
    tx.commit().await.expect("it holds");
    for is_buried in [false, true] {
        if is_buried {
            buried(&database, kind).await;
        }
        for (app_type, state, account, names) in [
            (None, None, None, ["Relay D", "Relay C", "Relay B", "Relay A"].as_slice()),
            (Some(AppType::Jwt), None, None, &["Relay C", "Relay A"]),
            (None, Some(StateKind::Draft), None, &["Relay B", "Relay A"]),
            (Some(AppType::Webhook), Some(StateKind::Active), None, &["Relay D"]),
            (Some(AppType::Webhook), Some(StateKind::Suspended), None, &[]),
            (None, None, Some(theirs), &["Relay D", "Relay C"]),
            (Some(AppType::Jwt), Some(StateKind::Draft), Some(ours), &["Relay A"]),
            (Some(AppType::Jwt), Some(StateKind::Active), Some(ours), &[]),
        ] {
            let filter = EveryAppFilter { app_type, state, account, ..searching("relay") };
            assert_eq!(found(&database, &filter).await, names, "{filter:?}");
        }
    }
    let filter = EveryAppFilter { state: Some(StateKind::Active), ..EveryAppFilter::default() };
    assert_eq!(found(&database, &filter).await, ["Bridge", "Relay D", "Relay C"]);
}

async fn ids_and_keys_find_what_is_theirs_alone(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let (ours, theirs) =
        (named_account(&database, "Meridian").await, named_account(&database, "Other").await);
    let relay = app(&database, ours, "Relay").await;
    app(&database, theirs, "Bridge").await;
    let key = ApiKey::from_random([7; 16]);
    let mut tx = database.begin().await;
    tx.insert_api_key(ours, &key).await.expect("a key");
    tx.commit().await.expect("it holds");
    let all = EveryAppFilter::default;
    let (key, unknown) = (Some(key), Some(ApiKey::from_random([8; 16])));
    for (filter, names) in [
        (EveryAppFilter { id: Some(relay), ..all() }, ["Relay"].as_slice()),
        (EveryAppFilter { id: Some(relay), account: Some(theirs), ..all() }, &[]),
        (EveryAppFilter { id: Some(relay), state: Some(StateKind::Active), ..all() }, &[]),
        (EveryAppFilter { id: Some(new_id()), ..all() }, &[]),
        (EveryAppFilter { key, ..all() }, &["Relay"]),
        (EveryAppFilter { key, account: Some(ours), ..all() }, &["Relay"]),
        (EveryAppFilter { key, account: Some(theirs), ..all() }, &[]),
        (EveryAppFilter { key: unknown, ..all() }, &[]),
    ] {
        assert_eq!(found(&database, &filter).await, names, "{filter:?}");
    }
    for (filter, number) in [
        (AccountFilter { id: Some(theirs), ..AccountFilter::default() }, 1),
        (AccountFilter { key, ..AccountFilter::default() }, 1),
        (AccountFilter { key, id: Some(theirs), ..AccountFilter::default() }, 0),
        (AccountFilter { key: unknown, ..AccountFilter::default() }, 0),
    ] {
        let page = database.read().await.every_account(admin(), &filter).await.expect("a page");
        assert_eq!(
            (page.rows.len(), page.total),
            (number, i64::try_from(number).expect("few")),
            "{filter:?}"
        );
    }
}

async fn found_accounts(database: &TestDatabase, text: &str) -> Vec<String> {
    let filter = AccountFilter {
        search: Some(NameKey::of(text)),
        external_id: text.parse().ok(),
        ..AccountFilter::default()
    };
    let page = database.read().await.every_account(admin(), &filter).await.expect("a page");
    assert_eq!(page.total, i64::try_from(page.rows.len()).expect("few"), "{filter:?}");
    page.rows.into_iter().map(|row| row.account.name.to_string()).collect()
}

async fn accounts_are_found_by_name_and_by_external_id(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let first = named_account(&database, "Straßenbau").await;
    let second = named_account(&database, "Crm Partners").await;
    let third = named_account(&database, "Bauhaus").await;
    let mut tx = database.begin().await;
    for (account, external_id) in [(first, "crm"), (third, "CRM-7")] {
        tx.set_external_id(account, Some(&parsed(external_id))).await.expect("an external id");
    }
    tx.set_standing(second, Standing::Pending).await.expect("pending");
    tx.commit().await.expect("it holds");
    for (search, names) in [
        ("bau", ["Bauhaus", "Straßenbau"].as_slice()),
        ("BA", &["Bauhaus"]),
        ("s", &["Straßenbau"]),
        ("au", &[]),
        // By name the one, by external id the other.
        ("crm", &["Crm Partners", "Straßenbau"]),
        ("CRM-7", &["Bauhaus"]),
        ("crm-7", &[]),
    ] {
        assert_eq!(found_accounts(&database, search).await, names, "{search:?}");
    }
    for (standing, names) in [
        (Standing::Pending, ["Crm Partners"].as_slice()),
        (Standing::Approved, &["Straßenbau"]),
        (Standing::Suspended, &[]),
    ] {
        let filter = AccountFilter {
            search: Some(NameKey::of("crm")),
            external_id: Some(parsed("crm")),
            standing: Some(standing),
            ..AccountFilter::default()
        };
        let page = database.read().await.every_account(admin(), &filter).await.expect("a page");
        let seen: Vec<_> = page.rows.iter().map(|row| row.account.name.as_str()).collect();
        assert_eq!(seen, names, "{standing:?}");
    }
}

async fn what_the_newest_rows_do_not_hold_is_found_in_the_index(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let ours = named_account(&database, "Meridian").await;
    let mut tx = database.begin().await;
    let mut made = Vec::new();
    for number in 0..60 {
        made.push(draft(&mut tx, ours, &format!("Relay {number}"), at(0)).await);
    }
    tx.commit().await.expect("it holds");
    buried(&database, kind).await;
    let mut tx = database.begin().await;
    made.push(draft(&mut tx, ours, "A relay on top", at(2)).await);
    tx.commit().await.expect("it holds");
    let (mut filter, mut seen) = (searching("relay"), Vec::<AppId>::new());
    loop {
        let page = database.read().await.every_app(admin(), &filter, Hour::of(at(0))).await.expect("a page");
        assert_eq!(page.total, 61);
        seen.extend(page.rows.into_iter().map(|row| row.app.id));
        let Some(next) = page.next else { break };
        filter.after = Some(next);
    }
    made.reverse();
    assert_eq!(seen, made, "each once, the last one made first");
}
