//! What ties changes to entries.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use crate::domain::id::AccountId;

/// The keys of each account, and what is heard of changes.
#[derive(Debug)]
pub(super) struct Index<K> {
    keys_of: HashMap<AccountId, Keys<K>>,
    /// How many keys there are in it.
    keys: usize,
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
pub(super) enum Keys<K> {
    One(K),
    #[expect(clippy::box_collection, reason = "a set is larger than a key, and there are a million of these")]
    More(Box<HashSet<K>>),
}

/// Changes that are remembered against look-ups that began before them.
pub(super) const REMEMBERED: usize = 20_000;

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self { keys_of: HashMap::new(), keys: 0, heard: 0, changed: HashMap::new(), floor: 0 }
    }
}

impl<K: Copy + Eq + Hash> Index<K> {
    pub(super) const fn heard(&self) -> u64 {
        self.heard
    }

    pub(super) const fn keys(&self) -> usize {
        self.keys
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
        let is_new = match self.keys_of.get_mut(&account) {
            Some(keys) => keys.add(key),
            None => self.keys_of.insert(account, Keys::One(key)).is_none(),
        };
        self.keys += usize::from(is_new);
    }

    /// Takes in that the account changed. Its keys are tied no more, and come back.
    pub(super) fn change(&mut self, account: AccountId) -> Option<Keys<K>> {
        self.heard += 1;
        if self.changed.len() >= REMEMBERED {
            self.floor = self.heard;
            self.changed.clear();
        }
        self.changed.insert(account, self.heard);
        let keys = self.keys_of.remove(&account);
        self.keys = self.keys.saturating_sub(keys.as_ref().map_or(0, Keys::len));
        keys
    }

    /// Takes in that any account may have changed.
    pub(super) fn change_all(&mut self) {
        self.heard += 1;
        self.floor = self.heard;
        self.changed.clear();
        self.keys_of.clear();
        self.keys = 0;
    }

    pub(super) fn drop_keys(&mut self, is_known: impl Fn(&K) -> bool) {
        self.keys_of.retain(|_, keys| match keys {
            Keys::One(key) => is_known(key),
            Keys::More(keys) => {
                keys.retain(&is_known);
                !keys.is_empty()
            }
        });
        self.keys = self.keys_of.values().map(Keys::len).sum();
    }
}

impl<K: Copy + Eq + Hash> Keys<K> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &K> {
        let (one, more) = match self {
            Self::One(key) => (Some(key), None),
            Self::More(keys) => (None, Some(keys.iter())),
        };
        one.into_iter().chain(more.into_iter().flatten())
    }

    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::More(keys) => keys.len(),
        }
    }

    /// Whether it is one more.
    fn add(&mut self, key: K) -> bool {
        match self {
            Self::One(first) if *first == key => false,
            Self::One(first) => {
                *self = Self::More(Box::new(HashSet::from([*first, key])));
                true
            }
            Self::More(keys) => keys.insert(key),
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
    fn keys_of_an_account_are_tied_once_each_and_dropped_when_they_are_not_known() {
        let mut index = Index::default();
        let (one, other) = (account(1), account(2));
        for (account, key) in [(one, 1), (one, 1), (other, 2), (one, 3), (one, 4), (one, 3)] {
            index.tie(account, key);
        }
        assert_eq!((index.keys(), keys_of(&index, one)), (4, vec![1, 3, 4]));
        index.drop_keys(|key| *key == 3);
        assert_eq!((index.keys(), keys_of(&index, one)), (1, vec![3]));
        assert!(!index.keys_of.contains_key(&other));
        index.tie(one, 5);
        let untied = index.change(one).map_or(0, |keys| keys.len());
        assert_eq!((index.keys(), untied), (0, 2));
    }

    /// By looking through a list for each, it would take minutes.
    #[test]
    fn an_account_may_have_very_many_keys() {
        let mut index = Index::default();
        for key in (0..200_000).chain(0..200_000) {
            index.tie(account(1), key);
        }
        assert_eq!(index.keys(), 200_000);
    }
}
