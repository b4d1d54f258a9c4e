//! An account as authorisation sees it.

use std::{collections::HashMap, sync::Arc};

use smallvec::SmallVec;

use crate::{
    crypto::keyring::{Keyring, Place},
    domain::{
        account::Standing,
        app::{AppType, StateKind},
        calls::SignedWith,
        credential::{ApiKey, ApiSecret},
        id::{AccountId, AppId, SecretId},
        jwt::Verifier,
        time::Timestamp,
    },
    store::{AccountApp, AccountSecret, KeyedAccount},
    tally::{AccountSeats, Seat},
};

/// An account under its API key.
pub(super) type Keyed = (ApiKey, Arc<Entry>);

/// An account as authorisation sees it. Of very many accounts each call finds another one in
/// memory that no cache holds: what most have, one app and one secret, lies in one place.
#[derive(Debug)]
pub struct Entry {
    pub holder: Holder,
    pub apps: SmallVec<[EntryApp; 1]>,
    pub(super) secrets: SmallVec<[EntrySecret; 1]>,
    pub seats: AccountSeats,
}

/// What is asked and told of an account that calls.
#[derive(Debug)]
pub struct Holder {
    pub id: AccountId,
    pub name: Box<str>,
    pub external_id: Option<Box<str>>,
    pub standing: Standing,
}

/// A secret of an [`Entry`].
#[derive(Debug)]
pub struct EntrySecret {
    pub id: SecretId,
    /// By which its owners know it.
    pub hint: Box<str>,
    pub verifier: Verifier,
    /// Until when it verifies, if it was replaced.
    pub retires_at: Option<Timestamp>,
}

impl EntrySecret {
    #[must_use]
    pub const fn kind(&self) -> SignedWith {
        if self.retires_at.is_some() { SignedWith::OldSecret } else { SignedWith::CurrentSecret }
    }
}

/// An app, as authorisation sees it.
#[derive(Debug)]
pub struct EntryApp {
    pub id: AppId,
    pub app_type: AppType,
    pub name: Box<str>,
    pub state: StateKind,
    pub seat: Seat,
}

impl Entry {
    /// The secrets that verify at this moment, the current one first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &EntrySecret> + Clone {
        self.secrets.iter().filter(move |secret| secret.retires_at.is_none_or(|ends| now < ends))
    }

    #[must_use]
    pub fn app(&self, id: AppId) -> Option<&EntryApp> {
        self.apps.iter().find(|app| app.id == id)
    }
}

/// A secret that does not open, of those that verify for an account.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the secret {secret} of {account} does not open")]
pub struct Unreadable {
    pub account: AccountId,
    pub secret: SecretId,
}

/// Puts together what was read of some accounts, and opens their secrets. An account of which one
/// does not open is not known by the others either.
pub(super) fn assemble(
    keys: &Keyring,
    accounts: Vec<KeyedAccount>,
    secrets: Vec<AccountSecret>,
    apps: Vec<AccountApp>,
) -> Vec<Result<Keyed, Unreadable>> {
    let mut secrets_of: HashMap<AccountId, SmallVec<_>> = HashMap::new();
    let mut unreadable: HashMap<AccountId, Unreadable> = HashMap::new();
    for AccountSecret { account, id, secret_sealed, retires_at } in secrets {
        let Some(secret) = open(keys, id, &secret_sealed) else {
            unreadable.insert(account, Unreadable { account, secret: id });
            continue;
        };
        let (hint, verifier) = (secret.hint().into(), Verifier::of(&secret));
        secrets_of.entry(account).or_default().push(EntrySecret { id, hint, verifier, retires_at });
    }
    let mut apps_of: HashMap<AccountId, SmallVec<_>> = HashMap::new();
    for AccountApp { account, id, app_type, name, state } in apps {
        let app = EntryApp { id, app_type, name: name.as_str().into(), state, seat: Seat::default() };
        apps_of.entry(account).or_default().push(app);
    }
    let entry = |account: KeyedAccount| {
        if let Some(unreadable) = unreadable.get(&account.id) {
            return Err(*unreadable);
        }
        let entry = Entry {
            apps: shrunk(apps_of.remove(&account.id).unwrap_or_default()),
            secrets: shrunk(secrets_of.remove(&account.id).unwrap_or_default()),
            holder: Holder {
                id: account.id,
                name: account.name.into(),
                external_id: account.external_id.map(Into::into),
                standing: account.standing,
            },
            seats: AccountSeats::default(),
        };
        Ok((account.api_key, Arc::new(entry)))
    };
    accounts.into_iter().map(entry).collect()
}

fn open(keys: &Keyring, id: SecretId, sealed: &[u8]) -> Option<ApiSecret> {
    keys.open_text(Place { column: "api_secrets.secret", row: &id }, sealed).ok()?.expose().parse().ok()
}

/// With no room for more, which never come.
fn shrunk<A: smallvec::Array>(mut list: SmallVec<A>) -> SmallVec<A> {
    list.shrink_to_fit();
    list
}
