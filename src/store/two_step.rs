//! Second factors: secrets of authenticator apps, recovery codes, and sign-ins that wait for
//! either.

use sqlx::FromRow;

use super::{
    Conn, Result, Tx,
    db::{execute, optional, value},
    statements::statements,
};
use crate::domain::{
    id::UserId,
    time::Timestamp,
    two_step::{HALF_SIGN_IN, Step},
};

statements! {
    /// The secret that a user's app shares.
    SECOND_FACTOR = "select secret_sealed, last_step from second_factors where user_id = $1";
    /// Turns two-step sign-in on. Of two at once one does.
    INSERT_SECOND_FACTOR = "insert into second_factors (user_id, secret_sealed, last_step, turned_on_at)
        values ($1, $2, $3, $4) on conflict (user_id) do nothing";
    /// A code of this step is used. Of two that come at once one finds the row as it was.
    USE_STEP = "update second_factors set last_step = $2 where user_id = $1 and last_step < $2";
    /// Turns two-step sign-in off.
    DELETE_SECOND_FACTOR = "delete from second_factors where user_id = $1";
    /// A new recovery code.
    INSERT_RECOVERY_CODE = "insert into recovery_codes (user_id, code_hash) values ($1, $2)";
    /// A recovery code is used, and gone.
    DELETE_RECOVERY_CODE = "delete from recovery_codes where user_id = $1 and code_hash = $2";
    /// All of a user's recovery codes go.
    DELETE_RECOVERY_CODES = "delete from recovery_codes where user_id = $1";
    /// How many recovery codes a user has left.
    RECOVERY_CODES = "select count(*) from recovery_codes where user_id = $1";
    /// Whose sign-in waits for a code.
    HALF = "select user_id from half_sign_ins where token_hash = $1 and created_at > $2";
    /// The password was right.
    INSERT_HALF_SIGN_IN = "insert into half_sign_ins (token_hash, user_id, created_at) values ($1, $2, $3)";
    /// The code was right too.
    DELETE_HALF_SIGN_IN = "delete from half_sign_ins where token_hash = $1 and created_at > $2";
    /// Drops sign-ins whose code never came.
    DELETE_OLD_HALF_SIGN_INS = "delete from half_sign_ins where created_at < $1";
}

/// A second factor as it is kept.
#[derive(Debug, FromRow)]
pub struct SealedFactor {
    pub secret_sealed: Vec<u8>,
    last_step: i64,
}

impl SealedFactor {
    /// The last step of which a code was used.
    #[must_use]
    pub const fn last_step(&self) -> Step {
        Step::new(self.last_step)
    }
}

impl Conn {
    pub async fn second_factor(&mut self, user: UserId) -> Result<Option<SealedFactor>> {
        Ok(optional!(self, SECOND_FACTOR, user))
    }

    pub async fn recovery_codes(&mut self, user: UserId) -> Result<u32> {
        let count: i64 = value!(self, RECOVERY_CODES, user);
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Whose sign-in waits, unless it has waited too long.
    pub async fn half_sign_in(&mut self, token_hash: &[u8], now: Timestamp) -> Result<Option<UserId>> {
        let row: Option<(UserId,)> = optional!(self, HALF, token_hash, now - HALF_SIGN_IN);
        Ok(row.map(|(user,)| user))
    }
}

impl Tx {
    /// Whether it was off before.
    pub async fn insert_second_factor(
        &mut self,
        user: UserId,
        secret_sealed: &[u8],
        last_step: Step,
        now: Timestamp,
    ) -> Result<bool> {
        Ok(execute!(self, INSERT_SECOND_FACTOR, user, secret_sealed, last_step.number(), now) > 0)
    }

    /// Whether no code of this step or a later one was used before.
    pub async fn use_step(&mut self, user: UserId, step: Step) -> Result<bool> {
        Ok(execute!(self, USE_STEP, user, step.number()) > 0)
    }

    /// With every recovery code. Whether it was on.
    pub async fn delete_second_factor(&mut self, user: UserId) -> Result<bool> {
        self.delete_recovery_codes(user).await?;
        Ok(execute!(self, DELETE_SECOND_FACTOR, user) > 0)
    }

    pub async fn insert_recovery_code(&mut self, user: UserId, code_hash: &[u8]) -> Result<()> {
        execute!(self, INSERT_RECOVERY_CODE, user, code_hash);
        Ok(())
    }

    /// Whether the user had such a code.
    pub async fn use_recovery_code(&mut self, user: UserId, code_hash: &[u8]) -> Result<bool> {
        Ok(execute!(self, DELETE_RECOVERY_CODE, user, code_hash) > 0)
    }

    pub async fn delete_recovery_codes(&mut self, user: UserId) -> Result<()> {
        execute!(self, DELETE_RECOVERY_CODES, user);
        Ok(())
    }

    pub async fn insert_half_sign_in(
        &mut self,
        token_hash: &[u8],
        user: UserId,
        now: Timestamp,
    ) -> Result<()> {
        execute!(self, INSERT_HALF_SIGN_IN, token_hash, user, now);
        Ok(())
    }

    /// Whether it still waited.
    pub async fn end_half_sign_in(&mut self, token_hash: &[u8], now: Timestamp) -> Result<bool> {
        Ok(execute!(self, DELETE_HALF_SIGN_IN, token_hash, now - HALF_SIGN_IN) > 0)
    }

    pub async fn delete_old_half_sign_ins(&mut self, now: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_HALF_SIGN_INS, now - HALF_SIGN_IN))
    }
}
