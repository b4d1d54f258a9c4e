//! What is written down of every change.

pub mod chain;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    account::{Role, Standing},
    app::{AppType, StateKind},
    grant::GrantEnd,
    id::{
        AccountId, AppId, DeliveryId, GrantId, InvitationId, PlatformKeyId, SecretId, SessionId,
        SubscriptionId, UserId,
    },
    lane::{LaneKind, TurnedOff},
    overlap::KeepOld,
    time::Timestamp,
};

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    User(UserId),
    /// Somebody who is not signed in.
    Visitor,
    /// The operator, at the machine's command line.
    Operator,
    /// Portico by itself.
    System,
}

impl Actor {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Visitor => "visitor",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }

    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::Visitor | Self::Operator | Self::System => None,
        }
    }

    /// The actor that a user's id, `visitor`, `operator` or `system` names.
    #[must_use]
    pub fn from_words(text: &str) -> Option<Self> {
        match text {
            "visitor" => Some(Self::Visitor),
            "operator" => Some(Self::Operator),
            "system" => Some(Self::System),
            id => id.parse().ok().map(Self::User),
        }
    }

    /// What to call an actor who has no name, or has it no more; within a sentence.
    #[must_use]
    pub fn word_in_a_persons_place(actor: &str) -> &'static str {
        match actor {
            "user" => "a former user",
            "operator" => "the operator",
            "staff" => "the platform’s staff",
            "system" => "the portal itself",
            _ => "a visitor",
        }
    }
}

/// Where it was done from: the request's address and id, if it was one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub address: Option<IpAddr>,
    pub request_id: Option<String>,
}

/// A field that was changed. What was not there before, or is not any more, is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    pub field: String,
    pub from: String,
    pub to: String,
}

