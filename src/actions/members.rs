//! Who belongs to an account: roles, leaving, removing, and what a member has seen.

use std::collections::HashMap;

use super::{
    Acting, Conflict, Context, Error, On, Result,
    invitations::revoke_those_of,
    oauth::grants::{ToTell, end_those_of_member},
};
use crate::{
    domain::{
        account::{AtLeast, MemberFacts, Owner, Role, Viewer, keeps_an_owner},
        app::AppType,
        audit::Change,
        id::{AccountId, AppId, SubscriptionId, UserId},
        time::Timestamp,
        user::PersonName,
    },
    store::{Conn, SealedSecret, Tx},
};

pub use crate::store::FormerMember;

/// A member or former member, as owners see them.
#[derive(Debug)]
pub struct MemberView {
    /// Unless the user was deleted.
    pub name: Option<PersonName>,
    pub is: Belonging,
    /// What they saw of the account's secrets, the last seen first.
    pub seen: Vec<SeenSecret>,
}

/// Whether somebody belongs to an account.
#[derive(Debug)]
pub enum Belonging {
    Member(MemberFacts),
    Until(Timestamp),
}

/// A secret that a member saw.
#[derive(Debug)]
pub struct SeenSecret {
    pub which: WhichSecret,
    /// The last time.
    pub at: Timestamp,
    /// Whether a secret of that time still works.
    pub works: bool,
}

/// Which one, and where it is rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichSecret {
    /// That of the account; on the page of this app, while there is a JWT app.
    Api {
        app: Option<AppId>,
    },
    Signing {
        app: AppId,
        subscription: SubscriptionId,
        label: String,
    },
}

/// One who belongs to the account, or did.
///
/// # Errors
/// `NotFound` for anybody else.
pub async fn view(ctx: &Context, acting: &Acting<Owner>, user: UserId) -> Result<MemberView> {
    let account = acting.account();
    let mut read = ctx.read().await?;
    let member = read.members(account).await?.into_iter().find(|member| member.user == user);
    let (name, is) = match member {
        Some(member) => (Some(member.name.clone()), Belonging::Member(member)),
        None => {
            let former = read.former_member(account, user).await?.ok_or(Error::NotFound)?;
            (former.name, Belonging::Until(former.ended_at))
        }
    };
    let seen = seen(&mut read, account, user, ctx.now()).await?;
    Ok(MemberView { name, is, seen })
}

/// So many former members are shown; one more tells that there are others.
pub const FORMER: usize = 50;

/// Those who were members and are none now, the last to go first: [`FORMER`] and one more at most.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn former(ctx: &Context, acting: &Acting<Owner>) -> Result<Vec<FormerMember>> {
    Ok(ctx.read().await?.former_members(acting.account()).await?)
}

/// Gives a member another role. To make another an owner is to transfer ownership.
///
/// # Errors
/// `NotFound` if there is no such member; `Conflict` if it is the last owner.
pub async fn set_role(ctx: &Context, acting: &Acting<Owner>, user: UserId, role: Role) -> Result<()> {
    let account = acting.account();
    let mut tx = hold(ctx, acting).await?;
    let member = member(&mut tx, account, user, Some(role)).await?;
    if member.role == role {
        return Ok(());
    }
    tx.set_role(account, user, role).await?;
    if member.role == Role::Owner {
        revoke_those_of(ctx, &mut tx, &acting.by(), account, user).await?;
    }
    let change = Change::RoleChanged { user, email: member.email.to_string(), from: member.role, to: role };
    ctx.audit(&mut tx, &acting.by(), On::account(account), change).await?;
    Ok(tx.commit().await?)
}

/// Ends another's membership. Their next request finds nothing of the account.
///
/// # Errors
/// `NotFound` if there is no such member; `Conflict` if it is the last owner.
pub async fn remove(ctx: &Context, acting: &Acting<Owner>, user: UserId) -> Result<()> {
    let account = acting.account();
    let mut tx = hold(ctx, acting).await?;
    let member = member(&mut tx, account, user, None).await?;
    let (email, role) = (member.email.to_string(), member.role);
    let to_tell = part(ctx, &mut tx, acting, user, Change::MemberRemoved { user, email, role }).await?;
    tx.commit().await?;
    to_tell.announce(ctx).await;
    Ok(())
}

