//! What users granted: seen by them, by admins, counted for developers, and ended.

use std::collections::BTreeSet;

pub(in crate::actions) use super::farewell::deauthorized;
use super::{
    super::{
        By, Conflict, Context, Error, On, Result,
        admin::{AsAdmin, Listed},
        queue,
    },
    farewell::{Ended, Farewells},
};
pub use crate::store::{AuthorizedApp, GrantOfApp, ScopeOfApp};
use crate::{
    domain::{
        app::App,
        audit::Change,
        grant::{Grant, GrantEnd},
        id::{AccountId, AppId, GrantId, LaneId, UserId},
        user::User,
    },
    store::{GrantCursor, Tx},
};

/// So many grants of an app end in one transaction: others who write do not wait long.
const STEP: u16 = 100;

/// A page of the apps that a user let in, the newest first, and what these ask for, in words and
/// in the order of the catalog.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn of_user(
    ctx: &Context,
    user: &User,
    after: Option<GrantCursor>,
) -> Result<(Listed<AuthorizedApp, GrantId>, Vec<ScopeOfApp>)> {
    Ok(ctx.read().await?.grants_of_user(user.id, after).await?)
}

/// Takes back what the user granted.
///
/// # Errors
/// `NotFound` if it is not the user's.
pub async fn revoke(ctx: &Context, by: &By, user: &User, id: GrantId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let grant = tx.grant(id).await?.filter(|grant| grant.user == user.id).ok_or(Error::NotFound)?;
    let to_tell = end(ctx, &mut tx, by, &[grant], GrantEnd::User).await?;
    tx.commit().await?;
    to_tell.announce(ctx).await;
    Ok(())
}

/// A page of the grants of any app, the oldest first.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn of_app(
    ctx: &Context,
    acting: &AsAdmin,
    app: &App,
    after: Option<GrantCursor>,
) -> Result<Listed<GrantOfApp, GrantId>> {
    Ok(ctx.read().await?.grants_of_app(acting.admin, app.id, after).await?)
}

/// Ends a grant of any app.
///
/// # Errors
/// `Conflict` if the app has none such any more.
pub async fn revoke_any(ctx: &Context, acting: &AsAdmin, app: &App, id: GrantId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    let grant = tx.grant(id).await?.filter(|grant| grant.app == app.id).ok_or(Conflict::Overtaken)?;
    let to_tell = end(ctx, &mut tx, &acting.by(), &[grant], GrantEnd::Admin).await?;
    tx.commit().await?;
    to_tell.announce(ctx).await;
    Ok(())
}

/// Ends every grant of any app, some at a time.
///
/// # Errors
/// `Conflict` if there is none.
pub async fn revoke_all(ctx: &Context, acting: &AsAdmin, app: &App) -> Result<()> {
    let by = acting.by();
    let mut is_first = true;
    loop {
        let mut tx = ctx.begin().await?;
        let grants = tx.some_grants(app.id, STEP).await?;
        if grants.is_empty() {
            return if is_first { Err(Conflict::Overtaken.into()) } else { Ok(()) };
        }
        is_first = false;
        let mut farewells = Farewells::new()?;
        let mut count = 0;
        for grant in &grants {
            count += u64::from(end_one(ctx, &mut tx, &by, &mut farewells, grant, GrantEnd::Admin).await?);
        }
        let to_tell = ToTell(farewells.store(ctx, &mut tx).await?);
        let change = Change::GrantsRevoked { count };
        ctx.audit(&mut tx, &by, On::app(app.account, app.id), change).await?;
        tx.commit().await?;
        to_tell.announce(ctx).await;
    }
}

/// Lanes that have something to say once the transaction holds.
#[must_use = "the apps are told after the commit"]
#[derive(Debug, Default)]
pub(in crate::actions) struct ToTell(BTreeSet<LaneId>);

impl ToTell {
    pub(in crate::actions) fn and(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Has the apps told, after the commit.
    pub(in crate::actions) async fn announce(self, ctx: &Context) {
        if self.0.is_empty() {
            return;
        }
        let lanes: Vec<LaneId> = self.0.into_iter().collect();
        // They are stored, and found within a minute in any case.
        if let Err(error) = queue::announce(ctx, &lanes).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the end of grants could not be announced"
            );
        }
    }
}

/// Ends what a user granted for an account to which they belong no more.
pub(in crate::actions) async fn end_those_of_member(
    ctx: &Context,
    tx: &mut Tx,
    by: &By,
    account: AccountId,
    user: UserId,
) -> Result<ToTell> {
    let grants = tx.grants_of_member(account, user).await?;
    end(ctx, tx, by, &grants, GrantEnd::Membership).await
}

/// Ends what a user granted who is deleted.
pub(in crate::actions) async fn end_those_of_user(
    ctx: &Context,
    tx: &mut Tx,
    by: &By,
    user: UserId,
) -> Result<ToTell> {
    let grants = tx.every_grant_of_user(user).await?;
    end(ctx, tx, by, &grants, GrantEnd::UserDeleted).await
}

/// Ends what was granted for an account that is deleted, to its own apps too. Before these go: who
/// ends one grant of them holds it and then asks for their lanes.
pub(in crate::actions) async fn end_those_of_account(
    ctx: &Context,
    tx: &mut Tx,
    by: &By,
    account: AccountId,
) -> Result<ToTell> {
    let grants = tx.grants_of_account(account).await?;
    end(ctx, tx, by, &grants, GrantEnd::AccountDeleted).await
}

/// Ends some of what was granted to an app that is deleted, whose end is written down here: by
/// nobody, since the account that granted it need not know who deleted the app. Whether none is
/// left.
pub(in crate::actions) async fn end_some_of_gone(ctx: &Context, tx: &mut Tx, app: AppId) -> Result<bool> {
    let grants = tx.some_grants(app, STEP).await?;
    let mut farewells = Farewells::new()?;
    for grant in &grants {
        end_one(ctx, tx, &By::system(), &mut farewells, grant, GrantEnd::AppDeleted).await?;
    }
    Ok(grants.len() < usize::from(STEP))
}

/// Ends grants with all that came of them, writes it down where each was given, and tells their apps.
async fn end(ctx: &Context, tx: &mut Tx, by: &By, grants: &[Grant], why: GrantEnd) -> Result<ToTell> {
    let mut farewells = Farewells::new()?;
    for grant in grants {
        end_one(ctx, tx, by, &mut farewells, grant, why).await?;
    }
    Ok(ToTell(farewells.store(ctx, tx).await?))
}

/// Ends one of them and writes it down; whether it had not ended before.
async fn end_one(
    ctx: &Context,
    tx: &mut Tx,
    by: &By,
    farewells: &mut Farewells,
    ended: &Grant,
    why: GrantEnd,
) -> Result<bool> {
    let Some(Ended { name, why }) = farewells.end(ctx, tx, ended, why).await? else { return Ok(false) };
    let (grant, app, user) = (ended.id, ended.app, ended.user);
    let on = On::account(ended.account);
    match why {
        GrantEnd::Admin => {
            ctx.audit(tx, by, on, Change::GrantRevoked { grant, app, name, user }).await?;
        }
        GrantEnd::User | GrantEnd::Membership | GrantEnd::UserDeleted | GrantEnd::AccountDeleted => {
            ctx.audit(tx, by, on, Change::GrantEnded { grant, app, name, user, why }).await?;
        }
        GrantEnd::AppDeleted => {
            ctx.audit(tx, &By::system(), on, Change::GrantEnded { grant, app, name, user, why }).await?;
        }
    }
    Ok(true)
}
