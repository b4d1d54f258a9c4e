//! What Portico is about, in types that cannot hold a wrong value.
//!
//! Nothing here does I/O, knows SQL or the web, or reads the clock: time and
//! randomness come in as arguments.

pub mod access_token;
pub mod account;
pub mod address;
pub mod app;
pub mod audit;
pub mod authorization;
pub mod calls;
pub mod client;
pub mod credential;
pub mod delivery;
pub mod email;
pub mod event;
pub mod event_type;
pub mod expiry;
pub mod fields;
pub mod grant;
pub mod icon;
pub mod id;
pub mod invitation;
pub mod jwt;
pub mod lane;
pub mod local_time;
pub mod oauth;
pub mod overlap;
pub mod password;
pub mod platform_key;
pub mod publication;
pub mod scope;
pub mod scope_catalog;
pub mod secret;
pub mod subscription;
pub mod suspension;
pub mod text;
pub mod text_enum;
pub mod time;
pub mod two_step;
pub mod url;
pub mod user;
pub mod validation;
