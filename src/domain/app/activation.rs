//! What an app still lacks before it can be activated.

use crate::domain::{
    app::{App, AppType},
    client::Client,
    id::SubscriptionId,
    scope::ScopeSet,
    subscription::Subscription,
};

/// One thing that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    ShortDescription,
    CompanyName,
    ContactName,
    ContactEmail,
    /// An app that uses OAuth, without an address that its users are sent back to.
    RedirectUri,
    /// A client that must authenticate, without a secret or keys to do it by.
    ClientSecret,
    /// A subscription without its production URL.
    ProductionUrl(SubscriptionId),
}

/// What is registered of the client that an app is, where its type makes it one.
#[derive(Clone, Debug)]
pub struct Registration {
    pub client: Client,
    /// Whether a secret of it works.
    pub has_secret: bool,
    /// What the app asks for.
    pub scopes: ScopeSet,
}

impl Registration {
    /// What it lacks, in the order of its page.
    fn missing(&self, app_type: AppType) -> impl Iterator<Item = Missing> {
        let authenticates = self.client.is_public || self.has_secret || self.client.jwks.is_some();
        let facts = [
            (!authenticates, Missing::ClientSecret),
            (app_type.asks_users() && self.client.redirect_uris.is_empty(), Missing::RedirectUri),
        ];
        facts.into_iter().filter(|(lacks, _)| *lacks).map(|(_, missing)| missing)
    }
}

/// Everything that is missing, in the order of the pages.
#[must_use]
pub fn missing(
    app: &App,
    registration: Option<&Registration>,
    subscriptions: &[Subscription],
) -> Vec<Missing> {
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
    let about = fields.into_iter().filter(|(lacks, _)| *lacks).map(|(_, missing)| missing);
    let client = registration.into_iter().flat_map(|registration| registration.missing(app.app_type));
    about.chain(client).chain(endpoints).collect()
}
