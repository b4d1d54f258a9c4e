use std::collections::BTreeSet;

use super::*;
use crate::domain::id::{Id, UserId};
use crate::web::audit::groups::GROUPS;

#[test]
fn a_change_is_told_briefly_without_what_it_was_before() {
    let field = |field: &str| FieldChange {
        field: field.to_owned(),
        from: String::from("old"),
        to: String::from("new"),
    };
    let changes = vec![field("name"), field("support_url")];
    let change = told(&Change::AppInformationChanged { changes: changes.clone() });
    assert_eq!((change.mark, change.what), (Mark::Changed, "Information changed"));
    assert_eq!(change.brief(), "name, support url");
    assert_eq!(change.changes, changes);
    assert_eq!(told(&Change::AppActivated {}).mark, Mark::Good);
    assert_eq!(told(&Change::AppDeactivated {}).mark, Mark::Bad);
    assert_eq!(told(&Change::AppDeactivated {}).brief(), "");
}

#[test]
fn fields_of_a_client_are_called_as_on_their_pages() {
    let words = |field: &str| {
        let text = String::new;
        field_in_words(&FieldChange { field: field.to_owned(), from: text(), to: text() })
    };
    let fields = ["redirect_uris", "public", "jwks", "why_meeting:read", "scopes", "support_url"];
    assert_eq!(
        fields.map(words),
        ["redirect URIs", "public client", "JWK set", "reason for meeting:read", "scopes", "support url"]
    );
}

#[test]
fn a_first_client_secret_is_told_without_an_old_one() {
    let made = |keep_old_for| {
        let secret = Id::from_uuid(uuid::Uuid::nil());
        told(&Change::ClientSecretMade { secret, keep_old_for }).detail
    };
    assert_eq!(made(KeepOld::No), "no older one works");
    assert_eq!(made(KeepOld::Day), "the old one works for a day");
}

#[test]
fn the_end_of_an_authorisation_names_its_user() {
    let user: UserId = Id::from_uuid(uuid::Uuid::nil());
    let ended = Change::GrantEnded {
        grant: Id::from_uuid(uuid::Uuid::nil()),
        app: Id::from_uuid(uuid::Uuid::nil()),
        name: String::from("Atlas"),
        user,
        why: GrantEnd::Membership,
    };
    assert_eq!(told(&ended).detail, format!("Atlas, of {user}: its user left the account"));
}

#[test]
fn what_a_thing_is_called_in_the_list_is_how_it_is_told() {
    let name = |what: &str| what.to_owned();
    let changes = [
        Change::AppSuspended { before: StateKind::Active, reason: name("Spam.") },
        Change::AppReinstated { to: StateKind::Active },
        Change::AppRenamed { from: name("a"), to: name("b") },
        Change::AppDeleted { name: name("Relay") },
        Change::TokenMade { expires_at: String::new() },
        Change::SecretRegenerated { secret: Id::from_uuid(uuid::Uuid::nil()), keep_old_for: KeepOld::Day },
        Change::AccountRenamed { from: name("a"), to: name("b") },
        Change::AccountApproved {},
        Change::AccountSuspended { before: Standing::Pending, reason: name("Spam.") },
        Change::AccountReinstated { to: Standing::Pending },
        Change::AccountExternalIdChanged { from: name(""), to: name("crm-7") },
        Change::SignInFailed { email: name("ada@x.example") },
        Change::EventTypeRetired { name: name("a.b") },
        Change::EventTypeBroughtBack { name: name("a.b") },
        Change::EventTypesReordered {},
        Change::ScopeRetired { name: name("a:b") },
        Change::ScopeBroughtBack { name: name("a:b") },
        Change::PlatformKeyMade {
            key: Id::from_uuid(uuid::Uuid::nil()),
            name: name("Publisher"),
            hint: name("Qm4e"),
        },
        Change::PlatformKeyRevoked {
            key: Id::from_uuid(uuid::Uuid::nil()),
            name: name("Publisher"),
            hint: name("Qm4e"),
        },
        Change::SubscriptionResumed { subscription: Id::from_uuid(uuid::Uuid::nil()), label: name("Rooms") },
        Change::DeliveryRedelivered { delivery: Id::from_uuid(uuid::Uuid::nil()), event_type: name("a.b") },
        Change::FailedRedelivered { since: name("2026-11-24T07:20:00Z"), deliveries: 318 },
        Change::TwoStepTurnedOn {},
        Change::TwoStepTurnedOff {},
        Change::RecoveryCodesRenewed {},
        Change::RecoveryCodeUsed { left: 9 },
        Change::CodeFailed { email: name("ada@x.example") },
        Change::TriesLimited { email: name("ada@x.example") },
        Change::ClientTriesLimited {},
        Change::TokensRevoked { grant: Id::from_uuid(uuid::Uuid::nil()) },
        Change::SecondFactorUnreadable { email: name("ada@x.example") },
    ];
    for change in changes {
        let (action, _) = change.parts();
        let actions = GROUPS.iter().flat_map(|group| group.actions);
        let words = actions.filter(|(name, _)| *name == action).map(|(_, words)| *words);
        assert_eq!(words.collect::<Vec<_>>(), [told(&change).what]);
    }
}

/// Every one that can be written: what cannot be is refused with a list of what can.
#[test]
fn every_action_can_be_chosen() {
    let unknown = serde_json::from_value::<Change>(serde_json::json!({ "action": "?", "detail": {} }));
    let complaint = unknown.unwrap_err().to_string();
    let written: BTreeSet<_> = complaint.split('`').skip(3).step_by(2).collect();
    assert!(written.contains("user_created") && written.contains("app_deleted"), "{complaint}");
    let listed: BTreeSet<_> =
        GROUPS.iter().flat_map(|group| group.actions).map(|(action, _)| *action).collect();
    assert_eq!(listed, written);
}
