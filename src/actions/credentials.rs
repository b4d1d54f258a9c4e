//! The account's pair: revealed, tried, regenerated, revoked.

use super::{Acting, By, Conflict, Context, Error, FormValue, On, Once, Result};
use crate::{
    crypto::{self, keyring::Place},
    domain::{
        account::{AtLeast, Developer, Owner},
        app::App,
        audit::{Actor, Change},
        calls::Uses,
        credential::{ApiKey, ApiSecret, SecretFacts},
        id::{AccountId, AppId, SecretId, UserId},
        jwt,
        overlap::{KeepOld, MAX_OLD},
        time::Timestamp,
    },
    store::{Conn, SealedSecret, Tx},
};

/// The pair as its page shows it, without the secret.
#[derive(Debug)]
pub struct Pair {
    pub api_key: ApiKey,
    pub current: Option<SecretFacts>,
    /// Who made the current secret, within a sentence.
    pub made_by: String,
    /// Old secrets that still verify, the newest first.
    pub old: Vec<OldSecret>,
}

/// A secret that was replaced and still verifies.
#[derive(Debug)]
pub struct OldSecret {
    pub facts: SecretFacts,
    /// When its successor was made.
    pub replaced_at: Timestamp,
    /// The calls that it has verified since; nothing if there was none.
    pub uses: Option<Uses>,
}

/// A token made to try things out. Nothing stores it.
pub struct TestToken {
    pub token: String,
    pub iss: ApiKey,
    pub sub: AppId,
    pub iat: Timestamp,
    pub exp: Timestamp,
}

/// Without the token, which acts as the app.
impl std::fmt::Debug for TestToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestToken").field("sub", &self.sub).finish_non_exhaustive()
    }
}

/// The key alone, which is no secret.
///
/// # Errors
/// `NotFound` if the account is gone.
pub async fn api_key(ctx: &Context, account: AccountId) -> Result<ApiKey> {
    ctx.read().await?.api_key(account).await?.ok_or(Error::NotFound)
}

/// # Errors
/// `NotFound` if the account is gone.
pub async fn pair(ctx: &Context, acting: &Acting<impl AtLeast>) -> Result<Pair> {
    let account = acting.account();
    let mut read = ctx.read().await?;
    let api_key = read.api_key(account).await?.ok_or(Error::NotFound)?;
    let secrets = read.api_secrets(account, ctx.now()).await?.into_iter().map(|secret| secret.facts);
    let (old, current): (Vec<_>, Vec<_>) = secrets.partition(|facts| facts.retires_at.is_some());
    let current = current.into_iter().next();
    let made_by = maker(&mut read, current.as_ref()).await?;
    let uses = read.old_secret_uses(account).await?;
    let old = old_secrets(old, current.as_ref().map_or_else(|| ctx.now(), |current| current.made_at), &uses);
    Ok(Pair { api_key, current, made_by, old })
}

/// Who made a secret, within a sentence.
pub(super) async fn maker(read: &mut Conn, secret: Option<&SecretFacts>) -> Result<String> {
    let name = match secret.and_then(|facts| facts.made_by) {
        Some(user) => read.user(user).await?.map(|known| known.user.name.to_string()),
        None => Some(Actor::word_in_a_persons_place(Actor::Operator.as_str()).to_owned()),
    };
    Ok(name.unwrap_or_else(|| Actor::word_in_a_persons_place("user").to_owned()))
}

/// Secrets that were replaced, with their uses. They come newest first, so that each is followed
/// by the one it replaced; the first of them was replaced at `successor`.
pub(super) fn old_secrets(
    old: Vec<SecretFacts>,
    mut successor: Timestamp,
    uses: &[(SecretId, Uses)],
) -> Vec<OldSecret> {
    let uses_of = |id: SecretId| uses.iter().find(|(secret, _)| *secret == id).map(|(_, uses)| *uses);
    let old = old.into_iter().map(|facts| {
        let replaced_at = std::mem::replace(&mut successor, facts.made_at);
        OldSecret { uses: uses_of(facts.id), replaced_at, facts }
    });
    old.collect()
}

/// The API secret in clear. That it was shown is written down, and by whom.
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if what is stored does not open.
pub async fn reveal(ctx: &Context, acting: &Acting<Developer>, app: &App) -> Result<ApiSecret> {
    let account = account_of(acting, app)?;
    let mut tx = ctx.begin().await?;
    let on = On::app(account, app.id);
    let stored = current(ctx, &mut tx, account).await?;
    let Some(secret) = ctx.open_api_secret(&stored)? else {
        return ctx.unreadable(tx, &acting.by(), on, stored.facts.id).await;
    };
    ctx.audit(&mut tx, &acting.by(), on, Change::SecretRevealed {}).await?;
    tx.commit().await?;
    Ok(secret)
}

