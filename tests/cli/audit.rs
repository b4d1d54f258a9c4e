//! `portico audit verify` and `portico audit head`, against a log that was tampered with (S65)

use std::process::Output;

use portico::{
    domain::{
        audit::{Actor, Change, Entry, Origin},
        id::{AccountId, AuditId, Id},
        time::Timestamp,
    },
    store::Database,
};

use crate::{
    program::{KEY, Program},
    support::databases::{Kind, TestDatabase, on_both},
};

on_both!(
    a_whole_log_is_counted_and_its_heads_are_printed,
    what_somebody_with_the_database_did_is_found_out,
    what_was_cut_off_is_found_by_the_heads_that_were_kept,
    it_is_looked_at_as_it_is,
    a_row_of_no_chain_is_told_of,
    a_copy_stays_as_it_was_to_the_byte,
);

/// The program over a database with two chains of five entries, and the account of one.
async fn scene(kind: Kind) -> (TestDatabase, Program, AccountId) {
    let database = TestDatabase::new(kind).await;
    let account = AccountId::generate(Timestamp::from_seconds(1_795_504_800), [7; 10]);
    add(&database, account, 5).await;
    let program = over(&database);
    (database, program, account)
}

async fn add(database: &TestDatabase, account: AccountId, count: i64) {
    for second in 0..count {
        let at = Timestamp::from_seconds(1_795_504_800 + second);
        let mut tx = database.begin().await;
        for account in [Some(account), None] {
            let change = Change::AccountRenamed { from: String::from("Acme"), to: second.to_string() };
            let (actor, origin) = (Actor::Operator, Origin::default());
            let entry = Entry { at, actor, origin, account, app: None, change };
            tx.audit(AuditId::generate(at, portico::crypto::random()), entry);
        }
        tx.commit().await.expect("it holds");
    }
}

fn over(database: &TestDatabase) -> Program {
    let url = match &database.database {
        Database::Sqlite(path) => format!("sqlite://{}", path.display()),
        Database::Postgres(url) => url.clone(),
    };
    let program = Program::new().with("PORTICO_DATABASE_URL", &url);
    match database.kind() {
        Kind::Sqlite => program,
        // The settings ask for one, whatever it is; nothing is sealed here.
        Kind::Postgres => program.with("PORTICO_SECRET_KEY", KEY),
    }
}

/// Exit code, standard output line by line, the last line of standard error.
fn said(output: &Output) -> (Option<i32>, Vec<String>, String) {
    let lines = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>();
    let complaint = lines(&output.stderr).pop().unwrap_or_default();
    (output.status.code(), lines(&output.stdout), complaint)
}

fn verify(program: &Program) -> (Option<i32>, Vec<String>, String) {
    said(&program.run(&["audit", "verify"], ""))
}

/// The triggers go, as they would for somebody who owns the database.
async fn unguarded(database: &TestDatabase) {
    let names = match database.kind() {
        Kind::Sqlite => "select 'drop trigger ' || name from sqlite_schema where type = 'trigger'",
        Kind::Postgres => {
            "select 'drop trigger ' || tgname || ' on ' || tgrelid::regclass from pg_trigger where not tgisinternal"
        }
    };
    for sql in database.texts(names).await {
        database.run(&sql).await;
    }
}

async fn a_whole_log_is_counted_and_its_heads_are_printed(kind: Kind) {
    let (database, program, account) = scene(kind).await;
    let whole = (Some(0), vec![String::from("whole: chains 2, entries 10, kept heads 0")], String::new());
    assert_eq!(verify(&program), whole);
    let (code, heads, complaint) = said(&program.run(&["audit", "head"], ""));
    assert_eq!((code, complaint.as_str()), (Some(0), ""));
    let hash = "select hash from audit_heads order by chain";
    let hash = match kind {
        Kind::Sqlite => hash.replace("hash from", "lower(hex(hash)) from"),
        Kind::Postgres => hash.replace("hash from", "encode(hash, 'hex') from"),
    };
    let hashes = database.texts(&hash).await;
    assert_eq!(heads, [format!("platform 5 {}", hashes[0]), format!("{account} 5 {}", hashes[1])]);

    program.write("heads", &heads.join("\n"));
    add(&database, account, 1).await;
    let (code, lines, _) = said(&program.run(&["audit", "verify", "--heads", "heads"], ""));
    assert_eq!((code, lines), (Some(0), vec![String::from("whole: chains 2, entries 12, kept heads 2")]));
}

