//! The catalog of scopes.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{
    COUNTED, Conn, Result, Tx,
    db::{all, execute, optional, value},
    statements::statements,
};
use crate::domain::{
    scope::ScopeName,
    scope_catalog::{NewScope, Scope, ScopeDescription},
    time::Timestamp,
    user::Admin,
};

statements! {
    /// Every scope, in the order of the catalog.
    SCOPES = "select name, description, version, retired_at from scopes order by position, name";
    /// One scope.
    SCOPE = "select name, description, version, retired_at from scopes where name = $1";
    /// How many apps ask for each scope, counted up to a number.
    SCOPE_USES = "select s.name, (select count(*) from
            (select 1 as one from app_scopes a where a.scope = s.name order by a.app_id limit $1) uses)
        from scopes s";
    /// How many apps ask for one, counted up to a number.
    SCOPE_USE = "select count(*) from (select 1 as one from app_scopes where scope = $1 order by app_id limit $2) uses";
    /// The event types that need a scope, in the order of the catalog.
    EVENT_TYPES_OF_SCOPE = "select name from event_types where scope = $1 order by position, name";
    /// How many grants hold a scope, counted up to one.
    SCOPE_IS_GRANTED = "select count(*) from (select 1 as one from grants
        where replace(' ' || scopes || ' ', ' ' || $1 || ' ', '') <> ' ' || scopes || ' ' limit 1) held";
    /// A new scope, at the end.
    INSERT_SCOPE = "insert into scopes (name, description, position, version)
        values ($1, $2, (select coalesce(max(position), 0) + 1 from scopes), 1)";
    /// The words of a scope.
    UPDATE_SCOPE = "update scopes set description = $2, version = version + 1 where name = $1";
    /// Since when a scope is not offered, if it is not.
    SET_SCOPE_RETIRED = "update scopes set retired_at = $2, version = version + 1 where name = $1";
    /// A scope goes.
    DELETE_SCOPE = "delete from scopes where name = $1";
}

#[derive(FromRow)]
struct ScopeRow {
    name: ScopeName,
    description: ScopeDescription,
    version: i64,
    retired_at: Option<Timestamp>,
}

impl From<ScopeRow> for Scope {
    fn from(row: ScopeRow) -> Self {
        let ScopeRow { name, description, version, retired_at } = row;
        Self { name, description, retired: retired_at.is_some(), version }
    }
}

impl Conn {
    pub async fn scopes(&mut self) -> Result<Vec<Scope>> {
        let rows: Vec<ScopeRow> = all!(self, SCOPES);
        Ok(rows.into_iter().map(Scope::from).collect())
    }

    pub async fn scope(&mut self, name: &ScopeName) -> Result<Option<Scope>> {
        let row: Option<ScopeRow> = optional!(self, SCOPE, name);
        Ok(row.map(Scope::from))
    }

    /// How many apps of the platform ask for each scope, [`COUNTED`] and one more for any number
    /// above it.
    pub async fn scope_uses(&mut self, _admin: Admin) -> Result<HashMap<ScopeName, i64>> {
        let rows: Vec<(ScopeName, i64)> = all!(self, SCOPE_USES, COUNTED + 1);
        Ok(rows.into_iter().collect())
    }

    /// How many apps of the platform ask for this scope, counted as in [`Conn::scope_uses`].
    pub async fn scope_use(&mut self, _admin: Admin, name: &ScopeName) -> Result<i64> {
        Ok(value!(self, SCOPE_USE, name, COUNTED + 1))
    }

    /// The names of the event types that an app receives by this scope alone.
    pub async fn event_types_of_scope(&mut self, name: &ScopeName) -> Result<Vec<String>> {
        Ok(all!(self, EVENT_TYPES_OF_SCOPE, name).into_iter().map(|(name,): (String,)| name).collect())
    }

    /// Whether anybody has granted it to an app that may ask for it no more. Looks at every grant.
    pub async fn scope_is_granted(&mut self, _admin: Admin, name: &ScopeName) -> Result<bool> {
        let held: i64 = value!(self, SCOPE_IS_GRANTED, name);
        Ok(held > 0)
    }
}

impl Tx {
    /// At the end of the catalog, and offered.
    ///
    /// # Errors
    /// [`super::StoreError::Duplicate`] if there is one of this name.
    pub async fn insert_scope(&mut self, new: &NewScope) -> Result<()> {
        let NewScope { name, description } = new;
        execute!(self, INSERT_SCOPE, name, description);
        Ok(())
    }

    pub async fn update_scope(&mut self, new: &NewScope) -> Result<()> {
        let NewScope { name, description } = new;
        execute!(self, UPDATE_SCOPE, name, description);
        Ok(())
    }

    pub async fn set_scope_retired(&mut self, name: &ScopeName, retired_at: Option<Timestamp>) -> Result<()> {
        execute!(self, SET_SCOPE_RETIRED, name, retired_at);
        Ok(())
    }

    /// # Errors
    /// [`super::StoreError::Dangling`] if an app asks for it or an event type needs it.
    pub async fn delete_scope(&mut self, name: &ScopeName) -> Result<()> {
        execute!(self, DELETE_SCOPE, name);
        Ok(())
    }
}
