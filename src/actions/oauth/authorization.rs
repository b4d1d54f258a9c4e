//! What clients ask of users, and what users answer.

use super::super::{By, Conflict, Context, Error, On, Result, sign_in::SignedInUser};
pub use crate::store::{EventInWords, ScopeInWords};
use crate::{
    crypto::{
        self,
        token::{Token, TokenHash},
    },
    domain::{
        account::{Membership, Standing},
        app::{App, AppType, StateKind},
        audit::Change,
        client::Client,
        credential::AuthorizationCode,
        grant::{CODE_LASTS, Grant},
        id::{AccountId, FamilyId},
        oauth::authorization::{Asked, Parameters, Redirection, Refusal, RequestUri, Unproven},
        scope::ScopeSet,
        user::User,
    },
    store::{StoredCode, Tx},
};

/// What a client asks, when it is proven whose it is and where the answer goes.
#[derive(Clone, Debug)]
pub struct Asking {
    pub app: App,
    pub client: Client,
    pub redirection: Redirection,
    /// What for, or what is to be said to the client instead.
    pub asked: std::result::Result<Asked, Refusal>,
    /// The parameters to ask the same again with.
    pub parameters: Parameters,
    /// All scopes of the app.
    scopes: Vec<ScopeInWords>,
    /// If it was sent ahead.
    pushed: Option<RequestUri>,
}

impl Asking {
    /// The scopes that are asked for, in the order of the catalog.
    pub fn scopes<'a>(&'a self, asked: &'a Asked) -> impl Iterator<Item = &'a ScopeInWords> {
        self.scopes.iter().filter(|scope| asked.scopes.contains(scope.name.as_str()))
    }
}

/// What a user is asked, beside what the app says of itself.
#[derive(Debug)]
pub struct Choice {
    /// The accounts that it may be for.
    pub accounts: Vec<Membership>,
    /// Those of the user that are not approved, or no more.
    pub closed: Vec<Membership>,
    /// For which it was allowed before, if for one.
    pub before: Option<AccountId>,
    /// What is sent to the app besides, for an account that the user owns.
    pub events: Vec<EventInWords>,
}

/// Reads a request for authorisation.
///
/// # Errors
/// `Unavailable` and `Internal` alone; what is wrong with the request is said beside.
pub async fn hear(ctx: &Context, parameters: &Parameters) -> Result<std::result::Result<Asking, Unproven>> {
    let client_id = match parameters.client() {
        Ok(client_id) => client_id,
        Err(unproven) => return Ok(Err(unproven)),
    };
    let mut read = ctx.read().await?;
    let Some((account, client)) = read.client_by_id(&client_id).await? else {
        return Ok(Err(Unproven::UnknownClient));
    };
    let Some(app) = read.app(account, client.app).await? else { return Ok(Err(Unproven::UnknownClient)) };
    if app.app_type != AppType::Oauth {
        return Ok(Err(Unproven::NotOauth));
    }
    let pushed = match parameters.request_uri() {
        Ok(pushed) => pushed,
        Err(unproven) => return Ok(Err(unproven)),
    };
    let whole = match &pushed {
        None => parameters.clone(),
        Some(uri) => {
            let sent = match Token::parse(uri.token()) {
                Some(token) => read.pushed_request(token.hash().as_bytes(), app.id, ctx.now()).await?,
                None => None,
            };
            let Some(sent) = sent else { return Ok(Err(Unproven::RequestUriOver)) };
            Parameters::parse(&sent)
        }
    };
    let redirection = match whole.redirection(&client.redirect_uris) {
        Ok(redirection) => redirection,
        Err(unproven) => return Ok(Err(unproven)),
    };
    let owner = read.account(account).await?;
    if app.state.kind() != StateKind::Active || owner.is_none_or(|owner| owner.standing != Standing::Approved)
    {
        return Ok(Err(Unproven::NotActive));
    }
    let scopes = read.scopes_in_words(app.id).await?;
    let of_app: ScopeSet = scopes.iter().map(|scope| scope.name.clone()).collect();
    let asked = whole.judge(&of_app);
    Ok(Ok(Asking { app, client, redirection, asked, parameters: parameters.clone(), scopes, pushed }))
}

/// What the user is asked.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn choice(ctx: &Context, who: &SignedInUser, asking: &Asking, asked: &Asked) -> Result<Choice> {
    let mut read = ctx.read().await?;
    let memberships = who.memberships.iter().cloned();
    let (accounts, closed): (Vec<_>, Vec<_>) =
        memberships.partition(|one| one.account.standing == Standing::Approved);
    let before: Vec<AccountId> =
        read.grants_for(who.user.id, asking.app.id).await?.into_iter().map(|grant| grant.account).collect();
    let before = accounts.iter().map(|one| one.account.id).find(|id| before.contains(id));
    let events = read.events_in_words().await?;
    let events = events.into_iter().filter(|event| asked.scopes.contains(event.scope.as_str())).collect();
    Ok(Choice { accounts, closed, before, events })
}

