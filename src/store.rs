//! What is kept, in SQLite or PostgreSQL, under one text of SQL but for `dialect`.
//!
//! A [`Conn`] reads; only a [`Tx`] writes. Their methods are grouped by noun below.

mod accounts;
mod apps;
mod attempts;
mod audit;
mod calls;
mod catalog;
mod chains;
mod changes;
mod codec;
mod credentials;
mod db;
mod deliveries;
mod dialect;
mod directory;
mod error;
mod events;
mod figures;
mod forms;
mod icons;
mod installation;
mod invitations;
mod lanes;
mod links;
mod log;
mod members;
mod outbox;
mod people;
mod platform;
mod platform_keys;
mod search;
mod sessions;
mod statements;
mod subscriptions;
mod tries;
mod two_step;
mod users;

pub use apps::{AppFilter, AppPage};
pub use audit::Activity;
pub use changes::{Changed, Watcher};
pub use credentials::SealedSecret;
pub use db::{Conn, Database, PoolUse, Store, Tx};
pub use deliveries::{Attempts, Due, Place};
pub use directory::{AccountApp, AccountSecret, KeyedAccount};
pub use error::{Result, StoreError};
pub use figures::Figures;
pub use links::Link;
pub use log::{LogFilter, Logged};
pub use members::{FormerMember, SeenSigningSecret};
pub use outbox::Waiting;
pub use people::{ListedUser, Only, UserFilter};
pub use platform::{AccountFilter, COUNTED, EveryAppFilter, Listed, ListedAccount, ListedApp};
pub use platform_keys::KnownKey;
pub use two_step::SealedFactor;
pub use users::{Deed, Known};
