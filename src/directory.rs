//! What authorisation must know of every account, in memory, kept true by the log of
//! changes. The hot path reads this alone; an account never seen is looked up once.

mod entry;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

pub use self::entry::{Entry, EntryApp, EntrySecret, Unreadable};
use crate::{
    crypto::keyring::Keyring,
    domain::{
        credential::ApiKey,
        id::{AccountId, Id},
        time::Clock,
    },
    store::{Changed, Store, StoreError},
};

/// How the directory is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most accounts in memory; the others are looked up when they call.
    pub entries: usize,
    /// How long it answers while the log cannot be read.
    pub stale: Duration,
}

/// Why the directory does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Blind {
    /// The log could not be read for longer than is allowed.
    #[error("the log of changes has not been read for {} seconds", .0.as_secs())]
    Stale(Duration),
    #[error("an account could not be looked up")]
    Lookup(#[from] StoreError),
    #[error("the database did not answer within {} milliseconds", PATIENCE.as_millis())]
    Late,
    #[error("a secret does not open")]
    Sealed(#[from] Unreadable),
}

/// The directory of one process.
#[derive(Debug)]
pub struct Directory {
    store: Store,
    keys: Keyring,
    clock: Arc<dyn Clock>,
    limits: Limits,
    known: Cache<ApiKey, Arc<Entry>>,
    /// Keys that lead nowhere, and when that was found: remembered against floods of them.
    nowhere: Cache<ApiKey, (Nowhere, Instant)>,
    index: Mutex<Index>,
    /// The last change that was applied.
    applied: AtomicI64,
    opened: Instant,
    /// When the log was last read, in milliseconds after it was opened.
    last_read_ms: AtomicU64,
    /// Look-ups at one time. A flood of keys never seen must not take the whole pool.
    lookups: Semaphore,
}

/// Why a key leads to no account that could be judged by.
#[derive(Clone, Copy, Debug)]
enum Nowhere {
    /// Nobody has it.
    Nobody,
    /// A secret of its account does not open.
    Sealed(Unreadable),
}

/// What ties changes to entries. Held while an entry comes or goes.
#[derive(Debug, Default)]
struct Index {
    key_of: HashMap<AccountId, ApiKey>,
    /// How many changes this process has heard of; of its own also those that then failed.
    heard: u64,
    /// Accounts that changed lately, and which change that was: an entry that was read before
    /// it is not kept.
    changed: HashMap<AccountId, u64>,
    /// No entry is kept that was read before this change.
    floor: u64,
}

const KEYS_NOWHERE: usize = 10_000;
const NOBODY_FOR: Duration = Duration::from_secs(30);
/// Not for long: its account may get a new secret at any time.
const SEALED_FOR: Duration = Duration::from_secs(1);
const LOOKUPS: usize = 4;
/// How long a look-up may take, its waiting included, and one reading of the log.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often an account is read that changes while it is read.
const ROUNDS: usize = 3;
/// A stretch of accounts read at a time when the directory is filled.
const STRETCH: i64 = 1_000;
/// Changes that are remembered against look-ups that began before them.
const REMEMBERED: usize = 20_000;

impl Directory {
    /// An empty directory that hears of every change of this process before its action
    /// returns. Others' changes come by [`Directory::follow`].
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn open(
        store: Store,
        keys: Keyring,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Arc<Self>, StoreError> {
        let revision = store.read().await?.revision().await?;
        let directory = Arc::new(Self {
            store: store.clone(),
            keys,
            clock,
            limits,
            known: Cache::new(limits.entries),
            nowhere: Cache::new(KEYS_NOWHERE),
            index: Mutex::default(),
            applied: AtomicI64::new(revision),
            opened: Instant::now(),
            last_read_ms: AtomicU64::new(0),
            lookups: Semaphore::new(LOOKUPS),
        });
        let watching = Arc::downgrade(&directory);
        store.watch(Arc::new(move |change| {
            if let Some(directory) = watching.upgrade() {
                directory.forget(change);
            }
        }));
        Ok(directory)
    }

    /// The account of a key; nothing if nobody has it.
    ///
    /// # Errors
    /// [`Blind`] when it cannot know.
    pub async fn account(&self, key: &str) -> Result<Option<Arc<Entry>>, Blind> {
        self.sees()?;
        let Ok(key) = key.parse::<ApiKey>() else { return Ok(None) };
        if let Some(entry) = self.known.get(&key) {
            return Ok(Some(entry));
        }
        match self.nowhere.get(&key) {
            Some((Nowhere::Nobody, found)) if found.elapsed() < NOBODY_FOR => return Ok(None),
            Some((Nowhere::Sealed(unreadable), found)) if found.elapsed() < SEALED_FOR => {
                return Err(Blind::Sealed(unreadable));
            }
            Some(_) | None => {}
        }
        // In a box of its own: a future is as large as the largest that it may await, and is
        // moved and allocated with every request.
        let found = Box::pin(tokio::time::timeout(PATIENCE, self.look_up(key))).await;
        found.unwrap_or(Err(Blind::Late))
    }

    /// The account of a key, if it is in memory.
    #[must_use]
    pub fn in_memory(&self, key: &str) -> Option<Arc<Entry>> {
        self.known.get(&key.parse::<ApiKey>().ok()?)
    }

    /// How many accounts are in memory.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.known.len() as u64
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How long ago the log was last read.
    #[must_use]
    pub fn age(&self) -> Duration {
        let last_read = Duration::from_millis(self.last_read_ms.load(Ordering::Acquire));
        self.opened.elapsed().saturating_sub(last_read)
    }

    /// Reads what is new in the log. To be called at least four times a second.
    ///
    /// # Errors
    /// The log cannot be read; what is in memory goes on being answered for a while.
    pub async fn follow(&self) -> Result<(), Blind> {
        let began = self.opened.elapsed();
        let read = tokio::time::timeout(PATIENCE, self.read_log()).await;
        read.map_err(|_| Blind::Late)??;
        let began_ms = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
        self.last_read_ms.store(began_ms, Ordering::Release);
        Ok(())
    }

    async fn read_log(&self) -> Result<(), StoreError> {
        let mut read = self.store.read().await?;
        loop {
            let applied = self.applied.load(Ordering::Acquire);
            let changes = read.changes_since(applied).await?;
            let Some(last) = changes.last().map(|change| change.revision) else {
                // The log of another past: the database was restored, or a copy took its place.
                let revision = read.revision().await?;
                if revision < applied {
                    self.forget_all();
                    self.applied.store(revision, Ordering::Release);
                }
                return Ok(());
            };
            // A gap means that the log was cut while nobody here was reading.
            if changes.first().is_some_and(|first| first.revision > applied + 1) {
                self.forget_all();
            }
            changes.iter().for_each(|change| self.forget(*change));
            self.applied.fetch_max(last, Ordering::AcqRel);
        }
    }

    /// Reads every account, up to the limit, so that first calls find them in memory. One whose
    /// secret does not open is left to the first call that needs it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn fill(&self) -> Result<(), Blind> {
        let mut after = AccountId::from_uuid(uuid::Uuid::nil());
        let mut filled = 0;
        while filled < self.limits.entries {
            let heard = lock(&self.index).heard;
            let mut read = self.store.read().await?;
            let accounts = read.keyed_accounts(after, STRETCH).await?;
            let (Some(first), Some(last)) = (accounts.first(), accounts.last()) else { break };
            let (first, last) = (first.id, last.id);
            let secrets = read.secrets_between(first, last, self.clock.now()).await?;
            let apps = read.jwt_apps_between(first, last).await?;
            filled += accounts.len();
            for (key, entry) in entry::assemble(&self.keys, accounts, secrets, apps).into_iter().flatten() {
                self.keep(key, &entry, heard);
            }
            after = last;
        }
        Ok(())
    }

    fn sees(&self) -> Result<(), Blind> {
        let age = self.age();
        if age <= self.limits.stale { Ok(()) } else { Err(Blind::Stale(age)) }
    }

    async fn look_up(&self, key: ApiKey) -> Result<Option<Arc<Entry>>, Blind> {
        let Ok(_turn) = self.lookups.acquire().await else { return Ok(None) };
        let mut found = None;
        for _ in 0..ROUNDS {
            // Somebody who waited for a turn may find that another has looked it up.
            if let Some(entry) = self.known.get(&key) {
                return Ok(Some(entry));
            }
            let heard = lock(&self.index).heard;
            found = self.read(key).await?;
            match &found {
                Some(entry) if !self.keep(key, entry, heard) => {}
                Some(_) | None => break,
            }
        }
        // What changes all the time is as true as any answer to this call, and not kept.
        Ok(found)
    }

    /// The account of a key, as the database has it.
    async fn read(&self, key: ApiKey) -> Result<Option<Arc<Entry>>, Blind> {
        let mut read = self.store.read().await?;
        let Some(account) = read.keyed_account(&key).await? else {
            self.nowhere.insert(key, (Nowhere::Nobody, Instant::now()));
            return Ok(None);
        };
        let id = account.id;
        let secrets = read.secrets_between(id, id, self.clock.now()).await?;
        let apps = read.jwt_apps_between(id, id).await?;
        drop(read);
        let entry = entry::assemble(&self.keys, vec![account], secrets, apps).into_iter().next().transpose();
        let entry = entry.inspect_err(|unreadable| {
            self.nowhere.insert(key, (Nowhere::Sealed(*unreadable), Instant::now()));
        })?;
        Ok(entry.map(|(_, entry)| entry))
    }

    /// Whether the entry is kept: not if its account changed after it was read, which was when
    /// `heard` changes had been heard of.
    fn keep(&self, key: ApiKey, entry: &Arc<Entry>, heard: u64) -> bool {
        let mut index = lock(&self.index);
        let changed = index.changed.get(&entry.account).copied().unwrap_or_default();
        if changed.max(index.floor) > heard {
            return false;
        }
        // Entries that the cache has dropped leave their key here until there are many.
        if index.key_of.len() > self.limits.entries.saturating_mul(2).saturating_add(1_000) {
            index.key_of.retain(|_, key| self.known.contains_key(key));
        }
        index.key_of.insert(entry.account, key);
        self.known.insert(key, Arc::clone(entry));
        true
    }

    /// The account is looked up anew when it next calls.
    fn forget(&self, change: Changed) {
        let mut index = lock(&self.index);
        index.heard += 1;
        if index.changed.len() >= REMEMBERED {
            index.floor = index.heard;
            index.changed.clear();
        }
        let heard = index.heard;
        index.changed.insert(change.account, heard);
        if let Some(key) = index.key_of.remove(&change.account) {
            self.known.remove(&key);
        }
    }

    fn forget_all(&self) {
        let mut index = lock(&self.index);
        index.heard += 1;
        index.floor = index.heard;
        index.changed.clear();
        index.key_of.clear();
        self.known.clear();
        self.nowhere.clear();
    }
}

/// The lock, even if a thread panicked with it: what it guards is whole between its statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
