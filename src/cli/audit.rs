//! `portico audit`: the chains of the log, held against themselves and against what was kept.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
};

use thiserror::Error;

use super::{Outcome, boot};
use crate::{
    actions::audit::{self, Verified},
    config::Config,
    domain::audit::chain::{KeptHead, NotAHead},
    store::{Store, StoreError},
};

#[derive(Debug, Error)]
enum AuditError {
    #[error("The audit log is broken: {broken} of {chains} chains do not hold")]
    Broken { broken: u64, chains: u64 },
    #[error("The audit log is not the one whose heads were kept: {0} of them differ")]
    NotAsKept(u64),
    #[error("{file} cannot be read")]
    File { file: String, source: io::Error },
    #[error("{file}, line {line}")]
    Line { file: String, line: usize, source: NotAHead },
    #[error("{0} holds no head, so nothing could be held against it; `portico audit head` prints them")]
    NoHead(String),
    #[error("The audit log is broken: {0} of its rows have a chain whose name is none")]
    Nameless(u64),
    #[error("The database does not answer")]
    Database(#[source] StoreError),
    #[error("The audit log cannot be read; `portico audit verify` says where it is broken")]
    Unreadable(#[source] StoreError),
    #[error("Nothing can be written to standard output")]
    Output(#[from] io::Error),
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(_) => Self::Unreadable(error),
            StoreError::Duplicate
            | StoreError::Dangling
            | StoreError::Unavailable(_)
            | StoreError::Migration(_)
            | StoreError::NotMigrated(_)
            | StoreError::Other(_) => Self::Database(error),
        }
    }
}

pub(super) async fn verify(config: &Config, heads: Option<&Path>) -> Outcome {
    let store = boot::open_as_it_is(config).await?;
    let outcome = verified(&store, heads).await;
    store.close().await;
    Ok(outcome?)
}

async fn verified(store: &Store, heads: Option<&Path>) -> Result<(), AuditError> {
    let mut told = Ok(());
    let mut tell = |line: String| {
        if told.is_ok() {
            told = writeln!(io::stdout(), "{line}");
        }
    };
    let verified = audit::verify(store, |broken| tell(broken.to_string())).await?;
    let Verified { chains, rows, broken, nameless } = verified;
    if nameless > 0 {
        tell(format!("rows whose chain has no name: {nameless}"));
    }
    let mut not_as_kept = 0;
    let mut kept = 0;
    if let Some(file) = heads {
        let name = || file.display().to_string();
        let unreadable = |source| AuditError::File { file: name(), source };
        for (place, line) in BufReader::new(File::open(file).map_err(unreadable)?).lines().enumerate() {
            let line = line.map_err(unreadable)?;
            if line.trim().is_empty() {
                continue;
            }
            let at = |source| AuditError::Line { file: name(), line: place + 1, source };
            let head: KeptHead = line.parse().map_err(at)?;
            kept += 1;
            if let Err(differs) = audit::as_kept(store, &head).await? {
                not_as_kept += 1;
                tell(differs.to_string());
            }
        }
    }
    if let (Some(file), 0) = (heads, kept) {
        // A copy that broke off must not pass for a check.
        return Err(AuditError::NoHead(file.display().to_string()));
    }
    if broken == 0 && not_as_kept == 0 && nameless == 0 {
        tell(format!("whole: chains {chains}, entries {rows}, kept heads {kept}"));
    }
    told?;
    match (broken, not_as_kept) {
        (0, 0) if nameless > 0 => Err(AuditError::Nameless(nameless)),
        (0, 0) => Ok(()),
        (0, _) => Err(AuditError::NotAsKept(not_as_kept)),
        _ => Err(AuditError::Broken { broken, chains }),
    }
}

/// A chain, the number of its last entry and that entry's hash, a line each.
pub(super) async fn head(config: &Config) -> Outcome {
    let store = boot::open_as_it_is(config).await?;
    let mut out = io::BufWriter::new(io::stdout());
    let printed = audit::heads::<AuditError>(&store, |head| Ok(writeln!(out, "{head}")?)).await;
    store.close().await;
    printed?;
    Ok(out.flush()?)
}
