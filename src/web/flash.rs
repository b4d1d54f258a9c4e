//! What was just done, told once on the next page. The cookie carries a code, never words.

use super::page::Flash;
use crate::domain::text_enum::text_enum;

/// Everything that is told this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Again,
    AccountApproved,
    AccountCreated,
    AccountDeleted,
    AccountLeft,
    AccountReinstated,
    AccountSaved,
    AccountSuspended,
    AddressProven,
    AppActivated,
    AppCreated,
    AppDeactivated,
    AppDeleted,
    AppReactivated,
    AppReinstated,
    AppRenamed,
    AppSuspended,
    AddressAsked,
    AuthorizationRevoked,
    GrantRevoked,
    GrantsRevoked,
    EventRedelivered,
    RedeliveryHeld,
    FailedRedelivered,
    NothingFailed,
    EventTypeBroughtBack,
    EventTypeCreated,
    EventTypeDeleted,
    EventTypeRetired,
    EventTypeSaved,
    ScopeBroughtBack,
    ScopeCreated,
    ScopeDeleted,
    ScopeRetired,
    ScopeSaved,
    ScopesSaved,
    ClientSaved,
    ClientSecretMadeBefore,
    ClientSecretRevoked,
    AdminMade,
    AdminRemoved,
    EventsOff,
    EventsOn,
    ExternalIdSaved,
    InformationSaved,
    InvitationAccepted,
    InvitationResent,
    InvitationRevoked,
    InvitationSent,
    MemberRemoved,
    PasswordChanged,
    PasswordReset,
    PlatformKeyMadeBefore,
    PlatformKeyRevoked,
    ProfileSaved,
    ProofSent,
    RoleSaved,
    SecretRegenerated,
    SecretRevoked,
    SessionEnded,
    SignInTooLate,
    SigningSecretRotated,
    SubscriptionCreated,
    SubscriptionDeleted,
    SubscriptionResumed,
    SubscriptionSaved,
    SessionsEnded,
    TestSent,
    TwoStepOff,
    UserDeleted,
    UserDisabled,
    UserEnabled,
    ValidationAsked,
    Welcome,
}

text_enum!(
    Done,
    "flash",
    Again = "again",
    AccountApproved = "account-approved",
    AccountCreated = "account-created",
    AccountDeleted = "account-deleted",
    AccountLeft = "account-left",
    AccountReinstated = "account-reinstated",
    AccountSaved = "account-saved",
    AccountSuspended = "account-suspended",
    AddressProven = "address-proven",
    AppActivated = "app-activated",
    AppCreated = "app-created",
    AppDeactivated = "app-deactivated",
    AppDeleted = "app-deleted",
    AppReactivated = "app-reactivated",
    AppReinstated = "app-reinstated",
    AppRenamed = "app-renamed",
    AppSuspended = "app-suspended",
    AddressAsked = "address-asked",
    AuthorizationRevoked = "authorization-revoked",
    GrantRevoked = "grant-revoked",
    GrantsRevoked = "grants-revoked",
    EventRedelivered = "event-redelivered",
    RedeliveryHeld = "redelivery-held",
    FailedRedelivered = "failed-redelivered",
    NothingFailed = "nothing-failed",
    EventTypeBroughtBack = "event-type-brought-back",
    EventTypeCreated = "event-type-created",
    EventTypeDeleted = "event-type-deleted",
    EventTypeRetired = "event-type-retired",
    EventTypeSaved = "event-type-saved",
    ScopeBroughtBack = "scope-brought-back",
    ScopeCreated = "scope-created",
    ScopeDeleted = "scope-deleted",
    ScopeRetired = "scope-retired",
    ScopeSaved = "scope-saved",
    ScopesSaved = "scopes-saved",
    ClientSaved = "client-saved",
    ClientSecretMadeBefore = "client-secret-made-before",
    ClientSecretRevoked = "client-secret-revoked",
    AdminMade = "admin-made",
    AdminRemoved = "admin-removed",
    EventsOff = "events-off",
    EventsOn = "events-on",
    ExternalIdSaved = "external-id-saved",
    InformationSaved = "information-saved",
    InvitationAccepted = "invitation-accepted",
    InvitationResent = "invitation-resent",
    InvitationRevoked = "invitation-revoked",
    InvitationSent = "invitation-sent",
    MemberRemoved = "member-removed",
    PasswordChanged = "password-changed",
    PasswordReset = "password-reset",
    PlatformKeyMadeBefore = "platform-key-made-before",
    PlatformKeyRevoked = "platform-key-revoked",
    ProfileSaved = "profile-saved",
    ProofSent = "proof-sent",
    RoleSaved = "role-saved",
    SecretRegenerated = "secret-regenerated",
    SecretRevoked = "secret-revoked",
    SessionEnded = "session-ended",
    SignInTooLate = "sign-in-too-late",
    SigningSecretRotated = "signing-secret-rotated",
    SubscriptionCreated = "subscription-created",
    SubscriptionDeleted = "subscription-deleted",
    SubscriptionResumed = "subscription-resumed",
    SubscriptionSaved = "subscription-saved",
    SessionsEnded = "sessions-ended",
    TestSent = "test-sent",
    TwoStepOff = "two-step-off",
    UserDeleted = "user-deleted",
    UserDisabled = "user-disabled",
    UserEnabled = "user-enabled",
    ValidationAsked = "validation-asked",
    Welcome = "welcome",
);

