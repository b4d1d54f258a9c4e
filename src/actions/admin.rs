//! What admins of the platform do, to apps and accounts of anybody, to users and to the platform itself.

pub mod accounts;
pub mod apps;
pub mod event_types;
pub mod platform_keys;
pub mod scopes;
pub mod users;

use super::{
    AdminTwoStep, By, Conflict, Context, Error, Policy, Reads, Result, queue, sign_in::SignedInUser,
};
pub use crate::store::{COUNTED, Figures, Listed};
use crate::{
    domain::{
        account::Standing,
        app::{App, StateKind},
        audit::Origin,
        calls::Hour,
        id::AccountId,
        time::Timestamp,
        user::Admin,
    },
    store::{self, Tx},
};

/// An admin of the platform who does something.
#[derive(Clone, Debug)]
pub struct AsAdmin {
    pub admin: Admin,
    pub origin: Origin,
}

/// Why the console stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// To everybody but admins.
    NotAdmin,
    /// The operator requires two-step sign-in, and the admin's is off.
    TwoStepOff,
    /// It is on, and no code was entered in this session.
    NoCode,
}

impl AsAdmin {
    /// Lets an admin in who has shown all that the operator asks of one (S11).
    ///
    /// # Errors
    /// What is lacking.
    pub fn enter(policy: &Policy, who: &SignedInUser, origin: Origin) -> std::result::Result<Self, Closed> {
        let admin = Admin::prove(&who.user).ok_or(Closed::NotAdmin)?;
        match policy.admin_two_step {
            AdminTwoStep::Optional => Ok(Self { admin, origin }),
            AdminTwoStep::Required if who.user.two_step_at.is_none() => Err(Closed::TwoStepOff),
            AdminTwoStep::Required if who.session.code_at.is_none() => Err(Closed::NoCode),
            AdminTwoStep::Required => Ok(Self { admin, origin }),
        }
    }

    #[must_use]
    pub fn by(&self) -> By {
        By::user(self.admin.user(), self.origin.clone())
    }
}

impl Context {
    /// A transaction in which the one who acts is still an admin, and stays one until its end:
    /// it may have been taken from them since the request began.
    async fn begin_as_admin(&self, acting: &AsAdmin) -> Result<Tx> {
        let mut tx = self.begin().await?;
        tx.lock_user(acting.admin.user()).await?;
        let who = tx.user(acting.admin.user()).await?.ok_or(Error::NotFound)?.user;
        Admin::prove(&who).ok_or(Error::NotFound)?;
        Ok(tx)
    }
}

impl Reads for AsAdmin {
    fn account_of(&self, app: &App) -> AccountId {
        app.account
    }
}

/// What the whole platform comes to at this moment.
#[derive(Clone, Debug)]
pub struct Overview {
    figures: store::Figures,
    /// When the last whole hour began.
    pub hour_began: Timestamp,
    refused: i64,
    refused_now: i64,
    /// Of deliveries.
    pub queue: queue::Glance,
}

impl Overview {
    /// The accounts that stand so.
    #[must_use]
    pub fn accounts(&self, standing: Standing) -> u64 {
        let found = self.figures.accounts.iter().find(|(one, _)| *one == standing);
        found.map_or(0, |(_, count)| there_are(*count))
    }

    /// The apps in this state.
    #[must_use]
    pub fn apps(&self, state: StateKind) -> u64 {
        let found = self.figures.apps.iter().find(|(one, _)| *one == state);
        found.map_or(0, |(_, count)| there_are(*count))
    }

    #[must_use]
    pub fn users(&self) -> u64 {
        there_are(self.figures.users)
    }

    /// Calls refused in the last whole hour, of apps and accounts that are known.
    #[must_use]
    pub fn refused(&self) -> u64 {
        there_are(self.refused)
    }

    /// Calls refused in the hour that is not over, of apps and accounts that are known.
    #[must_use]
    pub fn refused_now(&self) -> u64 {
        there_are(self.refused_now)
    }
}

/// No figure is below nothing.
fn there_are(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// Counted now; calls as far as they are written down, deliveries as far as a page tells.
///
/// # Errors
/// `Unavailable` and `Internal` alone.
pub async fn overview(ctx: &Context, acting: &AsAdmin) -> Result<Overview> {
    // Calls are counted by the hour, of which this one is not over.
    let now = Hour::of(ctx.now());
    let last = now.before(1);
    let mut read = ctx.read().await?;
    let refused = read.refused_in(acting.admin, last).await?;
    let refused_now = read.refused_in(acting.admin, now).await?;
    let figures = read.figures(acting.admin).await?;
    drop(read);
    let queue = queue::glance(ctx).await?;
    Ok(Overview { figures, hour_began: last.starts(), refused, refused_now, queue })
}

/// An admin who saw one suspension does not end another that came after it. Forms carry their
/// line ends as CR LF.
fn still_for(seen: Option<&str>, reason: &str) -> Result<()> {
    match seen {
        Some(seen) if seen.replace("\r\n", "\n") != reason => Err(Conflict::Overtaken.into()),
        Some(_) | None => Ok(()),
    }
}
