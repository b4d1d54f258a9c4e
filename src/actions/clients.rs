//! Clients of OAuth, as their developers register them: where users are sent back to, how they
//! authenticate, what they ask for.

pub use super::credentials::OldSecret;
use super::{Acting, Conflict, Context, Error, FormValue, On, Result, audit::HowMany, credentials};
pub use crate::store::WantedScope;
use crate::{
    crypto::{self, token::TokenHash},
    domain::{
        account::{AtLeast, Developer},
        app::AppType,
        audit::{Change, FieldChange},
        client::{Client, JwkSet, RedirectUris},
        credential::{ClientSecret, SecretFacts},
        fields::FieldErrors,
        id::{AppId, SecretId},
        overlap::{KeepOld, MAX_OLD},
        scope::ScopeSet,
        time::Timestamp,
    },
    store::{HashedSecret, Tx},
};

/// Users are counted up to here.
const COUNTED: i64 = 10_000;

/// A client as its page shows it, without the secrets, of which nobody has more than hashes.
#[derive(Debug)]
pub struct Registered {
    pub client: Client,
    pub current: Option<SecretFacts>,
    /// Who made the current secret, within a sentence.
    pub made_by: String,
    /// Old secrets that still work, the newest first.
    pub old: Vec<OldSecret>,
}

/// What its developers register of a client.
#[derive(Debug)]
pub struct NewClient {
    /// None for a Server-to-Server app, which sends nobody anywhere.
    pub redirect_uris: RedirectUris,
    pub is_public: bool,
    pub jwks: Option<JwkSet>,
}

/// What came of a form that makes a secret. It is shown once, so that a form sent twice has
/// none to show again.
#[derive(Debug)]
pub enum Made {
    Now(ClientSecret),
    Before,
}

/// The client of an app.
///
/// # Errors
/// `NotFound` if the app is of a type that has none.
pub async fn of_app(ctx: &Context, acting: &Acting<impl AtLeast>, app: AppId) -> Result<Registered> {
    let account = acting.account();
    let mut read = ctx.read().await?;
    let client = read.client_of_app(account, app).await?.ok_or(Error::NotFound)?;
    let secrets = read.client_secrets(account, app, ctx.now()).await?.into_iter().map(|secret| secret.facts);
    let (old, current): (Vec<_>, Vec<_>) = secrets.partition(|facts| facts.retires_at.is_some());
    let current = current.into_iter().next();
    let made_by = credentials::maker(&mut read, current.as_ref()).await?;
    let uses = read.old_client_secret_uses(account, app).await?;
    let successor = current.as_ref().map_or_else(|| ctx.now(), |current| current.made_at);
    Ok(Registered { client, made_by, old: credentials::old_secrets(old, successor, &uses), current })
}

/// The scopes that an app asks for, in the order of their names.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn scopes(ctx: &Context, acting: &Acting<impl AtLeast>, app: AppId) -> Result<Vec<WantedScope>> {
    Ok(ctx.read().await?.app_scopes(acting.account(), app).await?)
}

/// How many users have let the app act for them.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn audience(ctx: &Context, acting: &Acting<impl AtLeast>, app: AppId) -> Result<HowMany> {
    let users = ctx.read().await?.audience_of_app(acting.account(), app, COUNTED + 1).await?;
    Ok(HowMany::up_to(COUNTED, users))
}

/// Saves where users are sent back to and how the client authenticates. The secrets of one that
/// becomes public end for good: it may become so because one is known.
///
/// # Errors
/// `Invalid` for what does not go together; `NotFound` if the app is of a type that has no client.
pub async fn save(ctx: &Context, acting: &Acting<Developer>, id: AppId, new: NewClient) -> Result<()> {
    let account = acting.account();
    let mut tx = ctx.begin().await?;
    let app = tx.app_to_change(account, id).await?;
    let client = tx.client_of_app(account, id).await?.ok_or(Error::NotFound)?;
    judge(app.app_type, &new)?;
    let changes = changes(&client, &new);
    if changes.is_empty() {
        return Ok(());
    }
    tx.update_client(account, id, &new.redirect_uris, new.is_public, new.jwks.as_ref()).await?;
    if new.is_public {
        tx.delete_client_secrets(account, id).await?;
    }
    ctx.audit(&mut tx, &acting.by(), On::app(account, id), Change::ClientChanged { changes }).await?;
    Ok(tx.commit().await?)
}

