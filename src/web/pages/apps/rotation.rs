//! Secrets that are replaced and go on for a while: what is asked, and what is shown of them.

use serde::Deserialize;

use crate::crypto::token::Token;
use crate::domain::calls::Uses;
use crate::domain::credential::SecretFacts;
use crate::domain::fields::FieldErrors;
use crate::domain::overlap::KeepOld;
use crate::domain::text::Count;
use crate::domain::time::{Span, Timestamp};

/// What *Regenerate* and *Rotate* ask. `once` is written by the page itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct RegenerateForm {
    /// `0`, `1h`, `24h` or `7d`.
    pub(crate) keep_old_for: String,
    pub(crate) once: String,
}

impl Default for RegenerateForm {
    fn default() -> Self {
        Self { keep_old_for: String::from("24h"), once: String::new() }
    }
}

impl RegenerateForm {
    /// The form as it is drawn first.
    pub(crate) fn fresh() -> Self {
        Self { once: Token::generate().expose().to_owned(), ..Self::default() }
    }

    /// How long the old secret goes on.
    ///
    /// # Errors
    /// It is none of the choices.
    pub(crate) fn keep(&self) -> Result<KeepOld, FieldErrors> {
        let chosen = self.keep_old_for.parse();
        chosen.map_err(|_| FieldErrors::one("keep_old_for", "Choose how long the old secret goes on."))
    }
}

/// A secret that was replaced and still works.
pub(crate) struct OldSecret {
    /// The id in the address that ends it.
    pub(crate) id: String,
    /// Enough to know it again: "as_…Qm4e".
    pub(crate) hint: String,
    pub(crate) ends: Timestamp,
    /// Whether calls still use it; nothing for a secret that no call uses.
    pub(crate) still: Option<Still>,
}

/// Whether an old secret can be revoked without refusing anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Still {
    /// No call has used it, but it was replaced less than a day ago.
    TooSoon { replaced: Timestamp },
    /// No call has used it since it was replaced, a day ago or more.
    Unused { replaced: Timestamp },
    /// Used since, but not in the last day.
    Quiet { calls: Count, last: Timestamp },
    /// Used in the last day.
    InUse { calls: Count, last: Timestamp },
}

impl Still {
    pub(crate) fn of(uses: Option<Uses>, replaced: Timestamp, now: Timestamp) -> Self {
        let is_recent = |at: Timestamp| at > now - Span::days(1);
        match uses {
            None if is_recent(replaced) => Self::TooSoon { replaced },
            None => Self::Unused { replaced },
            Some(Uses { calls, last_at: last }) if is_recent(last) => {
                Self::InUse { calls: Count(calls), last }
            }
            Some(Uses { calls, last_at: last }) => Self::Quiet { calls: Count(calls), last },
        }
    }
}

impl OldSecret {
    /// `prefix` is what the secret's text begins with.
    pub(crate) fn new(prefix: &str, facts: &SecretFacts, still: Option<Still>) -> Option<Self> {
        let hint = format!("{prefix}…{}", facts.hint);
        facts.retires_at.map(|ends| Self { id: facts.id.to_string(), hint, ends, still })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_quiet_after_a_day_without_a_call() {
        let now = Timestamp::from_seconds(1_795_504_800);
        let (day, hour) = (now - Span::days(1), now - Span::hours(1));
        let used = |last_at| Some(Uses { calls: 3, last_at });
        assert_eq!(Still::of(None, hour, now), Still::TooSoon { replaced: hour });
        assert_eq!(Still::of(None, day, now), Still::Unused { replaced: day });
        assert_eq!(Still::of(used(hour), day, now), Still::InUse { calls: Count(3), last: hour });
        assert_eq!(Still::of(used(day), day, now), Still::Quiet { calls: Count(3), last: day });
    }
}