impl FieldChange {
    /// The fields that differ, of a list of names with what each was and is.
    pub fn of(fields: impl IntoIterator<Item = (&'static str, String, String)>) -> Vec<Self> {
        let changed = fields.into_iter().filter(|(_, from, to)| from != to);
        changed.map(|(field, from, to)| Self { field: field.to_owned(), from, to }).collect()
    }
}

/// Every change that is audited, with what is needed to tell it. Secrets never.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", content = "detail", rename_all = "snake_case")]
pub enum Change {
    UserCreated { user: UserId, email: String, admin: bool },
    AccountCreated { name: String },
    AccountRenamed { from: String, to: String },
    AccountApproved {},
    AccountSuspended { before: Standing, reason: String },
    AccountReinstated { to: Standing },
    AccountExternalIdChanged { from: String, to: String },
    AccountJoined { user: UserId, email: String, role: Role },
    AccountExported {},
    AccountDeleted { name: String },
    InvitationSent { invitation: InvitationId, email: String, role: Role },
    InvitationResent { invitation: InvitationId, email: String },
    InvitationRevoked { invitation: InvitationId, email: String },
    InvitationAccepted { invitation: InvitationId, email: String, role: Role },
    RoleChanged { user: UserId, email: String, from: Role, to: Role },
    MemberRemoved { user: UserId, email: String, role: Role },
    MemberLeft { role: Role },
    UserExported {},
    UserDeleted { email: String },
    UserDisabled { user: UserId, email: String },
    UserEnabled { user: UserId, email: String },
    AdminMade { user: UserId, email: String },
    AdminRemoved { user: UserId, email: String },
    UserSessionEnded { user: UserId, email: String, session: SessionId },
    UserSessionsEnded { user: UserId, email: String, count: u64 },
    AddressProven { email: String },
    AddressChangeAsked { from: String, to: String },
    AddressChanged { from: String, to: String },
    PasswordResetAsked { email: String },
    ProofSent { email: String },
    SetupLinkMade {},
    PasswordReset {},
    PasswordChanged {},
    TwoStepTurnedOn {},
    TwoStepTurnedOff {},
    TwoStepReset { user: UserId, email: String },
    RecoveryCodesRenewed {},
    RecoveryCodeUsed { left: u32 },
    ProfileChanged { from: String, to: String },
    SignedIn {},
    SignInFailed { email: String },
    Confirmed {},
    ConfirmFailed {},
    CodeFailed { email: String },
    SecondFactorUnreadable { email: String },
    TriesLimited { email: String },
    SignedOut {},
    SessionEnded { session: SessionId },
    AccountSwitched {},
    AppCreated { app_type: AppType, name: String },
    AppInformationChanged { changes: Vec<FieldChange> },
    AppActivated {},
    AppDeactivated {},
    AppReactivated { dropped: u64 },
    AppSuspended { before: StateKind, reason: String },
    AppReinstated { to: StateKind },
    AppRenamed { from: String, to: String },
    AppDeleted { name: String },
    SecretRevealed {},
    TokenMade { expires_at: String },
    SecretRegenerated { secret: SecretId, keep_old_for: KeepOld },
    SecretRevoked { secret: SecretId },
    SecretUnreadable { secret: SecretId },
    ClientChanged { changes: Vec<FieldChange> },
    ClientSecretMade { secret: SecretId, keep_old_for: KeepOld },
    ClientSecretRevoked { secret: SecretId },
    ClientTriesLimited {},
    ScopesChanged { changes: Vec<FieldChange> },
    GrantGiven { grant: GrantId, app: AppId, name: String, scopes: String },
    GrantWidened { grant: GrantId, app: AppId, name: String, from: String, to: String },
    GrantEnded { grant: GrantId, app: AppId, name: String, user: UserId, why: GrantEnd },
    GrantRevoked { grant: GrantId, app: AppId, name: String, user: UserId },
    GrantsRevoked { count: u64 },
    CodeReused { grant: GrantId },
    RefreshTokenReused { grant: GrantId },
    TokensRevoked { grant: GrantId },
    EventsToggled { on: bool },
    SubscriptionCreated { subscription: SubscriptionId, label: String, changes: Vec<FieldChange> },
    SubscriptionChanged { subscription: SubscriptionId, label: String, changes: Vec<FieldChange> },
    SubscriptionDeleted { subscription: SubscriptionId, label: String, changes: Vec<FieldChange> },
    SubscriptionTurnedOff { subscription: SubscriptionId, label: String, lane: LaneKind, cause: TurnedOff },
    SubscriptionResumed { subscription: SubscriptionId, label: String },
    DeliveryRedelivered { delivery: DeliveryId, event_type: String },
    FailedRedelivered { since: String, deliveries: u64 },
    SigningSecretRevealed { subscription: SubscriptionId, label: String },
    SigningSecretRotated { subscription: SubscriptionId, label: String, keep_old_for: KeepOld },
    EventTypeCreated { name: String, changes: Vec<FieldChange> },
    EventTypeChanged { name: String, changes: Vec<FieldChange> },
    EventTypeRetired { name: String },
    EventTypeBroughtBack { name: String },
    EventTypeDeleted { name: String, changes: Vec<FieldChange> },
    EventTypesReordered {},
    ScopeCreated { name: String, changes: Vec<FieldChange> },
    ScopeChanged { name: String, changes: Vec<FieldChange> },
    ScopeRetired { name: String },
    ScopeBroughtBack { name: String },
    ScopeDeleted { name: String, changes: Vec<FieldChange> },
    PlatformKeyMade { key: PlatformKeyId, name: String, hint: String },
    PlatformKeyRevoked { key: PlatformKeyId, name: String, hint: String },
}

impl Change {
    /// The action's stable name, and the rest as JSON.
    #[must_use]
    pub fn parts(&self) -> (String, String) {
        let value = serde_json::to_value(self).unwrap_or_default();
        let action = value.get("action").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let detail = value.get("detail").map(ToString::to_string).unwrap_or_default();
        (action, detail)
    }

