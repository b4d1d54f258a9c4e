//! The worker: what is sent, when, by whom, and what is written down, against a real receiver.

#[path = "../support/mod.rs"]
mod support;

mod checks;
mod circuit;
mod fairness;
mod grants;
mod held;
mod housekeeping;
mod load;
mod processes;
mod redeliveries;
mod retries;
mod sending;
mod takeover;
mod whole;
