//! Event subscriptions: which events an app wants, and where they go.

use super::{
    event_type::EventTypeName,
    fields::Complaint,
    id::{AppId, SubscriptionId},
    text::{self, define_text},
    time::Timestamp,
    url::EndpointUrl,
};

define_text!(
    /// What its developers call a subscription. It has no effect on what is sent.
    SubscriptionName,
    text::line,
    100
);

/// Where events go: at least one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    development: Option<EndpointUrl>,
    production: Option<EndpointUrl>,
}

impl Endpoints {
    /// The pair, unless both are missing.
    #[must_use]
    pub fn new(development: Option<EndpointUrl>, production: Option<EndpointUrl>) -> Option<Self> {
        (development.is_some() || production.is_some()).then_some(Self { development, production })
    }

    #[must_use]
    pub const fn development(&self) -> Option<&EndpointUrl> {
        self.development.as_ref()
    }

    #[must_use]
    pub const fn production(&self) -> Option<&EndpointUrl> {
        self.production.as_ref()
    }
}

/// The event types of a subscription: one or more, each once. None never means all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypes(Vec<EventTypeName>);

impl EventTypes {
    /// The set, unless it is empty.
    #[must_use]
    pub fn new(mut names: Vec<EventTypeName>) -> Option<Self> {
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(Self(names))
    }

    pub fn iter(&self) -> impl Iterator<Item = &EventTypeName> {
        self.0.iter()
    }

    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|event_type| event_type.as_str() == name)
    }

    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }
}

/// What was chosen is not in the catalog, or nothing was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventTypesError {
    None,
    Unknown(String),
}

impl Complaint for EventTypesError {
    fn sentence(&self, _: &str) -> String {
        match self {
            Self::None => String::from("Choose at least one event type."),
            Self::Unknown(name) => {
                format!("There is no event type “{name}” to subscribe to; choose from the list.")
            }
        }
    }
}

/// What a developer enters of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSubscription {
    pub name: Option<SubscriptionName>,
    pub endpoints: Endpoints,
    pub event_types: EventTypes,
}

/// A subscription of an app.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub app: AppId,
    pub name: Option<SubscriptionName>,
    pub endpoints: Endpoints,
    pub event_types: EventTypes,
    pub created_at: Timestamp,
}

impl Subscription {
    /// What to call it: its name, else the URL its events go to.
    #[must_use]
    pub fn label(&self) -> &str {
        let url = || self.endpoints.production().or(self.endpoints.development()).map(EndpointUrl::as_str);
        self.name.as_ref().map(SubscriptionName::as_str).or_else(url).unwrap_or_default()
    }
}
