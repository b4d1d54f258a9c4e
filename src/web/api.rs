//! What programs ask: no cookie is read here, and errors are problem+json.

pub(super) mod authorize;
mod decision;
pub(super) mod events;
pub(super) mod health;
pub(super) mod icons;
pub(super) mod me;
pub(super) mod oauth;
pub(super) mod problem;
mod rate_limit;
