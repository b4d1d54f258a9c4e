//! What is not in memory is looked up, once for all who ask, and together with what others ask for.

mod queue;

use std::{collections::HashMap, mem, sync::Arc, time::Duration};

use tokio::sync::watch;

pub(super) use self::queue::Queue;
use self::queue::{Asked, Joined};
use super::{
    Blind, Directory, Unreadable,
    shelf::{InMemory, Kept, lock},
};
use crate::store::StoreError;

/// What a look-up found.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) entry: Result<Option<Arc<T>>, Unreadable>,
    /// How many changes had been heard of before it was read.
    pub(super) heard: u64,
}

/// The outcome of a look-up, when there is one.
type Telling<T> = Option<Result<Found<T>, Blind>>;
/// Where the outcome of a look-up will be told.
type Told<T> = watch::Receiver<Telling<T>>;

/// How long a key may wait for its turn, and then be looked up, whether or not the call that
/// asked for it still waits.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often an account is read that changes while it is read.
const ROUNDS: usize = 3;

impl<T> Clone for Found<T> {
    fn clone(&self) -> Self {
        Self { entry: self.entry.clone(), heard: self.heard }
    }
}

impl Directory {
    /// What the database has under the key, by a look-up of its own or by one under way.
    pub(super) async fn learn<T: Kept>(self: &Arc<Self>, key: T::Key) -> Result<Option<Arc<T>>, Blind> {
        let shelf = T::shelf(self);
        loop {
            let since = shelf.heard();
            let mut told = self.join(key)?;
            let outcome = told.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
            let found: Found<T> = outcome.unwrap_or(Err(Blind::Late(PATIENCE)))?;
            // What others had read before this call may lack a change that was made before it.
            if found.heard >= since {
                return Ok(found.entry?);
            }
            match shelf.in_memory(&key)? {
                InMemory::Known(entry) => return Ok(Some(entry)),
                InMemory::Nobody => return Ok(None),
                InMemory::Unknown => {}
            }
        }
    }

    /// The look-up of this key that is under way, or a new one. It goes on when nobody waits any
    /// more, so that the next call finds in memory what it found.
    ///
    /// # Errors
    /// Too many keys are being looked up.
    fn join<T: Kept>(self: &Arc<Self>, key: T::Key) -> Result<Told<T>, Blind> {
        let shelf = T::shelf(self);
        let joined = lock(&shelf.look_ups).join(key, shelf.was_known(&key));
        let Joined { told, needs_reader } = joined.ok_or(Blind::Late(Duration::ZERO))?;
        if needs_reader {
            tokio::spawn(Arc::clone(self).read_what_waits::<T>());
        }
        Ok(told)
    }

    async fn read_what_waits<T: Kept>(self: Arc<Self>) {
        loop {
            let next = lock(&T::shelf(&self).look_ups).next();
            let Some(asked) = next else { return };
            let batch = Batch::<T> { directory: Arc::clone(&self), asked };
            // In a task of its own, so that what waits is looked up even after a panic.
            let _ = tokio::spawn(batch.look_up()).await;
        }
    }

    /// Reads what is under the keys, keeps it, and adds it to what was found.
    pub(super) async fn look_up<T: Kept>(
        &self,
        keys: Vec<T::Key>,
        found: &mut HashMap<T::Key, Found<T>>,
    ) -> Result<(), StoreError> {
        let shelf = T::shelf(self);
        let mut keys = keys;
        // What changes all the time is as true as any answer to a call, and not kept.
        for _ in 0..ROUNDS {
            let heard = shelf.heard();
            // It may have come into memory while this waited for a turn.
            keys.retain(|key| match shelf.get(key) {
                Some(entry) => {
                    found.insert(*key, Found { entry: Ok(Some(entry)), heard });
                    false
                }
                None => true,
            });
            if keys.is_empty() {
                break;
            }
            let mut read = self.store.read().await?;
            let mut rows: HashMap<_, _> = T::read(self, &mut read, &keys).await?.into_iter().collect();
            drop(read);
            keys.retain(|key| {
                let entry = rows.remove(key).transpose();
                let is_settled = shelf.take_in(*key, &entry, heard);
                found.insert(*key, Found { entry, heard });
                !is_settled
            });
        }
        Ok(())
    }
}

/// Keys that are being looked up, until it is dropped, however it ends.
struct Batch<T: Kept> {
    directory: Arc<Directory>,
    asked: Vec<Asked<T>>,
}

impl<T: Kept> Batch<T> {
    async fn look_up(mut self) {
        let (mut found, mut failed) = (HashMap::new(), HashMap::new());
        let reading = self.read(&mut found, &mut failed);
        // What has no outcome by then is late.
        let _ = tokio::time::timeout(PATIENCE, reading).await;
        for Asked { key, tell, .. } in self.end() {
            let outcome = found.remove(&key).map(Ok).or_else(|| failed.remove(&key).map(Err));
            tell.send_replace(Some(outcome.unwrap_or(Err(Blind::Late(PATIENCE)))));
        }
    }

    async fn read(&self, found: &mut HashMap<T::Key, Found<T>>, failed: &mut HashMap<T::Key, Blind>) {
        let mut parts = vec![self.asked.iter().map(|asked| asked.key).collect::<Vec<_>>()];
        while let Some(mut keys) = parts.pop() {
            let Err(error) = self.directory.look_up(keys.clone(), found).await else { continue };
            // A row that cannot be read is a matter of its own account alone.
            if keys.len() > 1 && !matches!(error, StoreError::Unavailable(_)) {
                parts.push(keys.split_off(keys.len() / 2));
                parts.push(keys);
                continue;
            }
            let blind = Blind::from(error);
            keys.retain(|key| !found.contains_key(key));
            failed.extend(keys.into_iter().map(|key| (key, blind.clone())));
        }
    }

    /// The keys can be asked for anew.
    fn end(&mut self) -> Vec<Asked<T>> {
        let mut look_ups = lock(&T::shelf(&self.directory).look_ups);
        self.asked.iter().for_each(|asked| _ = look_ups.under_way.remove(&asked.key));
        mem::take(&mut self.asked)
    }
}

impl<T: Kept> Drop for Batch<T> {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests;
