//! Many rows in one statement: as JSON, which both databases read ([`super::dialect`]). A statement
//! a row would cost each of them more than the row does.

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::domain::id::Id;

/// So many rows at a time: what is bound stays small, and one statement short.
pub(super) const AT_ONCE: usize = 500;

/// An id as its 32 digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdText(Uuid);

impl IdText {
    pub(super) fn of(id: impl Id) -> Self {
        Self(id.uuid())
    }
}

impl Serialize for IdText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0.as_simple())
    }
}

/// Bytes as their digits, two each.
#[derive(Clone, Copy, Debug)]
pub(super) struct BytesText<'a>(pub(super) &'a [u8]);

impl Serialize for BytesText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |four: u8| DIGITS.get(usize::from(four)).copied().map_or('0', char::from);
        let digits = self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        serializer.serialize_str(&digits.collect::<String>())
    }
}

/// Ids as JSON.
pub(super) fn ids<I: Id>(ids: &[I]) -> String {
    json(ids.iter().copied().map(IdText::of))
}

/// The rows as JSON. What cannot be written, which nothing of ours is, would be no row.
pub(super) fn json(rows: impl IntoIterator<Item = impl Serialize>) -> String {
    let rows: Vec<_> = rows.into_iter().collect();
    serde_json::to_string(&rows).unwrap_or_else(|_| String::from("[]"))
}
