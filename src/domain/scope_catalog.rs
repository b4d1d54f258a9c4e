//! The catalog of scopes: what apps may be allowed to do, in words for those who are asked.

use super::{
    scope::ScopeName,
    text::{self, define_text},
};

define_text!(
    /// What a scope allows, as it completes “This app may …” for whoever is asked:
    /// 1 to 200 characters on one line.
    ScopeDescription,
    text::line,
    200
);

/// What is entered of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewScope {
    pub name: ScopeName,
    pub description: ScopeDescription,
}

/// One entry of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub name: ScopeName,
    pub description: ScopeDescription,
    /// No longer offered; apps that ask for it keep it.
    pub retired: bool,
    /// Counts its changes, so that whoever changes it can say which one they saw.
    pub version: i64,
}
