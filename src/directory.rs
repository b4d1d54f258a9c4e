//! What authorisation must know of accounts, of clients and of what users granted them, in
//! memory, kept true by the log of changes. The hot path reads this alone; what was never seen
//! is looked up once.

mod client;
mod entry;
mod family;
mod shelf;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use self::shelf::{InMemory, Kept, Nowhere, Shelf};
pub use self::{
    client::{Client, ClientSecretEntry},
    entry::{Entry, EntryApp, EntrySecret, Holder, Unreadable},
    family::{Family, FamilyUser},
};
use crate::{
    crypto::keyring::Keyring,
    domain::{
        client::ClientId,
        credential::ApiKey,
        id::{AccountId, FamilyId, Id},
        time::Clock,
    },
    store::{Changed, Conn, Store, StoreError},
};

/// How the directory is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most accounts in memory, and as many clients and families; the others are looked up
    /// when they call.
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
    accounts: Shelf<Entry>,
    clients: Shelf<Client>,
    families: Shelf<Family>,
    /// The last change that was applied.
    applied: AtomicI64,
    opened: Instant,
    /// When the log was last read, in milliseconds after it was opened.
    last_read_ms: AtomicU64,
    /// Look-ups at one time. A flood of keys never seen must not take the whole pool.
    lookups: Semaphore,
}

const LOOKUPS: usize = 4;
/// How long a look-up may take, its waiting included, and one reading of the log.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often an account is read that changes while it is read.
const ROUNDS: usize = 3;
/// A stretch of accounts read at a time when the directory is filled.
const STRETCH: i64 = 1_000;

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
            accounts: Shelf::new(limits.entries),
            clients: Shelf::new(limits.entries),
            families: Shelf::new(limits.entries),
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
        match key.parse() {
            Ok(key) => self.find(key).await,
            Err(_) => self.sees().map(|()| None),
        }
    }

    /// The client of an id; nothing if nobody has it.
    ///
    /// # Errors
    /// [`Blind`] when it cannot know.
    pub async fn client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Blind> {
        self.find(*id).await
    }

    /// The family of tokens, while it holds: until it ends, and as long as its user may act in
    /// its account.
    ///
    /// # Errors
    /// [`Blind`] when it cannot know.
    pub async fn family(&self, id: FamilyId) -> Result<Option<Arc<Family>>, Blind> {
        let found: Option<Arc<Family>> = self.find(id).await?;
        Ok(found.filter(|family| family.holds(self.clock.now())))
    }

    #[inline]
    async fn find<T: Kept>(&self, key: T::Key) -> Result<Option<Arc<T>>, Blind> {
        self.sees()?;
        match T::shelf(self).in_memory(&key)? {
            InMemory::Known(entry) => return Ok(Some(entry)),
            InMemory::Nobody => return Ok(None),
            InMemory::Unknown => {}
        }
        // In a box of its own: a future is as large as the largest that it may await, and is
        // moved and allocated with every request.
        let found = Box::pin(tokio::time::timeout(PATIENCE, self.look_up(key))).await;
        found.unwrap_or(Err(Blind::Late))
    }

    /// The account of a key, if it is in memory.
    #[must_use]
    pub fn in_memory(&self, key: &str) -> Option<Arc<Entry>> {
        self.accounts.get(&key.parse().ok()?)
    }

    /// How many accounts are in memory.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.accounts.len() as u64
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.len() == 0
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

    /// Reads every account and its clients, up to the limit, so that first calls find them in memory.
    /// An account whose secret does not open is left to the first call that needs it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn fill(&self) -> Result<(), Blind> {
        let mut after = AccountId::from_uuid(uuid::Uuid::nil());
        let mut filled = 0;
        while filled < self.limits.entries {
            let (heard, heard_of_clients) = (self.accounts.heard(), self.clients.heard());
            let mut read = self.store.read().await?;
            let accounts = read.keyed_accounts(after, STRETCH).await?;
            let (Some(first), Some(last)) = (accounts.first(), accounts.last()) else { break };
            let (first, last) = (first.id, last.id);
            let secrets = read.secrets_between(first, last, self.clock.now()).await?;
            let apps = read.jwt_apps_between(first, last).await?;
            filled += accounts.len();
            for (key, entry) in entry::assemble(&self.keys, accounts, secrets, apps).into_iter().flatten() {
                self.accounts.keep(key, &entry, heard);
            }
            for client in client::between(&mut read, (first, last), self.clock.now()).await? {
                self.clients.keep(client.client_id, &client, heard_of_clients);
            }
            after = last;
        }
        Ok(())
    }

    fn sees(&self) -> Result<(), Blind> {
        let age = self.age();
        if age <= self.limits.stale { Ok(()) } else { Err(Blind::Stale(age)) }
    }

    async fn look_up<T: Kept>(&self, key: T::Key) -> Result<Option<Arc<T>>, Blind> {
        let Ok(_turn) = self.lookups.acquire().await else { return Ok(None) };
        let shelf = T::shelf(self);
        let mut found = None;
        for _ in 0..ROUNDS {
            // Somebody who waited for a turn may find that another has looked it up.
            if let Some(entry) = shelf.get(&key) {
                return Ok(Some(entry));
            }
            let heard = shelf.heard();
            let mut read = self.store.read().await?;
            found = T::read(self, &mut read, key).await?;
            match &found {
                Some(entry) if !shelf.keep(key, entry, heard) => {}
                Some(_) => break,
                None => {
                    shelf.remember_nowhere(key, Nowhere::Nobody);
                    break;
                }
            }
        }
        // What changes all the time is as true as any answer to this call, and not kept.
        Ok(found)
    }

    /// What hangs on the account is looked up anew when it is next asked for.
    fn forget(&self, change: Changed) {
        self.accounts.forget(change.account);
        self.clients.forget(change.account);
        self.families.forget(change.account);
    }

    fn forget_all(&self) {
        self.accounts.forget_all();
        self.clients.forget_all();
        self.families.forget_all();
    }
}

impl Kept for Entry {
    type Key = ApiKey;

    fn shelf(directory: &Directory) -> &Shelf<Self> {
        &directory.accounts
    }

    fn account(&self) -> AccountId {
        self.holder.id
    }

    async fn read(directory: &Directory, conn: &mut Conn, key: ApiKey) -> Result<Option<Arc<Self>>, Blind> {
        let Some(account) = conn.keyed_account(&key).await? else { return Ok(None) };
        let id = account.id;
        let secrets = conn.secrets_between(id, id, directory.clock.now()).await?;
        let apps = conn.jwt_apps_between(id, id).await?;
        let entry = entry::assemble(&directory.keys, vec![account], secrets, apps).into_iter().next();
        let entry = entry.transpose().inspect_err(|unreadable| {
            directory.accounts.remember_nowhere(key, Nowhere::Sealed(*unreadable));
        })?;
        Ok(entry.map(|(_, entry)| entry))
    }
}