/// Ends one's own membership.
///
/// # Errors
/// `Conflict` for the last owner.
pub async fn leave(ctx: &Context, acting: &Acting<Viewer>) -> Result<()> {
    let (account, user) = (acting.account(), acting.member.user());
    let mut tx = hold(ctx, acting).await?;
    let role = member(&mut tx, account, user, None).await?.role;
    let to_tell = part(ctx, &mut tx, acting, user, Change::MemberLeft { role }).await?;
    tx.commit().await?;
    to_tell.announce(ctx).await;
    Ok(())
}

/// A transaction in which nobody else changes who belongs to the account, and the one who acts
/// still has the role: it may have been taken since the request began.
pub(super) async fn hold<R: AtLeast>(ctx: &Context, acting: &Acting<R>) -> Result<Tx> {
    let mut tx = ctx.begin().await?;
    tx.lock_account(acting.account()).await?;
    let role = tx.role(acting.account(), acting.member.user()).await?;
    if role.is_some_and(|role| role >= R::ROLE) { Ok(tx) } else { Err(Error::NotFound) }
}

/// The member as they are, unless the account would be left without an owner. It must be held.
async fn member(tx: &mut Tx, account: AccountId, user: UserId, becomes: Option<Role>) -> Result<MemberFacts> {
    let members = tx.members(account).await?;
    let member = members.iter().find(|member| member.user == user).ok_or(Error::NotFound)?;
    if keeps_an_owner(&members, user, becomes) { Ok(member.clone()) } else { Err(Conflict::LastOwner.into()) }
}

/// The end of a membership, of the ways back in that the member may have laid, and of what they let
/// apps do for the account.
async fn part<R: AtLeast>(
    ctx: &Context,
    tx: &mut Tx,
    acting: &Acting<R>,
    user: UserId,
    change: Change,
) -> Result<ToTell> {
    let account = acting.account();
    tx.delete_membership(account, user, ctx.now()).await?;
    revoke_those_of(ctx, tx, &acting.by(), account, user).await?;
    let to_tell = end_those_of_member(ctx, tx, &acting.by(), account, user).await?;
    ctx.audit(tx, &acting.by(), On::account(account), change).await?;
    Ok(to_tell)
}

async fn seen(read: &mut Conn, account: AccountId, user: UserId, now: Timestamp) -> Result<Vec<SeenSecret>> {
    let mut all = Vec::new();
    if let Some(at) = read.api_secret_seen(account, user).await? {
        let app = read.apps_of_type(account, AppType::Jwt).await?.first().map(|(id, ..)| *id);
        let works = is_among(&read.api_secrets(account, now).await?, at);
        all.push(SeenSecret { which: WhichSecret::Api { app }, at, works });
    }
    all.extend(signing_secrets(read, account, user, now).await?);
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
    Ok(all)
}

/// With its subscription a signing secret is gone.
async fn signing_secrets(
    read: &mut Conn,
    account: AccountId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<SeenSecret>> {
    let seen = read.signing_secrets_seen(account, user).await?;
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let subscriptions = read.subscriptions_of_account(account).await?;
    let subscriptions: HashMap<_, _> = subscriptions.iter().map(|one| (one.id, one)).collect();
    let signing_since = read.signing_since(account, now).await?;
    let seen = seen.into_iter().filter_map(|one| {
        let subscription = subscriptions.get(&one.subscription)?;
        let label = subscription.label().to_owned();
        let which = WhichSecret::Signing { app: subscription.app, subscription: subscription.id, label };
        let works = signing_since.get(&subscription.id).is_some_and(|made_at| *made_at <= one.at);
        Some(SeenSecret { which, at: one.at, works })
    });
    Ok(seen.collect())
}

/// Whether one of the secrets that work was there already at that moment.
fn is_among(working: &[SealedSecret], at: Timestamp) -> bool {
    working.iter().any(|secret| secret.facts.made_at <= at)
}
