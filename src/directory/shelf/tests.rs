use super::*;
use crate::domain::id::{Id, SecretId};

/// Of an account.
#[derive(Debug)]
struct Thing(AccountId);

impl Kept for Thing {
    type Key = u32;

    fn shelf(_: &Directory) -> &Shelf<Self> {
        unreachable!("no directory has a shelf of these")
    }

    fn account(&self) -> AccountId {
        self.0
    }

    async fn read(_: &Directory, _: &mut Conn, _: &[u32]) -> Result<Vec<Read<Self>>, StoreError> {
        Ok(Vec::new())
    }
}

fn account(n: u128) -> AccountId {
    AccountId::from_uuid(uuid::Uuid::from_u128(n))
}

fn thing(n: u128) -> Arc<Thing> {
    Arc::new(Thing(account(n)))
}

#[test]
fn what_was_read_before_a_change_of_its_account_is_not_kept() {
    let shelf = Shelf::new(10);
    let heard = shelf.heard();
    shelf.forget(account(1));
    assert!(!shelf.keep(1, &thing(1), heard) && shelf.get(&1).is_none());
    assert!(shelf.keep(2, &thing(2), heard), "another account did not change");
    let heard = shelf.heard();
    assert!(shelf.keep(1, &thing(1), heard) && shelf.get(&1).is_some(), "read after the change");
    shelf.forget(account(1));
    assert!(shelf.get(&1).is_none() && shelf.get(&2).is_some());
}

#[test]
fn a_change_counts_after_so_many_others_that_it_is_not_remembered() {
    let shelf = Shelf::new(10);
    let heard = shelf.heard();
    shelf.forget(account(1));
    for n in 0..index::REMEMBERED as u128 {
        shelf.forget(account(1_000 + n));
    }
    assert!(!shelf.keep(1, &thing(1), heard));
    assert!(!shelf.keep(2, &thing(2), heard), "nobody remembers that this one did not change");
    let heard = shelf.heard();
    assert!(shelf.keep(1, &thing(1), heard) && shelf.keep(2, &thing(2), heard));
}

#[test]
fn nothing_is_kept_that_was_read_before_all_was_forgotten() {
    let shelf = Shelf::new(10);
    let heard = shelf.heard();
    assert!(shelf.keep(2, &thing(2), heard));
    shelf.forget_all();
    assert!(!shelf.keep(1, &thing(1), heard) && shelf.get(&2).is_none());
    assert!(shelf.keep(1, &thing(1), shelf.heard()));
}

#[test]
fn a_key_was_known_until_nobody_has_it() {
    let shelf = Shelf::new(10);
    assert!(shelf.keep(1, &thing(1), 0) && shelf.keep(2, &thing(2), 0));
    shelf.forget(account(1));
    assert!(shelf.was_known(&1) && !shelf.was_known(&100));
    shelf.forget_all();
    assert!(shelf.was_known(&2));
    assert!(shelf.take_in(1, &Ok(None), shelf.heard()));
    assert!(!shelf.was_known(&1), "nobody has it any more");
    assert!(shelf.keep(2, &thing(2), shelf.heard()));
    assert!(!shelf.was_known(&2), "it is known");
}

#[test]
fn a_secret_that_did_not_open_is_remembered_until_its_account_changes() {
    let shelf = Shelf::<Thing>::new(10);
    let sealed = Unreadable { account: account(1), secret: SecretId::from_uuid(uuid::Uuid::nil()) };
    let heard = shelf.heard();
    assert!(shelf.take_in(1, &Err(sealed), heard));
    shelf.forget(account(2));
    assert!(matches!(shelf.in_memory(&1), Err(Blind::Sealed(_))));
    shelf.forget(account(1));
    assert!(matches!(shelf.in_memory(&1), Ok(InMemory::Unknown)));
    assert!(shelf.take_in(1, &Err(sealed), heard));
    assert!(matches!(shelf.in_memory(&1), Ok(InMemory::Unknown)), "it was read before the change");
}

#[test]
fn what_is_kept_anew_is_forgotten_by_its_accounts_next_change() {
    let shelf = Shelf::new(10);
    for of in [1, 1, 2] {
        assert!(shelf.keep(1, &thing(of), shelf.heard()));
    }
    shelf.forget(account(1));
    assert!(shelf.get(&1).is_some(), "it is another's by now");
    shelf.forget(account(2));
    assert!(shelf.get(&1).is_none());
}

#[test]
fn what_the_cache_drops_is_tied_no_more() {
    const ROOM: usize = 20;
    let shelf = Shelf::new(ROOM);
    for key in 0..10_000 {
        assert!(shelf.keep(key, &thing(u128::from(key) / 3), 0));
        assert!(shelf.len() <= ROOM);
    }
    let tied: Vec<_> = lock(&shelf.index).all_keys().copied().collect();
    assert!(tied.len() == shelf.len() && tied.iter().all(|key| shelf.get(key).is_some()), "{tied:?}");
}

#[test]
fn one_account_does_not_take_the_room_of_others_that_were_known() {
    let shelf = Shelf::new(100_000);
    assert!(shelf.keep(0, &thing(0), 0));
    shelf.forget(account(0));
    for key in 1..50_000 {
        assert!(shelf.keep(key, &thing(1), 0));
    }
    shelf.forget(account(1));
    assert_eq!(shelf.len(), 0);
    assert!(shelf.known_before.get(&0).is_some());
    assert_eq!(shelf.known_before.len(), 1 + KNOWN_BEFORE_OF_ONE);
}
