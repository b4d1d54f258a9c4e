//! What users change about themselves.

use super::{By, Context, Error, On, Result};
use crate::domain::{
    audit::Change,
    id::SessionId,
    user::{PersonName, Session, User},
};

/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn rename(ctx: &Context, by: &By, user: &User, name: &PersonName) -> Result<()> {
    if user.name == *name {
        return Ok(());
    }
    let mut tx = ctx.begin().await?;
    tx.set_user_name(user.id, name).await?;
    let change = Change::ProfileChanged { from: user.name.to_string(), to: name.to_string() };
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
