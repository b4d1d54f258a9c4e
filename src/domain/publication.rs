//! What the platform asks to have published: the events of one request, whole or not at all.

pub mod shape;
mod sizes;

use std::{fmt, str::FromStr};

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use thiserror::Error;

use self::shape::Misshapen;
use super::{
    account::ExternalId,
    event::Environment,
    event_type::EventTypeName,
    id::{AccountId, EventId},
    time::Timestamp,
};

/// The most bytes of a request.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;
/// The most bytes of one event as it stands in the request.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;
/// The most events of one request.
pub const MAX_EVENTS: usize = 100;

/// An event that is to be published.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub event_type: EventTypeName,
    pub account: AccountRef,
    pub environment: Environment,
    /// When it happened, if not just now.
    pub occurred_at: Option<Timestamp>,
    /// Its id on the platform, by which a repeat is known.
    pub published_id: Option<PublishedId>,
    /// A JSON object as the platform wrote it: receivers get its very numbers.
    pub data: String,
}

/// An account by either of its ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AccountRef {
    Id(AccountId),
    External(ExternalId),
}

/// The platform's own id of an event: 1 to 255 bytes of printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublishedId(String);

/// By which a request that is sent again is known: 1 to 255 bytes of printable ASCII
/// (draft-ietf-httpapi-idempotency-key-header-07).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// What should be an id is empty, too long or holds something else than printable ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be 1 to 255 characters of printable ASCII")]
pub struct NotAnIdText;

macro_rules! id_text {
    ($name:ident) => {
        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnIdText;

            fn from_str(text: &str) -> Result<Self, NotAnIdText> {
                let fits =
                    matches!(text.len(), 1..=255) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
                if fits { Ok(Self(text.to_owned())) } else { Err(NotAnIdText) }
            }
        }
    };
}

id_text!(PublishedId);
id_text!(IdempotencyKey);

/// Why a request publishes nothing. Its `Display` is for whoever wrote the request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unpublishable {
    #[error("The body is not JSON: {0}.")]
    NotJson(String),
    #[error("An event is at most 256 KiB; {which} has {was} bytes.")]
    EventTooLarge { which: Place, was: usize },
    #[error("Send 1 to 100 events in one request; this one has {was}.")]
    Count { was: usize },
    #[error("{} {complaint}", .which.member(.member))]
    Wrong { which: Place, member: &'static str, complaint: String },
}

/// Which event of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Only,
    /// Of an array, from 0.
    At(usize),
}

impl Place {
    fn member(self, member: &str) -> String {
        match self {
            Self::Only if member.is_empty() => String::from("the event"),
            Self::Only => member.to_owned(),
            Self::At(n) if member.is_empty() => format!("event [{n}]"),
            Self::At(n) => format!("[{n}].{member}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.member(""))
    }
}

/// An event as it stands in a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    r#type: Option<String>,
    account: Option<String>,
    account_external_id: Option<String>,
    environment: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    occurred_at: Option<String>,
    id: Option<String>,
}

/// The body of a request of which no event is too large. That is judged before anything else.
#[derive(Clone, Copy, Debug)]
pub struct Weighed<'a>(&'a [u8]);

impl<'a> Weighed<'a> {
    /// # Errors
    /// The first event that is too large.
    pub fn new(body: &'a [u8]) -> Result<Self, Unpublishable> {
        match sizes::too_large(body) {
            Some((which, was)) => Err(Unpublishable::EventTooLarge { which, was }),
            None => Ok(Self(body)),
        }
    }
}

/// The events of a request's body: one object, or an array of up to 100.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(Weighed(body): Weighed<'_>) -> Result<Vec<NewEvent>, Unpublishable> {
    let not_json = |error: serde_json::Error| Unpublishable::NotJson(error.to_string());
    let is_many = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let raw: Vec<&RawValue> = if is_many {
        serde_json::from_slice(body).map_err(not_json)?
    } else {
        vec![serde_json::from_slice(body).map_err(not_json)?]
    };
    let place = |n| if is_many { Place::At(n) } else { Place::Only };
    if raw.is_empty() || raw.len() > MAX_EVENTS {
        return Err(Unpublishable::Count { was: raw.len() });
    }
    raw.into_iter().enumerate().map(|(n, event)| NewEvent::read(place(n), event.get())).collect()
}

