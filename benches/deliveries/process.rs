//! `portico serve` over one of the databases, and the bare loop, each a process of its own.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portico::store::Database;

use crate::{Result, filled, population, publisher::Publisher};

/// What a process sends through: the authority that it trusts.
#[derive(Clone)]
pub(crate) struct Trust(pub(crate) PathBuf);

/// A server that runs. It is asked to stop, since the lanes of one that is killed are nobody's
/// until its leases end.
pub(crate) struct Portico {
    pub(crate) publisher: Publisher,
    child: Stopped,
}

impl Portico {
    /// With its worker, or without (`--no-worker`).
    pub(crate) fn serve(database: &Database, trust: &Trust, flags: &[&str]) -> Result<Self> {
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string();
        let key = platform_key(database)?;
        let mut child = portico(database)
            .arg("serve")
            .args(flags)
            .env("PORTICO_LISTEN", &listen)
            .env("PORTICO_LOG_FORMAT", "json")
            .env("PORTICO_WEBHOOK_ALLOW_NETS", "127.0.0.0/8")
            .env("PORTICO_WEBHOOK_CA_FILE", &trust.0)
            .stderr(Stdio::piped())
            .spawn()
            .map(Stopped)?;
        filled::wait(&mut child.0)?;
        Ok(Self { publisher: Publisher::new(&format!("http://{listen}"), &key)?, child })
    }

    /// The most memory that the process ever had, as Linux counts resident pages.
    pub(crate) fn resident_at_most_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }
}

/// How many posts a second the bare loop reaches.
pub(crate) fn bare(url: &str, trust: &Trust, duration: Duration) -> Result<f64> {
    let seconds = duration.as_secs().to_string();
    let output = Command::new(std::env::current_exe()?)
        .args(["bare", url, &text(&trust.0)?, &seconds])
        .stderr(Stdio::inherit())
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().ok_or("a path that is no text")?.to_owned())
}

fn portico(database: &Database) -> Command {
    let url = match database {
        Database::Sqlite(path) => format!("sqlite://{}", path.display()),
        Database::Postgres(url) => url.clone(),
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
    command
        .env_clear()
        .env("PORTICO_DATABASE_URL", url)
        .env("PORTICO_SECRET_KEY", STANDARD.encode(population::KEY));
    command
}

fn platform_key(database: &Database) -> Result<String> {
    let made = portico(database).args(["platform-key", "create", "--name", "Bench"]).output()?;
    match made.status.success() {
        true => Ok(String::from_utf8(made.stdout)?.trim().to_owned()),
        false => Err(String::from_utf8_lossy(&made.stderr).into()),
    }
}

struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
