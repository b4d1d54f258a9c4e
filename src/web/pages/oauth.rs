//! What users see of OAuth.

pub mod authorize;
pub mod unproven;
