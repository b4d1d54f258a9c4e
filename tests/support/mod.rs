//! What tests of every kind stand on.
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

pub mod authenticator;
pub mod certificates;
pub mod client;
pub mod clients;
pub mod clock;
pub mod databases;
pub mod dump;
pub mod exposition;
pub mod oauth;
pub mod pages;
pub mod pictures;
pub mod receiver;
pub mod rig;
pub mod site;
pub mod world;
