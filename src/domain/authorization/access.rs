//! Yes or no to a call with an access token, beyond what any call is asked.

use super::{Code, Refusal, allowed, stands};
use crate::domain::{account::Standing, app::StateKind, text::grouped, time::Timestamp};

/// Decides about an access token that is Portico's and has not ended: every account that it
/// concerns must stand, and the app be active.
///
/// # Errors
/// The refusal, if one of the accounts or the app may not call.
pub fn decide(standings: impl IntoIterator<Item = Standing>, state: StateKind) -> Result<(), Refusal> {
    standings.into_iter().try_for_each(stands)?;
    allowed(state)
}

/// Whether a token that grants `granted` is enough for what `needed` lists, both with spaces
/// between names.
///
/// # Errors
/// `insufficient_scope`, with what would be enough.
pub fn enough(granted: &str, needed: &str) -> Result<(), Refusal> {
    let has = |name: &str| granted.split(' ').any(|scope| scope == name);
    let names = || needed.split(' ').filter(|name| !name.is_empty());
    if names().all(has) {
        return Ok(());
    }
    let needed = names().collect::<Vec<_>>().join(" ");
    let detail = format!(
        "This call needs {needed}, and the token does not grant all of it. Ask for it when you get a token; the app's Scopes page has to list it first."
    );
    Err(Refusal { scope: Some(needed.into()), ..Refusal::new(Code::InsufficientScope, detail) })
}

/// No token of ours, or one that was ended: which of them is not told.
#[must_use]
pub fn not_valid() -> Refusal {
    let detail = "The access token is not valid, or was ended. Get a new one at /oauth/token.";
    Refusal::new(Code::InvalidToken, detail)
}

/// # Errors
/// `token_expired`. The clock is the one that issued it, so that there is no leeway.
pub fn not_expired(expires_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if now < expires_at {
        return Ok(());
    }
    let ago = now.since(expires_at).as_seconds();
    let ago_text = grouped(ago.unsigned_abs());
    let detail = format!("The access token expired {ago_text} seconds ago. Get a new one at /oauth/token.");
    Err(Refusal::new(Code::TokenExpired, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Approved, Pending, Suspended};

    #[test]
    fn both_accounts_and_the_app_are_judged() {
        let code = |standings: [Standing; 2], state| decide(standings, state).map_err(|refusal| refusal.code);
        let both = [Approved, Approved];
        assert_eq!(code(both, StateKind::Active), Ok(()));
        assert_eq!(code(both, StateKind::Draft), Err(Code::AppDraft));
        assert_eq!(code(both, StateKind::Deactivated), Err(Code::AppDeactivated));
        assert_eq!(code(both, StateKind::Suspended), Err(Code::AppSuspended));
        for standings in [[Suspended, Approved], [Approved, Suspended]] {
            assert_eq!(code(standings, StateKind::Active), Err(Code::AccountSuspended));
        }
        assert_eq!(code([Approved, Pending], StateKind::Deactivated), Err(Code::AccountPending));
    }

    #[test]
    fn a_token_must_grant_all_that_is_needed() {
        for needed in ["", " ", "a:b", "c:d a:b", "a:b a:b"] {
            assert_eq!(enough("a:b c:d", needed), Ok(()), "{needed}");
        }
        for needed in ["a", "a:b e:f", "A:B", "*", "a:b,c:d"] {
            let refusal = enough("a:b c:d", needed).unwrap_err();
            assert_eq!((refusal.code, refusal.scope.as_deref()), (Code::InsufficientScope, Some(needed)));
        }
        assert!(enough("", "a:b").is_err());
    }

    #[test]
    fn a_token_ends_on_the_second() {
        let at = Timestamp::from_seconds;
        assert_eq!(not_expired(at(10), at(9)), Ok(()));
        assert!(not_expired(at(10), at(10)).is_err());
        assert!(not_expired(at(10), at(1_244)).unwrap_err().detail.contains("1,234 seconds"));
    }
}
