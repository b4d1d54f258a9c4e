//! Every function of the store, on SQLite and on PostgreSQL.

#[path = "../support/mod.rs"]
mod support;

mod schema;
