//! Invitations, by the hash of what their link holds.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{all, execute, optional},
    statements::statements,
};
use crate::domain::{
    account::Role,
    email::Email,
    id::{AccountId, InvitationId, UserId},
    invitation::{Ending, Invitation},
    time::Timestamp,
};

statements! {
    /// The invitation of a link, whatever became of it.
    INVITATION_OF_LINK = "select id, account_id, email, role, made_by, created_at, expires_at, ending
        from invitations where token_hash = $1";
    /// One invitation of an account.
    INVITATION = "select id, account_id, email, role, made_by, created_at, expires_at, ending
        from invitations where account_id = $1 and id = $2";
    /// An account's invitations that wait for an answer or have expired, the oldest first.
    WAITING_INVITATIONS = "select id, account_id, email, role, made_by, created_at, expires_at, ending
        from invitations where account_id = $1 and ending is null order by created_at, id";
    /// A new invitation.
    INSERT_INVITATION = "insert into invitations (id, account_id, email, email_key, role, token_hash, made_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Another link in place of the old one.
    RENEW_INVITATION = "update invitations set token_hash = $2, made_by = $3, expires_at = $4
        where id = $1 and ending is null";
    /// It is accepted or revoked. Two that come at once find one row to change.
    END_INVITATION = "update invitations set ending = $2 where id = $1 and ending is null";
    /// Drops invitations that expired before a moment.
    DELETE_OLD_INVITATIONS = "delete from invitations where expires_at < $1";
}

#[derive(FromRow)]
struct InvitationRow {
    id: InvitationId,
    account_id: AccountId,
    email: Email,
    role: Role,
    made_by: UserId,
    created_at: Timestamp,
    expires_at: Timestamp,
    ending: Option<Ending>,
}

impl From<InvitationRow> for Invitation {
    fn from(row: InvitationRow) -> Self {
        let InvitationRow { id, account_id: account, email, role, made_by, created_at, expires_at, ending } =
            row;
        Self { id, account, email, role, made_by, created_at, expires_at, ending }
    }
}

impl Conn {
    /// The invitation that a link leads to, open or not.
    pub async fn invitation_of_link(&mut self, token_hash: &[u8]) -> Result<Option<Invitation>> {
        let row: Option<InvitationRow> = optional!(self, INVITATION_OF_LINK, token_hash);
        Ok(row.map(Invitation::from))
    }

    pub async fn invitation(&mut self, account: AccountId, id: InvitationId) -> Result<Option<Invitation>> {
        let row: Option<InvitationRow> = optional!(self, INVITATION, account, id);
        Ok(row.map(Invitation::from))
    }

    /// Those that were neither accepted nor revoked; some may have expired.
    pub async fn waiting_invitations(&mut self, account: AccountId) -> Result<Vec<Invitation>> {
        let rows: Vec<InvitationRow> = all!(self, WAITING_INVITATIONS, account);
        Ok(rows.into_iter().map(Invitation::from).collect())
    }
}

impl Tx {
    /// # Errors
    /// [`super::StoreError::Duplicate`] if one to this address waits already.
    pub async fn insert_invitation(&mut self, new: &Invitation, token_hash: &[u8]) -> Result<()> {
        execute!(
            self,
            INSERT_INVITATION,
            new.id,
            new.account,
            &new.email,
            new.email.key(),
            new.role,
            token_hash,
            new.made_by,
            new.created_at,
            new.expires_at,
        );
        Ok(())
    }

    /// Whether it was still waiting.
    pub async fn renew_invitation(
        &mut self,
        id: InvitationId,
        token_hash: &[u8],
        made_by: UserId,
        expires_at: Timestamp,
    ) -> Result<bool> {
        Ok(execute!(self, RENEW_INVITATION, id, token_hash, made_by, expires_at) > 0)
    }

    /// Whether it had not ended before.
    pub async fn end_invitation(&mut self, id: InvitationId, ending: Ending) -> Result<bool> {
        Ok(execute!(self, END_INVITATION, id, ending) > 0)
    }

    pub async fn delete_old_invitations(&mut self, before: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_INVITATIONS, before))
    }
}
