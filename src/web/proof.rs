//! The password again, and a code where two-step sign-in is on, as forms carry them.

use crate::{
    actions::confirm::Proof,
    domain::{fields::FieldErrors, password::TypedPassword, user::User},
};

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