impl Done {
    pub(super) fn flash(self) -> Flash {
        match self {
            Self::Again => {
                Flash::new("This form was sent twice.").more("It did its work the first time, and only once.")
            }
            Self::AccountApproved => {
                Flash::new("The account is approved.").more("It can activate its apps from now on.")
            }
            Self::AccountReinstated => {
                Flash::new("The account is reinstated.").more("It stands as it did before.")
            }
            Self::AccountSuspended => Flash::new("The account is suspended.")
                .more("The very next call of any of its apps is refused."),
            Self::AccountCreated => {
                Flash::new("Account created.").more("You are its owner, and working in it now.")
            }
            Self::AccountDeleted => Flash::new("The account is deleted.")
                .more("So are its apps and secrets; no token of them is let in any more."),
            Self::AccountLeft => Flash::new("You have left the account."),
            Self::AccountSaved => Flash::new("Account saved."),
            Self::AddressProven => Flash::new("Your address is proven."),
            Self::AppActivated => Flash::new("The app is active.").more("It may call the API from now on."),
            Self::AppCreated => Flash::new("App created.").more("Next, say what it is."),
            Self::AppDeactivated => {
                Flash::new("The app is deactivated.").more("Its very next call is refused.")
            }
            Self::AppDeleted => Flash::new("The app is deleted."),
            Self::AppReinstated => {
                Flash::new("The app is reinstated.").more("It has the state it had before.")
            }
            Self::AppRenamed => {
                Flash::new("The app has another name.").more("The owners of its account are told by mail.")
            }
            Self::AppSuspended => Flash::new("The app is suspended.")
                .more("Its very next call is refused, and its contact is told by mail."),
            Self::ExternalIdSaved => Flash::new("External id saved."),
            Self::AppReactivated => Flash::new("The app is active again."),
            Self::AddressAsked => Flash::new("We have sent a link to the new address.")
                .more("Your address changes when you open it."),
            Self::AuthorizationRevoked => Flash::new("The app is authorised no more.")
                .more("Its very next call for you is refused, and it is told."),
            Self::GrantRevoked => Flash::new("The authorisation is revoked.")
                .more("The app’s very next call for this user is refused."),
            Self::GrantsRevoked => Flash::new("All authorisations are revoked.")
                .more("Its users have to let the app in anew."),
            Self::EventRedelivered => Flash::new("The event is delivered again.")
                .more("It has the same webhook-id. This page shows how it goes."),
            Self::RedeliveryHeld => Flash::new("The event waits to be delivered again.")
                .more("It has the same webhook-id. This page says what it waits for."),
            Self::FailedRedelivered => Flash::new("What failed is delivered again.")
                .more("Each event has the same webhook-id as before."),
            Self::NothingFailed => Flash::new("Nothing has failed since then.").more("Nothing is delivered again."),
            Self::EventTypeBroughtBack => {
                Flash::new("The event type is back.").more("Developers can subscribe to it again.")
            }
            Self::EventTypeCreated => {
                Flash::new("Event type created.").more("Developers can subscribe to it now.")
            }
            Self::EventTypeDeleted => Flash::new("The event type is deleted."),
            Self::EventTypeRetired => Flash::new("The event type is retired.")
                .more("It is offered no more; subscriptions that hold it keep it."),
            Self::EventTypeSaved => Flash::new("Event type saved."),
            Self::ScopeBroughtBack => {
                Flash::new("The scope is back.").more("Developers can choose it for their apps again.")
            }
            Self::ScopeCreated => {
                Flash::new("Scope created.").more("Developers can choose it for their apps now.")
            }
            Self::ScopeDeleted => Flash::new("The scope is deleted."),
            Self::ScopeRetired => Flash::new("The scope is retired.")
                .more("It is offered no more; apps that ask for it keep it."),
            Self::ScopeSaved => Flash::new("Scope saved."),
            Self::ScopesSaved => Flash::new("Scopes saved."),
            Self::ClientSaved => Flash::new("Credentials saved."),
            Self::ClientSecretMadeBefore => Flash::new("This form was sent twice.").more(
                "It made a client secret the first time, which was shown then. If it is lost, regenerate it.",
            ),
            Self::ClientSecretRevoked => {
                Flash::new("The old secret is revoked.")
                    .more("Nothing gets a token with it any more, and all tokens given until now are over.")
            }
            Self::AdminMade => Flash::new("The user is an admin.").more("They sign in again. All admins are told by mail."),
            Self::AdminRemoved => {
                Flash::new("The user is no admin any more.").more("All admins are told by mail.")
            }
            Self::EventsOff => {
                Flash::new("Event subscriptions are off.").more("They are kept, and nothing is sent.")
            }
            Self::EventsOn => Flash::new("Event subscriptions are on."),
            Self::InformationSaved => Flash::new("Information saved."),
            Self::InvitationAccepted => {
                Flash::new("You have joined.").more("You are working in the account now.")
            }
            Self::InvitationResent => {
                Flash::new("The invitation is sent again.").more("Only its new link works, for 7 days.")
            }
            Self::InvitationRevoked => Flash::new("The invitation is revoked.").more("Its link is dead."),
            Self::InvitationSent => {
                Flash::new("The invitation is on its way.").more("Its link works once, for 7 days.")
            }
            Self::MemberRemoved => Flash::new("They belong to this account no more.")
                .more("What they know of its secrets stands below."),
            Self::PasswordChanged => Flash::new("Password changed.").more("Your other sessions have ended."),
            Self::PasswordReset => Flash::new("Your new password is set.").more("Sign in with it."),
            Self::PlatformKeyMadeBefore => Flash::new("This form was sent twice.").more(
                "It made a key the first time, which was shown then. If it is lost, revoke it and make another one.",
            ),
            Self::PlatformKeyRevoked => {
                Flash::new("The key is revoked.").more("The very next request that shows it is refused.")
            }
            Self::ProfileSaved => Flash::new("Profile saved."),
            Self::ProofSent => Flash::new("We have sent you a new link.").more("It works for 24 hours."),
            Self::RoleSaved => Flash::new("Role saved.").more("It holds from their next request on."),
            Self::SecretRegenerated => {
                Flash::new("There is a new API secret.").more("Reveal it and give it to your code.")
            }
            Self::SecretRevoked => {
                Flash::new("The old secret is revoked.").more("It verifies nothing any more.")
            }
            Self::SessionEnded => Flash::new("The session has ended."),
            Self::SignInTooLate => Flash::new("Enter your password again.")
                .more("A code can be entered for 10 minutes after it."),
            Self::SigningSecretRotated => {
                Flash::new("There is a new signing secret.").more("Reveal it and give it to your endpoint.")
            }
            Self::SubscriptionCreated => Flash::new("Subscription added."),
            Self::SubscriptionDeleted => Flash::new("Subscription deleted."),
            Self::SubscriptionResumed => Flash::new("Events are sent to this endpoint again.")
                .more("What waited for it goes first."),
            Self::SubscriptionSaved => Flash::new("Subscription saved."),
            Self::SessionsEnded => Flash::new("All sessions of the user have ended."),
            Self::TestSent => Flash::new("The test event is on its way."),
            Self::ValidationAsked => Flash::new("The endpoint is being asked."),
            Self::UserDisabled => Flash::new("The user is disabled.")
                .more("Their sessions have ended, and all admins are told by mail."),
            Self::UserEnabled => Flash::new("The user is enabled.")
                .more("They can sign in again. All admins are told by mail."),
            Self::TwoStepOff => {
                Flash::new("Two-step sign-in is off.").more("Your other sessions have ended.")
            }
            Self::UserDeleted => Flash::new("Your user is deleted."),
            Self::Welcome => Flash::new("Welcome.").more("We have sent you a link to prove your address."),
        }
    }
}
