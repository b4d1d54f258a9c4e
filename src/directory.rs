//! What authorisation must know of every account, in memory, kept true by the log of
//! changes. The hot path reads this alone; an account never seen is looked up once.

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

use crate::{
    crypto::keyring::{Keyring, Place},
    domain::{
        account::Standing,
        app::{AppType, StateKind},
        calls::SignedWith,
        credential::{ApiKey, ApiSecret},
        id::{AccountId, AppId, Id, SecretId},
        time::{Clock, Timestamp},
    },
    store::{AccountApp, AccountSecret, Changed, KeyedAccount, Store, StoreError},
};

/// An account under its API key.
type Keyed = (ApiKey, Arc<Entry>);

/// An account as authorisation sees it.
#[derive(Debug)]
pub struct Entry {
    pub account: AccountId,
    pub name: Box<str>,
    pub external_id: Option<Box<str>>,
    pub standing: Standing,
    pub apps: Box<[EntryApp]>,
    secrets: Box<[EntrySecret]>,
    /// The number of the last change that it certainly knows of.
    revision: i64,
}

/// A secret of an [`Entry`].
#[derive(Debug)]
pub struct EntrySecret {
    pub id: SecretId,
    pub secret: ApiSecret,
    /// Until when it verifies, if it was replaced.
    pub retires_at: Option<Timestamp>,
}

impl EntrySecret {
    #[must_use]
    pub const fn kind(&self) -> SignedWith {
        if self.retires_at.is_some() { SignedWith::OldSecret } else { SignedWith::CurrentSecret }
    }
}

/// A JWT app of an [`Entry`].
#[derive(Debug)]
pub struct EntryApp {
    pub id: AppId,
    pub app_type: AppType,
    pub name: Box<str>,
    pub state: StateKind,
}

impl Entry {
    /// The secrets that verify at this moment, the current one first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &EntrySecret> {
        self.secrets.iter().filter(move |secret| secret.retires_at.is_none_or(|ends| now < ends))
    }

    #[must_use]
    pub fn app(&self, id: AppId) -> Option<&EntryApp> {
        self.apps.iter().find(|app| app.id == id)
    }
}

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
    #[error("a secret does not open")]
    Sealed(#[from] crate::crypto::keyring::DoesNotOpen),
}

/// The directory of one process.
#[derive(Debug)]
pub struct Directory {
    store: Store,
    keys: Keyring,
    clock: Arc<dyn Clock>,
    limits: Limits,
    known: Cache<ApiKey, Arc<Entry>>,
    /// Keys that belong to nobody, and when that was found: remembered against floods of them.
    unknown: Cache<ApiKey, Instant>,
    index: Mutex<Index>,
    /// The last change that was applied.
    applied: AtomicI64,
    opened: Instant,
    /// When the log was last read, in milliseconds after it was opened.
    last_read_ms: AtomicU64,
    /// Look-ups at one time. A flood of keys never seen must not take the whole pool.
    lookups: Semaphore,
}

/// What ties changes to entries. Held while an entry comes or goes.
#[derive(Debug, Default)]
struct Index {
    key_of: HashMap<AccountId, ApiKey>,
    /// Accounts that changed lately: an entry read before that is not kept.
    changed: HashMap<AccountId, i64>,
}

