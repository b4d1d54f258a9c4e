//! Forms that do their work once, however often they are sent.

use std::{fmt::Display, str::FromStr};

use super::{Context, Error, Result};
use crate::{
    crypto::token::{Token, TokenHash},
    domain::id::UserId,
    store::Tx,
};

/// What a form that works once came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once<T> {
    Now(T),
    /// It had done its work before; this is what came of it then.
    Before(T),
}

impl<T> Once<T> {
    pub fn into_inner(self) -> T {
        match self {
            Self::Now(value) | Self::Before(value) => value,
        }
    }
}

/// The one-time value of a form, bound to the user it was drawn for. A form without one
/// works each time.
#[derive(Clone, Copy, Debug)]
pub struct FormValue(Option<TokenHash>);

impl FormValue {
    #[must_use]
    pub fn new(user: UserId, value: &str) -> Self {
        Self(Token::parse(value).map(|token| token.hash_for(user)))
    }

    /// Of somebody who is not signed in yet.
    #[must_use]
    pub fn of_visitor(value: &str) -> Self {
        Self(Token::parse(value).map(|token| token.hash()))
    }
}

impl Context {
    /// What the form made before, if it has done its work.
    pub(super) async fn form_made<T: FromStr>(&self, form: FormValue) -> Result<Option<T>> {
        let Some(hash) = form.0 else { return Ok(None) };
        Ok(self.read().await?.form_use(hash.as_bytes()).await?.and_then(|made| made.parse().ok()))
    }

    /// What the form made before, if this is not the first time; else it is taken now to
    /// make `result`, unless the transaction is undone.
    pub(super) async fn form_result<T: Display + FromStr>(
        &self,
        tx: &mut Tx,
        form: FormValue,
        result: &T,
    ) -> Result<Option<T>> {
        let Some(hash) = form.0 else { return Ok(None) };
        if tx.use_form(hash.as_bytes(), &result.to_string(), self.now()).await? {
            return Ok(None);
        }
        let made = tx.form_use(hash.as_bytes()).await?.and_then(|made| made.parse().ok());
        // Another kind of form had this value: nothing was made that could be shown.
        made.map(Some).ok_or(Error::NotFound)
    }
}
