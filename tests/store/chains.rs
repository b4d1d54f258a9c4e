//! The chains of the log: whole under many who write, closed to changes, and telling of any
//! (S65)

mod unreadable;

use std::collections::BTreeMap;

use portico::{
    actions::audit::{self, Verified},
    domain::{
        audit::{
            Actor, Change, Entry, Origin,
            chain::{Break, Chain, Fault, Hash, KeptHead},
        },
        id::{AccountId, AuditId, Id},
    },
};
use sha2::{Digest, Sha256};

use crate::{
    races::at_once,
    rows::{account, at, new_id},
    support::{
        databases::{Kind, TestDatabase, on_both},
        world::World,
    },
};

on_both!(
    many_who_write_at_once_leave_whole_chains,
    a_transaction_that_is_dropped_leaves_no_row_and_no_gap,
    chains_begun_at_once_have_one_beginning,
    nothing_of_the_log_can_be_changed_or_taken_away,
    what_was_tampered_with_is_named,
    a_kept_head_finds_what_was_cut_off_with_its_head,
    the_hash_is_that_of_the_documented_encoding,
    what_people_do_stands_in_the_chain_of_its_account,
);

fn entry(account: Option<AccountId>, word: &str) -> Entry {
    let change = Change::AccountRenamed { from: String::from("before"), to: word.to_owned() };
    Entry { at: at(0), actor: Actor::Operator, origin: Origin::default(), account, app: None, change }
}

async fn write(database: &TestDatabase, account: Option<AccountId>, words: &[&str]) {
    for (second, word) in (0..).zip(words) {
        let mut tx = database.begin().await;
        // Two rows of one number are read in the order of their ids.
        tx.audit(AuditId::generate(at(second), portico::crypto::random()), entry(account, word));
        tx.commit().await.expect("it holds");
    }
}

/// What verifying comes to, and the broken rows.
async fn verified(database: &TestDatabase) -> (Verified, Vec<Break>) {
    let mut found = Vec::new();
    let verified = audit::verify(&database.store, |broken| found.push(broken)).await.expect("an answer");
    (verified, found)
}

async fn heads(database: &TestDatabase) -> BTreeMap<Chain, KeptHead> {
    let mut heads = BTreeMap::new();
    let each = |kept: KeptHead| {
        heads.insert(kept.chain, kept);
        Ok::<_, portico::store::StoreError>(())
    };
    audit::heads(&database.store, each).await.expect("heads");
    heads
}

async fn many_who_write_at_once_leave_whole_chains(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let one = account(&database).await;
    let others = [account(&database).await, account(&database).await];
    at_once(8, |racer| {
        let store = database.store.clone();
        async move {
            for n in 0..25_usize {
                let mut tx = store.begin().await.expect("a transaction");
                // Each in an order of its own, which must not make them wait for each other.
                let mut accounts = vec![Some(one), others.get(n % 2).copied(), None];
                accounts.rotate_left(racer % 3);
                for account in accounts {
                    tx.audit(AuditId::generate(at(0), portico::crypto::random()), entry(account, "after"));
                }
                tx.commit().await.expect("it holds");
            }
        }
    })
    .await;
    let (outcome, found) = verified(&database).await;
    assert_eq!(found, []);
    assert_eq!(outcome, Verified { chains: 4, rows: 600, broken: 0, nameless: 0 });
    let ends: Vec<_> = heads(&database).await.into_values().map(|kept| (kept.chain, kept.head.seq)).collect();
    let mut expected = vec![(Chain::Platform, 200), (Chain::Account(one), 200)];
    expected.extend([(Chain::Account(others[0]), 104), (Chain::Account(others[1]), 96)]);
    expected.sort_unstable();
    assert_eq!(ends, expected);
}

async fn a_transaction_that_is_dropped_leaves_no_row_and_no_gap(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let one = account(&database).await;
    write(&database, Some(one), &["a"]).await;
    let mut tx = database.begin().await;
    tx.audit(new_id(), entry(Some(one), "never"));
    drop(tx);
    // The first row is there, the second one's id is taken: neither holds.
    let taken: AuditId = new_id();
    let mut tx = database.begin().await;
    tx.audit(taken, entry(Some(one), "b"));
    tx.commit().await.expect("it holds");
    let mut tx = database.begin().await;
    tx.audit(new_id(), entry(Some(one), "never"));
    tx.audit(taken, entry(Some(one), "never"));
    assert!(tx.commit().await.is_err());
    write(&database, Some(one), &["c"]).await;
    let (outcome, found) = verified(&database).await;
    assert_eq!((outcome.rows, found), (3, vec![]));
    assert_eq!(database.texts("select detail from audit_log where detail like '%never%'").await, [""; 0]);
}

