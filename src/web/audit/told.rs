//! Every audited change in words: the one way in which pages tell of it.

use crate::domain::account::Standing;
use crate::domain::app::StateKind;
use crate::domain::audit::{Change, FieldChange};
use crate::domain::grant::GrantEnd;
use crate::domain::lane::TurnedOff;
use crate::domain::overlap::KeepOld;

/// A change as a page tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) mark: Mark,
    /// "Activated", "API secret revealed", "Subscription added".
    pub(crate) what: &'static str,
    /// What exactly, if `what` does not say it: "Room calendars".
    pub(crate) detail: String,
    /// What it was before and is now.
    pub(crate) changes: Vec<FieldChange>,
}

/// How a thing that happened is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The app came to life.
    Good,
    /// The app was stopped, or somebody was not let in.
    Bad,
    /// Something was added.
    Added,
    /// A secret was seen.
    Seen,
    /// Something changed.
    Changed,
}

impl Told {
    fn plain(mark: Mark, what: &'static str) -> Self {
        Self { mark, what, detail: String::new(), changes: Vec::new() }
    }

    fn of(mark: Mark, what: &'static str, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..Self::plain(mark, what) }
    }

    fn from_to(what: &'static str, field: &'static str, from: &str, to: &str) -> Self {
        let changes = FieldChange::of([(field, from.to_owned(), to.to_owned())]);
        Self { changes, ..Self::plain(Mark::Changed, what) }
    }

    fn changing(self, changes: &[FieldChange]) -> Self {
        Self { changes: changes.to_vec(), ..self }
    }

    /// What exactly, in one line and without what it was before.
    pub(crate) fn brief(&self) -> String {
        if self.detail.is_empty() {
            self.changes.iter().map(field_in_words).collect::<Vec<_>>().join(", ")
        } else {
            self.detail.clone()
        }
    }
}

/// "support url", "JWK set", "reason for meeting:read": as their pages call them.
pub(crate) fn field_in_words(change: &FieldChange) -> String {
    match (change.field.as_str(), change.field.strip_prefix("why_")) {
        ("redirect_uris", _) => String::from("redirect URIs"),
        ("public", _) => String::from("public client"),
        ("jwks", _) => String::from("JWK set"),
        (_, Some(scope)) => format!("reason for {scope}"),
        (field, None) => field.replace('_', " "),
    }
}

