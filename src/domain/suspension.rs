//! Why an admin stopped an app or an account.

use super::text::{self, define_text};

define_text!(
    /// What the developers of it read: 1 to 1,000 characters on any number of lines.
    Reason,
    text::passage,
    1_000
);