/// Makes a new client secret, the first one too. The old one works as long as was chosen; `No`
/// stops it and every older one at once, with all access tokens of the client.
///
/// # Errors
/// `Conflict` while three old secrets still work, and for a public client; `NotFound` if the app
/// is of a type that has no client.
pub async fn regenerate(
    ctx: &Context,
    acting: &Acting<Developer>,
    id: AppId,
    form: FormValue,
    keep: KeepOld,
) -> Result<Made> {
    let account = acting.account();
    let mut tx = ctx.begin().await?;
    client_to_change(&mut tx, acting, id).await?;
    let secret_id: SecretId = ctx.new_id();
    if ctx.form_result(&mut tx, form, &secret_id).await?.is_some() {
        return Ok(Made::Before);
    }
    match keep.lasts() {
        None => {
            if !tx.client_secrets(account, id, ctx.now()).await?.is_empty() {
                end_tokens(ctx, &mut tx, acting, id).await?;
            }
            tx.delete_client_secrets(account, id).await?;
        }
        Some(span) => {
            let old = tx.client_secrets(account, id, ctx.now()).await?;
            if old.iter().filter(|secret| secret.facts.retires_at.is_some()).count() >= MAX_OLD {
                return Err(Conflict::OldSecrets.into());
            }
            tx.retire_client_secret(account, id, ctx.now() + span).await?;
        }
    }
    let secret = ClientSecret::from_random(crypto::random());
    let facts = SecretFacts {
        id: secret_id,
        hint: secret.hint(),
        made_at: ctx.now(),
        made_by: Some(acting.member.user()),
        retires_at: None,
    };
    let hash = TokenHash::of_secret(&secret).as_bytes().to_vec();
    tx.insert_client_secret(account, id, &HashedSecret { facts, hash }).await?;
    let change = Change::ClientSecretMade { secret: secret_id, keep_old_for: keep };
    ctx.audit(&mut tx, &acting.by(), On::app(account, id), change).await?;
    tx.commit().await?;
    Ok(Made::Now(secret))
}

/// Stops an old secret before its time, with all access tokens of the client: whoever found it may
/// have one.
///
/// # Errors
/// `NotFound` if it is not an old secret of the app.
pub async fn revoke_secret(
    ctx: &Context,
    acting: &Acting<Developer>,
    id: AppId,
    secret: SecretId,
) -> Result<()> {
    let account = acting.account();
    let mut tx = ctx.begin().await?;
    tx.app_to_change(account, id).await?;
    if !tx.delete_old_client_secret(account, id, secret).await? {
        return Err(Error::NotFound);
    }
    end_tokens(ctx, &mut tx, acting, id).await?;
    let change = Change::ClientSecretRevoked { secret };
    ctx.audit(&mut tx, &acting.by(), On::app(account, id), change).await?;
    Ok(tx.commit().await?)
}

/// Has the app ask for these scopes and no others. Tokens lose those that it asks for no more.
///
/// # Errors
/// `Invalid` if they are too many; `Conflict` if the catalog does not have one of them;
/// `NotFound` if the app is of a type that has no scopes.
pub async fn set_scopes(
    ctx: &Context,
    acting: &Acting<Developer>,
    id: AppId,
    wanted: Vec<WantedScope>,
) -> Result<()> {
    let account = acting.account();
    if set_of(&wanted).to_string().len() > ScopeSet::MAX_BYTES {
        let sentence = "These are more scopes than a token has room for. Choose fewer.";
        return Err(FieldErrors::one("scopes", sentence).into());
    }
    let mut tx = ctx.begin().await?;
    let app = tx.app_to_change(account, id).await?;
    if !app.app_type.has_client() {
        return Err(Error::NotFound);
    }
    let changes = scope_changes(&tx.app_scopes(account, id).await?, &wanted);
    if changes.is_empty() {
        return Ok(());
    }
    tx.set_app_scopes(account, id, &wanted).await?;
    ctx.audit(&mut tx, &acting.by(), On::app(account, id), Change::ScopesChanged { changes }).await?;
    Ok(tx.commit().await?)
}

