//! `PORTICO_DATABASE_URL`: which database, and where.

use std::{fmt, path::PathBuf, str::FromStr};

use url::Url;

use super::error::Wrong;
use crate::domain::secret::Secret;

const ALLOWED: &str = "must be sqlite:// and a file's path, or postgres:// and a server, such as postgres://user:password@host/database";

#[derive(Clone, Debug)]
pub enum Database {
    /// A file, made when it is missing.
    Sqlite { path: PathBuf },
    /// The whole URL, its password included.
    Postgres { url: Secret<String> },
}

/// Which database, for people: nothing of it is secret.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "the SQLite file {}", path.display()),
            Self::Postgres { url } => {
                let url = Url::parse(url.expose()).ok();
                let host = url.as_ref().and_then(Url::host_str);
                let host = host.filter(|host| !host.is_empty()).unwrap_or("localhost");
                let port = url.as_ref().and_then(Url::port).unwrap_or(5432);
                match url.as_ref().map(|url| url.path().trim_matches('/')) {
                    Some(name) if !name.is_empty() => {
                        write!(f, "the PostgreSQL database {name} at {host}:{port}")
                    }
                    Some(_) | None => write!(f, "the PostgreSQL server at {host}:{port}"),
                }
            }
        }
    }
}

impl FromStr for Database {
    type Err = Wrong;

    // The value is never repeated: it may hold a password.
    fn from_str(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        match text.split_once(':') {
            Some(("sqlite", rest)) => sqlite(rest.strip_prefix("//").unwrap_or(rest)),
            Some(("postgres" | "postgresql", _)) => postgres(text),
            Some(_) | None => Err(Wrong::new(ALLOWED)),
        }
    }
}

fn sqlite(path: &str) -> Result<Database, Wrong> {
    if path == ":memory:" {
        return Err(Wrong::new("must name a file: a database in memory is another one for each connection"));
    }
    if path.contains(['?', '\0']) {
        return Err(Wrong::new("must be a file's path alone, without options"));
    }
    if path.is_empty() || path.ends_with('/') {
        return Err(Wrong::new(
            "must name a file, such as sqlite://portico.db or sqlite:///var/lib/portico/portico.db",
        ));
    }
    Ok(Database::Sqlite { path: PathBuf::from(path) })
}

fn postgres(text: &str) -> Result<Database, Wrong> {
    // Without a host, `?host=` may name the directory of a socket.
    let url = Url::parse(text).map_err(|_| Wrong::new(ALLOWED))?;
    if url.cannot_be_a_base() {
        return Err(Wrong::new(ALLOWED));
    }
    Ok(Database::Postgres { url: Secret::new(text.to_owned()) })
}
