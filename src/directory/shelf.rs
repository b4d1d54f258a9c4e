//! What is in memory of one kind, found by its key, and forgotten when its account changes.

mod index;

use std::{
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use self::index::{Index, Keys};
use super::{Blind, Directory, Unreadable, lookup::Queue};
use crate::{
    domain::id::AccountId,
    store::{Conn, StoreError},
};
use quick_cache::{DefaultHashBuilder, Lifecycle, UnitWeighter, sync::Cache};

/// Something that is kept under a key and read anew when its account changes.
pub(super) trait Kept: Sized + Send + Sync + 'static {
    type Key: Copy + Eq + Hash + fmt::Debug + Send + Sync + 'static;

    fn shelf(directory: &Directory) -> &Shelf<Self>;

    /// Whose changes make it untrue.
    fn account(&self) -> AccountId;

    /// Reads here and there what a call will ask for, so that it is near by then.
    fn read_ahead(&self) {}

    /// What the database has under the keys; of one that nobody has, nothing.
    fn read(
        directory: &Directory,
        conn: &mut Conn,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<Vec<Read<Self>>, StoreError>> + Send;
}

/// What was read under a key.
pub(super) type Read<T> = (<T as Kept>::Key, Result<Arc<T>, Unreadable>);

#[derive(Debug)]
pub(super) struct Shelf<T: Kept> {
    known: Cache<T::Key, Held<T>, UnitWeighter, DefaultHashBuilder, HandsBack>,
    /// Keys that lead nowhere, and when that was found: remembered against floods of them.
    nowhere: Cache<T::Key, (Nowhere, Instant)>,
    /// Keys that were known until their account changed, and were not asked for since.
    known_before: Cache<T::Key, ()>,
    /// Held while an entry comes or goes.
    index: Mutex<Index<T::Key>>,
    pub(super) look_ups: Mutex<Queue<T>>,
}

/// An entry, as the cache clones it. Of very many no processor's cache holds all: what a call will
/// ask for is then fetched at one time, and not piece by piece once the count of the `Arc` is
/// raised, beyond which a processor does not look ahead.
#[derive(Debug)]
struct Held<T>(Arc<T>);

impl<T: Kept> Clone for Held<T> {
    fn clone(&self) -> Self {
        self.0.read_ahead();
        Self(Arc::clone(&self.0))
    }
}

/// Has what the cache drops to make room come back to who put something in.
#[derive(Clone, Copy, Debug)]
struct HandsBack;

impl<K, V> Lifecycle<K, V> for HandsBack {
    type RequestState = Vec<(K, V)>;

    fn on_evict(&self, dropped: &mut Vec<(K, V)>, key: K, entry: V) {
        dropped.push((key, entry));
    }
}

/// Why a key leads to nothing that could be judged by.
#[derive(Clone, Copy, Debug)]
enum Nowhere {
    /// Nobody has it.
    Nobody,
    /// A secret of its account did not open, as it was read when `heard` changes had been heard of.
    Sealed { unreadable: Unreadable, heard: u64 },
}

/// What memory says of a key.
pub(super) enum InMemory<T> {
    Known(Arc<T>),
    Nobody,
    /// The database must be asked.
    Unknown,
}

const KEYS_NOWHERE: usize = 10_000;
const KEYS_KNOWN_BEFORE: usize = 4_000;
/// Of one account, so that none takes the room of all others.
const KNOWN_BEFORE_OF_ONE: usize = 200;
const NOBODY_FOR: Duration = Duration::from_secs(30);
/// Not for long: what seals secrets may be put right, which is no change of the account.
const SEALED_FOR: Duration = Duration::from_secs(1);

impl<T: Kept> Shelf<T> {
    pub(super) fn new(entries: usize) -> Self {
        Self {
            known: Cache::with(
                entries,
                entries as u64,
                UnitWeighter,
                DefaultHashBuilder::default(),
                HandsBack,
            ),
            nowhere: Cache::new(KEYS_NOWHERE),
            known_before: Cache::new(KEYS_KNOWN_BEFORE),
            index: Mutex::default(),
            look_ups: Mutex::default(),
        }
    }

    #[inline]
    pub(super) fn get(&self, key: &T::Key) -> Option<Arc<T>> {
        self.known.get(key).map(|held| held.0)
    }

    /// What memory says of the key.
    ///
    /// # Errors
    /// It is known that a secret does not open.
    pub(super) fn in_memory(&self, key: &T::Key) -> Result<InMemory<T>, Blind> {
        if let Some(entry) = self.get(key) {
            return Ok(InMemory::Known(entry));
        }
        match self.nowhere.get(key) {
            Some((Nowhere::Nobody, found)) if found.elapsed() < NOBODY_FOR => Ok(InMemory::Nobody),
            // A change of the account may have given it another secret.
            Some((Nowhere::Sealed { unreadable, heard }, found))
                if found.elapsed() < SEALED_FOR
                    && lock(&self.index).is_unchanged_since(unreadable.account, heard) =>
            {
                Err(Blind::Sealed(unreadable))
            }
            Some(_) | None => Ok(InMemory::Unknown),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether the key was known until its account changed.
    pub(super) fn was_known(&self, key: &T::Key) -> bool {
        self.known_before.get(key).is_some()
    }

    /// How many changes had been heard of by now: what is read from now on knows of them.
    pub(super) fn heard(&self) -> u64 {
        lock(&self.index).heard()
    }

    /// Keeps what was read under a key, when `heard` changes had been heard of. Whether that is
    /// settled: not if the account changed meanwhile.
    pub(super) fn take_in(&self, key: T::Key, read: &Result<Option<Arc<T>>, Unreadable>, heard: u64) -> bool {
        match read {
            Ok(Some(entry)) => return self.keep(key, entry, heard),
            Ok(None) => self.remember_nowhere(key, Nowhere::Nobody),
            Err(unreadable) => {
                self.remember_nowhere(key, Nowhere::Sealed { unreadable: *unreadable, heard });
            }
        }
        true
    }

    fn remember_nowhere(&self, key: T::Key, why: Nowhere) {
        self.known_before.remove(&key);
        self.nowhere.insert(key, (why, Instant::now()));
    }

    /// Whether the entry is kept: not if its account changed after it was read, which was when
    /// `heard` changes had been heard of.
    pub(super) fn keep(&self, key: T::Key, entry: &Arc<T>, heard: u64) -> bool {
        // Freed when the lock is.
        let mut dropped = Vec::new();
        let mut index = lock(&self.index);
        if !index.is_unchanged_since(entry.account(), heard) {
            return false;
        }
        self.known_before.remove(&key);
        self.known.insert_with_lifecycle(key, Held(Arc::clone(entry)), &mut dropped);
        // What was under the key before is handed back too, and what found no room at all.
        dropped.iter().for_each(|(key, Held(entry))| index.untie(entry.account(), key));
        if self.known.contains_key(&key) {
            index.tie(entry.account(), key);
        }
        true
    }

    /// As [`Shelf::keep`], of what nobody asked for: nothing else makes room for it.
    pub(super) fn keep_unasked(&self, key: T::Key, entry: &Arc<T>, heard: u64) {
        if self.has_room() || self.was_known(&key) {
            self.keep(key, entry, heard);
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.known.weight() < self.known.capacity()
    }

    /// What hangs on the account is read anew. The keys that were known come back.
    pub(super) fn forget(&self, account: AccountId) -> Option<Keys<T::Key>> {
        let mut index = lock(&self.index);
        let keys = index.change(account)?;
        keys.iter().take(KNOWN_BEFORE_OF_ONE).for_each(|key| self.known_before.insert(*key, ()));
        keys.iter().for_each(|key| _ = self.known.remove(key));
        Some(keys)
    }

    pub(super) fn forget_all(&self) {
        let mut index = lock(&self.index);
        index.all_keys().take(KEYS_KNOWN_BEFORE).for_each(|key| self.known_before.insert(*key, ()));
        index.change_all();
        self.known.clear();
        self.nowhere.clear();
    }
}

/// The lock, even if a thread panicked with it: what it guards is whole between its statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
