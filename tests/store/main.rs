//! Every function of the store, on SQLite and on PostgreSQL.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod admins;
mod apps;
mod audit;
mod calls;
mod catalog;
mod chains;
mod changes;
mod credentials;
mod deliveries;
mod delivery_log;
mod dialects;
mod directory;
mod doors;
mod finding;
mod forms;
mod icons;
mod installation;
mod invitations;
mod lanes;
mod links;
mod lists;
mod members;
mod memberships;
mod model;
mod names;
mod outbox;
mod people;
mod platform;
mod platform_keys;
mod publishing;
mod races;
mod rotations;
mod rows;
mod schema;
mod search;
mod sessions;
mod strangers;
mod subscriptions;
mod transactions;
mod tries;
mod two_step;
mod users;
