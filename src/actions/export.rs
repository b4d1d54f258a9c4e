//! What a user or an account may take along, as JSON, without secrets.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    Acting, By, Context, Error, On, Result,
    confirm::{Fields, Proof, check_proof, still_signed_in},
    members::hold,
};
use crate::{
    domain::{
        account::Owner,
        app::{App, AppState},
        audit::Change,
        client::Client,
        id::{AccountId, AppId},
        subscription::Subscription,
        time::Timestamp,
        user::Session,
    },
    store::{Conn, Deed, NamedGrant, WantedScope},
};

/// As much of what a user did is in their export, the latest first.
const DEEDS: u16 = 10_000;

const FIELDS: Fields = Fields { password: "export_password", code: "export_code" };

/// What is kept of a user: profile, accounts, the apps that they authorised, sessions, and what they
/// last did.
///
/// # Errors
/// `Invalid` for a wrong password or code, `TooMany` after ten.
pub async fn user(ctx: &Context, by: &By, session: &Session, proof: Proof) -> Result<Value> {
    let user = check_proof(ctx, by, session, proof, FIELDS).await?.user;
    let mut read = ctx.store.snapshot().await?;
    let memberships = read
        .memberships(user.id)
        .await?
        .into_iter()
        .map(|one| json!({ "id": one.account.id, "name": one.account.name.as_str(), "role": one.role }));
    let memberships: Vec<Value> = memberships.collect();
    let sessions = read.sessions_of(user.id).await?.into_iter().map(|one| {
        json!({
            "created_at": one.created_at.iso(),
            "last_seen_at": one.seen_at.iso(),
            "address": one.address,
            "user_agent": one.user_agent,
        })
    });
    let sessions: Vec<Value> = sessions.collect();
    let authorised: Vec<Value> = read.grants_by_user(user.id).await?.iter().map(granted).collect();
    let codes_left = read.recovery_codes(user.id).await?;
    let two_step =
        user.two_step_at.map(|at| json!({ "on_since": at.iso(), "recovery_codes_left": codes_left }));
    let mut done: Vec<Value> = read.done_by(user.id, DEEDS + 1).await?.into_iter().map(deed).collect();
    let is_cut = done.len() > usize::from(DEEDS);
    done.truncate(DEEDS.into());
    drop(read);
    let mut tx = ctx.begin().await?;
    still_signed_in(&mut tx, session).await?;
    ctx.audit(&mut tx, by, On::platform(), Change::UserExported {}).await?;
    tx.commit().await?;
    Ok(json!({
        "user": {
            "id": user.id,
            "name": user.name.as_str(),
            "email": user.email.as_str(),
            "email_proven_at": iso(user.proven_at),
            "created_at": user.created_at.iso(),
        },
        "two_step_sign_in": two_step,
        "accounts": memberships,
        "authorised_apps": authorised,
        "sessions": sessions,
        "activity": done,
        "activity_is_cut": is_cut,
    }))
}

fn deed(one: Deed) -> Value {
    let detail = serde_json::from_str(&one.detail).unwrap_or(Value::String(one.detail));
    json!({ "at": one.at.iso(), "action": one.action, "detail": detail, "address": one.address })
}

/// What was entered in an account: itself, its members and invitations, its apps with their
/// clients and subscriptions, and which apps may act for it. What happened there is in its logs.
///
/// # Errors
/// `NotFound` if the account is gone.
pub async fn account(ctx: &Context, acting: &Acting<Owner>) -> Result<Value> {
    let id = acting.account();
    let mut read = ctx.store.snapshot().await?;
    let account = read.account(id).await?.ok_or(Error::NotFound)?;
    let api_key = read.api_key(id).await?.ok_or(Error::NotFound)?;
    let apps = read.apps_of(id).await?;
    let subscriptions = read.subscriptions_of_account(id).await?;
    let clients = read.clients_of_account(id).await?;
    let authorised: Vec<Value> = read.grants_for_account(id).await?.iter().map(granted).collect();
    let members = members(&mut read, id).await?;
    let invitations = invitations(&mut read, id).await?;
    drop(read);
    let mut of_app: HashMap<AppId, Vec<Value>> = HashMap::new();
    for one in &subscriptions {
        of_app.entry(one.app).or_default().push(subscription(one));
    }
    let clients = clients.iter().map(|(client, scopes)| (client.app, registered(client, scopes)));
    let mut clients: HashMap<AppId, Value> = clients.collect();
    let apps = apps
        .iter()
        .map(|app| told(app, &of_app.remove(&app.id).unwrap_or_default(), clients.remove(&app.id).as_ref()));
    let apps: Vec<Value> = apps.collect();
    // Written down at the end, so that nobody waits while so much is read.
    let mut tx = hold(ctx, acting).await?;
    ctx.audit(&mut tx, &acting.by(), On::account(id), Change::AccountExported {}).await?;
    tx.commit().await?;
    Ok(json!({
        "account": {
            "id": account.id,
            "name": account.name.as_str(),
            "external_id": account.external_id,
            "created_at": account.created_at.iso(),
            "api_key": api_key.as_str(),
        },
        "members": members,
        "invitations": invitations,
        "apps": apps,
        "authorisations": authorised,
    }))
}

