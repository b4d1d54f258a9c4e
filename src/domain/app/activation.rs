//! What an app still lacks before it can be activated.

use crate::domain::{app::App, id::SubscriptionId, subscription::Subscription};

/// One thing that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    ShortDescription,
    CompanyName,
    ContactName,
    ContactEmail,
    /// A subscription without its production URL.
    ProductionUrl(SubscriptionId),
}

/// Everything that is missing, in the order of the pages.
#[must_use]
pub fn missing(app: &App, subscriptions: &[Subscription]) -> Vec<Missing> {
    let about = &app.information;
    let fields = [
        (about.short_description.is_none(), Missing::ShortDescription),
        (about.company_name.is_none(), Missing::CompanyName),
        (about.contact_name.is_none(), Missing::ContactName),
        (about.contact_email.is_none(), Missing::ContactEmail),
    ];
    let endpoints = subscriptions
        .iter()
        .filter(|subscription| subscription.endpoints.production().is_none())
        .map(|subscription| Missing::ProductionUrl(subscription.id));
    fields.into_iter().filter(|(lacks, _)| *lacks).map(|(_, missing)| missing).chain(endpoints).collect()
}
