//! What tests of every kind stand on.

pub mod databases;
