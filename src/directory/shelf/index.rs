//! What ties changes to entries.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::Hash,
};

use crate::domain::id::AccountId;

/// The keys of each account, and what is heard of changes.
#[derive(Debug)]
pub(super) struct Index<K> {
    keys_of: HashMap<AccountId, Keys<K>>,
    /// How many changes this process has heard of; of its own also those that then failed.
    heard: u64,
    /// Accounts that changed lately, and which change that was: an entry that was read before
    /// it is not kept.
    changed: HashMap<AccountId, u64>,
    /// No entry is kept that was read before this change.
    floor: u64,
}

/// The keys of one account. Nearly always one, of very many accounts.
#[derive(Debug)]
pub(in crate::directory) enum Keys<K> {
    One(K),
    #[expect(clippy::box_collection, reason = "a set is larger than a key, and there are a million of these")]
    More(Box<HashSet<K>>),
}

/// Changes that are remembered against look-ups that began before them.
pub(super) const REMEMBERED: usize = 20_000;

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self { keys_of: HashMap::new(), heard: 0, changed: HashMap::new(), floor: 0 }
    }
}

impl<K: Copy + Eq + Hash> Index<K> {
    pub(super) const fn heard(&self) -> u64 {
        self.heard
    }

    pub(super) fn all_keys(&self) -> impl Iterator<Item = &K> {
        self.keys_of.values().flat_map(Keys::iter)
    }

    /// Whether the account has not changed since `heard` changes had been heard of, as far as is
    /// remembered.
    pub(super) fn is_unchanged_since(&self, account: AccountId, heard: u64) -> bool {
        let changed = self.changed.get(&account).copied().unwrap_or_default();
        changed.max(self.floor) <= heard
    }

    pub(super) fn tie(&mut self, account: AccountId, key: K) {
        match self.keys_of.get_mut(&account) {
            Some(keys) => keys.add(key),
            None => _ = self.keys_of.insert(account, Keys::One(key)),
        }
    }

    pub(super) fn untie(&mut self, account: AccountId, key: &K) {
        let Entry::Occupied(mut tied) = self.keys_of.entry(account) else { return };
        let is_last = match tied.get_mut() {
            Keys::One(one) => one == key,
            Keys::More(keys) => keys.remove(key) && keys.is_empty(),
        };
        if is_last {
            tied.remove();
        }
    }

    /// Takes in that the account changed. Its keys are tied no more, and come back.
    pub(super) fn change(&mut self, account: AccountId) -> Option<Keys<K>> {
        self.heard += 1;
        if self.changed.len() >= REMEMBERED {
            self.floor = self.heard;
            self.changed.clear();
        }
        self.changed.insert(account, self.heard);
        self.keys_of.remove(&account)
    }

    /// Takes in that any account may have changed.
    pub(super) fn change_all(&mut self) {
        self.heard += 1;
        self.floor = self.heard;
        self.changed.clear();
        self.keys_of.clear();
    }
}

impl<K: Copy + Eq + Hash> Keys<K> {
    pub(in crate::directory) fn iter(&self) -> impl Iterator<Item = &K> {
        let (one, more) = match self {
            Self::One(key) => (Some(key), None),
            Self::More(keys) => (None, Some(keys.iter())),
        };
        one.into_iter().chain(more.into_iter().flatten())
    }

    fn add(&mut self, key: K) {
        match self {
            Self::One(first) if *first == key => {}
            Self::One(first) => *self = Self::More(Box::new(HashSet::from([*first, key]))),
            Self::More(keys) => _ = keys.insert(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    fn account(n: u128) -> AccountId {
        AccountId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn keys_of(index: &Index<u32>, account: AccountId) -> Vec<u32> {
        let mut keys: Vec<_> =
            index.keys_of.get(&account).into_iter().flat_map(Keys::iter).copied().collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn keys_of_an_account_are_tied_once_each_until_they_are_dropped() {
        let mut index = Index::default();
        let (one, other) = (account(1), account(2));
        for (account, key) in [(one, 1), (one, 1), (other, 2), (one, 3), (one, 4), (one, 3)] {
            index.tie(account, key);
        }
        assert_eq!((keys_of(&index, one), keys_of(&index, other)), (vec![1, 3, 4], vec![2]));
        for (account, key) in [(one, 4), (one, 4), (one, 2), (other, 1), (other, 2), (other, 2)] {
            index.untie(account, &key);
        }
        assert_eq!(keys_of(&index, one), [1, 3]);
        assert!(!index.keys_of.contains_key(&other), "nothing is left of it");
        assert_eq!(index.change(one).iter().flat_map(Keys::iter).count(), 2);
        index.untie(one, &1);
        index.tie(one, 5);
        assert_eq!(keys_of(&index, one), [5]);
        index.untie(one, &5);
        assert!(index.keys_of.is_empty());
    }

    /// By looking through a list for each, it would take minutes.
    #[test]
    fn an_account_may_have_very_many_keys() {
        let mut index = Index::default();
        for key in (0..200_000).chain(0..200_000) {
            index.tie(account(1), key);
        }
        assert_eq!(keys_of(&index, account(1)).len(), 200_000);
        (0..200_000).for_each(|key| index.untie(account(1), &key));
        assert!(index.keys_of.is_empty());
    }
}
