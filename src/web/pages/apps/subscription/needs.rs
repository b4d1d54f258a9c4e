//! What must be granted before an event of a type comes to an app.

use crate::actions::{Context, clients};
use crate::domain::account::AtLeast;
use crate::domain::event_type::{DEAUTHORIZED, EventType};
use crate::domain::scope::ScopeName;
use crate::web::error::PageError;
use crate::web::extract::app::InApp;

/// What an owner of an account grants, before its events of a type come to an OAuth app.
pub(crate) enum Needs {
    /// Nothing: it is the app's own affair, or the app asks no users.
    Nothing,
    /// A scope that the app asks for.
    Scope(String),
    /// A scope that the app does not ask for, so that nobody can grant it.
    ScopeNotAsked(String),
    /// The type names no scope, so no OAuth app receives it.
    NeverSent,
}

/// The scopes that an app asks users for; nothing if it asks no users.
pub(super) struct Grantable(Option<Vec<ScopeName>>);

impl Grantable {
    pub(super) async fn read<R: AtLeast>(ctx: &Context, at: &InApp<R>) -> Result<Self, PageError> {
        if !at.app.app_type.asks_users() {
            return Ok(Self(None));
        }
        let wanted = clients::scopes(ctx, &at.acting, at.app.id).await?;
        Ok(Self(Some(wanted.into_iter().map(|wanted| wanted.scope).collect())))
    }

    pub(super) fn needs(&self, event_type: &EventType) -> Needs {
        let Some(grantable) = &self.0 else { return Needs::Nothing };
        if event_type.name.as_str() == DEAUTHORIZED {
            return Needs::Nothing;
        }
        match &event_type.scope {
            Some(scope) if grantable.contains(scope) => Needs::Scope(scope.to_string()),
            Some(scope) => Needs::ScopeNotAsked(scope.to_string()),
            None => Needs::NeverSent,
        }
    }
}
