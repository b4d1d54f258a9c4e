//! The chains of the audit log: each row's hash covers the row and the hash of the row before,
//! so that no row can be altered, taken out or put in between without its hash telling.
//!
//! `docs/audit.md` has the encoding for others to follow; it and [`Record::hash`] change together.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::domain::{
    id::{AccountId, AppId, AuditId, Id, UserId},
    time::Timestamp,
};

/// What every row's hash begins with, so that it is no other hash of ours.
const LABEL: &[u8] = b"portico audit 1";

/// A chain of rows, numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// What belongs to no account.
    Platform,
    Account(AccountId),
}

impl Chain {
    /// The chain of what belongs to this account, if to any.
    #[must_use]
    pub fn of(account: Option<AccountId>) -> Self {
        account.map_or(Self::Platform, Self::Account)
    }

    /// As a column holds it: the account's id, all zeros for the platform's own.
    #[must_use]
    pub fn column(self) -> uuid::Uuid {
        match self {
            Self::Platform => uuid::Uuid::nil(),
            Self::Account(id) => id.uuid(),
        }
    }

    /// The chain that [`Chain::column`] wrote.
    #[must_use]
    pub fn from_column(column: uuid::Uuid) -> Self {
        if column.is_nil() { Self::Platform } else { Self::Account(AccountId::from_uuid(column)) }
    }

    /// The first chain behind it that there could be, in the order of columns.
    #[must_use]
    pub fn successor(self) -> Option<Self> {
        let next = self.column().as_u128().checked_add(1)?;
        Some(Self::from_column(uuid::Uuid::from_u128(next)))
    }

    #[must_use]
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Self::Platform => None,
            Self::Account(id) => Some(id),
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
            Self::Account(id) => id.fmt(f),
        }
    }
}

/// The text names no chain, hash or head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not what `portico audit head` prints: a chain, a number and a hash of 64 hex digits")]
pub struct NotAHead;

impl FromStr for Chain {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        if text == "platform" {
            return Ok(Self::Platform);
        }
        text.parse().map(Self::Account).map_err(|_| NotAHead)
    }
}

/// What a row hashes to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first row of a chain follows.
    pub const ZERO: Self = Self([0; 32]);

    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let is_hex = text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let digits = is_hex.then_some(text).ok_or(NotAHead)?;
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            let pair = digits.get(place * 2..place * 2 + 2).ok_or(NotAHead)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotAHead)?;
        }
        Ok(Self(bytes))
    }
}

/// The end of a chain: the number and the hash of its last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: i64,
    pub hash: Hash,
}

impl Head {
    /// Of a chain that has no row yet.
    pub const NONE: Self = Self { seq: 0, hash: Hash::ZERO };
}

/// A head that is kept elsewhere, as `portico audit head` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptHead {
    pub chain: Chain,
    pub head: Head,
}

impl fmt::Display for KeptHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.chain, self.head.seq, self.head.hash)
    }
}

impl FromStr for KeptHead {
    type Err = NotAHead;

    fn from_str(line: &str) -> Result<Self, NotAHead> {
        let mut words = line.split_whitespace();
        let mut word = || words.next().ok_or(NotAHead);
        let (chain, seq, hash) = (word()?.parse()?, word()?, word()?.parse()?);
        let seq = seq.parse().ok().filter(|seq| *seq >= 1).ok_or(NotAHead)?;
        if words.next().is_some() {
            return Err(NotAHead);
        }
        Ok(Self { chain, head: Head { seq, hash } })
    }
}

/// A row as its columns hold it, but for its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub id: AuditId,
    pub chain: Chain,
    /// Its place in the chain, from 1.
    pub seq: i64,
    pub at: Timestamp,
    pub actor: String,
    pub actor_id: Option<UserId>,
    pub app: Option<AppId>,
    pub action: String,
    /// JSON, as it was written.
    pub detail: String,
    pub address: Option<String>,
    pub request_id: Option<String>,
}