async fn chains_begun_at_once_have_one_beginning(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    for _ in 0..5 {
        let one = account(&database).await;
        at_once(8, |_| {
            let store = database.store.clone();
            async move {
                let mut tx = store.begin().await.expect("a transaction");
                tx.audit(new_id(), entry(Some(one), "first"));
                tx.commit().await.expect("it holds");
            }
        })
        .await;
    }
    let (outcome, found) = verified(&database).await;
    assert_eq!((outcome, found), (Verified { chains: 5, rows: 40, broken: 0, nameless: 0 }, vec![]));
}

async fn nothing_of_the_log_can_be_changed_or_taken_away(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    write(&database, None, &["a", "b"]).await;
    let before = database.dump().await;
    let mut refused = vec![
        "update audit_log set detail = '{}'",
        "update audit_log set seq = seq + 10",
        "delete from audit_log",
        "delete from audit_log where seq = 2",
        "insert into audit_log select * from audit_log where true on conflict (id) do update set detail = ''",
        "delete from audit_heads",
        "update audit_heads set seq = 1",
        "update audit_heads set hash = (select hash from audit_log where seq = 1)",
    ];
    match kind {
        Kind::Sqlite => refused.extend([
            "insert or replace into audit_log select * from audit_log where seq = 1",
            "insert or replace into audit_heads (chain, seq, hash) select chain, 0, hash from audit_heads",
            "update or ignore audit_log set detail = '{}'",
        ]),
        Kind::Postgres => refused.extend([
            "truncate audit_log",
            "truncate audit_heads",
            "truncate audit_log, users cascade",
        ]),
    }
    for sql in refused {
        let said = database.refusal(sql).await;
        assert!(said.contains("the audit log is append-only"), "{sql}: {said}");
    }
    assert_eq!(database.dump().await, before);
    // What is refused by name is refused because of it: an honest row is taken.
    write(&database, None, &["c"]).await;
    assert_eq!(verified(&database).await.1, []);
}

/// The triggers and the unique rule go, as they would for somebody who owns the database.
async fn unguarded(database: &TestDatabase) {
    let (names, unique) = match database.kind() {
        Kind::Sqlite => (
            "select 'drop trigger ' || name from sqlite_schema where type = 'trigger'",
            // It is kept in the table, which is made anew without.
            "create table loose as select * from audit_log;
             drop table audit_log; alter table loose rename to audit_log",
        ),
        Kind::Postgres => (
            "select 'drop trigger ' || tgname || ' on ' || tgrelid::regclass from pg_trigger where not tgisinternal",
            "alter table audit_log drop constraint audit_log_chain_seq_key",
        ),
    };
    for sql in database.texts(names).await {
        database.run(&sql).await;
    }
    database.run(unique).await;
}

async fn what_was_tampered_with_is_named(kind: Kind) {
    // What is done to a log of five rows, and the first row of the chain that does not hold then.
    for (sql, seq, fault) in [
        ("update audit_log set detail = replace(detail, 'c', 'x') where CHAIN and seq = 3", 3, Fault::Hash),
        ("update audit_log set address = '192.0.2.1' where CHAIN and seq = 2", 2, Fault::Hash),
        ("update audit_log set at = at + 1 where CHAIN and seq = 1", 1, Fault::Hash),
        (
            "update audit_log set hash = (select hash from audit_heads where CHAIN) where CHAIN and seq = 3",
            3,
            Fault::Hash,
        ),
        ("delete from audit_log where CHAIN and seq = 3", 3, Fault::Missing),
        ("delete from audit_log where CHAIN and seq = 1", 1, Fault::Missing),
        ("delete from audit_log where CHAIN and seq = 5", 5, Fault::Missing),
        ("delete from audit_log where CHAIN", 1, Fault::Missing),
        ("update audit_log set seq = seq - 1 where CHAIN and seq > 3", 3, Fault::Fork),
        ("update audit_log set seq = 0 where CHAIN and seq = 4", 0, Fault::Fork),
        ("update audit_log set seq = 7 - seq where CHAIN and seq in (3, 4)", 3, Fault::Hash),
        ("delete from audit_heads where CHAIN", 5, Fault::BehindHead(0)),
        ("update audit_heads set seq = 4 where CHAIN", 5, Fault::BehindHead(4)),
        ("update audit_heads set seq = 9 where CHAIN", 6, Fault::Missing),
        (
            "update audit_heads set hash = (select hash from audit_log where CHAIN and seq = 1) where CHAIN",
            5,
            Fault::HeadDiffers,
        ),
    ] {
        let database = TestDatabase::new(kind).await;
        let (one, other) = (account(&database).await, account(&database).await);
        write(&database, Some(other), &["a", "b"]).await;
        write(&database, Some(one), &["a", "b", "c", "d", "e"]).await;
        unguarded(&database).await;
        assert_eq!(verified(&database).await.1, [], "nothing was touched yet");
        let sql = sql.replace("CHAIN", &format!("chain = {}", database.literal(&one)));
        database.run(&sql).await;
        let (outcome, found) = verified(&database).await;
        let [broken] = found.as_slice() else { panic!("{sql}: {found:?}") };
        assert_eq!((broken.chain, broken.seq, broken.fault), (Chain::Account(one), seq, fault), "{sql}");
        assert_eq!((outcome.chains, outcome.broken), (2, 1), "{sql}");
    }
}

