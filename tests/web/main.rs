//! Every page and answer of the portal, through its real server, on both databases.

#[path = "../support/mod.rs"]
mod support;

mod access;
mod accounts;
mod admin;
mod api_events;
mod api_me;
mod apps;
mod authorizations;
mod authorize;
mod fields;
mod http;
mod metrics;
mod oauth;
mod passwords;
mod security;
mod sign_in;
mod sign_up;
mod two_step;
