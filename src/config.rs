//! The settings: defaults, then `portico.toml`, then the environment. Each is read once,
//! at the start, into a type that cannot hold a wrong value.

mod audience;
mod database;
mod duration;
mod error;
mod limits;
mod listen;
mod log;
mod look;
mod mail;
mod nets;
mod paths;
mod public_url;
mod retry_schedule;
mod secret_key;
mod sign_up;
mod source;
#[cfg(test)]
mod tests;

use std::{
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;

use crate::domain::{address::AllowedNets, delivery::schedule::Schedule};

pub use self::{
    audience::Audience,
    database::Database,
    error::{ConfigError, Wrong},
    log::{LogFilter, LogFormat},
    look::{PlatformName, Support},
    mail::{Mail, MailFrom, SmtpUrl},
    public_url::PublicUrl,
    secret_key::{KeyText, SecretKey},
    sign_up::{AdminTotp, MailDomain, NewAccounts, SignUp},
};
use self::{
    duration::ShortTime,
    limits::{Limit, RateLimit},
    listen::{Listen, MaybeListen},
    mail::MailFromText,
    nets::Nets,
    paths::FilePath,
    retry_schedule::RetrySchedule,
    source::{File, Source, variable},
};

/// The file that is read without `--config`, if it is there.
const STANDARD_FILE: &str = "portico.toml";

/// A setting as `portico --help` shows it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The key in `portico.toml`.
    pub key: &'static str,
    pub default: &'static str,
    pub about: &'static str,
}

impl Setting {
    /// `PORTICO_LISTEN`
    #[must_use]
    pub fn variable(&self) -> String {
        variable(self.key)
    }

    const fn new(key: &'static str, default: &'static str, about: &'static str) -> Self {
        Self { key, default, about }
    }
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    Setting::new("listen", "127.0.0.1:8080", "address and port to listen on"),
    Setting::new("public_url", "http:// and the listen address", "where browsers find the portal"),
    Setting::new("database_url", "sqlite://portico.db", "sqlite://FILE or postgres://…"),
    Setting::new("secret_key", "none", "32 bytes in base64 that seal secrets at rest"),
    Setting::new("secret_key_file", "portico.key", "a file with that key; made with a new SQLite database"),
    Setting::new("platform_name", "Portico", "the name visitors see"),
    Setting::new("support", "none", "where \"Need help?\" leads: a URL or an e-mail address"),
    Setting::new("audience", "the public URL", "what a token's aud must name, if it has one"),
    Setting::new("sign_up", "open", "open, invite, or domain:example.com"),
    Setting::new("new_accounts", "open on loopback, else approve", "open or approve"),
    Setting::new("admin_totp", "optional", "whether admins need two-step sign-in: optional or required"),
    Setting::new("mail", "log", "log, file:DIR, smtp://… or smtps://…"),
    Setting::new("mail_from", "no-reply at the public host", "the sender: Name <address>"),
    Setting::new("max_apps", "100", "apps an account may have"),
    Setting::new("max_subscriptions", "10", "event subscriptions an app may have"),
    Setting::new("stale_limit", "30s", "how long authorisation answers while the database cannot be read"),
    Setting::new("directory_max", "1000000", "accounts that authorisation holds in memory"),
    Setting::new("api_rate_limit", "off", "requests a minute that an account may make, or off"),
    Setting::new("metrics_listen", "off", "address and port of /metrics for Prometheus, or off"),
    Setting::new(
        "webhook_allow_nets",
        "none",
        "networks that deliveries may reach although they are private",
    ),
    Setting::new("webhook_ca_file", "none", "certificates, in PEM, that endpoints may be signed by too"),
    Setting::new("webhook_retry_schedule", "0s,5s,5m,30m,2h,5h,10h,14h,20h,24h", "waits before each attempt"),
    Setting::new("retention_days", "30", "days for which events and deliveries are kept"),
    Setting::new("trusted_proxies", "none", "networks whose X-Forwarded-For is believed"),
    Setting::new("log", "info", "a level, or a filter such as info,portico=debug"),
    Setting::new("log_format", "text", "text or json"),
];

