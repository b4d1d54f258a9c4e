//! Keys that wait to be looked up, and are, many at a time: made-up ones cost a share of one
//! statement, and a new account among them goes with the next batch.

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use tokio::sync::watch;

use super::{PATIENCE, Told};
use crate::directory::shelf::Kept;

/// Keys that are looked up at one time.
const AT_ONCE: usize = 500;
/// Keys nobody here has known that may be under way. What comes after them is told to come back.
pub(super) const MOST_STRANGERS: usize = 4_096;
/// Batches at one time, of each of the three shelves: of six together the pool has more.
pub(super) const READERS: usize = 2;

/// The look-ups of one shelf.
#[derive(Debug)]
pub(in crate::directory) struct Queue<T: Kept> {
    /// Whoever asks for the same key is told the same.
    pub(super) under_way: HashMap<T::Key, Told<T>>,
    /// Keys that were known until their account changed: before the others, of which anyone can
    /// make up any number.
    known: VecDeque<Asked<T>>,
    strangers: VecDeque<Asked<T>>,
    readers: usize,
}

/// A key that waits, and where its outcome is told.
#[derive(Debug)]
pub(super) struct Asked<T: Kept> {
    pub(super) key: T::Key,
    pub(super) tell: watch::Sender<super::Telling<T>>,
    since: Instant,
}

/// The look-up of a key.
pub(super) struct Joined<T: Kept> {
    pub(super) told: Told<T>,
    /// Another reader is to begin.
    pub(super) needs_reader: bool,
}

impl<T: Kept> Default for Queue<T> {
    fn default() -> Self {
        Self { under_way: HashMap::new(), known: VecDeque::new(), strangers: VecDeque::new(), readers: 0 }
    }
}

impl<T: Kept> Queue<T> {
    /// The look-up of the key that is under way, or a new one; nothing if too many are.
    pub(super) fn join(&mut self, key: T::Key, was_known: bool) -> Option<Joined<T>> {
        if let Some(told) = self.under_way.get(&key) {
            return Some(Joined { told: told.clone(), needs_reader: false });
        }
        if !was_known && self.under_way.len() >= MOST_STRANGERS {
            return None;
        }
        let (tell, told) = watch::channel(None);
        self.under_way.insert(key, told.clone());
        let waiting = if was_known { &mut self.known } else { &mut self.strangers };
        waiting.push_back(Asked { key, tell, since: Instant::now() });
        let needs_reader = self.readers < READERS;
        self.readers += usize::from(needs_reader);
        Some(Joined { told, needs_reader })
    }

    /// What a reader looks up next; nothing if none waits, and the reader ends.
    pub(super) fn next(&mut self) -> Option<Vec<Asked<T>>> {
        let mut batch = Vec::new();
        while batch.len() < AT_ONCE
            && let Some(asked) = self.known.pop_front().or_else(|| self.strangers.pop_front())
        {
            // Who asked has gone long ago.
            if asked.since.elapsed() > PATIENCE {
                self.under_way.remove(&asked.key);
            } else {
                batch.push(asked);
            }
        }
        if batch.is_empty() {
            self.readers -= 1;
            return None;
        }
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{directory::Entry, domain::credential::ApiKey};

    fn key(n: usize) -> ApiKey {
        ApiKey::from_random((n as u128).to_be_bytes())
    }

    fn keys(batch: Option<Vec<Asked<Entry>>>) -> Vec<ApiKey> {
        batch.unwrap_or_default().iter().map(|asked| asked.key).collect()
    }

    #[test]
    fn who_was_known_goes_first_and_the_others_in_their_order() {
        let mut queue = Queue::<Entry>::default();
        for n in 0..AT_ONCE + 10 {
            assert!(queue.join(key(n), false).is_some());
        }
        assert!(queue.join(key(1_000), true).is_some());
        assert!(queue.join(key(0), false).is_some_and(|joined| !joined.needs_reader), "it is under way");
        let first: Vec<_> = [1_000].into_iter().chain(0..AT_ONCE - 1).map(key).collect();
        assert_eq!(keys(queue.next()), first);
        let rest: Vec<_> = (AT_ONCE - 1..AT_ONCE + 10).map(key).collect();
        assert_eq!(keys(queue.next()), rest);
    }

    #[test]
    fn strangers_under_way_are_bounded_and_whoever_was_known_comes_in() {
        let mut queue = Queue::<Entry>::default();
        let let_in = (0..MOST_STRANGERS + 100).filter(|n| queue.join(key(*n), false).is_some()).count();
        assert_eq!((let_in, queue.under_way.len()), (MOST_STRANGERS, MOST_STRANGERS));
        assert!(queue.join(key(0), false).is_some(), "it is under way already");
        assert!(queue.join(key(1_000_000), true).is_some());
        let batch = queue.next().expect("some wait");
        assert!(queue.join(key(2_000_000), false).is_none(), "they are still being read");
        batch.iter().for_each(|asked| _ = queue.under_way.remove(&asked.key));
        assert!(queue.join(key(2_000_000), false).is_some());
    }

    #[test]
    fn there_are_as_many_readers_as_there_may_be_while_keys_wait() {
        let mut queue = Queue::<Entry>::default();
        let begun = (0..10).filter(|n| queue.join(key(*n), false).is_some_and(|joined| joined.needs_reader));
        assert_eq!(begun.count(), READERS);
        assert!(queue.next().is_some());
        assert!((0..READERS).all(|_| queue.next().is_none()), "nothing waits, and they end");
        assert!(queue.join(key(10), false).is_some_and(|joined| joined.needs_reader));
    }
}
