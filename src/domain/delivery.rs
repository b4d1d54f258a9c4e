//! Deliveries of events, and what becomes of each attempt.

pub mod attempt;
pub mod failure;
pub mod health;
pub mod redelivery;
pub mod schedule;
pub mod signature;
pub mod timing;

use self::attempt::Outcome;
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
    /// By choice, when its app was activated again; or it was held for longer than it is kept; or the
    /// event is of an account of which no owner lets the app have it any more.
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

/// Where a delivery has got to, as its developers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// For its first attempt, be it since it was asked for again.
    Waiting,
    /// For another attempt.
    Retrying,
    Succeeded,
    Failed,
    Cancelled,
    Dropped,
}

text_enum!(
    Stage,
    "delivery status",
    Waiting = "waiting",
    Retrying = "retrying",
    Succeeded = "succeeded",
    Failed = "failed",
    Cancelled = "cancelled",
    Dropped = "dropped",
);

impl Stage {
    /// `tries` counts the attempts since the delivery was last asked for.
    #[must_use]
    pub const fn of(status: Status, tries: u32) -> Self {
        match (status, tries) {
            (Status::Waiting, 0) => Self::Waiting,
            (Status::Waiting, _) => Self::Retrying,
            (Status::Succeeded, _) => Self::Succeeded,
            (Status::Failed, _) => Self::Failed,
            (Status::Cancelled, _) => Self::Cancelled,
            (Status::Dropped, _) => Self::Dropped,
        }
    }

    /// In a word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Retrying => "Retrying",
            Self::Succeeded => "Delivered",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Dropped => "Dropped",
        }
    }

    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Waiting | Self::Retrying => Status::Waiting,
            Self::Succeeded => Status::Succeeded,
            Self::Failed => Status::Failed,
            Self::Cancelled => Status::Cancelled,
            Self::Dropped => Status::Dropped,
        }
    }
}

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

    /// Whether an attempt that ended so did what it was made for. A forged probe is to be refused.
    #[must_use]
    pub const fn is_fulfilled_by(self, outcome: Outcome) -> bool {
        match self {
            Self::Event | Self::Test | Self::Probe => outcome.is_success(),
            Self::ForgedProbe => matches!(outcome, Outcome::Answered(_)) && !outcome.is_success(),
        }
    }

    /// Whether somebody waits for the answer on a page, and will not for long.
    #[must_use]
    pub const fn is_probe(self) -> bool {
        match self {
            Self::Event | Self::Test => false,
            Self::Probe | Self::ForgedProbe => true,
        }
    }

    /// Whether a developer may have it sent once more. The answer to a probe is awaited but once.
    #[must_use]
    pub const fn can_be_repeated(self) -> bool {
        match self {
            Self::Event | Self::Test => true,
            Self::Probe | Self::ForgedProbe => false,
        }
    }
}

/// The headers that every attempt of a delivery has alike; `webhook-timestamp` and
/// `webhook-signature` are each attempt's own.
#[must_use]
pub fn headers(id: DeliveryId) -> [(&'static str, String); 3] {
    [
        ("content-type", String::from("application/json")),
        ("user-agent", String::from(USER_AGENT)),
        ("webhook-id", id.to_string()),
    ]
}

const USER_AGENT: &str =
    concat!("Portico/", env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

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
