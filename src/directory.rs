//! What authorisation must know of accounts, of clients and of what users granted them, in
//! memory, kept true by the log of changes. The hot path reads this alone; what was never seen
//! is looked up once.

mod again;
mod client;
mod entry;
mod family;
mod follow;
mod lookup;
mod shelf;

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Mutex, Notify, SetOnce, watch};

use self::{
    again::Forgotten,
    shelf::{InMemory, Kept, Read, Shelf},
};
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
        id::{AccountId, FamilyId},
        time::Clock,
    },
    store::{Changed, Conn, KeyedAccount, Store, StoreError},
};

/// How the directory is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most accounts in memory, and as many clients and families; the others are looked up
    /// when they call.
    pub entries: usize,
    /// How long it answers while the log cannot be read: a second at least.
    pub stale: Duration,
    /// How long a call waits for a look-up, or for the log to be read, which go on without it.
    pub wait: Duration,
}

/// How long a call waits for a look-up, by default: less than a gateway waits for Portico, of which
/// Envoy is content with 200 ms, so that the answer is Portico's own.
pub const WAIT: Duration = Duration::from_millis(150);

/// How old memory may be before a call waits for the log: a little less than the second within which
/// a change elsewhere holds here.
const FRESH: Duration = Duration::from_millis(900);

/// Why the directory does not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Blind {
    /// The log could not be read for longer than is allowed.
    #[error("the log of changes has not been read for {} seconds", .0.as_secs())]
    Stale(Duration),
    #[error("an account could not be looked up")]
    Lookup(#[source] Arc<StoreError>),
    #[error("the database did not answer within {} milliseconds", .0.as_millis())]
    Late(Duration),
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
    /// Held while the log is read.
    reading: Arc<Mutex<()>>,
    /// Tells that a reading of the log came to an end.
    read: watch::Sender<()>,
    /// The last reading failed.
    is_out_of_reach: AtomicBool,
    /// Tells who fills it that everything was forgotten.
    emptied: Notify,
    /// Filling came to an end for the first time, well or not.
    first_filled: SetOnce<()>,
    forgotten: Forgotten,
}

