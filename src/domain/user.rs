//! People, their sessions and the links they are mailed.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    email::Email,
    id::{AccountId, SessionId, UserId},
    text::{self, define_text},
    text_enum::text_enum,
    time::{Span, Timestamp},
};

define_text!(
    /// A person's name: 1 to 100 characters on one line.
    PersonName,
    text::line,
    100
);

/// A person who signs in.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub name: PersonName,
    pub email: Email,
    /// When the address was proven, if it was.
    pub proven_at: Option<Timestamp>,
    /// Opens the admin console; gives no role in any account.
    pub is_admin: bool,
    /// When an admin disabled the user, if one did.
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// When two-step sign-in was turned on, if it is on.
    pub two_step_at: Option<Timestamp>,
}

/// Proof that a user is an admin of the platform. What reads or changes the things of every
/// account takes it, so that it cannot be called without the check; a role it is in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admin {
    user: UserId,
}

impl Admin {
    /// The proof, if the user is an admin and not disabled.
    #[must_use]
    pub fn prove(user: &User) -> Option<Self> {
        (user.is_admin && user.disabled_at.is_none()).then_some(Self { user: user.id })
    }

    #[must_use]
    pub const fn user(self) -> UserId {
        self.user
    }
}

/// Who changes a user's powers, as admins are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PowerBy {
    /// An admin, by their address.
    Admin(String),
    /// Whoever runs the platform, on its command line.
    Operator,
}

/// What is made of a user's powers. All admins are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PowerChange {
    AdminMade,
    /// An admin deleted their own user.
    AdminDeleted,
    AdminRemoved,
    Disabled,
    Enabled,
}

/// A browser in which a user is signed in. The cookie's value is stored hashed.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    /// Of the cookie that it goes by.
    pub token_hash: Vec<u8>,
    pub user: UserId,
    /// The account in which `/apps`, `/apps/new` and `/account` act.
    pub account: Option<AccountId>,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    /// When the password was last entered.
    pub confirmed_at: Timestamp,
    /// When a code of two-step sign-in was last entered, if one was.
    pub code_at: Option<Timestamp>,
    /// Where it was last used from.
    pub address: Option<IpAddr>,
    /// Of the browser that last used it.
    pub user_agent: String,
}

impl Session {
    /// A session ends after this long without a request.
    pub const IDLE: Span = Span::hours(12);
    /// A session ends after this long, whatever happens.
    pub const ABSOLUTE: Span = Span::days(30);
    /// What reveals or makes a secret asks for the password again after this long.
    pub const FRESH: Span = Span::hours(1);
    /// `seen_at` is written at most this often, since writing it costs a transaction.
    pub const SEEN_EVERY: Span = Span::minutes(5);
    /// As [`Self::SEEN_EVERY`], while it is used from another place.
    pub const MOVED_EVERY: Span = Span::seconds(10);

    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now < self.seen_at + Self::IDLE && now < self.created_at + Self::ABSOLUTE
    }

    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.confirmed_at + Self::FRESH
    }
}

/// What a mailed link is for. Each works once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Proves the address that a user signed up with.
    Verify,
    /// Sets a new password.
    Reset,
    /// Proves a new address, which then replaces the old one.
    ChangeEmail,
    /// Makes the first admin. Printed at the first start, never mailed.
    Setup,
}

text_enum!(
    LinkKind,
    "kind of link",
    Verify = "verify",
    Reset = "reset",
    ChangeEmail = "change_email",
    Setup = "setup"
);

impl LinkKind {
    #[must_use]
    pub const fn lasts(self) -> Span {
        match self {
            Self::Reset => Span::minutes(30),
            Self::Verify | Self::ChangeEmail | Self::Setup => Span::hours(24),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    #[test]
    fn a_session_lives_twelve_hours_unused_and_thirty_days_at_most() {
        let at = |seconds| Timestamp::from_seconds(1_000_000) + Span::seconds(seconds);
        let session = |seen_at| Session {
            id: SessionId::generate(at(0), [1; 10]),
            token_hash: Vec::new(),
            user: UserId::generate(at(0), [1; 10]),
            account: None,
            created_at: at(0),
            seen_at,
            confirmed_at: at(0),
            code_at: None,
            address: None,
            user_agent: String::new(),
        };
        let (idle, whole) = (12 * 3_600, 30 * 24 * 3_600);
        for (seen, now, is_alive) in [
            (0, idle - 1, true),
            (0, idle, false),
            (whole - 60, whole - 1, true),
            (whole - 60, whole, false),
            (whole - 60, whole + 1, false),
        ] {
            assert_eq!(session(at(seen)).is_alive(at(now)), is_alive, "seen at {seen}, now {now}");
        }
        assert!(session(at(0)).is_fresh(at(3_599)) && !session(at(0)).is_fresh(at(3_600)));
    }

    #[test]
    fn only_an_admin_who_is_not_disabled_is_proven_one() {
        let now = Timestamp::from_seconds(7);
        let user = |is_admin, disabled_at| User {
            id: UserId::generate(now, [1; 10]),
            name: "Ada".parse().unwrap(),
            email: "ada@meridian.example".parse().unwrap(),
            proven_at: Some(now),
            is_admin,
            disabled_at,
            created_at: now,
            two_step_at: None,
        };
        let admin = user(true, None);
        assert_eq!(Admin::prove(&admin).map(Admin::user), Some(admin.id));
        assert!(Admin::prove(&user(false, None)).is_none());
        assert!(Admin::prove(&user(true, Some(now))).is_none());
    }
}
