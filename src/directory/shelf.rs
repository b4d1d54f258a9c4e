//! What is in memory of one kind, found by its key, and forgotten when its account changes.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;

use super::{Blind, Directory, Unreadable};
use crate::{domain::id::AccountId, store::Conn};

/// Something that is kept under a key and read anew when its account changes.
pub(super) trait Kept: Sized + Send + Sync + 'static {
    type Key: Copy + Eq + Hash + fmt::Debug + Send + Sync + 'static;

    fn shelf(directory: &Directory) -> &Shelf<Self>;

    /// Whose changes make it untrue.
    fn account(&self) -> AccountId;

    /// As the database has it.
    fn read(
        directory: &Directory,
        conn: &mut Conn,
        key: Self::Key,
    ) -> impl Future<Output = Result<Option<Arc<Self>>, Blind>> + Send;
}

#[derive(Debug)]
pub(super) struct Shelf<T: Kept> {
    known: Cache<T::Key, Arc<T>>,
    /// Keys that lead nowhere, and when that was found: remembered against floods of them.
    nowhere: Cache<T::Key, (Nowhere, Instant)>,
    index: Mutex<Index<T::Key>>,
    /// The most that are kept.
    entries: usize,
}

/// Why a key leads to nothing that could be judged by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Nowhere {
    /// Nobody has it.
    Nobody,
    /// A secret of its account does not open.
    Sealed(Unreadable),
}

/// What memory says of a key.
pub(super) enum InMemory<T> {
    Known(Arc<T>),
    Nobody,
    /// The database must be asked.
    Unknown,
}

/// What ties changes to entries. Held while an entry comes or goes.
#[derive(Debug)]
struct Index<K> {
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
enum Keys<K> {
    One(K),
    More(Vec<K>),
}

const KEYS_NOWHERE: usize = 10_000;
const NOBODY_FOR: Duration = Duration::from_secs(30);
/// Not for long: its account may get a new secret at any time.
const SEALED_FOR: Duration = Duration::from_secs(1);
/// Changes that are remembered against look-ups that began before them.
const REMEMBERED: usize = 20_000;

impl<T: Kept> Shelf<T> {
    pub(super) fn new(entries: usize) -> Self {
        let (keys_of, changed) = (HashMap::new(), HashMap::new());
        Self {
            known: Cache::new(entries),
            nowhere: Cache::new(KEYS_NOWHERE),
            index: Mutex::new(Index { keys_of, keys: 0, heard: 0, changed, floor: 0 }),
            entries,
        }
    }

    #[inline]
    pub(super) fn get(&self, key: &T::Key) -> Option<Arc<T>> {
        self.known.get(key)
    }

    /// What memory says of the key.
    ///
    /// # Errors
    /// It is known that a secret does not open.
    pub(super) fn in_memory(&self, key: &T::Key) -> Result<InMemory<T>, Blind> {
        if let Some(entry) = self.known.get(key) {
            return Ok(InMemory::Known(entry));
        }
        match self.nowhere.get(key) {
            Some((Nowhere::Nobody, found)) if found.elapsed() < NOBODY_FOR => Ok(InMemory::Nobody),
            Some((Nowhere::Sealed(unreadable), found)) if found.elapsed() < SEALED_FOR => {
                Err(Blind::Sealed(unreadable))
            }
            Some(_) | None => Ok(InMemory::Unknown),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// How many changes had been heard of by now: what is read from now on knows of them.
    pub(super) fn heard(&self) -> u64 {
        lock(&self.index).heard
    }

    pub(super) fn remember_nowhere(&self, key: T::Key, why: Nowhere) {
        self.nowhere.insert(key, (why, Instant::now()));
    }

    /// Whether the entry is kept: not if its account changed after it was read, which was when
    /// `heard` changes had been heard of.
    pub(super) fn keep(&self, key: T::Key, entry: &Arc<T>, heard: u64) -> bool {
        let mut index = lock(&self.index);
        let changed = index.changed.get(&entry.account()).copied().unwrap_or_default();
        if changed.max(index.floor) > heard {
            return false;
        }
        // Entries that the cache has dropped leave their key here until there are many.
        if index.keys > self.entries.saturating_mul(2).saturating_add(1_000) {
            index.drop_keys(|key| self.known.contains_key(key));
        }
        index.tie(entry.account(), key);
        self.known.insert(key, Arc::clone(entry));
        true
    }

    /// What hangs on the account is looked up anew when it is next asked for.
    pub(super) fn forget(&self, account: AccountId) {
        let mut index = lock(&self.index);
        index.heard += 1;
        if index.changed.len() >= REMEMBERED {
            index.floor = index.heard;
            index.changed.clear();
        }
        let heard = index.heard;
        index.changed.insert(account, heard);
        if let Some(keys) = index.keys_of.remove(&account) {
            index.keys = index.keys.saturating_sub(keys.as_slice().len());
            keys.as_slice().iter().for_each(|key| _ = self.known.remove(key));
        }
    }

    pub(super) fn forget_all(&self) {
        let mut index = lock(&self.index);
        index.heard += 1;
        index.floor = index.heard;
        index.changed.clear();
        index.keys_of.clear();
        index.keys = 0;
        self.known.clear();
        self.nowhere.clear();
    }
}

impl<K: Copy + Eq> Index<K> {
    fn tie(&mut self, account: AccountId, key: K) {
        let keys = self.keys_of.entry(account).or_insert(Keys::More(Vec::new()));
        if !keys.as_slice().contains(&key) {
            keys.push(key);
            self.keys += 1;
        }
    }

    fn drop_keys(&mut self, is_known: impl Fn(&K) -> bool) {
        self.keys_of.retain(|_, keys| {
            match keys {
                Keys::One(key) if is_known(key) => {}
                Keys::One(_) => *keys = Keys::More(Vec::new()),
                Keys::More(keys) => keys.retain(&is_known),
            }
            !keys.as_slice().is_empty()
        });
        self.keys = self.keys_of.values().map(|keys| keys.as_slice().len()).sum();
    }
}

impl<K: Copy> Keys<K> {
    fn as_slice(&self) -> &[K] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::More(keys) => keys,
        }
    }

    fn push(&mut self, key: K) {
        match self {
            Self::One(first) => *self = Self::More(vec![*first, key]),
            Self::More(keys) if keys.is_empty() => *self = Self::One(key),
            Self::More(keys) => keys.push(key),
        }
    }
}

/// The lock, even if a thread panicked with it: what it guards is whole between its statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    #[test]
    fn keys_of_an_account_are_tied_once_each_and_dropped_when_they_are_not_known() {
        let (changed, keys_of) = (HashMap::new(), HashMap::new());
        let mut index = Index { keys_of, keys: 0, heard: 0, changed, floor: 0 };
        let [one, other] = [1, 2].map(|n| AccountId::from_uuid(uuid::Uuid::from_u128(n)));
        for (account, key) in [(one, 1), (one, 1), (other, 2), (one, 3), (one, 4), (one, 3)] {
            index.tie(account, key);
        }
        assert_eq!((index.keys, index.keys_of[&one].as_slice()), (4, [1, 3, 4].as_slice()));
        index.drop_keys(|key| *key == 3);
        assert_eq!((index.keys, index.keys_of[&one].as_slice()), (1, [3].as_slice()));
        assert!(!index.keys_of.contains_key(&other));
    }
}
