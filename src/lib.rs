//! Portico: the developers' front door to a platform.
//!
//! `web` and `cli` call `actions`; `actions` apply the rules of `domain` and write
//! through `store`. ARCHITECTURE.md is the map.

pub mod actions;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod delivery;
pub mod directory;
pub mod domain;
pub mod icons;
pub mod limiter;
pub mod mail;
pub mod outbound;
pub mod store;
pub mod tally;
pub mod telemetry;
pub mod web;
