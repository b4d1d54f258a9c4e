//! Icons of apps.

/// The content hash of a stored icon: SHA-256 in 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IconHash(String);