async fn what_somebody_with_the_database_did_is_found_out(kind: Kind) {
    let id = match kind {
        Kind::Sqlite => "randomblob(16)",
        Kind::Postgres => "gen_random_uuid()",
    };
    let forged = format!(
        "insert into audit_log (id, chain, seq, at, actor, action, detail, hash)
         select {id}, chain, 6, at, actor, action, detail, hash from audit_log where CHAIN and seq = 5"
    );
    let inserted = format!(
        "update audit_log set seq = -seq where CHAIN and seq > 2;
         update audit_log set seq = 1 - seq where CHAIN and seq < 0;
         {}",
        forged.replace(", 6,", ", 3,").replace("seq = 5", "seq = 2")
    );
    let swapped = "update audit_log set seq = -2 where CHAIN and seq = 2;
         update audit_log set seq = 2 where CHAIN and seq = 4; update audit_log set seq = 4 where CHAIN and seq = -2";
    for (what, sql, broken) in [
        (
            "an altered detail",
            "update audit_log set detail = replace(detail, 'Acme', 'Emca') where CHAIN and seq = 3",
            "entry 3 (aud_*): its hash does not follow from what it says and from the entry before",
        ),
        ("a middle row deleted", "delete from audit_log where CHAIN and seq = 3", "entry 3: it is missing"),
        ("the last row deleted", "delete from audit_log where CHAIN and seq = 5", "entry 5: it is missing"),
        (
            "a row forged at the end",
            &forged,
            "entry 6 (aud_*): its hash does not follow from what it says and from the entry before",
        ),
        (
            "a row forged in the middle",
            &inserted,
            "entry 3 (aud_*): its hash does not follow from what it says and from the entry before",
        ),
        (
            "two rows swapped",
            swapped,
            "entry 2 (aud_*): its hash does not follow from what it says and from the entry before",
        ),
        (
            "a head set back",
            "update audit_heads set seq = 4 where CHAIN",
            "entry 5 (aud_*): it stands behind the head of the chain, which ends at entry 4",
        ),
    ] {
        let (database, program, account) = scene(kind).await;
        unguarded(&database).await;
        database.run(&sql.replace("CHAIN", &format!("chain = {}", database.literal(&account)))).await;
        let (code, lines, complaint) = verify(&program);
        let [line] = lines.as_slice() else { panic!("{what}: {lines:?}") };
        let told = match (line.split_once("(aud_"), line.split_once("): ")) {
            (Some((before, _)), Some((_, after))) => format!("{before}(aud_*): {after}"),
            _ => line.clone(),
        };
        assert_eq!(told, format!("{account}: {broken}"), "{what}");
        assert_eq!(code, Some(1), "{what}");
        assert_eq!(complaint, "portico: The audit log is broken: 1 of 2 chains do not hold.", "{what}");
    }
}

