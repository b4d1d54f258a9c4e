//! What others make and what others have published: tokens of independent libraries, vectors,
//! and attacks on tokens; clients of OAuth; deliveries, as the libraries of receivers read them.

#[path = "../support/mod.rs"]
mod support;

mod attacks;
mod caller;
mod clients;
mod code_flow;
mod makers;
mod vectors;
mod webhooks;
