//! What is not in memory is looked up, once for all who ask.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    Blind, Directory,
    shelf::{InMemory, Kept, Nowhere, lock},
};

/// What a look-up found, and how many changes had been heard of before it was read.
type Found<T> = (Option<Arc<T>>, u64);
/// Where the outcome of a look-up will be told.
pub(super) type Told<T> = watch::Receiver<Option<Result<Found<T>, Blind>>>;

/// How long a look-up may take, its waiting for a turn included, whether or not the call that
/// began it still waits.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often an account is read that changes while it is read.
const ROUNDS: usize = 3;

impl Directory {
    /// What the database has under the key, by a look-up of its own or by one under way.
    pub(super) async fn learn<T: Kept>(self: &Arc<Self>, key: T::Key) -> Result<Option<Arc<T>>, Blind> {
        let shelf = T::shelf(self);
        loop {
            let since = shelf.heard();
            let mut told = self.join(key);
            let outcome = told.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
            let (found, heard) = outcome.unwrap_or(Err(Blind::Late(PATIENCE)))?;
            // What others had read before this call may lack a change that was made before it.
            if heard >= since {
                return Ok(found);
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
    fn join<T: Kept>(self: &Arc<Self>, key: T::Key) -> Told<T> {
        let (tell, told) = watch::channel(None);
        {
            let mut under_way = lock(&T::shelf(self).under_way);
            if let Some(told) = under_way.get(&key) {
                return told.clone();
            }
            under_way.insert(key, told.clone());
        }
        let under_way = UnderWay::<T> { directory: Arc::clone(self), key };
        tokio::spawn(async move {
            let look_up = under_way.directory.look_up::<T>(key);
            let outcome = tokio::time::timeout(PATIENCE, look_up).await;
            drop(under_way);
            tell.send_replace(Some(outcome.unwrap_or(Err(Blind::Late(PATIENCE)))));
        });
        told
    }

    async fn look_up<T: Kept>(&self, key: T::Key) -> Result<Found<T>, Blind> {
        let shelf = T::shelf(self);
        let _turn = shelf.turn(&key).await.map_err(|_| Blind::Late(PATIENCE))?;
        let mut rounds = 0;
        loop {
            rounds += 1;
            let heard = shelf.heard();
            // It may have come into memory while this waited for a turn.
            if let Some(entry) = shelf.get(&key) {
                return Ok((Some(entry), heard));
            }
            let mut read = self.store.read().await?;
            let found = T::read(self, &mut read, key).await?;
            let is_settled = match &found {
                Some(entry) => shelf.keep(key, entry, heard),
                None => {
                    shelf.remember_nowhere(key, Nowhere::Nobody);
                    true
                }
            };
            // What changes all the time is as true as any answer to this call, and not kept.
            if is_settled || rounds == ROUNDS {
                return Ok((found, heard));
            }
        }
    }
}

/// A look-up under way, until it is dropped, however it ends.
struct UnderWay<T: Kept> {
    directory: Arc<Directory>,
    key: T::Key,
}

impl<T: Kept> Drop for UnderWay<T> {
    fn drop(&mut self) {
        lock(&T::shelf(&self.directory).under_way).remove(&self.key);
    }
}

#[cfg(test)]
mod tests;
