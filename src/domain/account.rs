//! Accounts, and what their members may do.

use std::{fmt, marker::PhantomData, str::FromStr};

use super::{
    email::Email,
    fields::{Complaint, capitalised},
    id::{AccountId, UserId},
    text::{self, define_text},
    text_enum::text_enum,
    time::Timestamp,
    user::PersonName,
};

define_text!(
    /// An account's name: 1 to 100 characters on one line.
    AccountName,
    text::line,
    100
);

/// An organisation that owns apps.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: AccountId,
    pub name: AccountName,
    /// The platform's own name for it, if it has given one.
    pub external_id: Option<String>,
    pub standing: Standing,
    pub created_at: Timestamp,
}

/// Whether an account may have active apps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It builds, but activates nothing before an admin approves it.
    Pending,
    Approved,
    Suspended,
}

/// The standing does not allow what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongStanding(pub Standing);

impl Standing {
    /// # Errors
    /// The account does not wait for approval.
    pub const fn approve(self) -> Result<Self, WrongStanding> {
        match self {
            Self::Pending => Ok(Self::Approved),
            Self::Approved | Self::Suspended => Err(WrongStanding(self)),
        }
    }

    /// # Errors
    /// The account is suspended already.
    pub const fn suspend(self) -> Result<Self, WrongStanding> {
        match self {
            Self::Pending | Self::Approved => Ok(Self::Suspended),
            Self::Suspended => Err(WrongStanding(self)),
        }
    }
}

/// Why an account is suspended, and what reinstating restores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    pub reason: String,
    pub before: Standing,
}

/// The platform's own id of an account: 1 to 100 ASCII letters, digits and signs, without
/// spaces, so that a header can carry it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExternalId(String);

/// The text is no [`ExternalId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnExternalId;

impl ExternalId {
    pub const MAX: usize = 100;

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ExternalId {
    type Err = NotAnExternalId;

    fn from_str(text: &str) -> Result<Self, NotAnExternalId> {
        let text = text.trim();
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAnExternalId) }
    }
}

impl Complaint for NotAnExternalId {
    fn sentence(&self, what: &str) -> String {
        let max = ExternalId::MAX;
        capitalised(&format!("{what} must be 1 to {max} letters, digits and signs of ASCII, without spaces."))
    }
}

/// What a member may do; each role holds the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Viewer,
    Developer,
    Owner,
}

impl Role {
    /// As people read it, within a sentence: "an owner".
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Viewer => "a viewer",
            Self::Developer => "a developer",
            Self::Owner => "an owner",
        }
    }

    /// As it stands alone: "Owner".
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Developer => "Developer",
            Self::Owner => "Owner",
        }
    }
}

text_enum!(Role, "role", Viewer = "viewer", Developer = "developer", Owner = "owner");
text_enum!(Standing, "standing", Pending = "pending", Approved = "approved", Suspended = "suspended");

/// Marks a [`Member`] who may read.
#[derive(Clone, Copy, Debug)]
pub struct Viewer;
/// Marks a [`Member`] who may build, change and reveal.
#[derive(Clone, Copy, Debug)]
pub struct Developer;
/// Marks a [`Member`] who may do everything in the account.
#[derive(Clone, Copy, Debug)]
pub struct Owner;

/// One of the role marks above.
pub trait AtLeast: Copy + fmt::Debug + Send + Sync + 'static {
    const ROLE: Role;
}

impl AtLeast for Viewer {
    const ROLE: Role = Role::Viewer;
}
impl AtLeast for Developer {
    const ROLE: Role = Role::Developer;
}
impl AtLeast for Owner {
    const ROLE: Role = Role::Owner;
}

/// Proof that a user holds at least role `R` in an account. Actions take it as a
/// parameter, so that one cannot be called without the check.
#[derive(Clone, Copy, Debug)]
pub struct Member<R> {
    user: UserId,
    account: AccountId,
    role: Role,
    at_least: PhantomData<R>,
}

impl<R: AtLeast> Member<R> {
    /// The proof, if the role suffices.
    #[must_use]
    pub fn prove(user: UserId, account: AccountId, role: Role) -> Option<Self> {
        (role >= R::ROLE).then_some(Self { user, account, role, at_least: PhantomData })
    }

    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The role that the member really has.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }
}