/// By the words of docs/audit.md, from the columns alone.
async fn the_hash_is_that_of_the_documented_encoding(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let one = account(&database).await;
    let origin = Origin {
        address: Some("2001:db8::7".parse().expect("an address")),
        request_id: Some(String::from("0123456789abcdef")),
    };
    let (actor, app) = (new_id(), new_id());
    let ids: [AuditId; 2] = [new_id(), new_id()];
    let mut tx = database.begin().await;
    let first = Entry { origin, actor: Actor::User(actor), app: Some(app), ..entry(Some(one), "Ärger\n") };
    tx.audit(ids[0], first);
    tx.audit(ids[1], entry(Some(one), ""));
    tx.commit().await.expect("it holds");
    let present = |text: &str| [&[1][..], &(text.len() as u64).to_be_bytes(), text.as_bytes()].concat();
    let absent = || vec![0];
    let micros = at(0).micros().to_string();
    let rows = [
        [
            present(&ids[0].to_string()),
            present(&one.to_string()),
            present("1"),
            present(&micros),
            present("user"),
            present(&actor.to_string()),
            present(&app.to_string()),
            present("account_renamed"),
            present(r#"{"from":"before","to":"Ärger\n"}"#),
            present("2001:db8::7"),
            present("0123456789abcdef"),
        ],
        [
            present(&ids[1].to_string()),
            present(&one.to_string()),
            present("2"),
            present(&micros),
            present("operator"),
            absent(),
            absent(),
            present("account_renamed"),
            present(r#"{"from":"before","to":""}"#),
            absent(),
            absent(),
        ],
    ];
    let mut before = [0; 32];
    for (seq, fields) in (1..).zip(rows) {
        let bytes = [&b"portico audit 1"[..], &before, &fields.concat()].concat();
        before = Sha256::digest(bytes).into();
        let stored = database.read().await.audit_hash(Chain::Account(one), seq).await.expect("a row");
        assert_eq!(stored, Some(Hash::from_bytes(before)), "entry {seq}");
    }
}

async fn what_people_do_stands_in_the_chain_of_its_account(kind: Kind) {
    let world = World::new(kind).await;
    let ada = world.user("ada@meridian.example").await;
    let eve = world.user("eve@evil.example").await;
    world.sign_in(&ada).await;
    for person in [&ada, &eve] {
        let app = world.jwt_app(person, person.email.as_str()).await;
        world.subscription(person, &app).await;
        world.activate(person, &app).await;
    }
    let (outcome, found) = verified(&world.database).await;
    assert_eq!(found, []);
    let heads = heads(&world.database).await;
    assert_eq!(heads.keys().filter_map(|chain| chain.account()).count(), 2);
    assert!(heads.contains_key(&Chain::Platform), "users and sign-ins");
    let rows: i64 = heads.values().map(|kept| kept.head.seq).sum();
    assert_eq!(outcome.rows, rows.unsigned_abs());
}

async fn a_kept_head_finds_what_was_cut_off_with_its_head(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let one = account(&database).await;
    write(&database, Some(one), &["a", "b"]).await;
    let kept = heads(&database).await[&Chain::Account(one)];
    let as_kept = async || audit::as_kept(&database.store, &kept).await.expect("an answer");
    assert_eq!(as_kept().await, Ok(()));
    // What is added later does not matter.
    write(&database, Some(one), &["c"]).await;
    assert_eq!(as_kept().await, Ok(()));
    unguarded(&database).await;
    let cut = "delete from audit_log where seq > 1;
        update audit_heads set seq = 1, hash = (select hash from audit_log where seq = 1)";
    database.run(cut).await;
    assert_eq!(verified(&database).await.1, [], "the chain is whole, and shorter");
    assert_eq!(as_kept().await.map_err(|broken| (broken.seq, broken.fault)), Err((2, Fault::Missing)));
    // Written on from there, it is another chain.
    write(&database, Some(one), &["x", "c"]).await;
    assert_eq!(verified(&database).await.1, []);
    assert_eq!(as_kept().await.map_err(|broken| (broken.seq, broken.fault)), Err((2, Fault::NotAsKept)));
}
