//! Chains of which something cannot be read, and what is said of the others.

use portico::{
    actions::audit::Verified,
    domain::audit::chain::{Chain, Fault},
};

use super::{entry, heads, unguarded, verified, write};
use crate::{
    rows::{account, new_id},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    a_row_that_cannot_be_read_is_named_too,
    a_broken_chain_hides_none_of_the_others,
    rows_of_a_chain_without_a_name_are_counted_and_hide_nothing,
);

/// More rows than are read at a time, one of which no type of ours holds.
async fn a_row_that_cannot_be_read_is_named_too(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let one = account(&database).await;
    let mut tx = database.begin().await;
    for _ in 0..2_300 {
        tx.audit(new_id(), entry(Some(one), "after"));
    }
    tx.commit().await.expect("it holds");
    assert_eq!(verified(&database).await.0, Verified { chains: 1, rows: 2_300, broken: 0, nameless: 0 });
    unguarded(&database).await;
    let hash = match kind {
        Kind::Sqlite => "x'00'",
        Kind::Postgres => "'\\x00'",
    };
    database.run(&format!("update audit_log set hash = {hash} where seq = 1500")).await;
    let (outcome, found) = verified(&database).await;
    let [broken] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((broken.seq, broken.fault), (1_500, Fault::Unreadable));
    assert_eq!(outcome.rows, 1_499);
}

/// Chains that end within what is read at a time.
async fn a_broken_chain_hides_none_of_the_others(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let mut chains = Vec::new();
    for _ in 0..5 {
        chains.push(account(&database).await);
    }
    chains.sort_unstable();
    for chain in &chains {
        let mut tx = database.begin().await;
        for _ in 0..700 {
            tx.audit(new_id(), entry(Some(*chain), "after"));
        }
        tx.commit().await.expect("it holds");
    }
    write(&database, None, &["a", "b"]).await;
    assert_eq!(verified(&database).await.0, Verified { chains: 6, rows: 3_502, broken: 0, nameless: 0 });
    unguarded(&database).await;
    let hash = match kind {
        Kind::Sqlite => "x'00'",
        Kind::Postgres => "'\\x00'",
    };
    for (place, sql) in [
        (0, "update audit_log set detail = '{}' where CHAIN and seq = 700"),
        (1, &*format!("update audit_log set hash = {hash} where CHAIN and seq = 350")),
        (2, "delete from audit_log where CHAIN"),
        (3, &*format!("update audit_heads set hash = {hash} where CHAIN")),
    ] {
        database.run(&sql.replace("CHAIN", &format!("chain = {}", database.literal(&chains[place])))).await;
    }
    let (outcome, found) = verified(&database).await;
    let found: Vec<_> = found.iter().map(|broken| (broken.chain, broken.seq, broken.fault)).collect();
    let faults =
        [(700, Fault::Hash), (350, Fault::Unreadable), (1, Fault::Missing), (701, Fault::Unreadable)];
    let expected: Vec<_> =
        chains.iter().zip(faults).map(|(id, (seq, fault))| (Chain::Account(*id), seq, fault)).collect();
    assert_eq!(found, expected);
    let rows = 2 + 699 + 349 + 700 + 700;
    assert_eq!(outcome, Verified { chains: 6, rows, broken: 4, nameless: 0 });
}

async fn rows_of_a_chain_without_a_name_are_counted_and_hide_nothing(kind: Kind) {
    let database = TestDatabase::new(kind).await;
    let one = account(&database).await;
    write(&database, Some(one), &["a", "b"]).await;
    write(&database, None, &["a"]).await;
    // In PostgreSQL each value of the column is a name.
    let put_in = match kind {
        Kind::Sqlite => 4,
        Kind::Postgres => 0,
    };
    if put_in > 0 {
        for (number, name) in ["x''", "x'00'", "x'ff'"].into_iter().enumerate() {
            let forged = format!(
                "insert into audit_log (id, chain, seq, at, actor, action, detail, hash)
                 select randomblob(16), {name}, {number}, at, actor, action, detail, hash from audit_log where seq = 2"
            );
            database.run(&forged).await;
        }
        database.run("insert into audit_heads (chain, seq, hash) values (x'01', 1, zeroblob(32))").await;
    }
    let (outcome, found) = verified(&database).await;
    assert_eq!(found, []);
    assert_eq!(outcome, Verified { chains: 2, rows: 3, broken: 0, nameless: put_in });
    assert_eq!(heads(&database).await.len(), 2);
}