impl From<StoreError> for Blind {
    fn from(error: StoreError) -> Self {
        Self::Lookup(Arc::new(error))
    }
}

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
        let revision = store.read_log().await?.revision().await?;
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
            reading: Arc::default(),
            read: watch::Sender::default(),
            is_out_of_reach: AtomicBool::new(false),
            emptied: Notify::new(),
            first_filled: SetOnce::new(),
            forgotten: Forgotten::default(),
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
    pub async fn account(self: &Arc<Self>, key: &str) -> Result<Option<Arc<Entry>>, Blind> {
        match key.parse() {
            Ok(key) => self.find(key).await,
            Err(_) => self.sees().map(|()| None),
        }
    }

    /// As [`Directory::account`], but nothing at all if memory does not tell.
    ///
    /// # Errors
    /// Those of [`Directory::account`].
    #[inline]
    pub fn account_at_hand(&self, key: &str) -> Option<Result<Option<Arc<Entry>>, Blind>> {
        match key.parse() {
            Ok(key) => self.at_hand(&key).transpose(),
            Err(_) => Some(self.sees().map(|()| None)),
        }
    }

    /// The client of an id; nothing if nobody has it.
    ///
    /// # Errors
    /// [`Blind`] when it cannot know.
    pub async fn client(self: &Arc<Self>, id: &ClientId) -> Result<Option<Arc<Client>>, Blind> {
        self.find(*id).await
    }

    /// The family of tokens, while it holds: until it ends, and as long as its user may act in
    /// its account.
    ///
    /// # Errors
    /// [`Blind`] when it cannot know.
    pub async fn family(self: &Arc<Self>, id: FamilyId) -> Result<Option<Arc<Family>>, Blind> {
        let found: Option<Arc<Family>> = self.find(id).await?;
        Ok(found.filter(|family| family.holds(self.clock.now())))
    }

    #[inline]
    async fn find<T: Kept>(self: &Arc<Self>, key: T::Key) -> Result<Option<Arc<T>>, Blind> {
        match self.at_hand(&key)? {
            Some(known) => Ok(known),
            // In a box of its own: a future is as large as the largest that it may await, and is
            // moved and allocated with every request.
            None => Box::pin(self.find_out(key)).await,
        }
    }

    /// What memory tells of a key, unless it tells nothing or the log must be read before.
    #[inline]
    fn at_hand<T: Kept>(&self, key: &T::Key) -> Result<Option<Option<Arc<T>>>, Blind> {
        if self.age() > FRESH { Ok(None) } else { self.in_shelf(key) }
    }

    fn in_shelf<T: Kept>(&self, key: &T::Key) -> Result<Option<Option<Arc<T>>>, Blind> {
        Ok(match T::shelf(self).in_memory(key)? {
            InMemory::Known(entry) => Some(Some(entry)),
            InMemory::Nobody => Some(None),
            InMemory::Unknown => None,
        })
    }

    async fn find_out<T: Kept>(self: &Arc<Self>, key: T::Key) -> Result<Option<Arc<T>>, Blind> {
        if self.age() > FRESH {
            self.catch_up().await?;
        }
        if let Some(known) = self.in_shelf(&key)? {
            return Ok(known);
        }
        let wait = self.limits.wait;
        tokio::time::timeout(wait, self.learn(key)).await.unwrap_or(Err(Blind::Late(wait)))
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

    /// How many clients are in memory.
    #[must_use]
    pub fn clients(&self) -> u64 {
        self.clients.len() as u64
    }

    /// How many families of user tokens are in memory.
    #[must_use]
    pub fn families(&self) -> u64 {
        self.families.len() as u64
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

    fn sees(&self) -> Result<(), Blind> {
        let age = self.age();
        if age <= self.limits.stale { Ok(()) } else { Err(Blind::Stale(age)) }
    }

    /// The accounts as authorisation sees them. One of which a secret does not open is none.
    async fn entries(
        &self,
        conn: &mut Conn,
        accounts: Vec<KeyedAccount>,
    ) -> Result<Vec<Read<Entry>>, StoreError> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let (ids, keys): (Vec<_>, Vec<_>) =
            accounts.iter().map(|account| (account.id, account.api_key)).unzip();
        let secrets = conn.secrets_of_accounts(&ids, self.clock.now()).await?;
        let apps = conn.jwt_apps_of_accounts(&ids).await?;
        let entries = entry::assemble(&self.keys, accounts, secrets, apps);
        Ok(keys.into_iter().zip(entries).map(|(key, entry)| (key, entry.map(|(_, entry)| entry))).collect())
    }

    /// What hangs on the account is read anew: by whoever keeps the directory filled, or by the next
    /// call if that comes first.
    fn forget(&self, change: Changed) {
        let account = change.account;
        let was_known = self.accounts.forget(account).is_some() | self.clients.forget(account).is_some();
        // A new one, if it was not.
        if was_known || self.accounts.has_room() {
            self.forgotten.account(account);
        }
        if let Some(families) = self.families.forget(account) {
            self.forgotten.families(families.iter());
        }
    }

    fn forget_all(&self) {
        self.accounts.forget_all();
        self.clients.forget_all();
        self.families.forget_all();
        self.emptied.notify_one();
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

    fn read_ahead(&self) {
        let app = self.apps.first().map(|app| (app.id, app.state));
        let secret = self.secrets.first().map(|secret| (secret.id, secret.retires_at));
        black_box((self.holder.standing, app, secret));
    }

    async fn read(
        directory: &Directory,
        conn: &mut Conn,
        keys: &[ApiKey],
    ) -> Result<Vec<Read<Self>>, StoreError> {
        let accounts = conn.accounts_of_keys(keys).await?;
        directory.entries(conn, accounts).await
    }
}