impl Record {
    /// SHA-256 of a label, the hash of the row before, and each field with its length before it.
    #[must_use]
    pub fn hash(&self, before: Hash) -> Hash {
        let texts = [
            Some(self.id.to_string()),
            Some(self.chain.to_string()),
            Some(self.seq.to_string()),
            Some(self.at.micros().to_string()),
            Some(self.actor.clone()),
            self.actor_id.map(|id| id.to_string()),
            self.app.map(|id| id.to_string()),
            Some(self.action.clone()),
            Some(self.detail.clone()),
            self.address.clone(),
            self.request_id.clone(),
        ];
        let mut hasher = Sha256::new_with_prefix(LABEL);
        hasher.update(before.as_bytes());
        for text in texts {
            match text {
                None => hasher.update([0]),
                Some(text) => {
                    hasher.update([1]);
                    hasher.update((text.len() as u64).to_be_bytes());
                    hasher.update(text);
                }
            }
        }
        Hash(hasher.finalize().into())
    }
}

/// Why a chain is broken where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("its hash does not follow from what it says and from the entry before")]
    Hash,
    #[error("it is missing")]
    Missing,
    #[error("there is more than one entry of this number, or it stands before the first")]
    Fork,
    #[error("it cannot be read")]
    Unreadable,
    #[error("it is the last one, but the chain's head has another hash")]
    HeadDiffers,
    #[error("it stands behind the head of the chain, which ends at entry {0}")]
    BehindHead(i64),
    #[error("its hash is not the one that was kept")]
    NotAsKept,
}

/// The first broken row of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    pub chain: Chain,
    pub seq: i64,
    /// Unless there is no such row.
    pub id: Option<AuditId>,
    pub fault: Fault,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: entry {}", self.chain, self.seq)?;
        if let Some(id) = self.id {
            write!(f, " ({id})")?;
        }
        write!(f, ": {}", self.fault)
    }
}

/// Follows one chain from its beginning.
#[derive(Clone, Copy, Debug)]
pub struct Follower {
    chain: Chain,
    reached: Head,
    last: Option<AuditId>,
}

impl Follower {
    #[must_use]
    pub const fn of(chain: Chain) -> Self {
        Self { chain, reached: Head::NONE, last: None }
    }

    /// How far the chain is whole.
    #[must_use]
    pub const fn reached(&self) -> Head {
        self.reached
    }

    /// Takes the next row, in the order of their numbers.
    ///
    /// # Errors
    /// The row that is broken, or the one that is missing before it.
    pub fn next(&mut self, row: &Record, stored: Hash) -> Result<(), Break> {
        let expected = self.reached.seq + 1;
        let at = |seq, id, fault| Break { chain: self.chain, seq, id, fault };
        if row.seq < expected {
            return Err(at(row.seq, Some(row.id), Fault::Fork));
        }
        if row.seq > expected {
            return Err(at(expected, None, Fault::Missing));
        }
        if row.chain != self.chain || row.hash(self.reached.hash) != stored {
            return Err(at(row.seq, Some(row.id), Fault::Hash));
        }
        self.reached = Head { seq: row.seq, hash: stored };
        self.last = Some(row.id);
        Ok(())
    }

    /// A row comes next that no type of ours can hold.
    #[must_use]
    pub const fn unreadable(&self) -> Break {
        Break { chain: self.chain, seq: self.reached.seq + 1, id: None, fault: Fault::Unreadable }
    }

    /// Holds the end of the chain against its head; `None` if it has none.
    ///
    /// # Errors
    /// The last row, or the one that the head names and that is missing.
    pub fn end(&self, head: Option<Head>) -> Result<(), Break> {
        let head = head.unwrap_or(Head::NONE);
        let Head { seq, hash } = self.reached;
        let at = |seq, id, fault| Err(Break { chain: self.chain, seq, id, fault });
        if head.seq > seq {
            at(seq + 1, None, Fault::Missing)
        } else if head.seq < seq {
            at(seq, self.last, Fault::BehindHead(head.seq))
        } else if head.hash != hash {
            at(seq, self.last, Fault::HeadDiffers)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