async fn members(read: &mut Conn, id: AccountId) -> Result<Vec<Value>> {
    let members = read.members(id).await?.into_iter();
    let told = members.map(|one| {
        json!({ "id": one.user, "name": one.name.as_str(), "email": one.email.as_str(), "role": one.role })
    });
    Ok(told.collect())
}

async fn invitations(read: &mut Conn, id: AccountId) -> Result<Vec<Value>> {
    let waiting = read.waiting_invitations(id).await?.into_iter();
    let told = waiting.map(|one| {
        json!({
            "id": one.id,
            "email": one.email.as_str(),
            "role": one.role,
            "created_at": one.created_at.iso(),
            "expires_at": one.expires_at.iso(),
        })
    });
    Ok(told.collect())
}

/// What a user lets an app do for an account.
fn granted(one: &NamedGrant) -> Value {
    let grant = &one.grant;
    json!({
        "id": grant.id,
        "app": { "id": grant.app, "name": one.app_name.as_str() },
        "account": { "id": grant.account, "name": one.account_name.as_str() },
        "user": grant.user,
        "scopes": grant.scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "created_at": grant.created_at.iso(),
        "agreed_at": grant.agreed_at.iso(),
    })
}

/// What is registered of a client, without its secrets.
fn registered(client: &Client, scopes: &[WantedScope]) -> Value {
    let scopes = scopes.iter().map(|wanted| {
        json!({ "name": wanted.scope.as_str(), "why": wanted.why.as_ref().map(ToString::to_string) })
    });
    json!({
        "client_id": client.client_id.as_str(),
        "redirect_uris": client.redirect_uris.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "public": client.is_public,
        "jwks": client.jwks,
        "scopes": scopes.collect::<Vec<_>>(),
    })
}

fn told(app: &App, subscriptions: &[Value], client: Option<&Value>) -> Value {
    let about = &app.information;
    let reason = match &app.state {
        AppState::Suspended { reason, .. } => Some(reason),
        AppState::Draft | AppState::Active | AppState::Deactivated => None,
    };
    json!({
        "id": app.id,
        "type": app.app_type,
        "state": app.state.kind(),
        "suspended_reason": reason,
        "name": about.name.as_str(),
        "short_description": about.short_description.as_ref().map(ToString::to_string),
        "long_description": about.long_description.as_ref().map(ToString::to_string),
        "company_name": about.company_name.as_ref().map(ToString::to_string),
        "contact_name": about.contact_name.as_ref().map(ToString::to_string),
        "contact_email": about.contact_email.as_ref().map(ToString::to_string),
        "privacy_policy_url": about.privacy_policy_url.as_ref().map(ToString::to_string),
        "terms_url": about.terms_url.as_ref().map(ToString::to_string),
        "support_url": about.support_url.as_ref().map(ToString::to_string),
        "icon": app.icon.as_ref().map(|hash| format!("/icons/{hash}")),
        "events_on": app.events_on,
        "created_at": app.created_at.iso(),
        "activated_at": iso(app.activated_at),
        "client": client,
        "subscriptions": subscriptions,
    })
}

fn subscription(one: &Subscription) -> Value {
    json!({
        "id": one.id,
        "name": one.name.as_ref().map(ToString::to_string),
        "development_url": one.endpoints.development().map(ToString::to_string),
        "production_url": one.endpoints.production().map(ToString::to_string),
        "event_types": one.event_types.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "created_at": one.created_at.iso(),
    })
}

fn iso(moment: Option<Timestamp>) -> Option<String> {
    moment.map(Timestamp::iso)
}
