//! What Portico is about, in types that cannot hold a wrong value.
//!
//! Nothing here does I/O, knows SQL or the web, or reads the clock: time and
//! randomness come in as arguments.

pub mod fields;
pub mod id;
pub mod secret;
pub mod time;