    /// The actions' names of [`Change::is_by_staff`].
    pub const BY_STAFF: &[&str] = &[
        "app_suspended",
        "app_reinstated",
        "app_renamed",
        "grant_revoked",
        "grants_revoked",
        "account_approved",
        "account_suspended",
        "account_reinstated",
        "account_external_id_changed",
    ];

    /// Whether an admin did it to what is somebody else's. Its developers are told that the
    /// platform's staff did, and not which of them.
    #[must_use]
    pub fn is_by_staff(&self) -> bool {
        Self::BY_STAFF.contains(&self.parts().0.as_str())
    }

    /// The change that [`Change::parts`] wrote.
    #[must_use]
    pub fn from_parts(action: &str, detail: &str) -> Option<Self> {
        let detail: serde_json::Value = serde_json::from_str(detail).ok()?;
        serde_json::from_value(serde_json::json!({ "action": action, "detail": detail })).ok()
    }
}

/// The changes of an app that its pages look up by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Milestone {
    Created,
    Activated,
    Deactivated,
    Reactivated,
}

impl Milestone {
    /// The action's stable name, as [`Change::parts`] gives it.
    #[must_use]
    pub const fn action(self) -> &'static str {
        match self {
            Self::Created => "app_created",
            Self::Activated => "app_activated",
            Self::Deactivated => "app_deactivated",
            Self::Reactivated => "app_reactivated",
        }
    }
}

/// One row of the audit log, before it has an id.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: Timestamp,
    pub actor: Actor,
    pub origin: Origin,
    /// The account it belongs to; the platform's own log if none.
    pub account: Option<AccountId>,
    pub app: Option<AppId>,
    pub change: Change,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_as_it_was_written() {
        let changes = [
            Change::AppActivated {},
            Change::AppCreated { app_type: AppType::Jwt, name: String::from("Relay") },
            Change::EventsToggled { on: false },
            Change::SecretRegenerated {
                secret: crate::domain::id::Id::generate(Timestamp::from_seconds(1), [1; 10]),
                keep_old_for: KeepOld::Day,
            },
        ];
        for change in changes {
            let (action, detail) = change.parts();
            assert_eq!(Change::from_parts(&action, &detail), Some(change), "{action} {detail}");
        }
    }

    #[test]
    fn what_staff_do_is_known_by_its_name_too() {
        let text = || String::from("x");
        let changes = [
            Change::AppSuspended { before: StateKind::Active, reason: text() },
            Change::AppReinstated { to: StateKind::Active },
            Change::AppRenamed { from: text(), to: text() },
            Change::GrantRevoked {
                grant: crate::domain::id::Id::generate(Timestamp::from_seconds(1), [1; 10]),
                app: crate::domain::id::Id::generate(Timestamp::from_seconds(1), [2; 10]),
                name: text(),
                user: crate::domain::id::Id::generate(Timestamp::from_seconds(1), [3; 10]),
            },
            Change::GrantsRevoked { count: 7 },
            Change::AccountApproved {},
            Change::AccountSuspended { before: Standing::Approved, reason: text() },
            Change::AccountReinstated { to: Standing::Approved },
            Change::AccountExternalIdChanged { from: text(), to: text() },
        ];
        assert_eq!(changes.each_ref().map(|change| change.parts().0), Change::BY_STAFF);
        assert!(changes.iter().all(Change::is_by_staff) && !Change::AppActivated {}.is_by_staff());
    }

    #[test]
    fn a_milestone_is_named_as_its_change() {
        let created = Change::AppCreated { app_type: AppType::Jwt, name: String::new() };
        for (milestone, change) in [
            (Milestone::Created, created),
            (Milestone::Activated, Change::AppActivated {}),
            (Milestone::Deactivated, Change::AppDeactivated {}),
            (Milestone::Reactivated, Change::AppReactivated { dropped: 0 }),
        ] {
            assert_eq!(milestone.action(), change.parts().0);
        }
    }
}