/// How a change is marked, what it was, and what exactly.
pub(crate) fn told(change: &Change) -> Told {
    use Mark::{Added, Bad, Changed, Good, Seen};
    match change {
        Change::AppCreated { .. } => Told::plain(Added, "Created"),
        Change::AppActivated {} => Told::plain(Good, "Activated"),
        Change::AppReactivated { .. } => Told::plain(Good, "Reactivated"),
        Change::AppDeactivated {} => Told::plain(Bad, "Deactivated"),
        Change::AppSuspended { before, reason } => {
            let suspended = Told::of(Bad, "Suspended", format!("“{reason}”"));
            suspended.changing(&state_from_to(before.as_str(), StateKind::Suspended.as_str()))
        }
        Change::AppReinstated { to } => {
            let changes = state_from_to(StateKind::Suspended.as_str(), to.as_str());
            Told::of(Good, "Reinstated", to.as_str()).changing(&changes)
        }
        Change::AppRenamed { from, to } => {
            let renamed = Told::of(Changed, "Renamed", format!("“{to}”"));
            renamed.changing(&FieldChange::of([("name", from.clone(), to.clone())]))
        }
        Change::AppDeleted { name } => Told::of(Changed, "Deleted", name),
        Change::AppInformationChanged { changes } => {
            Told::plain(Changed, "Information changed").changing(changes)
        }
        Change::SecretRevealed {} => Told::plain(Seen, "API secret revealed"),
        Change::TokenMade { expires_at } => {
            Told::of(Seen, "JWT token made", format!("valid until {expires_at}"))
        }
        Change::SecretRegenerated { keep_old_for, .. } => {
            Told::of(Changed, "API secret regenerated", old_one(*keep_old_for))
        }
        Change::SecretRevoked { .. } => Told::plain(Changed, "Old API secret revoked"),
        Change::SecretUnreadable { secret } => Told::of(Bad, "Stored secret unreadable", secret.to_string()),
        Change::ClientChanged { changes } => Told::plain(Changed, "OAuth client changed").changing(changes),
        Change::ClientSecretMade { keep_old_for, .. } => {
            Told::of(Changed, "Client secret made", older_ones(*keep_old_for))
        }
        Change::ClientSecretRevoked { .. } => {
            Told::of(Changed, "Old client secret revoked", "with all access tokens of before")
        }
        Change::ClientTriesLimited {} => Told::plain(Bad, "Too many failed client authentications"),
        Change::ScopesChanged { changes } => Told::plain(Changed, "Scopes changed").changing(changes),
        Change::GrantGiven { name, scopes, .. } => {
            Told::of(Added, "App authorised", name).changing(&scopes_from_to("", scopes))
        }
        Change::GrantWidened { name, from, to, .. } => {
            Told::of(Changed, "App authorised for more", name).changing(&scopes_from_to(from, to))
        }
        Change::GrantEnded { name, user, why, .. } => {
            Told::of(Changed, "Authorisation ended", format!("{name}, of {user}: {}", why_ended(*why)))
        }
        Change::GrantRevoked { name, user, .. } => {
            Told::of(Bad, "Authorisation revoked by staff", format!("{name}, of {user}"))
        }
        Change::GrantsRevoked { count } => {
            Told::of(Bad, "All authorisations revoked", format!("{count} of them"))
        }
        Change::CodeReused { grant } => {
            Told::of(Bad, "Authorisation code used twice", format!("{grant}; its tokens ended"))
        }
        Change::RefreshTokenReused { grant } => {
            Told::of(Bad, "Refresh token used twice", format!("{grant}; its tokens ended"))
        }
        Change::TokensRevoked { grant } => Told::of(Changed, "Tokens revoked by the app", grant.to_string()),
        Change::EventsToggled { on: true } => Told::plain(Changed, "Event subscriptions switched on"),
        Change::EventsToggled { on: false } => Told::plain(Changed, "Event subscriptions switched off"),
        Change::SubscriptionCreated { label, changes, .. } => {
            Told::of(Added, "Subscription added", label).changing(changes)
        }
        Change::SubscriptionChanged { label, changes, .. } => {
            Told::of(Changed, "Subscription changed", label).changing(changes)
        }
        Change::SubscriptionDeleted { label, changes, .. } => {
            Told::of(Changed, "Subscription deleted", label).changing(changes)
        }
        Change::SigningSecretRevealed { label, .. } => Told::of(Seen, "Signing secret revealed", label),
        Change::SubscriptionTurnedOff { label, lane, cause, .. } => {
            Told::of(Bad, "Endpoint turned off", format!("{label}, {lane} events: {}", why_off(*cause)))
        }
        Change::SubscriptionResumed { label, .. } => Told::of(Good, "Endpoint resumed", label),
        Change::DeliveryRedelivered { delivery, event_type } => {
            Told::of(Changed, "Event delivered again", format!("{event_type}, {delivery}"))
        }
        Change::FailedRedelivered { since, deliveries } => {
            Told::of(Changed, "Failed events delivered again", format!("{deliveries}, made since {since}"))
        }
        Change::SigningSecretRotated { label, keep_old_for, .. } => {
            let old = old_one(*keep_old_for);
            Told::of(Changed, "Signing secret rotated", format!("{label}; {old}"))
        }
        Change::AccountCreated { name } => Told::of(Added, "Account created", name),
        Change::AccountRenamed { from, to } => Told::from_to("Account renamed", "name", from, to),
        Change::AccountApproved {} => Told::plain(Good, "Account approved"),
        Change::AccountSuspended { before, reason } => {
            let suspended = Told::of(Bad, "Account suspended", format!("“{reason}”"));
            suspended.changing(&standing_from_to(before.as_str(), Standing::Suspended.as_str()))
        }
        Change::AccountReinstated { to } => {
            let changes = standing_from_to(Standing::Suspended.as_str(), to.as_str());
            Told::of(Good, "Account reinstated", to.as_str()).changing(&changes)
        }
        Change::AccountExternalIdChanged { from, to } => {
            Told::from_to("External id changed", "external_id", from, to)
        }
        Change::AccountJoined { email, role, .. } => {
            Told::of(Added, "Member added", email).changing(&role_from_to("", role.as_str()))
        }
        Change::AccountExported {} => Told::plain(Seen, "Account exported"),
        Change::AccountDeleted { name } => Told::of(Changed, "Account deleted", name),
        Change::InvitationSent { email, role, .. } => {
            Told::of(Added, "Invitation sent", email).changing(&role_from_to("", role.as_str()))
        }
        Change::InvitationResent { email, .. } => Told::of(Changed, "Invitation sent again", email),
        Change::InvitationRevoked { email, .. } => Told::of(Changed, "Invitation revoked", email),
        Change::InvitationAccepted { email, role, .. } => {
            Told::of(Added, "Invitation accepted", email).changing(&role_from_to("", role.as_str()))
        }
        Change::RoleChanged { email, from, to, .. } => {
            let changed = Told::of(Changed, "Role changed", email);
            changed.changing(&role_from_to(from.as_str(), to.as_str()))
        }
        Change::MemberRemoved { email, role, .. } => {
            Told::of(Changed, "Member removed", email).changing(&role_from_to(role.as_str(), ""))
        }
        Change::MemberLeft { role } => {
            Told::plain(Changed, "Member left").changing(&role_from_to(role.as_str(), ""))
        }
        Change::UserExported {} => Told::plain(Seen, "User exported"),
        Change::UserDeleted { email } => Told::of(Changed, "User deleted", email),
        Change::UserDisabled { email, .. } => Told::of(Bad, "User disabled", email),
        Change::UserEnabled { email, .. } => Told::of(Good, "User enabled", email),
        Change::AdminMade { email, .. } => Told::of(Added, "Admin made", email),
        Change::AdminRemoved { email, .. } => Told::of(Changed, "Admin removed", email),
        Change::UserSessionEnded { email, .. } => Told::of(Changed, "Another’s session ended", email),
        Change::UserSessionsEnded { email, count, .. } => {
            Told::of(Changed, "Another’s sessions ended", format!("{email}; {count} of them"))
        }
        Change::AccountSwitched {} => Told::plain(Seen, "Switched to this account"),
        Change::UserCreated { email, admin: true, .. } => Told::of(Added, "Admin created", email),
        Change::UserCreated { email, admin: false, .. } => Told::of(Added, "User created", email),
        Change::SetupLinkMade {} => Told::plain(Added, "Link for the first admin made"),
        Change::ProfileChanged { from, to } => Told::from_to("Profile changed", "name", from, to),
        Change::ProofSent { email } => Told::of(Changed, "Link to prove an address sent", email),
        Change::AddressProven { email } => Told::of(Changed, "Address proven", email),
        Change::AddressChangeAsked { from, to } => {
            Told::from_to("Change of address asked for", "address", from, to)
        }
        Change::AddressChanged { from, to } => Told::from_to("Address changed", "address", from, to),
        Change::PasswordResetAsked { email } => Told::of(Changed, "New password asked for", email),
        Change::PasswordReset {} => Told::plain(Changed, "Password set by a mailed link"),
        Change::PasswordChanged {} => Told::plain(Changed, "Password changed"),
        Change::TwoStepTurnedOn {} => Told::plain(Changed, "Two-step sign-in turned on"),
        Change::TwoStepTurnedOff {} => Told::plain(Changed, "Two-step sign-in turned off"),
        Change::TwoStepReset { email, .. } => Told::of(Changed, "Two-step sign-in reset", email),
        Change::RecoveryCodesRenewed {} => Told::plain(Changed, "Recovery codes made anew"),
        Change::RecoveryCodeUsed { left } => Told::of(Seen, "Recovery code used", format!("{left} left")),
        Change::SignedIn {} => Told::plain(Seen, "Signed in"),
        Change::SignInFailed { email } => Told::of(Bad, "Sign-in failed", email),
        Change::Confirmed {} => Told::plain(Seen, "Password entered again"),
        Change::ConfirmFailed {} => Told::plain(Bad, "Wrong password entered"),
        Change::SecondFactorUnreadable { email } => {
            Told::of(Bad, "Secret of two-step sign-in unreadable", email)
        }
        Change::CodeFailed { email } => Told::of(Bad, "Wrong code entered", email),
        Change::TriesLimited { email } => Told::of(Bad, "Too many wrong tries", email),
        Change::SignedOut {} => Told::plain(Changed, "Signed out"),
        Change::SessionEnded { session } => Told::of(Changed, "Session ended", session.to_string()),
        Change::EventTypeCreated { name, changes } => {
            Told::of(Added, "Event type created", name).changing(changes)
        }
        Change::EventTypeChanged { name, changes } => {
            Told::of(Changed, "Event type changed", name).changing(changes)
        }
        Change::EventTypeRetired { name } => Told::of(Bad, "Event type retired", name),
        Change::EventTypeBroughtBack { name } => Told::of(Good, "Event type brought back", name),
        Change::EventTypeDeleted { name, changes } => {
            Told::of(Changed, "Event type deleted", name).changing(changes)
        }
        Change::EventTypesReordered {} => Told::plain(Changed, "Event types put in another order"),
        Change::ScopeCreated { name, changes } => Told::of(Added, "Scope created", name).changing(changes),
        Change::ScopeChanged { name, changes } => Told::of(Changed, "Scope changed", name).changing(changes),
        Change::ScopeRetired { name } => Told::of(Bad, "Scope retired", name),
        Change::ScopeBroughtBack { name } => Told::of(Good, "Scope brought back", name),
        Change::ScopeDeleted { name, changes } => Told::of(Changed, "Scope deleted", name).changing(changes),
        Change::PlatformKeyMade { name, hint, .. } => {
            Told::of(Added, "Platform key made", named_key(name, hint))
        }
        Change::PlatformKeyRevoked { name, hint, .. } => {
            Told::of(Bad, "Platform key revoked", named_key(name, hint))
        }
    }
}