/// Every setting's value.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: PublicUrl,
    pub database: Database,
    pub secret_key: SecretKey,
    pub platform_name: PlatformName,
    pub support: Option<Support>,
    pub audience: Audience,
    pub sign_up: SignUp,
    pub new_accounts: NewAccounts,
    pub admin_totp: AdminTotp,
    pub mail: Mail,
    pub mail_from: MailFrom,
    /// In one account.
    pub max_apps: u32,
    /// In one app.
    pub max_subscriptions: u32,
    /// How long authorisation answers from memory while the database cannot be read.
    pub stale_limit: Duration,
    /// Accounts that authorisation holds in memory.
    pub directory_max: u32,
    /// Calls a minute that an account may make.
    pub api_rate_limit: Option<NonZeroU32>,
    /// Where Prometheus finds `/metrics`, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// What deliveries may reach although it is not public.
    pub webhook_nets: AllowedNets,
    /// More authorities, beside the public ones, that may sign for endpoints.
    pub webhook_ca_file: Option<PathBuf>,
    /// When a delivery that failed is tried again.
    pub retry_schedule: Schedule,
    /// For which events and their deliveries are kept.
    pub retention_days: u32,
    pub trusted_proxies: Vec<IpNet>,
    pub log: LogFilter,
    pub log_format: LogFormat,
}

impl Config {
    /// Reads the settings. `path` is the file of `--config`, which must be there; without
    /// it `portico.toml` of the working directory is read if it is there. Paths among the
    /// settings are relative to the working directory.
    ///
    /// # Errors
    /// Every setting that is unknown or wrong, or the file that cannot be read.
    pub fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let name = path.unwrap_or(Path::new(STANDARD_FILE));
        let shown = name.display().to_string();
        match fs::read_to_string(name) {
            Ok(text) => Self::read(Some(File { name: &shown, text: &text }), env),
            Err(error) if path.is_none() && error.kind() == ErrorKind::NotFound => Self::read(None, env),
            Err(error) => {
                Err(ConfigError::new(vec![format!("The settings file {shown} cannot be read: {error}.")]))
            }
        }
    }

    fn read(
        file: Option<File<'_>>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut source = Source::read(file, env);
        let config = Self::from_source(&mut source);
        let complaints = source.into_complaints();
        if complaints.is_empty() { Ok(config) } else { Err(ConfigError::new(complaints)) }
    }

    /// Wrong values are noted in `source`; defaults stand in for them meanwhile.
    fn from_source(source: &mut Source) -> Self {
        let standard = Listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
        let listen = source.take("listen").unwrap_or(standard).address();
        let public_url: PublicUrl = source.take("public_url").unwrap_or_else(|| PublicUrl::of_listen(listen));
        let database: Database = source
            .take("database_url")
            .unwrap_or_else(|| Database::Sqlite { path: PathBuf::from("portico.db") });
        let platform_name: PlatformName = source.take("platform_name").unwrap_or_default();
        let new_accounts = if public_url.is_loopback() { NewAccounts::Open } else { NewAccounts::Approve };
        Self {
            secret_key: secret_key(source, &database),
            support: source.take("support"),
            audience: source.take("audience").unwrap_or_else(|| Audience(public_url.origin())),
            sign_up: source.take("sign_up").unwrap_or(SignUp::Open),
            new_accounts: source.take("new_accounts").unwrap_or(new_accounts),
            admin_totp: source.take("admin_totp").unwrap_or(AdminTotp::Optional),
            mail: mail(source, &public_url),
            mail_from: mail_from(source, &platform_name, &public_url),
            max_apps: source.take::<Limit<100_000>>("max_apps").map_or(100, |limit| limit.0),
            max_subscriptions: source.take::<Limit<1_000>>("max_subscriptions").map_or(10, |limit| limit.0),
            stale_limit: source
                .take::<ShortTime>("stale_limit")
                .map_or(Duration::from_secs(30), |limit| limit.0),
            directory_max: source
                .take::<Limit<100_000_000>>("directory_max")
                .map_or(1_000_000, |limit| limit.0),
            api_rate_limit: source.take::<RateLimit>("api_rate_limit").and_then(|limit| limit.0),
            metrics_listen: metrics_listen(source, listen),
            webhook_nets: source
                .take::<Nets>("webhook_allow_nets")
                .map_or_else(AllowedNets::default, |nets| AllowedNets::new(nets.0)),
            webhook_ca_file: source.take::<FilePath>("webhook_ca_file").map(|path| path.0),
            retry_schedule: source
                .take::<RetrySchedule>("webhook_retry_schedule")
                .map_or_else(Schedule::standard, |schedule| schedule.0),
            retention_days: source.take::<Limit<3_650>>("retention_days").map_or(30, |limit| limit.0),
            trusted_proxies: source.take::<Nets>("trusted_proxies").map_or_else(Vec::new, |nets| nets.0),
            log: source.take("log").unwrap_or_default(),
            log_format: source.take("log_format").unwrap_or_default(),
            listen,
            public_url,
            database,
            platform_name,
        }
    }
}

