//! Stored secrets that did not open where one was needed, each told of once by a process.

use std::{collections::HashSet, mem};

use crate::domain::id::{AccountId, SecretId};

/// So many are told of. Whoever spoils more was found out by these.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Unreadable {
    told: HashSet<SecretId>,
    /// Those that are not written down yet.
    waiting: Vec<(AccountId, SecretId)>,
}

impl Unreadable {
    pub(super) fn add(&mut self, account: AccountId, secret: SecretId) {
        if self.told.len() < MOST && self.told.insert(secret) {
            self.waiting.push((account, secret));
        }
    }

    pub(super) fn take(&mut self) -> Vec<(AccountId, SecretId)> {
        mem::take(&mut self.waiting)
    }

    pub(super) fn put_back(&mut self, unwritten: Vec<(AccountId, SecretId)>) {
        self.waiting.extend(unwritten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    fn secret(n: u128) -> SecretId {
        SecretId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn each_is_told_of_once_and_no_more_than_a_thousand_are() {
        let account = AccountId::from_uuid(uuid::Uuid::nil());
        let mut unreadable = Unreadable::default();
        for n in (0..MOST as u128).chain(0..2_000) {
            unreadable.add(account, secret(n));
        }
        let taken = unreadable.take();
        assert_eq!(taken.len(), MOST);
        assert!(unreadable.take().is_empty());
        unreadable.put_back(taken);
        unreadable.add(account, secret(7));
        assert_eq!(unreadable.take().len(), MOST, "what could not be written is told of the next time");
    }
}
