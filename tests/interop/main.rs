//! What others make and what others have published: tokens of independent libraries, vectors,
//! and attacks on tokens.

#[path = "../support/mod.rs"]
mod support;

mod attacks;
mod caller;
mod makers;
mod vectors;