fn metrics_listen(source: &mut Source, listen: SocketAddr) -> Option<SocketAddr> {
    let address = source.take::<MaybeListen>("metrics_listen")?.0?.address();
    if address.port() == listen.port() {
        let taken = "must have another port than PORTICO_LISTEN (listen): the portal is served there";
        source.refuse("metrics_listen", &Wrong::new(taken));
    }
    Some(address)
}

fn secret_key(source: &mut Source, database: &Database) -> SecretKey {
    let given = source.take::<KeyText>("secret_key");
    let path = source.take::<FilePath>("secret_key_file");
    if source.has("secret_key") && source.has("secret_key_file") {
        let both =
            "must not be set together with PORTICO_SECRET_KEY_FILE (secret_key_file); keep one of the two";
        source.refuse("secret_key", &Wrong::new(both));
    }
    // Several processes share a PostgreSQL database; a key that one of them made by
    // itself would not open what another sealed.
    let is_postgres = matches!(database, Database::Postgres { .. });
    if is_postgres && !source.has("secret_key") && !source.has("secret_key_file") {
        let needed = "or PORTICO_SECRET_KEY_FILE must be set when the database is PostgreSQL: 32 bytes in base64, which `openssl rand -base64 32` makes";
        source.refuse("secret_key", &Wrong::new(needed));
    }
    match (given, path) {
        (Some(key), _) => SecretKey::Given(key.0),
        (None, Some(path)) => SecretKey::File { path: path.0, named: true },
        (None, None) => SecretKey::File { path: PathBuf::from("portico.key"), named: false },
    }
}

fn mail(source: &mut Source, public_url: &PublicUrl) -> Mail {
    let mail = source.take("mail");
    // Not a second complaint about a value that is wrong already.
    let is_log = mail == Some(Mail::Log) || !source.has("mail");
    if is_log && public_url.is_https() {
        let refused = "must be file:DIR, smtp://… or smtps://… when the public URL is https: the default, log, prints links that open accounts";
        source.refuse("mail", &Wrong::new(refused));
    }
    mail.unwrap_or(Mail::Log)
}

fn mail_from(source: &mut Source, platform: &PlatformName, public_url: &PublicUrl) -> MailFrom {
    match source.take::<MailFromText>("mail_from") {
        Some(from) => {
            MailFrom { name: from.name.as_ref().unwrap_or(platform).to_string(), address: from.address }
        }
        None => MailFrom::standard(platform, public_url),
    }
}