async fn what_was_cut_off_is_found_by_the_heads_that_were_kept(kind: Kind) {
    let (database, program, account) = scene(kind).await;
    let kept = program.run(&["audit", "head"], "").stdout;
    program.write("heads", &String::from_utf8(kept).expect("text"));
    unguarded(&database).await;
    let cut = "delete from audit_log where CHAIN and seq > 3;
        update audit_heads set seq = 3, hash = (select hash from audit_log where CHAIN and seq = 3) where CHAIN";
    database.run(&cut.replace("CHAIN", &format!("chain = {}", database.literal(&account)))).await;
    assert_eq!(verify(&program).0, Some(0), "what is left is whole");
    let (code, lines, complaint) = said(&program.run(&["audit", "verify", "--heads", "heads"], ""));
    assert_eq!((code, lines), (Some(1), vec![format!("{account}: entry 5: it is missing")]));
    assert_eq!(complaint, "portico: The audit log is not the one whose heads were kept: 1 of them differ.");
    // Written on as if nothing had happened.
    add(&database, account, 4).await;
    let (code, lines, _) = said(&program.run(&["audit", "verify", "--heads", "heads"], ""));
    assert_eq!(
        (code, lines),
        (Some(1), vec![format!("{account}: entry 5: its hash is not the one that was kept")])
    );

    for (text, words) in [
        ("platform 5", "heads, line 1: not what `portico audit head` prints"),
        ("\nplatform five x", "heads, line 2: not what `portico audit head` prints"),
    ] {
        program.write("heads", text);
        let (code, lines, complaint) = said(&program.run(&["audit", "verify", "--heads", "heads"], ""));
        assert_eq!((code, lines), (Some(1), vec![]));
        assert!(complaint.contains(words), "{complaint}");
    }
    for nothing in ["", "\n \n"] {
        program.write("heads", nothing);
        let (code, lines, complaint) = said(&program.run(&["audit", "verify", "--heads", "heads"], ""));
        assert_eq!((code, lines), (Some(1), vec![]));
        assert!(complaint.contains("heads holds no head"), "{complaint}");
    }
    let (code, _, complaint) = said(&program.run(&["audit", "verify", "--heads", "nowhere"], ""));
    assert!(code == Some(1) && complaint.contains("nowhere cannot be read"), "{complaint}");
}

/// Nothing is made and nothing is changed, no master key either.
async fn it_is_looked_at_as_it_is(kind: Kind) {
    let (database, program, _) = scene(kind).await;
    let before = database.dump().await;
    assert_eq!(verify(&program).0, Some(0));
    assert_eq!(database.dump().await, before);
    assert!(!program.path("portico.key").exists());

    let empty = TestDatabase::empty(kind).await;
    let (code, _, complaint) = verify(&over(&empty));
    assert!(code == Some(1) && complaint.contains("`portico migrate` does it"), "{complaint}");
    if kind == Kind::Sqlite {
        let program = Program::new();
        let (code, _, complaint) = verify(&program);
        assert!(code == Some(1) && complaint.contains("Cannot open"), "{complaint}");
        assert!(!program.path("portico.db").exists());
    }
    for arguments in [&["audit"][..], &["audit", "look"], &["audit", "head", "--heads", "x"]] {
        assert_eq!(program.run(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
}

/// Only SQLite takes such a one.
async fn a_row_of_no_chain_is_told_of(kind: Kind) {
    let (database, program, _) = scene(kind).await;
    if kind == Kind::Postgres {
        return;
    }
    let forged = "insert into audit_log (id, chain, seq, at, actor, action, detail, hash)
        select randomblob(16), x'07', 1, at, actor, action, detail, hash from audit_log limit 1";
    database.run(forged).await;
    let (code, lines, complaint) = verify(&program);
    assert_eq!((code, lines), (Some(1), vec![String::from("rows whose chain has no name: 1")]));
    assert_eq!(complaint, "portico: The audit log is broken: 1 of its rows have a chain whose name is none.");
}

/// A copy is kept as evidence: it is in the journal mode in which it was made, and stays in it.
async fn a_copy_stays_as_it_was_to_the_byte(kind: Kind) {
    let Kind::Sqlite = kind else { return };
    let (database, _, _) = scene(kind).await;
    let program = Program::new().with("PORTICO_DATABASE_URL", "sqlite://copy.db");
    let copy = program.path("copy.db");
    database.run(&format!("vacuum into '{}'", copy.display())).await;
    let before = std::fs::read(&copy).expect("the copy");
    let (code, lines, _) = verify(&program);
    assert_eq!((code, lines), (Some(0), vec![String::from("whole: chains 2, entries 10, kept heads 0")]));
    assert!(std::fs::read(&copy).expect("the copy") == before, "the copy has changed");
    assert!(!program.path("copy.db-wal").exists() && !program.path("copy.db-shm").exists());
}
