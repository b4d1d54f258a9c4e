//! Deliveries of events, and what becomes of each attempt.

pub mod attempt;
pub mod failure;
pub mod schedule;
pub mod signature;
pub mod timing;

use super::{
    event::Environment,
    event_type::EventTypeName,
    id::{AppId, DeliveryId, EventId, LaneId, SubscriptionId},
    text_enum::text_enum,
    time::Timestamp,
};

/// Where a delivery has got to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// For its next attempt, or for its app to be active again.
    Waiting,
    Succeeded,
    /// No more attempts are made.
    Failed,
    /// Its subscription was deleted.
    Cancelled,
    /// By choice, when its app was activated again.
    Dropped,
}

text_enum!(
    Status,
    "delivery status",
    Waiting = "waiting",
    Succeeded = "succeeded",
    Failed = "failed",
    Cancelled = "cancelled",
    Dropped = "dropped",
);

/// What is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryKind {
    /// Something that happened.
    Event,
    /// An event that a developer made up.
    Test,
    /// Asks the endpoint whether it is one.
    Probe,
    /// A probe with a wrong signature, which the endpoint must refuse.
    ForgedProbe,
}

text_enum!(
    DeliveryKind,
    "kind of delivery",
    Event = "event",
    Test = "test",
    Probe = "probe",
    ForgedProbe = "forged_probe",
);

impl DeliveryKind {
    /// Whether it is sent again if it fails. Somebody waits for the answer to all else.
    #[must_use]
    pub const fn is_retried(self) -> bool {
        match self {
            Self::Event => true,
            Self::Test | Self::Probe | Self::ForgedProbe => false,
        }
    }
}

/// A delivery that is due from the moment it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    pub id: DeliveryId,
    pub event: EventId,
    pub app: AppId,
    pub subscription: SubscriptionId,
    pub lane: LaneId,
    pub kind: DeliveryKind,
    pub environment: Environment,
    pub event_type: EventTypeName,
    pub created_at: Timestamp,
}