/// Ends the access tokens that the client was given until now.
async fn end_tokens(ctx: &Context, tx: &mut Tx, acting: &Acting<Developer>, id: AppId) -> Result<()> {
    // A token says no parts of seconds: one of this second is over too.
    let from = Timestamp::from_seconds(ctx.now().seconds() + 1);
    Ok(tx.end_tokens(acting.account(), id, from).await?)
}

/// Holds an app whose client may have a secret.
async fn client_to_change(tx: &mut Tx, acting: &Acting<Developer>, id: AppId) -> Result<()> {
    tx.app_to_change(acting.account(), id).await?;
    let client = tx.client_of_app(acting.account(), id).await?.ok_or(Error::NotFound)?;
    if client.is_public { Err(Conflict::PublicClient.into()) } else { Ok(()) }
}

/// What does not go together.
fn judge(app_type: AppType, new: &NewClient) -> Result<()> {
    let mut errors = FieldErrors::default();
    match app_type {
        AppType::ServerToServer => {
            if !new.redirect_uris.is_empty() {
                errors
                    .add("redirect_uris", "A Server-to-Server app sends nobody anywhere; leave this empty.");
            }
            if new.is_public {
                errors
                    .add("public", "A Server-to-Server app keeps a secret, so it cannot be a public client.");
            }
        }
        AppType::Oauth | AppType::Jwt | AppType::Webhook => {}
    }
    if new.is_public && new.jwks.is_some() {
        let sentence = "A public client authenticates by nothing. Remove the keys, or do not make it public.";
        errors.add("jwks", sentence);
    }
    errors.into_result(|| Some(())).map_err(Error::from)
}

fn changes(old: &Client, new: &NewClient) -> Vec<FieldChange> {
    let uris = |uris: &RedirectUris| uris.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let public = |is_public: bool| if is_public { "yes" } else { "no" }.to_owned();
    let keys = |jwks: Option<&JwkSet>| jwks.map(JwkSet::summary).unwrap_or_default();
    let mut changes = FieldChange::of([
        ("redirect_uris", uris(&old.redirect_uris), uris(&new.redirect_uris)),
        ("public", public(old.is_public), public(new.is_public)),
        ("jwks", keys(old.jwks.as_ref()), keys(new.jwks.as_ref())),
    ]);
    // Another key may have the id of the one before.
    if old.jwks != new.jwks && !changes.iter().any(|change| change.field == "jwks") {
        let keys = keys(new.jwks.as_ref());
        changes.push(FieldChange { field: String::from("jwks"), from: keys.clone(), to: keys });
    }
    changes
}

fn set_of(wanted: &[WantedScope]) -> ScopeSet {
    wanted.iter().map(|wanted| wanted.scope.clone()).collect()
}

fn scope_changes(old: &[WantedScope], new: &[WantedScope]) -> Vec<FieldChange> {
    let mut changes = FieldChange::of([("scopes", set_of(old).to_string(), set_of(new).to_string())]);
    for WantedScope { scope, why } in new {
        let before = old.iter().find(|wanted| wanted.scope == *scope).and_then(|wanted| wanted.why.as_ref());
        if before != why.as_ref() {
            let text = |why: Option<&_>| why.map(ToString::to_string).unwrap_or_default();
            let field = format!("why_{scope}");
            changes.push(FieldChange { field, from: text(before), to: text(why.as_ref()) });
        }
    }
    changes
}
