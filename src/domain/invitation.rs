//! Invitations: a mailed link by which the user of one address joins an account.

use super::{
    account::Role,
    email::Email,
    id::{AccountId, InvitationId, UserId},
    text_enum::text_enum,
    time::{Span, Timestamp},
};

/// An invitation, open or not.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub id: InvitationId,
    pub account: AccountId,
    /// Only the user of this address may accept it.
    pub email: Email,
    pub role: Role,
    /// The owner who sent it last.
    pub made_by: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub ending: Option<Ending>,
}

/// How somebody ended an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Accepted,
    Revoked,
}

text_enum!(Ending, "ending", Accepted = "accepted", Revoked = "revoked");

/// Whether an invitation may be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    Open,
    Expired,
    Accepted,
    Revoked,
}

impl Invitation {
    /// How long its link works.
    pub const LASTS: Span = Span::days(7);
    /// How many may wait for an answer in one account.
    pub const MAX_OPEN: u32 = 50;

    #[must_use]
    pub fn state(&self, now: Timestamp) -> InvitationState {
        match self.ending {
            Some(Ending::Accepted) => InvitationState::Accepted,
            Some(Ending::Revoked) => InvitationState::Revoked,
            None if now < self.expires_at => InvitationState::Open,
            None => InvitationState::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    #[test]
    fn an_invitation_is_open_until_its_last_moment_or_its_ending() {
        let made = Timestamp::from_seconds(1_000);
        let invitation = Invitation {
            id: Id::generate(made, [1; 10]),
            account: Id::generate(made, [2; 10]),
            email: "bob@meridian.example".parse().unwrap(),
            role: Role::Viewer,
            made_by: Id::generate(made, [3; 10]),
            created_at: made,
            expires_at: made + Invitation::LASTS,
            ending: None,
        };
        let end = Timestamp::from_seconds(1_000 + 7 * 86_400);
        assert_eq!(invitation.state(end - Span::seconds(1)), InvitationState::Open);
        assert_eq!(invitation.state(end), InvitationState::Expired);
        for (ending, state) in
            [(Ending::Accepted, InvitationState::Accepted), (Ending::Revoked, InvitationState::Revoked)]
        {
            let ended = Invitation { ending: Some(ending), ..invitation.clone() };
            assert_eq!((ended.state(made), ended.state(end)), (state, state));
        }
    }
}
