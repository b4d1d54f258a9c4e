//! The program itself, as an operator runs it.

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod catalog;
mod full_disk;
mod limits;
mod memory;
mod metrics;
mod platform_keys;
mod processes;
mod program;
mod secrets;
mod serving;
mod sign_ins;
mod starting;
mod users;