/// A token signed now, for one app, until `exp`.
///
/// # Errors
/// `NotFound` if there is no secret to sign with; `Conflict` if what is stored does not open.
pub async fn test_token(
    ctx: &Context,
    acting: &Acting<Developer>,
    app: &App,
    exp: Timestamp,
) -> Result<TestToken> {
    let (account, now) = (account_of(acting, app)?, ctx.now());
    let mut tx = ctx.begin().await?;
    let iss = tx.api_key(account).await?.ok_or(Error::NotFound)?;
    let on = On::app(account, app.id);
    let stored = current(ctx, &mut tx, account).await?;
    let Some(secret) = ctx.open_api_secret(&stored)? else {
        return ctx.unreadable(tx, &acting.by(), on, stored.facts.id).await;
    };
    let token = jwt::sign(&iss, &secret, &app.id.to_string(), now, exp)
        .ok_or_else(|| Error::Internal("a token could not be signed".into()))?;
    ctx.audit(&mut tx, &acting.by(), on, Change::TokenMade { expires_at: exp.iso() }).await?;
    tx.commit().await?;
    Ok(TestToken { token, iss, sub: app.id, iat: now, exp })
}

/// Makes a new API secret. The old one verifies as long as was chosen; `No` stops it and
/// every older one at once.
///
/// # Errors
/// `Conflict` while three old secrets still verify.
pub async fn regenerate(
    ctx: &Context,
    acting: &Acting<Owner>,
    app: &App,
    form: FormValue,
    keep: KeepOld,
) -> Result<Once<SecretId>> {
    let account = account_of(acting, app)?;
    let mut tx = ctx.begin().await?;
    tx.lock_account(account).await?;
    let id: SecretId = ctx.new_id();
    if let Some(before) = ctx.form_result(&mut tx, form, &id).await? {
        return Ok(Once::Before(before));
    }
    match keep.lasts() {
        None => tx.delete_api_secrets(account).await?,
        Some(span) => {
            let old = tx.api_secrets(account, ctx.now()).await?;
            if old.iter().filter(|secret| secret.facts.retires_at.is_some()).count() >= MAX_OLD {
                return Err(Conflict::OldSecrets.into());
            }
            tx.retire_api_secret(account, ctx.now() + span).await?;
        }
    }
    ctx.seal_api_secret(&mut tx, id, account, Some(acting.member.user())).await?;
    let change = Change::SecretRegenerated { secret: id, keep_old_for: keep };
    ctx.audit(&mut tx, &acting.by(), On::app(account, app.id), change).await?;
    tx.commit().await?;
    Ok(Once::Now(id))
}

/// Stops an old secret before its time.
///
/// # Errors
/// `NotFound` if it is not an old secret of the account.
pub async fn revoke(ctx: &Context, acting: &Acting<Owner>, app: &App, secret: SecretId) -> Result<()> {
    let account = account_of(acting, app)?;
    let mut tx = ctx.begin().await?;
    tx.lock_account(account).await?;
    if !tx.delete_old_api_secret(account, secret).await? {
        return Err(Error::NotFound);
    }
    let change = Change::SecretRevoked { secret };
    ctx.audit(&mut tx, &acting.by(), On::app(account, app.id), change).await?;
    Ok(tx.commit().await?)
}

/// The account of both. Its pair outlives each of its apps, so that the app is not read again.
fn account_of(acting: &Acting<impl AtLeast>, app: &App) -> Result<AccountId> {
    if app.account == acting.account() { Ok(app.account) } else { Err(Error::NotFound) }
}

async fn current(ctx: &Context, tx: &mut Tx, account: AccountId) -> Result<SealedSecret> {
    let mut secrets = tx.api_secrets(account, ctx.now()).await?.into_iter();
    secrets.find(|secret| secret.facts.retires_at.is_none()).ok_or(Error::NotFound)
}

impl Context {
    /// Opens a stored API secret; nothing if it does not open.
    fn open_api_secret(&self, secret: &SealedSecret) -> Result<Option<ApiSecret>> {
        let place = Place { column: "api_secrets.secret", row: &secret.facts.id };
        let Ok(text) = self.keys.open_text(place, &secret.sealed) else { return Ok(None) };
        let parsed = text.expose().parse();
        parsed.map(Some).map_err(|error: crate::domain::credential::Malformed| Error::Internal(error.into()))
    }

    /// Writes down that a stored secret does not open (S27), as all that the transaction does,
    /// and says so to the one who asked for it.
    pub(super) async fn unreadable<T>(&self, mut tx: Tx, by: &By, on: On, secret: SecretId) -> Result<T> {
        tracing::error!(%secret, "a stored secret does not open under the master key");
        self.audit(&mut tx, by, on, Change::SecretUnreadable { secret }).await?;
        tx.commit().await?;
        Err(Conflict::SecretUnreadable.into())
    }

    /// The first secret of an account.
    pub(super) async fn insert_api_secret(
        &self,
        tx: &mut Tx,
        account: AccountId,
        made_by: Option<UserId>,
    ) -> Result<()> {
        self.seal_api_secret(tx, self.new_id(), account, made_by).await
    }

    async fn seal_api_secret(
        &self,
        tx: &mut Tx,
        id: SecretId,
        account: AccountId,
        made_by: Option<UserId>,
    ) -> Result<()> {
        let secret = ApiSecret::from_random(crypto::random());
        let place = Place { column: "api_secrets.secret", row: &id };
        let sealed = self.keys.seal(place, secret.expose().as_bytes())?;
        let facts = SecretFacts { id, hint: secret.hint(), made_at: self.now(), made_by, retires_at: None };
        Ok(tx.insert_api_secret(account, &SealedSecret { facts, sealed }).await?)
    }
}
