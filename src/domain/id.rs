//! Identifiers: a type each, a prefix each, sortable by the time they were made.

use std::{fmt, str::FromStr};

use thiserror::Error;
use uuid::Uuid;

use super::time::Timestamp;

/// An identifier: a UUID of version 7 (RFC 9562 §5.7), shown as a prefix and 26 characters of
/// lower-case Crockford base32.
pub trait Id: Copy + fmt::Display + FromStr {
    const PREFIX: &'static str;

    fn from_uuid(uuid: Uuid) -> Self;
    fn uuid(self) -> Uuid;

    /// What stands behind the prefix and `_`: 26 characters, all of them ASCII.
    #[must_use]
    fn digits(self) -> [u8; DIGITS] {
        encode(self.uuid().as_u128())
    }

    /// A new identifier of this moment.
    #[must_use]
    fn generate(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.micros() / 1_000).unwrap_or_default();
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// When it was made, to the millisecond.
    #[must_use]
    fn made_at(self) -> Timestamp {
        let millis = i64::try_from(self.uuid().as_u128() >> 80).unwrap_or_default();
        Timestamp::from_micros(millis.saturating_mul(1_000))
    }
}

/// The text is not an identifier of the type that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an id that begins with {prefix}_")]
pub struct NotAnId {
    prefix: &'static str,
}

macro_rules! define_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;

            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                // All of it is ASCII.
                f.write_str(str::from_utf8(&self.digits()).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(|value| Self(Uuid::from_u128(value)))
                    .ok_or(NotAnId { prefix: $prefix })
            }
        }
    };
}

define_id!(
    /// An account: an organisation that owns apps.
    AccountId,
    "acc"
);
define_id!(
    /// A person who signs in.
    UserId,
    "usr"
);
define_id!(AppId, "app");
define_id!(
    /// An event subscription of an app.
    SubscriptionId,
    "sub"
);
define_id!(
    /// An invitation to an account.
    InvitationId,
    "inv"
);
define_id!(SessionId, "ses");
define_id!(
    /// One secret among those of an account or subscription.
    SecretId,
    "sec"
);
define_id!(
    /// A platform key, as lists and the audit log name it.
    PlatformKeyId,
    "key"
);
define_id!(
    /// One row of the audit log.
    AuditId,
    "aud"
);
define_id!(
    /// A one-time link sent by mail.
    LinkId,
    "lnk"
);
define_id!(
    /// One try that counts against a limit.
    TryId,
    "try"
);
define_id!(
    /// One call that was refused.
    RefusedCallId,
    "call"
);
define_id!(
    /// One mail in the outbox.
    MailId,
    "mail"
);

define_id!(
    /// An event that was published.
    EventId,
    "evt"
);
define_id!(
    /// A delivery: one event to one subscription. It is the `webhook-id` of every attempt.
    DeliveryId,
    "msg"
);
define_id!(
    /// What one subscription gets in turn.
    LaneId,
    "lane"
);
define_id!(
    /// A process that sends deliveries, from its start to its end.
    SenderId,
    "snd"
);
define_id!(
    /// One attempt to do what a request with an `Idempotency-Key` asks for.
    ClaimId,
    "clm"
);

define_id!(
    /// What a user lets an app do for one of their accounts.
    GrantId,
    "grt"
);
define_id!(
    /// The tokens that came of one authorisation and end together.
    FamilyId,
    "fam"
);

/// Crockford's alphabet in lower case: no i, l, o or u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What each byte stands for as a digit; 32 and above are none.
const VALUES: [u8; 256] = {
    let mut digits = [u8::MAX; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

/// How many digits an id has: 26 hold 130 bits.
pub const DIGITS: usize = 26;

fn encode(mut value: u128) -> [u8; DIGITS] {
    let mut text = [0; DIGITS];
    for place in text.iter_mut().rev() {
        *place = ALPHABET.get((value & 31) as usize).copied().unwrap_or_default();
        value >>= 5;
    }
    text
}

/// Only what `encode` writes: one text for one id, so that ids can be compared as text.
fn decode(text: &str) -> Option<u128> {
    // Of the 130 bits an id has 128: the first character may carry three.
    if text.len() != DIGITS || text.as_bytes().first()? > &b'7' {
        return None;
    }
    text.bytes().try_fold(0, |value, c| {
        let digit = VALUES.get(usize::from(c)).filter(|digit| **digit < 32)?;
        Some(value << 5 | u128::from(*digit))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = AppId::generate(Timestamp::from_seconds(1_000), [0xff; 10]);
        let late = AppId::generate(Timestamp::from_seconds(1_001), [0; 10]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
        assert!(early.to_string().starts_with("app_"));
    }

    #[test]
    fn another_types_id_and_other_spellings_are_refused() {
        let app = AppId::generate(Timestamp::from_seconds(1_000), [7; 10]).to_string();
        assert!(app.parse::<UserId>().is_err());
        for wrong in [
            app.to_uppercase(),
            app.replace("app_", "app_8"),
            format!("{app}0"),
            String::from("app_"),
            app.replace('0', "o"),
        ] {
            assert!(wrong.parse::<AppId>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_id_is_read_as_it_was_written(value: u128) {
            let id = AppId::from_uuid(Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse::<AppId>(), Ok(id));
        }
    }
}
