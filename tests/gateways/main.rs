//! Real gateways in front of a small API, with the configurations of the documentation.

#[path = "../support/mod.rs"]
mod support;

mod caddy;
mod claims;
mod gateway;
mod haproxy;
mod nginx;
mod upstream;
