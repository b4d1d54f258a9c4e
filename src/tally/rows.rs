//! Rows of counts, found without a search.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::atomic::{AtomicU32, Ordering},
};

/// Where the row of something was found last. What is counted very often keeps one beside what else
/// is known of it: a map is one more place in memory to go to.
#[derive(Debug, Default)]
pub struct Seat(AtomicU32);

impl Seat {
    fn place(&self) -> usize {
        self.0.load(Ordering::Relaxed) as usize
    }

    fn take(&self, place: usize) {
        self.0.store(u32::try_from(place).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

/// Values under keys, in the order in which they were begun.
#[derive(Debug)]
pub(super) struct Rows<K, V> {
    rows: Vec<(K, V)>,
    /// For whom the seat does not tell.
    places: HashMap<K, usize>,
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self { rows: Vec::new(), places: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash, V: Default> Rows<K, V> {
    /// The value of a key, which is there from now on.
    pub(super) fn of(&mut self, key: K, seat: Option<&Seat>) -> Option<&mut V> {
        let told =
            seat.map(Seat::place).filter(|place| self.rows.get(*place).is_some_and(|(k, _)| *k == key));
        let place = told.unwrap_or_else(|| {
            let place = *self.places.entry(key).or_insert_with(|| {
                self.rows.push((key, V::default()));
                self.rows.len() - 1
            });
            if let Some(seat) = seat {
                seat.take(place);
            }
            place
        });
        self.rows.get_mut(place).map(|(_, value)| value)
    }
}

impl<K, V> IntoIterator for Rows<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rows: &mut Rows<u8, u32>, key: u8, seat: Option<&Seat>) {
        *rows.of(key, seat).unwrap() += 1;
    }

    #[test]
    fn a_key_has_one_row_whatever_seat_it_comes_with() {
        let [one, other] = [Seat::default(), Seat::default()];
        let mut rows = Rows::default();
        for (key, seat) in [(1, &one), (2, &other), (1, &one), (2, &one), (3, &other), (1, &other), (1, &one)]
        {
            count(&mut rows, key, Some(seat));
        }
        count(&mut rows, 1, None);
        assert_eq!(rows.into_iter().collect::<Vec<_>>(), [(1, 5), (2, 2), (3, 1)]);
        // The seats are those of rows that are gone.
        let mut anew = Rows::default();
        for (key, seat) in [(3, &other), (1, &one), (2, &one), (1, &other)] {
            count(&mut anew, key, Some(seat));
        }
        assert_eq!(anew.into_iter().collect::<Vec<_>>(), [(3, 1), (1, 2), (2, 1)]);
    }
}
