//! What belongs to an account is read with the account, what is the platform's by an admin.

use std::path::Path;

use super::code;

/// Files of the store about what accounts own, and reads there that cannot take an account.
const OWNED: &[(&str, &[&str])] = &[
    ("src/store/apps.rs", &["app_for_user"]),
    ("src/store/attempts.rs", &[]),
    ("src/store/audit.rs", &[]),
    ("src/store/calls.rs", &[]),
    ("src/store/clients.rs", &["client_by_id"]),
    ("src/store/credentials.rs", &["account_of_key"]),
    ("src/store/delivery_log.rs", &[]),
    // Owned by the user who gave them and the app that got them as well; `grant` is held against
    // one of these by each who asks, and the last ones serve the end of apps and users.
    (
        "src/store/grants.rs",
        &[
            "scopes_in_words",
            "events_in_words",
            "grants_for",
            "grants_of_user",
            "grants_by_user",
            "grants_of_app",
            "grant",
            "standing_of_grant",
            "every_grant_of_user",
            "client_app",
            "some_grants",
        ],
    ),
    ("src/store/invitations.rs", &["invitation_of_link"]),
    ("src/store/log.rs", &["whole_log", "whole_log_count"]),
    ("src/store/members.rs", &[]),
    // The catalog, which belongs to nobody.
    (
        "src/store/scopes.rs",
        &["scopes", "scope", "scope_uses", "scope_use", "event_types_of_scope", "scope_is_granted"],
    ),
    ("src/store/subscriptions.rs", &[]),
    // By the hash of what its client alone has.
    ("src/store/token_families.rs", &["refresh_token"]),
    // Of the client that has authenticated.
    ("src/store/tokens.rs", &["revoked_count"]),
    ("src/store/validations.rs", &[]),
];

/// The store's reads of what belongs to every account: each takes the proof of an admin.
const PLATFORM: &[&str] = &["src/store/platform.rs", "src/store/figures.rs", "src/store/people.rs"];

/// The reads of a file of the store that take no account.
fn reads_without(proof: &str, code: &str) -> Vec<String> {
    let reads = code.split("\nimpl Conn {").skip(1).map(|rest| rest.split("\n}").next().unwrap_or_default());
    let functions = reads.flat_map(|reads| reads.split("pub async fn ").skip(1));
    let bare = functions.filter_map(|function| {
        let (name, rest) = function.split_once('(')?;
        let parameters = rest.split("->").next()?;
        (!parameters.contains(proof)).then(|| name.to_owned())
    });
    bare.collect()
}

#[test]
fn what_an_account_owns_is_read_with_the_account() {
    for (file, others) in OWNED {
        let without = reads_without("AccountId", &code(Path::new(file)));
        assert_eq!(without, *others, "{file}");
    }
    for file in PLATFORM {
        assert_eq!(reads_without("Admin", &code(Path::new(file))), [""; 0], "{file}");
    }
    let bare = "\nimpl Conn {\n    pub async fn app(&mut self, id: AppId) -> Result<AccountId> {\n    }\n}";
    assert_eq!(reads_without("AccountId", bare), ["app"]);
}
