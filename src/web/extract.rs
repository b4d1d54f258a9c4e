//! Who asks, for what, and with what: each as a value that a handler cannot have without
//! the check behind it.

pub(super) mod account;
pub(super) mod app;
pub(super) mod client;
pub(super) mod console;
pub(super) mod entry;
pub(super) mod form;
pub(super) mod signed_in;
pub(super) mod upload;
pub(super) mod visit;

use std::{future::Future, pin::Pin};

use super::error::PageError;

/// What an extractor that asks the database comes to.
pub(super) type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, PageError>>>>;