const UNKNOWN_KEYS: usize = 10_000;
const UNKNOWN_FOR: Duration = Duration::from_secs(30);
const LOOKUPS: usize = 4;
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
            unknown: Cache::new(UNKNOWN_KEYS),
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
        if self.unknown.get(&key).is_some_and(|found| found.elapsed() < UNKNOWN_FOR) {
            return Ok(None);
        }
        // In a box of its own: a future is as large as the largest that it may await, and is
        // moved and allocated with every request.
        Box::pin(self.look_up(key)).await
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
    pub async fn follow(&self) -> Result<(), StoreError> {
        let began = self.opened.elapsed();
        let mut read = self.store.read().await?;
        loop {
            let applied = self.applied.load(Ordering::Acquire);
            let changes = read.changes_since(applied).await?;
            let Some(last) = changes.last().map(|change| change.revision) else { break };
            // A gap means that the log was cut while nobody here was reading.
            if changes.first().is_some_and(|first| first.revision > applied + 1) {
                self.forget_all();
            }
            changes.iter().for_each(|change| self.forget(*change));
            self.applied.fetch_max(last, Ordering::AcqRel);
        }
        let began_ms = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
        self.last_read_ms.store(began_ms, Ordering::Release);
        Ok(())
    }

    /// Reads every account, up to the limit, so that first calls find them in memory.
    ///
    /// # Errors
    /// The database cannot be read, or a secret does not open.
    pub async fn fill(&self) -> Result<(), Blind> {
        let mut after = AccountId::from_uuid(uuid::Uuid::nil());
        let mut filled = 0;
        while filled < self.limits.entries {
            let mut read = self.store.read().await?;
            let revision = read.revision().await?;
            let accounts = read.keyed_accounts(after, STRETCH).await?;
            let (Some(first), Some(last)) = (accounts.first(), accounts.last()) else { break };
            let (first, last) = (first.id, last.id);
            let secrets = read.secrets_between(first, last, self.clock.now()).await?;
            let apps = read.jwt_apps_between(first, last).await?;
            filled += accounts.len();
            for (key, entry) in self.entries(accounts, secrets, apps, revision)? {
                self.keep(key, &entry);
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
        loop {
            // Somebody who waited for a turn may find that another has looked it up.
            if let Some(entry) = self.known.get(&key) {
                return Ok(Some(entry));
            }
            let mut read = self.store.read().await?;
            let revision = read.revision().await?;
            let Some(account) = read.keyed_account(&key).await? else {
                self.unknown.insert(key, Instant::now());
                return Ok(None);
            };
            let id = account.id;
            let secrets = read.secrets_between(id, id, self.clock.now()).await?;
            let apps = read.jwt_apps_between(id, id).await?;
            drop(read);
            let entries = self.entries(vec![account], secrets, apps, revision)?;
            for (key, entry) in entries {
                if self.keep(key, &entry) {
                    return Ok(Some(entry));
                }
            }
            // It changed while it was read: once more.
        }
    }

    fn entries(
        &self,
        accounts: Vec<KeyedAccount>,
        secrets: Vec<AccountSecret>,
        apps: Vec<AccountApp>,
        revision: i64,
    ) -> Result<Vec<Keyed>, Blind> {
        let mut secrets_of: HashMap<AccountId, Vec<EntrySecret>> = HashMap::new();
        for AccountSecret { account, id, secret_sealed, retires_at } in secrets {
            let text =
                self.keys.open_text(Place { column: "api_secrets.secret", row: &id }, &secret_sealed)?;
            let secret = text.expose().parse().map_err(|_| crate::crypto::keyring::DoesNotOpen)?;
            secrets_of.entry(account).or_default().push(EntrySecret { id, secret, retires_at });
        }
        let mut apps_of: HashMap<AccountId, Vec<EntryApp>> = HashMap::new();
        for AccountApp { account, id, app_type, name, state } in apps {
            let app = EntryApp { id, app_type, name: name.as_str().into(), state };
            apps_of.entry(account).or_default().push(app);
        }
        let entry = |account: KeyedAccount| {
            let entry = Entry {
                account: account.id,
                name: account.name.into(),
                external_id: account.external_id.map(Into::into),
                standing: account.standing,
                apps: apps_of.remove(&account.id).unwrap_or_default().into(),
                secrets: secrets_of.remove(&account.id).unwrap_or_default().into(),
                revision,
            };
            (account.api_key, Arc::new(entry))
        };
        Ok(accounts.into_iter().map(entry).collect())
    }

    /// Whether the entry is kept: not if its account changed after it was read.
    fn keep(&self, key: ApiKey, entry: &Arc<Entry>) -> bool {
        let mut index = lock(&self.index);
        if index.changed.get(&entry.account).is_some_and(|changed| *changed > entry.revision) {
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
        if index.changed.len() >= REMEMBERED {
            let old = self.applied.load(Ordering::Acquire) - REMEMBERED as i64 / 2;
            index.changed.retain(|_, revision| *revision > old);
        }
        let known = index.changed.entry(change.account).or_insert(change.revision);
        *known = change.revision.max(*known);
        if let Some(key) = index.key_of.remove(&change.account) {
            self.known.remove(&key);
        }
    }

    fn forget_all(&self) {
        let mut index = lock(&self.index);
        index.key_of.clear();
        self.known.clear();
    }
}

/// The lock, even if a thread panicked with it: what it guards is whole between its statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
