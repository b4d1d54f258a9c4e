//! The authorization server: who a client is, what it gets, and what a token is worth.

pub mod authorization;
pub mod clients;
pub mod codes;
mod farewell;
pub mod grants;
pub mod introspection;
pub mod pushed;
pub mod revocation;
pub mod tokens;

use super::Error;
use crate::{directory::Blind, domain::oauth::OauthError};

/// A no when Portico cannot know; what went wrong is for the log.
fn blind(blind: &Blind) -> OauthError {
    tracing::debug!(error = blind as &dyn std::error::Error, "a client could not be judged");
    OauthError::unavailable()
}

/// As [`blind`], of the database.
fn unavailable(error: impl Into<Error>) -> OauthError {
    let error = error.into();
    tracing::warn!(error = &error as &dyn std::error::Error, "the authorization server could not answer");
    OauthError::unavailable()
}
