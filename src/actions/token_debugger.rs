//! The token debugger: the decision about a token, told to those who may have signed it.
//! Nothing is stored, and nothing is said of keys that are not the account's.

use std::sync::Arc;

use super::{
    Context, Error, Result,
    authorize::{Caller, Found, note},
};
use crate::{
    directory::{Entry, EntrySecret},
    domain::{
        authorization::{Refusal, checks::Record},
        credential::ApiKey,
        id::{AccountId, AppId},
        jwt::Unverified,
        time::Timestamp,
    },
};

/// What would become of a call with the token now, and why.
#[derive(Debug)]
pub struct Inspection {
    /// The moment of the judgement.
    pub at: Timestamp,
    /// The account's own key, whatever the token names.
    pub api_key: ApiKey,
    pub verdict: std::result::Result<Caller, Refusal>,
    pub record: Record,
    /// The account's secret that signed it, if one did.
    pub signed_by: Option<SignedBy>,
    account: Arc<Entry>,
}

/// A secret that verifies, as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedBy {
    Current {
        /// Its last characters.
        hint: String,
    },
    /// One that was replaced and verifies for a while.
    Old { hint: String, ends: Timestamp },
}

impl Inspection {
    /// The name of a JWT app of the account.
    #[must_use]
    pub fn app_name(&self, id: AppId) -> Option<&str> {
        self.account.app(id).map(|app| &*app.name)
    }
}

/// Judges a token as a call with it would be judged, for a member of the account. A key that
/// is not the account's is judged as one that nobody has, and is not looked up.
///
/// # Errors
/// `Unavailable` if Portico cannot know; `NotFound` if the account is gone.
pub async fn inspect(ctx: &Context, account: AccountId, token: &str) -> Result<Inspection> {
    let api_key = ctx.read().await?.api_key(account).await?.ok_or(Error::NotFound)?;
    let known = ctx.directory.account(api_key.as_str()).await;
    let known = known.inspect_err(|blind| note(ctx, blind));
    let account = known.map_err(|blind| Error::Unavailable(blind.into()))?.ok_or(Error::NotFound)?;
    let at = ctx.now();
    let mut record = Record::default();
    let mut signed_by = None;
    let verdict = Unverified::parse_seen_by(&mut record, token).and_then(|unverified| {
        let is_own = unverified.iss() == api_key.as_str();
        let mut found = Found::of(is_own.then(|| Arc::clone(&account)));
        let verdict = found.decide(ctx, &unverified, at, &mut record);
        let signer = found.signed_with.and_then(|(id, _)| account.secrets(at).find(|secret| secret.id == id));
        signed_by = signer.map(SignedBy::from);
        verdict
    });
    Ok(Inspection { at, api_key, verdict, record, signed_by, account })
}

impl From<&EntrySecret> for SignedBy {
    fn from(signer: &EntrySecret) -> Self {
        let hint = format!("as_…{}", signer.hint);
        match signer.retires_at {
            None => Self::Current { hint },
            Some(ends) => Self::Old { hint, ends },
        }
    }
}
