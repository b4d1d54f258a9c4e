//! Accounts, written by the store itself, and the tokens of their apps.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portico::{
    actions::installation,
    crypto::{self, keyring::Keyring},
    domain::{
        account::Standing,
        app::{AppType, StateKind},
        credential::{ApiKey, ApiSecret},
        id::{AccountId, AppId, Id},
        jwt,
        secret::Secret,
        time::{Span, Timestamp},
    },
    store::{Database, Store, Tx},
};

use crate::{
    Result,
    common::{now, parsed},
    oauth,
    sealed::seal,
};

const KEY: [u8; 32] = [7; 32];
/// Accounts that one transaction writes.
const AT_ONCE: usize = 5_000;
/// Different tokens of different callers: as many whatever the number of accounts, so that the
/// load itself costs the same.
const TOKENS: usize = 20_000;

/// The master key, as a setting.
pub(crate) fn key_text() -> String {
    STANDARD.encode(KEY)
}

/// A database full of accounts, and those who call.
pub(crate) struct Population {
    pub(crate) database: PathBuf,
    /// One caller, with one token.
    pub(crate) one: Callers,
    /// An app that acts for a user, with one access token.
    pub(crate) for_user: Callers,
    /// Callers spread over all the accounts.
    pub(crate) all: Callers,
    pub(crate) of_hundred_apps: Callers,
    pub(crate) expired: Callers,
    pub(crate) bad_signature: Callers,
    /// Different tokens that fit no secret, of one account.
    pub(crate) bad_signatures: Callers,
    pub(crate) unknown_key: Callers,
    pub(crate) deactivated: Callers,
    pub(crate) malformed: Callers,
    pub(crate) missing: Callers,
}

/// The tokens that callers send, in turn.
pub(crate) struct Callers(Vec<String>);

impl Callers {
    pub(crate) fn first(&self) -> Option<&String> {
        self.0.first()
    }

    /// A line each.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        Ok(fs::write(path, self.0.join("\n") + "\n")?)
    }

    pub(crate) fn read(path: &Path) -> Result<Self> {
        Ok(Self(fs::read_to_string(path)?.lines().map(str::to_owned).collect()))
    }
}

/// An account that was written, and the app of it that calls.
#[derive(Clone)]
struct Account {
    key: ApiKey,
    secret: ApiSecret,
    app: AppId,
}

impl Account {
    fn token(&self, signed_with: &ApiSecret, exp: Timestamp) -> Result<String> {
        let token = jwt::sign(&self.key, signed_with, &self.app.to_string(), exp - Span::hours(25), exp);
        Ok(token.ok_or("a token cannot be signed")?)
    }
}

impl Population {
    /// As many accounts of one active app, one whose app is deactivated, and one of a hundred apps.
    pub(crate) fn write(folder: &Path, accounts: usize) -> Result<Self> {
        let database = folder.join(format!("{accounts}.db"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let written = runtime.block_on(written(&database, accounts))?;
        let Written { one, all, for_user, stopped, of_hundred } = written;
        let exp = now() + Span::hours(24);
        let stranger = Account { key: ApiKey::from_random(crypto::random()), ..one.clone() };
        let good = one.token(&one.secret, exp)?;
        // Its payload begins with what base64url does not have.
        let malformed = good.replacen(".ey", ".!y", 1);
        let alone = |token: String| Callers(vec![token]);
        let other = ApiSecret::from_random(crypto::random());
        let bad = (0..).take(TOKENS).map(|n| one.token(&other, exp + Span::seconds(n)));
        Ok(Self {
            database,
            all: Callers(all),
            for_user: alone(for_user),
            of_hundred_apps: alone(of_hundred.token(&of_hundred.secret, exp)?),
            expired: alone(one.token(&one.secret, exp - Span::hours(48))?),
            bad_signature: alone(one.token(&other, exp)?),
            bad_signatures: Callers(bad.collect::<Result<_>>()?),
            unknown_key: alone(stranger.token(&one.secret, exp)?),
            deactivated: alone(stopped.token(&stopped.secret, exp)?),
            malformed: alone(malformed),
            missing: alone(String::new()),
            one: alone(good),
        })
    }
}

struct Written {
    one: Account,
    /// Tokens of all the accounts.
    all: Vec<String>,
    /// An access token.
    for_user: String,
    stopped: Account,
    of_hundred: Account,
}

async fn written(database: &Path, accounts: usize) -> Result<Written> {
    let store = Store::open(&Database::Sqlite(database.to_owned())).await?;
    store.migrate().await?;
    let keys = installation::unlock(&store, &Secret::new(KEY)).await?;
    let exp = now() + Span::hours(24);
    let mut all = Vec::with_capacity(TOKENS);
    let mut one = None;
    // Some accounts call with several tokens, or one of several accounts calls.
    let (tokens_each, call_of) = (TOKENS.div_ceil(accounts), accounts.div_ceil(TOKENS));
    for first in (0..accounts).step_by(AT_ONCE) {
        let mut tx = store.begin().await?;
        for n in first..accounts.min(first + AT_ONCE) {
            let account = insert(&mut tx, &keys, StateKind::Active, 1).await?;
            if n % call_of == 0 {
                for again in 0..tokens_each {
                    let exp = exp + Span::seconds(i64::try_from(again)?);
                    all.push(account.token(&account.secret, exp)?);
                }
            }
            one.get_or_insert(account);
        }
        tx.commit().await?;
    }
    let mut tx = store.begin().await?;
    let stopped = insert(&mut tx, &keys, StateKind::Deactivated, 1).await?;
    let of_hundred = insert(&mut tx, &keys, StateKind::Active, 100).await?;
    let for_user = oauth::token(&mut tx, &keys, now()).await?;
    tx.commit().await?;
    store.close().await;
    Ok(Written { one: one.ok_or("no account")?, all, for_user, stopped, of_hundred })
}

/// An account with so many apps in one state; the last of them calls.
async fn insert(tx: &mut Tx, keys: &Keyring, state: StateKind, apps: usize) -> Result<Account> {
    let now = now();
    let account = AccountId::generate(now, crypto::random());
    let (key, secret) = (ApiKey::from_random(crypto::random()), ApiSecret::from_random(crypto::random()));
    tx.insert_account(account, &parsed("An account of the benchmark")?, Standing::Approved, now).await?;
    tx.insert_api_key(account, &key).await?;
    let sealed = seal(keys, "api_secrets.secret", (secret.expose(), secret.hint()), now)?;
    tx.insert_api_secret(account, &sealed).await?;
    let mut last = None;
    for n in 0..apps {
        let app = AppId::generate(now, crypto::random());
        tx.insert_app(app, account, AppType::Jwt, &parsed(&format!("App {n} of the benchmark"))?, now)
            .await?;
        tx.set_app_state(account, app, state, Some(now)).await?;
        last = Some(app);
    }
    Ok(Account { key, secret, app: last.ok_or("no app")? })
}
