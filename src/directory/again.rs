//! What was forgotten is read again before anyone asks for it, where there is time. A change takes an
//! account out of memory for no longer than that takes, whatever becomes of the database then, and
//! a new account is in memory before it first calls.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
    sync::Mutex,
    time::Duration,
};

use tokio::sync::Notify;

use super::{Directory, Family, client, shelf::lock};
use crate::{
    domain::id::{AccountId, FamilyId},
    store::{Conn, KeyedAccount, StoreError},
};

/// The most accounts that wait to be read again, and as many families. The others are looked up
/// when they call.
const MOST: usize = 50_000;
const AT_ONCE: usize = 500;
/// How long the database may take for so many.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before reading that failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What waits to be read again.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    /// With their clients.
    accounts: Mutex<Waiting<AccountId>>,
    families: Mutex<Waiting<FamilyId>>,
    more: Notify,
}

/// Each once, in their order.
#[derive(Debug)]
struct Waiting<K> {
    order: VecDeque<K>,
    all: HashSet<K>,
}

impl<K> Default for Waiting<K> {
    fn default() -> Self {
        Self { order: VecDeque::new(), all: HashSet::new() }
    }
}

impl<K: Copy + Eq + Hash> Waiting<K> {
    /// Dropped if too many wait.
    fn push(&mut self, key: K) {
        if self.order.len() < MOST && self.all.insert(key) {
            self.order.push_back(key);
        }
    }

    fn take(&mut self) -> Vec<K> {
        let taken: Vec<_> = self.order.drain(..self.order.len().min(AT_ONCE)).collect();
        taken.iter().for_each(|key| _ = self.all.remove(key));
        taken
    }
}

impl Forgotten {
    pub(super) fn account(&self, account: AccountId) {
        lock(&self.accounts).push(account);
        self.more.notify_one();
    }

    pub(super) fn families<'a>(&self, families: impl Iterator<Item = &'a FamilyId>) {
        let mut waiting = lock(&self.families);
        families.for_each(|family| waiting.push(*family));
        self.more.notify_one();
    }
}

impl Directory {
    /// Reads again what was forgotten. Does not end.
    pub(super) async fn read_again(&self) {
        loop {
            let accounts = lock(&self.forgotten.accounts).take();
            let families = lock(&self.forgotten.families).take();
            if accounts.is_empty() && families.is_empty() {
                self.forgotten.more.notified().await;
                continue;
            }
            let reading = async {
                self.read_accounts_again(&accounts).await?;
                self.look_up::<Family>(families.clone(), &mut HashMap::new()).await
            };
            match tokio::time::timeout(PATIENCE, reading).await {
                Ok(Ok(())) => {}
                Ok(Err(StoreError::Unavailable(_))) | Err(_) => {
                    accounts.iter().for_each(|account| self.forgotten.account(*account));
                    self.forgotten.families(families.iter());
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                Ok(Err(_)) => self.read_each_again(&accounts, &families).await,
            }
        }
    }

    /// What cannot be read even by itself is left to the call that needs it.
    async fn read_each_again(&self, accounts: &[AccountId], families: &[FamilyId]) {
        for account in accounts {
            let _ = tokio::time::timeout(PATIENCE, self.read_accounts_again(&[*account])).await;
        }
        for family in families {
            let mut found = HashMap::new();
            let reading = self.look_up::<Family>(vec![*family], &mut found);
            let _ = tokio::time::timeout(PATIENCE, reading).await;
        }
    }

    async fn read_accounts_again(&self, accounts: &[AccountId]) -> Result<(), StoreError> {
        if accounts.is_empty() {
            return Ok(());
        }
        let heard = self.heard();
        let mut read = self.store.read().await?;
        let found = read.accounts_with_keys(accounts).await?;
        self.take_in(&mut read, found, heard).await
    }

    /// How many changes had been heard of by now of accounts, and of clients.
    pub(super) fn heard(&self) -> (u64, u64) {
        (self.accounts.heard(), self.clients.heard())
    }

    /// Keeps accounts and their clients, as far as there is room or they were known before. One of
    /// which a secret does not open is left to the call that needs it.
    pub(super) async fn take_in(
        &self,
        conn: &mut Conn,
        accounts: Vec<KeyedAccount>,
        (heard, heard_of_clients): (u64, u64),
    ) -> Result<(), StoreError> {
        let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
        for (key, entry) in self.entries(conn, accounts).await? {
            if let Ok(entry) = entry {
                self.accounts.keep_unasked(key, &entry, heard);
            }
        }
        for client in client::of_accounts(conn, &ids, self.clock.now()).await? {
            self.clients.keep_unasked(client.client_id, &client, heard_of_clients);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waits_once_and_no_more_than_may() {
        let mut waiting = Waiting::default();
        (0..MOST + 10).chain(0..10).for_each(|key| waiting.push(key));
        assert_eq!((waiting.order.len(), waiting.all.len()), (MOST, MOST));
        assert_eq!(waiting.take(), (0..AT_ONCE).collect::<Vec<_>>());
        waiting.push(0);
        let rest: Vec<_> =
            std::iter::from_fn(|| Some(waiting.take()).filter(|taken| !taken.is_empty())).flatten().collect();
        assert_eq!(rest, (AT_ONCE..MOST).chain([0]).collect::<Vec<_>>());
        assert!(waiting.all.is_empty());
    }
}