/// "Event publisher (pk_…Qm4e)"
fn named_key(name: &str, hint: &str) -> String {
    format!("{name} (pk_…{hint})")
}

fn role_from_to(from: &str, to: &str) -> Vec<FieldChange> {
    FieldChange::of([("role", from.to_owned(), to.to_owned())])
}

fn scopes_from_to(from: &str, to: &str) -> Vec<FieldChange> {
    FieldChange::of([("scopes", from.to_owned(), to.to_owned())])
}

fn why_ended(why: GrantEnd) -> &'static str {
    match why {
        GrantEnd::User => "its user took it back",
        GrantEnd::Admin => "staff took it back",
        GrantEnd::Membership => "its user left the account",
        GrantEnd::UserDeleted => "its user is deleted",
        GrantEnd::AccountDeleted => "the account is deleted",
        GrantEnd::AppDeleted => "the app is deleted",
    }
}

fn state_from_to(from: &str, to: &str) -> Vec<FieldChange> {
    FieldChange::of([("state", from.to_owned(), to.to_owned())])
}

fn standing_from_to(from: &str, to: &str) -> Vec<FieldChange> {
    FieldChange::of([("standing", from.to_owned(), to.to_owned())])
}

fn why_off(cause: TurnedOff) -> &'static str {
    match cause {
        TurnedOff::Gone => "it answered 410",
        TurnedOff::Failing => "it failed for five days",
    }
}

fn old_one(keep: KeepOld) -> &'static str {
    match keep {
        KeepOld::No => "the old one stopped at once",
        KeepOld::Hour => "the old one works for an hour",
        KeepOld::Day => "the old one works for a day",
        KeepOld::Week => "the old one works for a week",
    }
}

/// Of a client's secret: the first one replaces none.
fn older_ones(keep: KeepOld) -> &'static str {
    match keep {
        KeepOld::No => "no older one works",
        KeepOld::Hour | KeepOld::Day | KeepOld::Week => old_one(keep),
    }
}

#[cfg(test)]
mod tests;