/// The account for which the user has allowed all of this before, where that is remembered: a
/// public client cannot prove that it is the one that was allowed (RFC 6749 §10.2).
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn remembered(
    ctx: &Context,
    who: &SignedInUser,
    asking: &Asking,
    asked: &Asked,
) -> Result<Option<AccountId>> {
    if asking.client.is_public {
        return Ok(None);
    }
    let grants = ctx.read().await?.grants_for(who.user.id, asking.app.id).await?;
    let still = |grant: &&Grant| {
        let mut memberships = who.memberships.iter();
        memberships.any(|one| one.account.id == grant.account && one.account.standing == Standing::Approved)
    };
    let mut fitting = grants.iter().filter(|grant| asked.scopes.is_subset(&grant.scopes)).filter(still);
    Ok(match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only.account),
        _ => None,
    })
}

/// The user lets the app in for an account; where they go with the code. Nowhere if what was sent
/// ahead did its work before.
///
/// # Errors
/// `NotFound` if the account is not the user's; `Conflict` if it is not approved, or the user has
/// not proven their address.
pub async fn allow(
    ctx: &Context,
    by: &By,
    user: &User,
    asking: &Asking,
    asked: &Asked,
    account: AccountId,
) -> Result<Option<String>> {
    let mut tx = ctx.begin().await?;
    tx.lock_user(user.id).await?;
    tx.lock_account(account).await?;
    let user = tx.user(user.id).await?.ok_or(Error::NotFound)?.user;
    if user.proven_at.is_none() {
        return Err(Conflict::AddressUnproven.into());
    }
    tx.role(account, user.id).await?.ok_or(Error::NotFound)?;
    match tx.account(account).await?.ok_or(Error::NotFound)?.standing {
        Standing::Approved => {}
        Standing::Pending => return Err(Conflict::AccountPending.into()),
        Standing::Suspended => return Err(Conflict::AccountSuspended.into()),
    }
    if !use_pushed(ctx, &mut tx, asking).await? {
        return Ok(None);
    }
    let grant = agree(ctx, &mut tx, by, (&user, account), asking, &asked.scopes).await?;
    let code = AuthorizationCode::from_random(crypto::random());
    let stored = StoredCode {
        grant: grant.id,
        family: ctx.new_id::<FamilyId>(),
        redirect_uri: asking.redirection.as_named().to_owned(),
        challenge: asked.challenge.clone(),
        scopes: asked.scopes.clone(),
        expires_at: ctx.now() + CODE_LASTS,
        used_at: None,
    };
    tx.insert_code(TokenHash::of_secret(&code).as_bytes(), &stored).await?;
    tx.commit().await?;
    Ok(Some(asking.redirection.allowed(code.expose(), &ctx.policy.public_url)))
}

/// The user does not let the app in; where they go. Nowhere, as with [`allow`].
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn deny(ctx: &Context, asking: &Asking) -> Result<Option<String>> {
    if asking.pushed.is_some() {
        let mut tx = ctx.begin().await?;
        if !use_pushed(ctx, &mut tx, asking).await? {
            return Ok(None);
        }
        tx.commit().await?;
    }
    Ok(Some(asking.redirection.refused(&Refusal::DENIED, &ctx.policy.public_url)))
}

/// Whether the request was not sent ahead, or was not used before.
async fn use_pushed(ctx: &Context, tx: &mut Tx, asking: &Asking) -> Result<bool> {
    let Some(uri) = &asking.pushed else { return Ok(true) };
    let Some(token) = Token::parse(uri.token()) else { return Ok(false) };
    Ok(tx.use_pushed_request(token.hash().as_bytes(), asking.app.id, ctx.now()).await?)
}

/// The grant that the user has given by now. The user and the account are held.
async fn agree(
    ctx: &Context,
    tx: &mut Tx,
    by: &By,
    (user, account): (&User, AccountId),
    asking: &Asking,
    scopes: &ScopeSet,
) -> Result<Grant> {
    let now = ctx.now();
    let before = tx.grants_for(user.id, asking.app.id).await?;
    let (app, name) = (asking.app.id, asking.app.information.name.to_string());
    let Some(before) = before.into_iter().find(|grant| grant.account == account) else {
        let grant = Grant {
            id: ctx.new_id(),
            app,
            user: user.id,
            account,
            scopes: scopes.clone(),
            created_at: now,
            agreed_at: now,
        };
        if tx.client_app(app).await?.is_none() {
            return Err(Conflict::Overtaken.into());
        }
        tx.insert_grant(&grant).await?;
        let change = Change::GrantGiven { grant: grant.id, app, name, scopes: scopes.to_string() };
        ctx.audit(tx, by, On::account(account), change).await?;
        return Ok(grant);
    };
    let both: ScopeSet = before.scopes.iter().chain(scopes.iter()).cloned().collect();
    tx.agree(before.id, &both, now).await?;
    if both != before.scopes {
        let (from, to) = (before.scopes.to_string(), both.to_string());
        let change = Change::GrantWidened { grant: before.id, app, name, from, to };
        ctx.audit(tx, by, On::account(account), change).await?;
    }
    Ok(Grant { scopes: both, agreed_at: now, ..before })
}
