//! How much is sent at once: in all, and for one account, so that the slow endpoints of one do not
//! take what others need (S60).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::id::AccountId;

/// Attempts on their way at once.
const SENDS: usize = 512;
const SENDS_OF_ACCOUNT: usize = 128;
/// KiB of messages in memory at once.
const KIBIBYTES: usize = 64 * 1_024;
const KIBIBYTES_OF_ACCOUNT: usize = 16 * 1_024;

/// Whoever needs both takes room first, and then a slot: who has a slot waits for nothing.
#[derive(Debug)]
pub(super) struct Limits {
    all: Share,
    accounts: Mutex<HashMap<AccountId, Share>>,
}

#[derive(Clone, Debug)]
struct Share {
    sends: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

/// The right to one attempt.
#[derive(Debug)]
pub(super) struct Slot {
    _permits: [Option<OwnedSemaphorePermit>; 2],
}

/// The right to hold a message in memory.
#[derive(Debug)]
pub(super) struct Room {
    permits: [Option<OwnedSemaphorePermit>; 2],
}

impl Default for Limits {
    fn default() -> Self {
        Self { all: Share::new(SENDS, KIBIBYTES), accounts: Mutex::default() }
    }
}

impl Share {
    fn new(sends: usize, room: usize) -> Self {
        Self { sends: Arc::new(Semaphore::new(sends)), room: Arc::new(Semaphore::new(room)) }
    }
}

impl Limits {
    pub(super) async fn slot(self: Arc<Self>, account: AccountId) -> Slot {
        let of_account = self.of(account);
        // The semaphores are never closed, so there is always a permit in the end.
        let of_account = of_account.sends.acquire_owned().await.ok();
        Slot { _permits: [of_account, Arc::clone(&self.all.sends).acquire_owned().await.ok()] }
    }

    /// Room for a message of so many KiB, of which there are never more than a message may have.
    pub(super) async fn room(&self, account: AccountId, kibibytes: u32) -> Room {
        let of_account = self.of(account).room.acquire_many_owned(kibibytes).await.ok();
        let of_all = Arc::clone(&self.all.room).acquire_many_owned(kibibytes).await.ok();
        Room { permits: [of_account, of_all] }
    }

    /// Forgets accounts of which nothing is sent.
    pub(super) fn tidy(&self) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_used = |share: &Share| {
            // A permit, and whoever waits for one, holds the semaphore.
            Arc::strong_count(&share.sends) > 1 || Arc::strong_count(&share.room) > 1
        };
        accounts.retain(|_, share| is_used(share));
    }

    fn of(&self, account: AccountId) -> Share {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let share = || Share::new(SENDS_OF_ACCOUNT, KIBIBYTES_OF_ACCOUNT);
        accounts.entry(account).or_insert_with(share).clone()
    }
}

impl Room {
    /// Takes the room of one message out of that of several.
    pub(super) fn split(&mut self, kibibytes: u32) -> Self {
        let kibibytes = usize::try_from(kibibytes).unwrap_or_default();
        let permits = self.permits.each_mut().map(|permits| permits.as_mut()?.split(kibibytes));
        Self { permits }
    }
}
