//! SQL as named constants, and the list of them that a test prepares on both databases.

/// Defines statements, each with a sentence about what it finds or does.
macro_rules! statements {
    ($($(#[$doc:meta])+ $name:ident = $sql:expr;)+) => {
        $($(#[$doc])+ const $name: &str = $sql;)+

        /// Every statement of this file, by name.
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}
pub(super) use statements;

/// The statement of one text that has this name alone: what tests ask a database to explain.
#[must_use]
pub fn statement(name: &str) -> Option<&'static str> {
    let mut found = all().filter(|(one, _)| *one == name).map(|(_, text)| text);
    found.next().filter(|_| found.next().is_none())
}

/// Every statement of one text, by name.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        super::accounts::ALL,
        super::apps::ALL,
        super::attempts::ALL,
        super::audit::ALL,
        super::calls::ALL,
        super::catalog::ALL,
        super::chains::ALL,
        super::changes::ALL,
        super::clients::ALL,
        super::codes::ALL,
        super::directory::ALL,
        super::credentials::ALL,
        super::deliveries::ALL,
        super::delivery_filter::ALL,
        super::delivery_log::ALL,
        super::events::ALL,
        super::figures::ALL,
        super::forms::ALL,
        super::grants::ALL,
        super::icons::ALL,
        super::installation::ALL,
        super::invitations::ALL,
        super::lanes::ALL,
        super::links::ALL,
        super::log::ALL,
        super::members::ALL,
        super::outbox::ALL,
        super::people::ALL,
        super::platform::ALL,
        super::platform_keys::ALL,
        super::publishing::ALL,
        super::redeliveries::ALL,
        super::remains::ALL,
        super::scopes::ALL,
        super::search::ALL,
        super::sessions::ALL,
        super::subscriptions::ALL,
        super::token_families::ALL,
        super::tokens::ALL,
        super::tries::ALL,
        super::two_step::ALL,
        super::users::ALL,
        super::validations::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
