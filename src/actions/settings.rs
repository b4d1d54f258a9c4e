//! What users change about themselves.

use super::{By, Context, Error, On, Result};
use crate::domain::{
    audit::Change,
    id::{SessionId, UserId},
    user::{PersonName, Session, User},
};

/// # Errors
/// `NotFound` if the user is gone.
pub async fn rename(ctx: &Context, by: &By, user: UserId, name: &PersonName) -> Result<()> {
    let mut tx = ctx.begin().await?;
    // Held, so that of two new names the second tells of the first.
    tx.lock_user(user).await?;
    let before = tx.user(user).await?.ok_or(Error::NotFound)?.user.name;
    if before == *name {
        return Ok(());
    }
    tx.set_user_name(user, name).await?;
    let change = Change::ProfileChanged { from: before.to_string(), to: name.to_string() };
    ctx.audit(&mut tx, by, On::platform(), change).await?;
    Ok(tx.commit().await?)
}

/// The user's sessions that have not ended, the last used first.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn sessions(ctx: &Context, user: &User) -> Result<Vec<Session>> {
    let now = ctx.now();
    let sessions = ctx.read().await?.sessions_of(user.id).await?;
    Ok(sessions.into_iter().filter(|session| session.is_alive(now)).collect())
}

/// Ends one of the user's sessions.
///
/// # Errors
/// `NotFound` if it is not the user's.
pub async fn end_session(ctx: &Context, by: &By, user: &User, session: SessionId) -> Result<()> {
    let mut tx = ctx.begin().await?;
    if !tx.delete_session(session, user.id).await? {
        return Err(Error::NotFound);
    }
    ctx.audit(&mut tx, by, On::platform(), Change::SessionEnded { session }).await?;
    Ok(tx.commit().await?)
}
