//! The password again, and a code where two-step sign-in is on, as forms carry them.

use crate::{
    actions::{confirm::Proof, sign_in::SignedInUser},
    domain::{fields::FieldErrors, password::TypedPassword, time::Timestamp, user::User},
};

/// What a form that makes a secret asks for besides, once the sign-in is old.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Whose password is asked for.
    pub(crate) email: String,
    /// Whether a code is asked for too.
    pub(crate) code: bool,
}

impl Asked {
    /// Nothing while the sign-in is fresh.
    pub(super) fn of(who: &SignedInUser, now: Timestamp) -> Option<Self> {
        let asked = || Self { email: who.user.email.to_string(), code: who.user.two_step_at.is_some() };
        (!who.session.is_fresh(now)).then(asked)
    }
}

/// A field's name, and what was typed into it.
pub(super) type Typed<'a> = (&'static str, &'a str);

/// What was typed, or a note of what is wrong with it. Without two-step sign-in a form has no
/// code.
pub(super) fn take(
    errors: &mut FieldErrors,
    user: &User,
    (password_field, password): Typed<'_>,
    (code_field, code): Typed<'_>,
) -> Option<Proof> {
    if password.is_empty() {
        errors.add(password_field, "Enter your password.");
    }
    let password = errors.take(password_field, "the password", TypedPassword::parse(password));
    let code = match user.two_step_at {
        Some(_) => errors.take(code_field, "the code", code.parse()).map(Some),
        None => Some(None),
    };
    password.zip(code).map(|(password, code)| Proof { password, code })
}
