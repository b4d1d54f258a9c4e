//! Deliveries of events, and what becomes of each attempt.

pub mod failure;
pub mod timing;
