use thiserror::Error;

use crate::{
    crypto::{keyring::DoesNotOpen, password::Busy},
    domain::{
        app::{StateKind, WrongState},
        fields::FieldErrors,
        time::Span,
    },
    store::StoreError,
};

pub type Result<T> = std::result::Result<T, Error>;

/// Why something was not done, as far as the one who asked may know.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such thing, or it is not theirs to see.
    #[error("there is no such thing")]
    NotFound,
    /// What was entered, field by field.
    #[error("some fields are wrong")]
    Invalid(FieldErrors),
    /// Not in the state that things are in.
    #[error("{0}")]
    Conflict(#[from] Conflict),
    /// Too often; again after a while.
    #[error("too many tries")]
    TooMany { retry_after: Span },
    /// Not now: the database is out of reach, or too much is going on.
    #[error("not available right now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault of ours. The source is for the log alone.
    #[error("something went wrong")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What stands against it, in a sentence for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Conflict {
    #[error("This account has {max} apps, the most it may have. Delete one that is no longer needed.")]
    AppLimit { max: u32 },
    #[error("This app has {max} event subscriptions, the most it may have. Delete one to add another.")]
    SubscriptionLimit { max: u32 },
    #[error("You own {max} accounts, the most that one user may. Delete one that is no longer needed.")]
    AccountLimit { max: usize },
    #[error(
        "The stored secret cannot be read: it was changed or moved in the database, or sealed under another key. Replace it by a new one, and tell the platform’s staff: calls that are signed with it may be refused."
    )]
    SecretUnreadable,
    #[error("Three old secrets still work. Revoke one before you make another.")]
    OldSecrets,
    #[error(
        "This app is a public client: it runs on its users’ devices, which keep no secret. It needs none."
    )]
    PublicClient,
    #[error("This event cannot be delivered again: its subscription is deleted.")]
    NowhereToDeliver,
    #[error(
        "This event cannot be delivered: no owner of the account that it is of lets the app have it any more."
    )]
    NotGranted,
    #[error(
        "Failed deliveries of this app are being asked for again already. Wait until all of them are in the queue."
    )]
    Redelivering,
    #[error("{}", wrong_state(*.0))]
    State(StateKind),
    #[error("Something is still missing. The page lists what.")]
    Incomplete,
    #[error(
        "This account awaits approval by an admin of the platform. You can build; activating comes after."
    )]
    AccountPending,
    #[error("Prove your address first: open the link that we have mailed to you.")]
    AddressUnproven,
    #[error("This account is suspended by an admin of the platform.")]
    AccountSuspended,
    #[error(
        "This account has a suspended JWT app, and its JWT apps share one API secret. Another one can be created or activated once an admin has reinstated it."
    )]
    SuspendedSibling,
    #[error(
        "You are a member of this account already, and keep the role you have. Ask an owner to change it."
    )]
    MemberAlready,
    #[error("An account needs an owner, and there is no other one here. Make another member an owner first.")]
    LastOwner,
    #[error("This account has {max} invitations without an answer, the most it may have. Revoke one first.")]
    InvitationLimit { max: u32 },
    #[error(
        "This account has an app that an admin of the platform has suspended. It can be deleted once that app is reinstated."
    )]
    SuspendedApp,
    #[error("You are the only admin of the platform. Make another user an admin first.")]
    LastAdmin,
    #[error("This is yourself. Another admin can do this to you.")]
    Oneself,
    #[error(
        "Things have changed since you opened the page: somebody else was quicker. Nothing was changed now. Open the page again to see how it stands."
    )]
    Overtaken,
    #[error(
        "An event subscription holds this event type, so it cannot be deleted. Retire it: then it is offered no more."
    )]
    EventTypeInUse,
    #[error(
        "An app asks for this scope or an event type needs it, so it cannot be deleted. Retire it: then it is offered no more."
    )]
    ScopeInUse,
    #[error(
        "Users have granted this scope to apps, so it cannot be deleted. Retire it: then it is offered no more."
    )]
    ScopeGranted,
    #[error("This form has made your user already. Sign in.")]
    SignInInstead,
    #[error("You are now working in another account. Go back to the account you meant, or reload the page.")]
    OtherAccount,
}

fn wrong_state(state: StateKind) -> &'static str {
    match state {
        StateKind::Draft => "This app is a draft; it can be activated, not more.",
        StateKind::Active => "This app is active already.",
        StateKind::Deactivated => "This app is deactivated already; it can be reactivated.",
        StateKind::Suspended => "This app is suspended. Only an admin of the platform can reinstate it.",
    }
}

impl From<WrongState> for Error {
    fn from(WrongState(state): WrongState) -> Self {
        Self::Conflict(Conflict::State(state))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Dangling => Conflict::Overtaken.into(),
            StoreError::Duplicate
            | StoreError::Corrupt(_)
            | StoreError::Migration(_)
            | StoreError::NotMigrated(_)
            | StoreError::Other(_) => Self::Internal(error.into()),
        }
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<DoesNotOpen> for Error {
    fn from(error: DoesNotOpen) -> Self {
        Self::Internal(error.into())
    }
}

impl From<Busy> for Error {
    fn from(error: Busy) -> Self {
        Self::Unavailable(error.into())
    }
}
