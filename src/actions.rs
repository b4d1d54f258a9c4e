//! What people do: one file a noun, one function a thing done. Each validates, opens one
//! transaction, applies the domain's rule, writes the store and the audit log, commits.

pub mod accounts;
pub mod activation;
pub mod admin;
pub mod apps;
pub mod audit;
pub mod authorize;
pub mod calls;
pub mod catalog;
pub mod checks;
pub mod clients;
pub mod confirm;
pub mod credentials;
pub mod deletion;
pub mod deliveries;
mod error;
pub mod events;
pub mod export;
pub mod housekeeping;
pub mod information;
pub mod installation;
pub mod invitations;
pub mod members;
pub mod monitoring;
pub mod oauth;
mod once;
pub mod outbox;
pub mod passwords;
pub mod platform_keys;
pub mod queue;
pub mod redeliveries;
pub mod registrations;
pub mod remains;
pub mod retention;
pub mod scopes;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod sign_up;
pub mod subscriptions;
mod throttle;
pub mod token_debugger;
pub mod two_step;

use std::{num::NonZeroU32, sync::Arc};

use tokio::sync::Notify;

pub use error::{Conflict, Error, Result};
pub use once::{FormValue, Once};

use crate::{
    crypto::{self, keyring::Keyring, password::PasswordHasher},
    directory::Directory,
    domain::{
        account::{Member, Standing},
        address::AllowedNets,
        app::App,
        audit::{Actor, Change, Entry, Origin},
        delivery::schedule::Schedule,
        id::{AccountId, AppId, Id, UserId},
        jwt::Misfits,
        time::{Clock, Span, Timestamp},
    },
    icons::Decoder,
    limiter::{Guesses, Limiter},
    store::{Conn, Store, Tx},
    tally::Tally,
    telemetry::metrics::Metrics,
};

/// Everything an action needs. One a process, shared by all.
#[derive(Clone, Debug)]
pub struct Context {
    pub store: Store,
    /// What authorisation knows, in memory.
    pub directory: Arc<Directory>,
    /// How many calls an account may make, if the operator limits them.
    pub limiter: Option<Arc<Limiter>>,
    /// How often a client may fail to prove that it is one.
    pub guesses: Arc<Guesses>,
    /// Signatures that fit no secret, and are sent again and again.
    pub misfits: Arc<Misfits>,
    /// What became of calls.
    pub tally: Arc<Tally>,
    pub keys: Keyring,
    pub clock: Arc<dyn Clock>,
    pub passwords: PasswordHasher,
    pub icons: Decoder,
    pub policy: Arc<Policy>,
    /// Told when something may be due to be delivered.
    pub deliveries_due: Arc<Notify>,
    pub metrics: Arc<Metrics>,
}

/// What the operator has decided.
#[derive(Clone, Debug)]
pub struct Policy {
    pub platform_name: String,
    /// Scheme, host and port, without a slash at the end. Links in mail begin with it.
    pub public_url: String,
    /// What a token's `aud` must contain, if it has one.
    pub audience: String,
    /// Where "Need help?" leads, if anywhere.
    pub support: Option<String>,
    pub sign_up: SignUp,
    pub admin_two_step: AdminTwoStep,
    /// The standing of an account made by signing up.
    pub new_accounts: Standing,
    pub max_apps: NonZeroU32,
    pub max_subscriptions: NonZeroU32,
    /// Where endpoints may be although it is not public.
    pub webhook_nets: AllowedNets,
    pub retry_schedule: Schedule,
    /// How long events are kept, with their deliveries.
    pub retention: Span,
}

/// Whether the console needs two-step sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminTwoStep {
    /// Each admin decides.
    Optional,
    /// An admin without it, or signed in without a code, has no power.
    Required,
}

/// Who may sign up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignUp {
    Open,
    /// Nobody without an invitation to an account.
    Invite,
    /// Whoever has an address of this domain, once it is proven.
    Domain(String),
}

impl Policy {
    /// A URL of the portal.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }
}

impl Context {
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new identifier of this moment.
    #[must_use]
    pub fn new_id<T: Id>(&self) -> T {
        T::generate(self.now(), crypto::random())
    }

    pub(crate) async fn read(&self) -> Result<Conn> {
        Ok(self.store.read().await?)
    }

    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(self.store.begin().await?)
    }

    /// Writes down a change within the transaction that makes it, as its last statements.
    pub(crate) async fn audit(&self, tx: &mut Tx, by: &By, on: On, change: Change) -> Result<()> {
        let entry = Entry {
            at: self.now(),
            actor: by.actor,
            origin: by.origin.clone(),
            account: on.account,
            app: on.app,
            change,
        };
        tx.audit(self.new_id(), entry);
        Ok(())
    }

    /// Writes down what changed nothing: a try that failed.
    pub(crate) async fn write_down(&self, by: &By, on: On, change: Change) -> Result<()> {
        let mut tx = self.begin().await?;
        self.audit(&mut tx, by, on, change).await?;
        Ok(tx.commit().await?)
    }
}

/// Who does something, and from where.
#[derive(Clone, Debug)]
pub struct By {
    pub actor: Actor,
    pub origin: Origin,
}

impl By {
    #[must_use]
    pub const fn user(id: UserId, origin: Origin) -> Self {
        Self { actor: Actor::User(id), origin }
    }

    #[must_use]
    pub const fn visitor(origin: Origin) -> Self {
        Self { actor: Actor::Visitor, origin }
    }

    #[must_use]
    pub fn operator() -> Self {
        Self { actor: Actor::Operator, origin: Origin::default() }
    }

    pub(crate) fn system() -> Self {
        Self { actor: Actor::System, origin: Origin::default() }
    }
}

/// A member of an account who does something there with at least role `R`.
#[derive(Clone, Debug)]
pub struct Acting<R> {
    pub member: Member<R>,
    pub origin: Origin,
}

impl<R: crate::domain::account::AtLeast> Acting<R> {
    #[must_use]
    pub fn by(&self) -> By {
        By::user(self.member.user(), self.origin.clone())
    }

    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.member.account()
    }
}

/// Whoever may read what belongs to an app. It says in which account they may: what is read of
/// an app of another one is nothing.
pub trait Reads {
    fn account_of(&self, app: &App) -> AccountId;
}

/// A member reads in the account of the membership, whatever app is given.
impl<R: crate::domain::account::AtLeast> Reads for Acting<R> {
    fn account_of(&self, _: &App) -> AccountId {
        self.account()
    }
}

/// What a change is written down under.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct On {
    account: Option<AccountId>,
    app: Option<AppId>,
}

impl On {
    /// The platform's own log.
    pub(crate) const fn platform() -> Self {
        Self { account: None, app: None }
    }

    pub(crate) const fn account(account: AccountId) -> Self {
        Self { account: Some(account), app: None }
    }

    pub(crate) const fn app(account: AccountId, app: AppId) -> Self {
        Self { account: Some(account), app: Some(app) }
    }
}
