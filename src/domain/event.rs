//! Events: what the platform publishes.

use super::{
    event_type::EventTypeName,
    id::{AccountId, EventId},
    text_enum::text_enum,
    time::Timestamp,
};

/// Which of the two worlds of an app an event belongs to, and so to which URL it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Environment {
    Production,
    Development,
}

text_enum!(Environment, "environment", Production = "production", Development = "development");

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub account: AccountId,
    pub event_type: EventTypeName,
    pub environment: Environment,
    /// The message as every endpoint gets it, to the byte.
    pub body: String,
    pub occurred_at: Timestamp,
    pub created_at: Timestamp,
}
