//! Apps: their types, their states, and what may follow what.

pub mod activation;
pub mod information;
pub mod name;

use super::{
    icon::IconHash,
    id::{AccountId, AppId},
    suspension::Reason,
    text_enum::text_enum,
    time::Timestamp,
};
use information::Information;

/// What an app is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AppType {
    /// Signs its own JWTs with the account's API secret. Internal applications only.
    Jwt,
    /// Acts for users who let it, by OAuth. Anything offered to third parties.
    Oauth,
    /// Gets short-lived tokens for itself, with scopes. Internal applications only.
    ServerToServer,
    /// Receives events and calls nothing.
    Webhook,
}

text_enum!(
    AppType,
    "app type",
    Jwt = "jwt",
    Oauth = "oauth",
    ServerToServer = "server_to_server",
    Webhook = "webhook",
);

impl AppType {
    /// Those that can be chosen for a new app.
    pub const OFFERED: &'static [Self] = Self::ALL;

    /// Whether such an app calls the API.
    #[must_use]
    pub const fn calls(self) -> bool {
        match self {
            Self::Jwt | Self::Oauth | Self::ServerToServer => true,
            Self::Webhook => false,
        }
    }

    /// Whether such an app is a client of OAuth: it has a client id, and scopes.
    #[must_use]
    pub const fn has_client(self) -> bool {
        match self {
            Self::Oauth | Self::ServerToServer => true,
            Self::Jwt | Self::Webhook => false,
        }
    }

    /// Whether users are asked before such an app acts, and it acts for them.
    #[must_use]
    pub const fn asks_users(self) -> bool {
        match self {
            Self::Oauth => true,
            Self::Jwt | Self::ServerToServer | Self::Webhook => false,
        }
    }

    /// As people read it, within a sentence.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::Oauth => "OAuth",
            Self::ServerToServer => "Server-to-Server OAuth",
            Self::Webhook => "Webhook Only",
        }
    }
}

/// An app, as its account sees it.
#[derive(Clone, Debug)]
pub struct App {
    pub id: AppId,
    pub account: AccountId,
    pub app_type: AppType,
    pub information: Information,
    pub icon: Option<IconHash>,
    /// Whether Event Subscriptions are toggled on.
    pub events_on: bool,
    pub state: AppState,
    pub created_at: Timestamp,
    /// When it was first activated. The name of such an app stays taken for a while after its deletion.
    pub activated_at: Option<Timestamp>,
}

/// Whether an app may call the API and receives production events: only when active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppState {
    Draft,
    Active,
    Deactivated,
    /// Stopped by an admin, with a reason its developers read; `before` is what reinstating restores.
    Suspended {
        reason: String,
        before: Resumable,
    },
}

/// A state that a suspended app can return to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumable {
    Draft,
    Active,
    Deactivated,
}

text_enum!(Resumable, "app state", Draft = "draft", Active = "active", Deactivated = "deactivated");

/// The state alone, as lists filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    Draft,
    Active,
    Deactivated,
    Suspended,
}

text_enum!(
    StateKind,
    "app state",
    Draft = "draft",
    Active = "active",
    Deactivated = "deactivated",
    Suspended = "suspended",
);

/// The state does not allow what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongState(pub StateKind);

impl AppState {
    #[must_use]
    pub const fn kind(&self) -> StateKind {
        match self {
            Self::Draft => StateKind::Draft,
            Self::Active => StateKind::Active,
            Self::Deactivated => StateKind::Deactivated,
            Self::Suspended { .. } => StateKind::Suspended,
        }
    }

    /// A draft becomes active. The checklist is judged before ([`activation::missing`]).
    ///
    /// # Errors
    /// The app is not a draft.
    pub const fn activate(&self) -> Result<Self, WrongState> {
        match self {
            Self::Draft => Ok(Self::Active),
            Self::Active | Self::Deactivated | Self::Suspended { .. } => Err(WrongState(self.kind())),
        }
    }

    /// # Errors
    /// The app is not active.
    pub const fn deactivate(&self) -> Result<Self, WrongState> {
        match self {
            Self::Active => Ok(Self::Deactivated),
            Self::Draft | Self::Deactivated | Self::Suspended { .. } => Err(WrongState(self.kind())),
        }
    }

    /// # Errors
    /// The app is not deactivated; a suspended app is reinstated by an admin alone.
    pub const fn reactivate(&self) -> Result<Self, WrongState> {
        match self {
            Self::Deactivated => Ok(Self::Active),
            Self::Draft | Self::Active | Self::Suspended { .. } => Err(WrongState(self.kind())),
        }
    }

    /// An admin stops the app, whatever it was.
    ///
    /// # Errors
    /// The app is suspended already.
    pub fn suspend(&self, reason: &Reason) -> Result<Self, WrongState> {
        let before = match self {
            Self::Draft => Resumable::Draft,
            Self::Active => Resumable::Active,
            Self::Deactivated => Resumable::Deactivated,
            Self::Suspended { .. } => return Err(WrongState(StateKind::Suspended)),
        };
        Ok(Self::Suspended { reason: reason.to_string(), before })
    }

    /// An admin gives the app back the state it had.
    ///
    /// # Errors
    /// The app is not suspended.
    pub const fn reinstate(&self) -> Result<Self, WrongState> {
        match self {
            Self::Suspended { before: Resumable::Draft, .. } => Ok(Self::Draft),
            Self::Suspended { before: Resumable::Active, .. } => Ok(Self::Active),
            Self::Suspended { before: Resumable::Deactivated, .. } => Ok(Self::Deactivated),
            Self::Draft | Self::Active | Self::Deactivated => Err(WrongState(self.kind())),
        }
    }

    /// # Errors
    /// The app is suspended: its developers cannot make it go away.
    pub const fn delete(&self) -> Result<(), WrongState> {
        match self {
            Self::Draft | Self::Active | Self::Deactivated => Ok(()),
            Self::Suspended { .. } => Err(WrongState(StateKind::Suspended)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_allows_what_the_rules_say() {
        let suspended = AppState::Suspended { reason: String::from("spam"), before: Resumable::Active };
        let table = [
            (AppState::Draft, Some(AppState::Active), None, None, true),
            (AppState::Active, None, Some(AppState::Deactivated), None, true),
            (AppState::Deactivated, None, None, Some(AppState::Active), true),
            (suspended, None, None, None, false),
        ];
        for (state, activated, deactivated, reactivated, deletable) in table {
            assert_eq!(state.activate().ok(), activated, "{state:?}");
            assert_eq!(state.deactivate().ok(), deactivated, "{state:?}");
            assert_eq!(state.reactivate().ok(), reactivated, "{state:?}");
            assert_eq!(state.delete().is_ok(), deletable, "{state:?}");
        }
    }

    #[test]
    fn reinstating_restores_the_state_that_suspending_found() {
        let reason = "It sends spam.".parse::<Reason>().unwrap();
        for state in [AppState::Draft, AppState::Active, AppState::Deactivated] {
            assert_eq!(state.reinstate(), Err(WrongState(state.kind())));
            let suspended = state.suspend(&reason).unwrap();
            assert_eq!(suspended.kind(), StateKind::Suspended);
            assert_eq!(suspended.suspend(&reason), Err(WrongState(StateKind::Suspended)));
            assert_eq!(suspended.reinstate(), Ok(state));
        }
    }
}
