//! What breaks a chain, and what a hash covers.

use super::*;

fn record(seq: i64) -> Record {
    let at = Timestamp::from_seconds(1_795_504_800);
    Record {
        id: AuditId::generate(at, [u8::try_from(seq).unwrap(); 10]),
        chain: Chain::Account(AccountId::from_uuid(uuid::Uuid::from_u128(7))),
        seq,
        at,
        actor: String::from("user"),
        actor_id: Some(UserId::from_uuid(uuid::Uuid::from_u128(8))),
        app: None,
        action: String::from("account_renamed"),
        detail: String::from("{\"from\":\"Acme\",\"to\":\"Ächme\"}"),
        address: Some(String::from("192.0.2.7")),
        request_id: None,
    }
}

/// A chain of three, with their hashes.
fn chain() -> Vec<(Record, Hash)> {
    let mut before = Hash::ZERO;
    let link = |seq| {
        let record = record(seq);
        before = record.hash(before);
        (record, before)
    };
    (1..=3).map(link).collect()
}

fn follow(rows: &[(Record, Hash)], head: Head) -> Result<(), (i64, Fault)> {
    let mut follower = Follower::of(record(1).chain);
    let followed = rows.iter().try_for_each(|(row, hash)| follower.next(row, *hash));
    followed.and_then(|()| follower.end(Some(head))).map_err(|broken| (broken.seq, broken.fault))
}

/// Made by another program from the words of `docs/audit.md`.
#[test]
fn the_encoding_is_as_written_down() {
    let hash = record(1).hash(Hash::ZERO);
    assert_eq!(hash.to_string(), "aa785e3f3fe1c1b904b76838cbeb5d163e7f70f1bd5a8bc7c5da179d05e31b79");
}

#[test]
fn every_field_and_the_row_before_count() {
    let (first, hash) = chain().remove(0);
    let other_id = UserId::from_uuid(uuid::Uuid::from_u128(9));
    let changed = [
        Record { id: record(2).id, ..first.clone() },
        Record { chain: Chain::Platform, ..first.clone() },
        Record { seq: 2, ..first.clone() },
        Record { at: first.at + crate::domain::time::Span::seconds(1), ..first.clone() },
        Record { actor: String::from("operator"), ..first.clone() },
        Record { actor_id: Some(other_id), ..first.clone() },
        Record { actor_id: None, ..first.clone() },
        Record { app: Some(AppId::from_uuid(uuid::Uuid::from_u128(1))), ..first.clone() },
        Record {
            action: String::from("account_rename"),
            detail: format!("d{}", first.detail),
            ..first.clone()
        },
        Record { detail: first.detail.replace("Acme", "acme"), ..first.clone() },
        Record { address: None, ..first.clone() },
        Record { address: None, request_id: first.address.clone(), ..first.clone() },
        Record { request_id: Some(String::new()), ..first.clone() },
    ];
    for record in changed {
        assert_ne!(record.hash(Hash::ZERO), hash, "{record:?}");
    }
    assert_ne!(first.hash(hash), hash);
}

#[test]
fn the_first_broken_row_is_named() {
    let whole = chain();
    let head = |row: usize| Head { seq: whole[row].0.seq, hash: whole[row].1 };
    assert_eq!(follow(&whole, head(2)), Ok(()));

    let mut altered = whole.clone();
    altered[1].0.detail = String::from("{}");
    assert_eq!(follow(&altered, head(2)), Err((2, Fault::Hash)));
    // With a hash that fits, the next one does not.
    altered[1].1 = altered[1].0.hash(whole[0].1);
    assert_eq!(follow(&altered, head(2)), Err((3, Fault::Hash)));

    let without = [whole[0].clone(), whole[2].clone()];
    assert_eq!(follow(&without, head(2)), Err((2, Fault::Missing)));
    assert_eq!(follow(&whole[1..], head(2)), Err((1, Fault::Missing)));
    assert_eq!(follow(&whole[..2], head(2)), Err((3, Fault::Missing)));
    assert_eq!(follow(&whole, head(1)), Err((3, Fault::BehindHead(2))));
    assert_eq!(follow(&[], head(2)), Err((1, Fault::Missing)));
    let twice = [whole[0].clone(), whole[1].clone(), whole[1].clone()];
    assert_eq!(follow(&twice, head(2)), Err((2, Fault::Fork)));
    let other_head = Head { seq: 3, hash: Hash::ZERO };
    assert_eq!(follow(&whole, other_head), Err((3, Fault::HeadDiffers)));
    let mut follower = Follower::of(record(1).chain);
    follower.next(&whole[0].0, whole[0].1).unwrap();
    assert_eq!(follower.end(None).map_err(|broken| broken.fault), Err(Fault::BehindHead(0)));
    assert_eq!((follower.unreadable().seq, follower.reached().seq), (2, 1));
}

#[test]
fn a_head_is_read_as_it_was_printed_and_nothing_else_is() {
    let head = Head { seq: 12, hash: Hash::from_bytes([0xa5; 32]) };
    for chain in [Chain::Platform, record(1).chain] {
        let kept = KeptHead { chain, head };
        assert_eq!(kept.to_string().parse(), Ok(kept));
    }
    let hash = "a5".repeat(32);
    for wrong in [
        String::new(),
        format!("platform 12 {}", &hash[1..]),
        format!("platform 0 {hash}"),
        format!("platform -1 {hash}"),
        format!("platform {hash}"),
        format!("acc_1 12 {hash}"),
        format!("platform 12 {hash} more"),
        format!("platform 12 {}ü", &hash[2..]),
    ] {
        assert_eq!(wrong.parse::<KeptHead>(), Err(NotAHead), "{wrong}");
    }
}
