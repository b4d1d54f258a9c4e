//! An app that acts for a user who let it in, and the access token by which it does.

use portico::{
    crypto::{self, keyring::Keyring},
    domain::{
        access_token::{AccessToken, Kind, TokenId},
        account::{Role, Standing},
        app::{AppType, StateKind},
        client::ClientId,
        grant::{FAMILY_LASTS, Grant},
        id::{AccountId, AppId, FamilyId, GrantId, Id as _, UserId},
        scope::ScopeSet,
        time::Timestamp,
        user::User,
    },
    store::{Tx, WantedScope},
};

use crate::{Result, common::parsed};

/// Two of the catalog's, as many as an app asks for.
const SCOPES: [&str; 2] = ["meeting:read", "user:read"];

/// An account whose owner let an app of it in; what the app calls with.
pub(crate) async fn token(tx: &mut Tx, keys: &Keyring, now: Timestamp) -> Result<String> {
    let account = AccountId::generate(now, crypto::random());
    tx.insert_account(account, &parsed("An account with users")?, Standing::Approved, now).await?;
    let user = insert_owner(tx, account, now).await?;
    let app = AppId::generate(now, crypto::random());
    let client = ClientId::from_random(crypto::random());
    tx.insert_app(app, account, AppType::Oauth, &parsed("An app that asks users")?, now).await?;
    tx.insert_client(account, app, &client).await?;
    let mut wanted = Vec::new();
    for name in SCOPES {
        wanted.push(WantedScope { scope: parsed(name)?, why: None });
    }
    tx.set_app_scopes(account, app, &wanted).await?;
    tx.set_app_state(account, app, StateKind::Active, Some(now)).await?;
    let (id, family) = (GrantId::generate(now, crypto::random()), FamilyId::generate(now, crypto::random()));
    let scopes: ScopeSet = wanted.into_iter().map(|one| one.scope).collect();
    let grant = Grant { id, app, user, account, scopes: scopes.clone(), created_at: now, agreed_at: now };
    tx.insert_grant(&grant).await?;
    tx.insert_family(family, id, &scopes, now, now + FAMILY_LASTS).await?;
    let token_id = TokenId::from_random(crypto::random());
    Ok(keys.write_access_token(&AccessToken::new(token_id, Kind::User(family), client, now, &scopes)))
}

async fn insert_owner(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<UserId> {
    let id = UserId::generate(now, crypto::random());
    let user = User {
        id,
        name: parsed("A user of the benchmark")?,
        email: parsed("user@bench.example")?,
        proven_at: Some(now),
        is_admin: false,
        disabled_at: None,
        created_at: now,
        two_step_at: None,
    };
    // Nobody signs in as this user.
    let password =
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo".parse()?;
    tx.insert_user(&user, &password).await?;
    tx.insert_membership(account, id, Role::Owner, now).await?;
    Ok(id)
}