/// One of an account's members, as the others see them.
#[derive(Clone, Debug)]
pub struct MemberFacts {
    pub user: UserId,
    pub name: PersonName,
    pub email: Email,
    pub role: Role,
    /// Whether an admin of the platform has disabled the user, who cannot sign in.
    pub is_disabled: bool,
}

impl MemberFacts {
    /// Whether this is an owner who can do what owners do.
    #[must_use]
    pub fn acts_as_owner(&self) -> bool {
        self.role == Role::Owner && !self.is_disabled
    }
}

/// Whether an account keeps an owner who can act when this member's role becomes another one,
/// or none. One who is disabled cannot act, and is missed no more than any other member.
#[must_use]
pub fn keeps_an_owner(members: &[MemberFacts], user: UserId, becomes: Option<Role>) -> bool {
    let acts = |member: &&MemberFacts| member.acts_as_owner();
    becomes == Some(Role::Owner)
        || members.iter().filter(acts).any(|member| member.user != user)
        || members.iter().filter(acts).all(|member| member.user != user)
}

/// One of a user's accounts, with the role there.
#[derive(Clone, Debug)]
pub struct Membership {
    pub account: Account,
    pub role: Role,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    #[test]
    fn a_role_proves_itself_and_those_below() {
        let user = UserId::generate(Timestamp::default(), [1; 10]);
        let account = AccountId::generate(Timestamp::default(), [2; 10]);
        assert!(Member::<Viewer>::prove(user, account, Role::Viewer).is_some());
        assert!(Member::<Developer>::prove(user, account, Role::Viewer).is_none());
        assert!(Member::<Developer>::prove(user, account, Role::Owner).is_some());
        assert!(Member::<Owner>::prove(user, account, Role::Developer).is_none());
    }

    #[test]
    fn an_account_without_an_owner_is_seen_coming() {
        let member = |mark: u8, role| MemberFacts {
            user: UserId::generate(Timestamp::default(), [mark; 10]),
            name: "Ada".parse().unwrap(),
            email: "ada@meridian.example".parse().unwrap(),
            role,
            is_disabled: false,
        };
        let (ada, bob) = (member(1, Role::Owner), member(2, Role::Developer));
        let two = [ada.clone(), bob.clone()];
        assert!(!keeps_an_owner(&two, ada.user, None));
        assert!(!keeps_an_owner(&two, ada.user, Some(Role::Developer)));
        assert!(keeps_an_owner(&two, ada.user, Some(Role::Owner)));
        assert!(keeps_an_owner(&two, bob.user, None));
        let owners = [ada.clone(), MemberFacts { role: Role::Owner, ..bob.clone() }];
        assert!(keeps_an_owner(&owners, ada.user, None));
        let disabled = MemberFacts { role: Role::Owner, is_disabled: true, ..bob };
        let owners = [ada.clone(), disabled.clone()];
        assert!(!keeps_an_owner(&owners, ada.user, None), "who is left cannot sign in");
        assert!(!keeps_an_owner(&owners, ada.user, Some(Role::Viewer)));
        assert!(keeps_an_owner(&owners, disabled.user, None));
        assert!(!keeps_an_owner(std::slice::from_ref(&ada), ada.user, None));
    }

    #[test]
    fn each_standing_allows_what_the_rules_say() {
        for (standing, approved, suspended) in [
            (Standing::Pending, Some(Standing::Approved), Some(Standing::Suspended)),
            (Standing::Approved, None, Some(Standing::Suspended)),
            (Standing::Suspended, None, None),
        ] {
            assert_eq!(standing.approve().ok(), approved, "{standing:?}");
            assert_eq!(standing.suspend().ok(), suspended, "{standing:?}");
        }
    }

    #[test]
    fn an_external_id_is_what_a_header_can_carry() {
        for (text, read) in [("crm-2209381", Some("crm-2209381")), (" a:b/c ", Some("a:b/c"))] {
            assert_eq!(text.parse::<ExternalId>().ok().as_ref().map(ExternalId::as_str), read);
        }
        for text in ["", " ", "a b", "ä", "a\r\nb", &"x".repeat(101)] {
            assert_eq!(text.parse::<ExternalId>(), Err(NotAnExternalId), "{text:?}");
        }
        assert!("x".repeat(100).parse::<ExternalId>().is_ok());
        assert_eq!(
            NotAnExternalId.sentence("the external id"),
            "The external id must be 1 to 100 letters, digits and signs of ASCII, without spaces."
        );
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>().as_ref(), Ok(role));
        }
        assert!("Owner".parse::<Role>().is_err());
    }
}
