//! One-time form values that have done their work.

use super::{
    Conn, Result, Tx,
    db::{execute, optional},
    statements::statements,
};
use crate::domain::time::Timestamp;

statements! {
    /// What a form made.
    FORM_USE = "select result from form_uses where token_hash = $1";
    /// The form does its work. A second one waits here for the first, then finds it done.
    INSERT_FORM_USE = "insert into form_uses (token_hash, result, used_at) values ($1, $2, $3)
        on conflict (token_hash) do nothing";
    /// Drops old ones: a form lives no longer than the session it stands in.
    DELETE_OLD_FORM_USES = "delete from form_uses where used_at < $1";
}

impl Conn {
    pub async fn form_use(&mut self, token_hash: &[u8]) -> Result<Option<String>> {
        let row: Option<(String,)> = optional!(self, FORM_USE, token_hash);
        Ok(row.map(|(result,)| result))
    }
}

impl Tx {
    /// Whether this is the first time.
    pub async fn use_form(&mut self, token_hash: &[u8], result: &str, now: Timestamp) -> Result<bool> {
        Ok(execute!(self, INSERT_FORM_USE, token_hash, result, now) > 0)
    }

    pub async fn delete_old_form_uses(&mut self, before: Timestamp) -> Result<u64> {
        Ok(execute!(self, DELETE_OLD_FORM_USES, before))
    }
}
