//! What every command that touches the database does first: open it, migrate it, and hold
//! the master key against it.

use std::{
    error::Error,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    num::NonZeroU32,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;

use crate::{
    actions::{
        AdminTwoStep, Context, Policy, SignUp,
        installation::{self, UnlockError},
    },
    config::{self, AdminTotp, Config, KeyText, NewAccounts, SecretKey},
    crypto::{self, keyring::Keyring, password::PasswordHasher},
    directory::{self, Directory, Limits},
    domain::{
        account::Standing,
        secret::Secret,
        time::{Clock, Span, Timestamp},
    },
    icons::Decoder,
    limiter::Limiter,
    outbound::{Limits as OutboundLimits, NameServer, Outbound, OutboundError, RootsError, Settings},
    store::{self, Store, StoreError},
    telemetry::metrics::Metrics,
};

/// Why the start ends here.
#[derive(Debug, Error)]
pub(super) enum BootError {
    #[error("Cannot open {0}")]
    Open(String, #[source] Cause),
    #[error("Cannot bring {0} up to date")]
    Migrate(String, #[source] Cause),
    #[error("{0} was not brought up to this version; `portico migrate` does it")]
    NotMigrated(String, #[source] Cause),
    #[error("The database does not answer")]
    Database(#[from] StoreError),
    #[error("The key file {path} cannot be {verb}")]
    KeyFile {
        path: String,
        verb: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("The key file {0} must hold 32 bytes in base64, which `openssl rand -base64 32` makes")]
    KeyText(String),
    #[error(
        "The key file {0} is missing, but the database holds secrets sealed under a key. Put the file back, or set PORTICO_SECRET_KEY to its content"
    )]
    KeyMissing(String),
    #[error(
        "The key file {0} is missing. Over PostgreSQL it is not made by itself, since every process must have the same one"
    )]
    KeyMustBeGiven(String),
    #[error("The secret key does not fit this database: its secrets were sealed under another one")]
    KeyDoesNotFit,
    #[error("The file {0} of PORTICO_WEBHOOK_CA_FILE cannot be read")]
    CaFile(String, #[source] io::Error),
    #[error("The file of PORTICO_WEBHOOK_CA_FILE cannot be used")]
    Roots(#[source] RootsError),
    #[error("The client for deliveries cannot be set up")]
    Outbound(#[source] Cause),
}

/// What the database itself said; the sentence around it says the rest.
type Cause = Box<dyn Error + Send + Sync>;

fn cause(error: StoreError) -> Cause {
    match error {
        StoreError::Unavailable(inner) | StoreError::Other(inner) => inner.into(),
        StoreError::Migration(inner) => inner.into(),
        StoreError::Duplicate
        | StoreError::Dangling
        | StoreError::Corrupt(_)
        | StoreError::NotMigrated(_) => error.into(),
    }
}

/// The machine's clock.
#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Opens the database and brings it up to date.
pub(super) async fn open(config: &Config) -> Result<Store, BootError> {
    let name = config.database.to_string();
    let store =
        Store::open(&database(config)).await.map_err(|error| BootError::Open(name.clone(), cause(error)))?;
    store.migrate().await.map_err(|error| BootError::Migrate(name, cause(error)))?;
    Ok(store)
}

/// Opens a database that is there, and changes nothing of it.
pub(super) async fn open_as_it_is(config: &Config) -> Result<Store, BootError> {
    let name = config.database.to_string();
    if let config::Database::Sqlite { path } = &config.database {
        fs::metadata(path).map_err(|error| BootError::Open(name.clone(), error.into()))?;
    }
    let store = Store::open_read_only(&database(config))
        .await
        .map_err(|error| BootError::Open(name.clone(), cause(error)))?;
    match store.ping().await {
        Ok(()) => Ok(store),
        Err(error @ StoreError::Unavailable(_)) => Err(BootError::Open(name, cause(error))),
        Err(error) => Err(BootError::NotMigrated(name, cause(error))),
    }
}

/// Everything that actions need.
pub(super) async fn context(config: &Config) -> Result<Context, BootError> {
    let store = open(config).await?;
    let keys = keyring(config, &store).await?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limits =
        Limits { entries: config.directory_max as usize, stale: config.stale_limit, wait: directory::WAIT };
    let directory = Directory::open(store.clone(), keys.clone(), Arc::clone(&clock), limits).await?;
    let metrics = if config.metrics_listen.is_some() { Metrics::on(clock.now()) } else { Metrics::off() };
    Ok(Context {
        store,
        directory,
        guesses: Arc::default(),
        limiter: config.api_rate_limit.map(|limit| Arc::new(Limiter::per_minute(limit))),
        misfits: Arc::default(),
        tally: Arc::default(),
        keys,
        clock,
        passwords: PasswordHasher::new(cores),
        icons: Decoder::new(cores),
        policy: Arc::new(policy(config)),
        deliveries_due: Arc::default(),
        metrics: Arc::new(metrics),
    })
}

/// What a process counts that delivers and does nothing else.
pub(super) fn worker_metrics(config: &Config, ctx: &Context) -> Metrics {
    if config.metrics_listen.is_some() { Metrics::of_worker(ctx.now()) } else { Metrics::off() }
}

/// What sends deliveries.
pub(super) fn outbound(config: &Config) -> Result<Outbound, BootError> {
    let read =
        |path: &PathBuf| fs::read(path).map_err(|error| BootError::CaFile(path.display().to_string(), error));
    let settings = Settings {
        allowed: config.webhook_nets.clone(),
        extra_roots: config.webhook_ca_file.as_ref().map(read).transpose()?,
        own_listeners: [Some(config.listen), config.metrics_listen].into_iter().flatten().collect(),
        name_server: NameServer::OfTheSystem,
        limits: OutboundLimits::default(),
    };
    Outbound::new(settings).map_err(|error| match error {
        OutboundError::Roots(error) => BootError::Roots(error),
        OutboundError::Names(error) => BootError::Outbound(error),
    })
}

fn database(config: &Config) -> store::Database {
    match &config.database {
        config::Database::Sqlite { path } => store::Database::Sqlite(path.clone()),
        config::Database::Postgres { url } => store::Database::Postgres(url.expose().clone()),
    }
}

fn policy(config: &Config) -> Policy {
    let limit = |limit: u32| NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
    Policy {
        platform_name: config.platform_name.to_string(),
        public_url: config.public_url.origin(),
        audience: config.audience.as_str().to_owned(),
        support: config.support.as_ref().map(config::Support::href),
        sign_up: match &config.sign_up {
            config::SignUp::Open => SignUp::Open,
            config::SignUp::Invite => SignUp::Invite,
            config::SignUp::Domain(domain) => SignUp::Domain(domain.as_str().to_owned()),
        },
        new_accounts: match config.new_accounts {
            NewAccounts::Open => Standing::Approved,
            NewAccounts::Approve => Standing::Pending,
        },
        admin_two_step: match config.admin_totp {
            AdminTotp::Optional => AdminTwoStep::Optional,
            AdminTotp::Required => AdminTwoStep::Required,
        },
        max_apps: limit(config.max_apps),
        max_subscriptions: limit(config.max_subscriptions),
        webhook_nets: config.webhook_nets.clone(),
        retry_schedule: config.retry_schedule.clone(),
        retention: Span::days(config.retention_days.into()),
    }
}

async fn keyring(config: &Config, store: &Store) -> Result<Keyring, BootError> {
    let master = match &config.secret_key {
        SecretKey::Given(key) => key.clone(),
        SecretKey::File { path, .. } => {
            let is_postgres = matches!(config.database, config::Database::Postgres { .. });
            key_in_file(path, installation::is_sealed(store).await?, is_postgres)?
        }
    };
    installation::unlock(store, &master).await.map_err(|error| match error {
        UnlockError::DoesNotFit => BootError::KeyDoesNotFit,
        UnlockError::Store(error) => BootError::Database(error),
    })
}

fn key_in_file(path: &Path, has_secrets: bool, is_postgres: bool) -> Result<Secret<[u8; 32]>, BootError> {
    let shown = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => {
            let text = Secret::new(text);
            let key = text.expose().trim().parse::<KeyText>().map_err(|_| BootError::KeyText(shown))?;
            Ok(key.0)
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BootError::KeyFile { path: shown, verb: "read", source: error })
        }
        Err(_) if has_secrets => Err(BootError::KeyMissing(shown)),
        Err(_) if is_postgres => Err(BootError::KeyMustBeGiven(shown)),
        Err(_) => make_key(path),
    }
}

/// Readable by its owner alone from its first moment.
fn make_key(path: &Path) -> Result<Secret<[u8; 32]>, BootError> {
    let key = Secret::new(crypto::random::<32>());
    let text = Secret::new(STANDARD.encode(key.expose()));
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| {
            file.write_all(text.expose().as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        });
    written.map(|()| key).map_err(|source| BootError::KeyFile {
        path: path.display().to_string(),
        verb: "made",
        source,
    })
}