/// By which a body is known again (SHA-256).
#[must_use]
pub fn fingerprint(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

impl NewEvent {
    fn read(which: Place, text: &str) -> Result<Self, Unpublishable> {
        let wrong = |member, complaint: String| Unpublishable::Wrong { which, member, complaint };
        // Serde takes a list of the members' values for them, too.
        if !text.trim_start().starts_with('{') {
            return Err(wrong("", String::from("must be an object.")));
        }
        let raw: Raw<'_> = serde_json::from_str(text)
            .map_err(|error| wrong("", format!("is not as it should be: {error}.")))?;
        let missing = |member| move || wrong(member, String::from("is missing."));
        let event_type = raw.r#type.ok_or_else(missing("type"))?;
        let data = raw.data.ok_or_else(missing("data"))?.get();
        if !data.starts_with('{') {
            return Err(wrong("data", String::from("must be an object.")));
        }
        shape::judge(data).map_err(|misshapen| {
            let complaint = match misshapen {
                Misshapen::TooDeep => "is nested more than 64 levels deep.",
                Misshapen::LoneSurrogate => "has an escape \\u that stands for half a character.",
            };
            wrong("data", String::from(complaint))
        })?;
        let occurred_at = raw.occurred_at.map(|text| {
            let complaint = "must be a time such as 2026-11-24T07:20:00Z (RFC 3339).";
            Timestamp::of_rfc3339(&text).ok_or_else(|| wrong("occurred_at", String::from(complaint)))
        });
        let environment = raw.environment.map(|text| {
            text.parse()
                .map_err(|_| wrong("environment", String::from("must be \"production\" or \"development\".")))
        });
        let id = raw.id.map(|text| text.parse().map_err(|error| wrong("id", format!("{error}."))));
        Ok(Self {
            event_type: event_type
                .parse()
                .map_err(|_| wrong("type", format!("names no event type of the catalog: {event_type}.")))?,
            account: account(which, raw.account, raw.account_external_id)?,
            environment: environment.transpose()?.unwrap_or(Environment::Production),
            occurred_at: occurred_at.transpose()?,
            published_id: id.transpose()?,
            data: data.to_owned(),
        })
    }

    /// The message that every endpoint gets: the same bytes each time, since they are signed.
    #[must_use]
    pub fn body(&self, id: EventId, account: AccountId, occurred_at: Timestamp) -> String {
        message(&self.event_type, id, account, occurred_at, &self.data)
    }
}

/// A message as endpoints get it; `data` is a JSON object.
#[must_use]
pub fn message(
    event_type: &EventTypeName,
    id: EventId,
    account: AccountId,
    occurred_at: Timestamp,
    data: &str,
) -> String {
    // Nothing that stands in quotes here needs to be escaped.
    let occurred_at = occurred_at.exact();
    format!(
        "{{\"type\":\"{event_type}\",\"timestamp\":\"{occurred_at}\",\"event_id\":\"{id}\",\"account\":\"{account}\",\"data\":{data}}}"
    )
}

fn account(which: Place, id: Option<String>, external: Option<String>) -> Result<AccountRef, Unpublishable> {
    let wrong =
        |member, complaint: &str| Unpublishable::Wrong { which, member, complaint: complaint.to_owned() };
    match (id, external) {
        (Some(id), None) => {
            id.parse().map(AccountRef::Id).map_err(|_| wrong("account", "must be an account's id (acc_…)."))
        }
        (None, Some(external)) => external
            .parse()
            .map(AccountRef::External)
            .map_err(|_| wrong("account_external_id", "is not the external id of an account.")),
        (None, None) => Err(wrong("account", "is missing; name it, or account_external_id.")),
        (Some(_), Some(_)) => {
            Err(wrong("account_external_id", "stands beside account; send one of the two."))
        }
    }
}

#[cfg(test)]
mod tests;
