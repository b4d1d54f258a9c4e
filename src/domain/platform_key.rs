//! The keys by which the platform's own services are known.

use super::{
    id::{PlatformKeyId, UserId},
    text::{self, define_text},
    time::{Span, Timestamp},
};

define_text!(
    /// What a platform key is for, in the words of whoever made it: 1 to 100 characters on one line.
    PlatformKeyName,
    text::line,
    100
);

/// What is known of a platform key; the key itself is not.
#[derive(Clone, Debug)]
pub struct PlatformKeyFacts {
    pub id: PlatformKeyId,
    pub name: PlatformKeyName,
    /// Four characters of it.
    pub hint: String,
    pub made_at: Timestamp,
    /// Nobody for the operator.
    pub made_by: Option<UserId>,
    /// Late by up to [`PlatformKeyFacts::USED_EVERY`].
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl PlatformKeyFacts {
    /// `last_used_at` is written at most this often, since writing it costs a transaction.
    pub const USED_EVERY: Span = Span::minutes(1);

    /// Whether a use at this moment is worth writing down.
    #[must_use]
    pub fn is_use_news(&self, at: Timestamp) -> bool {
        self.last_used_at.is_none_or(|last| at >= last + Self::USED_EVERY)
    }
}

/// Proof that a request comes from one of the platform's own services: it showed a key that
/// works. What only the platform may do takes it.
#[derive(Clone, Copy, Debug)]
pub struct PlatformService {
    key: PlatformKeyId,
}

impl PlatformService {
    /// The proof, if the key is not revoked.
    #[must_use]
    pub fn prove(key: &PlatformKeyFacts) -> Option<Self> {
        key.revoked_at.is_none().then_some(Self { key: key.id })
    }

    /// The key that was shown.
    #[must_use]
    pub const fn key(self) -> PlatformKeyId {
        self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    fn key() -> PlatformKeyFacts {
        PlatformKeyFacts {
            id: PlatformKeyId::generate(at(0), [1; 10]),
            name: "Publisher".parse().unwrap(),
            hint: String::from("Qm4e"),
            made_at: at(0),
            made_by: None,
            last_used_at: None,
            revoked_at: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(1_795_504_800 + second)
    }

    #[test]
    fn a_revoked_key_proves_nothing() {
        let key = key();
        assert_eq!(PlatformService::prove(&key).map(PlatformService::key), Some(key.id));
        assert!(PlatformService::prove(&PlatformKeyFacts { revoked_at: Some(at(1)), ..key }).is_none());
    }

    #[test]
    fn a_use_is_news_once_a_minute() {
        let unused = key();
        assert!(unused.is_use_news(at(0)));
        let used = PlatformKeyFacts { last_used_at: Some(at(10)), ..unused };
        assert!(!used.is_use_news(at(69)));
        assert!(used.is_use_news(at(70)));
    }
}
