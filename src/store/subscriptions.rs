//! Event subscriptions.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{
    Conn, Result, StoreError, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    event_type::EventTypeName,
    id::{AccountId, AppId, SubscriptionId},
    subscription::{Endpoints, EventTypes, NewSubscription, Subscription, SubscriptionName},
    time::Timestamp,
    url::EndpointUrl,
};

statements! {
    /// An app's subscriptions, the oldest first.
    SUBSCRIPTIONS = "select s.id, s.app_id, s.name, s.development_url, s.production_url, s.created_at
        from subscriptions s join apps a on a.id = s.app_id
        where a.account_id = $1 and s.app_id = $2 order by s.created_at, s.id";
    /// One subscription of an app.
    SUBSCRIPTION = "select s.id, s.app_id, s.name, s.development_url, s.production_url, s.created_at
        from subscriptions s join apps a on a.id = s.app_id
        where a.account_id = $1 and s.app_id = $2 and s.id = $3";
    /// The event types of an app's subscriptions.
    TYPES_OF_APP = "select t.subscription_id, t.event_type
        from subscription_event_types t join subscriptions s on s.id = t.subscription_id
        join apps a on a.id = s.app_id
        where a.account_id = $1 and s.app_id = $2 order by t.event_type";
    /// The subscriptions of all apps of an account, the oldest first.
    SUBSCRIPTIONS_OF_ACCOUNT = "select s.id, s.app_id, s.name, s.development_url, s.production_url, s.created_at
        from subscriptions s join apps a on a.id = s.app_id
        where a.account_id = $1 order by s.created_at, s.id";
    /// Their event types.
    TYPES_OF_ACCOUNT = "select t.subscription_id, t.event_type
        from subscription_event_types t join subscriptions s on s.id = t.subscription_id
        join apps a on a.id = s.app_id where a.account_id = $1 order by t.event_type";
    /// How many subscriptions an app has.
    SUBSCRIPTION_COUNT = "select count(*) from subscriptions s join apps a on a.id = s.app_id
        where a.account_id = $1 and s.app_id = $2";
    /// A new subscription.
    INSERT_SUBSCRIPTION = "insert into subscriptions (id, app_id, name, development_url, production_url, created_at)
        values ($1, $2, $3, $4, $5, $6)";
    /// What a subscription's developers entered.
    UPDATE_SUBSCRIPTION = "update subscriptions set name = $3, development_url = $4, production_url = $5
        where app_id = $1 and id = $2";
    /// A subscription goes, with its types and secrets.
    DELETE_SUBSCRIPTION = "delete from subscriptions where app_id = $1 and id = $2";
    /// One event type of a subscription.
    INSERT_TYPE = "insert into subscription_event_types (subscription_id, event_type) values ($1, $2)";
    /// A subscription's event types go.
    DELETE_TYPES = "delete from subscription_event_types where subscription_id = $1";
}

#[derive(FromRow)]
struct SubscriptionRow {
    id: SubscriptionId,
    app_id: AppId,
    name: Option<SubscriptionName>,
    development_url: Option<EndpointUrl>,
    production_url: Option<EndpointUrl>,
    created_at: Timestamp,
}

type TypeRow = (SubscriptionId, EventTypeName);

/// What each subscription is to.
type Types = HashMap<SubscriptionId, Vec<EventTypeName>>;

fn by_subscription(rows: Vec<TypeRow>) -> Types {
    let mut types = Types::new();
    for (id, name) in rows {
        types.entry(id).or_default().push(name);
    }
    types
}

impl SubscriptionRow {
    fn with(self, types: &mut Types) -> Result<Subscription> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("{} has no {what}", self.id));
        let mine = types.remove(&self.id).unwrap_or_default();
        let event_types = EventTypes::new(mine).ok_or_else(|| corrupt("event type"))?;
        let endpoints = Endpoints::new(self.development_url.clone(), self.production_url.clone())
            .ok_or_else(|| corrupt("URL"))?;
        Ok(Subscription {
            id: self.id,
            app: self.app_id,
            name: self.name,
            endpoints,
            event_types,
            created_at: self.created_at,
        })
    }
}

impl Conn {
    pub async fn subscriptions(&mut self, account: AccountId, app: AppId) -> Result<Vec<Subscription>> {
        let rows: Vec<SubscriptionRow> = all!(self, SUBSCRIPTIONS, account, app);
        let mut types = by_subscription(all!(self, TYPES_OF_APP, account, app));
        rows.into_iter().map(|row| row.with(&mut types)).collect()
    }

    /// Those of all its apps, the oldest first.
    pub async fn subscriptions_of_account(&mut self, account: AccountId) -> Result<Vec<Subscription>> {
        let rows: Vec<SubscriptionRow> = all!(self, SUBSCRIPTIONS_OF_ACCOUNT, account);
        let mut types = by_subscription(all!(self, TYPES_OF_ACCOUNT, account));
        rows.into_iter().map(|row| row.with(&mut types)).collect()
    }

    pub async fn subscription(
        &mut self,
        account: AccountId,
        app: AppId,
        id: SubscriptionId,
    ) -> Result<Option<Subscription>> {
        let row: Option<SubscriptionRow> = optional!(self, SUBSCRIPTION, account, app, id);
        let mut types = by_subscription(all!(self, TYPES_OF_APP, account, app));
        row.map(|row| row.with(&mut types)).transpose()
    }

    pub async fn subscription_count(&mut self, account: AccountId, app: AppId) -> Result<i64> {
        Ok(value!(self, SUBSCRIPTION_COUNT, account, app))
    }
}

impl Tx {
    pub async fn insert_subscription(
        &mut self,
        app: AppId,
        id: SubscriptionId,
        new: &NewSubscription,
        now: Timestamp,
    ) -> Result<()> {
        let NewSubscription { name, endpoints, event_types } = new;
        execute!(
            self,
            INSERT_SUBSCRIPTION,
            id,
            app,
            name.as_ref(),
            endpoints.development(),
            endpoints.production(),
            now
        );
        self.insert_types(id, event_types).await
    }

    /// Whether the app has such a subscription.
    pub async fn update_subscription(
        &mut self,
        app: AppId,
        id: SubscriptionId,
        new: &NewSubscription,
    ) -> Result<bool> {
        let NewSubscription { name, endpoints, event_types } = new;
        let found = execute!(
            self,
            UPDATE_SUBSCRIPTION,
            app,
            id,
            name.as_ref(),
            endpoints.development(),
            endpoints.production()
        );
        if found == 0 {
            return Ok(false);
        }
        execute!(self, DELETE_TYPES, id);
        self.insert_types(id, event_types).await?;
        Ok(true)
    }

    /// Whether the app had such a subscription.
    pub async fn delete_subscription(&mut self, app: AppId, id: SubscriptionId) -> Result<bool> {
        Ok(execute!(self, DELETE_SUBSCRIPTION, app, id) > 0)
    }

    async fn insert_types(&mut self, id: SubscriptionId, event_types: &EventTypes) -> Result<()> {
        for event_type in event_types.iter() {
            execute!(self, INSERT_TYPE, id, event_type);
        }
        Ok(())
    }
}
