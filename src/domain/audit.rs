//! What is written down of every change.

use std::net::IpAddr;

use super::{
    app::AppType,
    id::{AccountId, AppId, SecretId, SessionId, SubscriptionId, UserId},
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
    /// Portico itself.
    System,
}

/// Where it was done from: the request's address and id, if it was one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub address: Option<IpAddr>,
    pub request_id: Option<String>,
}

/// Every change that is audited, with what is needed to tell it. Secrets never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    UserCreated { user: UserId, admin: bool },
    AccountCreated { account: AccountId, name: String },
    AccountRenamed { from: String, to: String },
    AddressProven,
    AddressChanged { from: String, to: String },
    PasswordReset,
    PasswordChanged,
    ProfileChanged { from: String, to: String },
    SignedIn,
    SignInFailed { email: String },
    SignedOut,
    SessionEnded { session: SessionId },
    AppCreated { app_type: AppType, name: String },
    AppInformationChanged { fields: Vec<&'static str> },
    AppActivated,
    AppDeactivated,
    AppReactivated,
    AppDeleted { name: String },
    SecretRevealed,
    TokenMade { expires_at: Timestamp },
    SecretRegenerated { secret: SecretId, keep_old_for: KeepOld },
    SecretRevoked { secret: SecretId },
    EventsToggled { on: bool },
    SubscriptionCreated { subscription: SubscriptionId },
    SubscriptionChanged { subscription: SubscriptionId },
    SubscriptionDeleted { subscription: SubscriptionId },
    SigningSecretRevealed { subscription: SubscriptionId },
    SigningSecretRotated { subscription: SubscriptionId, keep_old_for: KeepOld },
    SigningSecretRevoked { subscription: SubscriptionId },
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
