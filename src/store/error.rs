use sqlx::error::DatabaseError;
use thiserror::Error;

pub type Result<T> = std::result::Result<T, StoreError>;

/// What can go wrong below an action.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A unique rule refused the write. A statement has one such rule at most, so the
    /// caller knows which.
    #[error("the value is taken")]
    Duplicate,
    /// The write refers to what is not there any more, or takes away what is referred to.
    #[error("the value is gone, or in use")]
    Dangling,
    /// The database did not answer, or had no connection to give.
    #[error("the database cannot be reached: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A row holds what no type of ours allows.
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
    /// The schema could not be brought up to date.
    #[error("the schema does not fit: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A migration of this program was not applied.
    #[error("the database lacks migration {0}")]
    NotMigrated(i64),
    #[error("the database refused a statement: {0}")]
    Other(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the database answers, and is older than this program.
    #[must_use]
    pub const fn is_not_migrated(&self) -> bool {
        matches!(self, Self::NotMigrated(_))
    }
}

impl From<sqlx::Error> for StoreError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "an enum of another crate, which may grow")]
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match &error {
            // By kind, not by name: SQLite does not tell the constraint's name.
            sqlx::Error::Database(inner) if inner.kind() == ErrorKind::UniqueViolation => Self::Duplicate,
            sqlx::Error::Database(inner) if inner.kind() == ErrorKind::ForeignKeyViolation => Self::Dangling,
            sqlx::Error::Database(inner) if passes_by_itself(inner.as_ref()) => Self::Unavailable(error),
            sqlx::Error::ColumnDecode { index, source } => Self::Corrupt(format!("column {index}: {source}")),
            // What stands before a database that is down may answer in no protocol at all.
            sqlx::Error::Io(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Other(error),
        }
    }
}

/// Whether the database may well do later what it could not do now.
fn passes_by_itself(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    // A code of SQLite is a number below 10,000; those of PostgreSQL have five characters.
    if code.len() < 5 {
        // The last byte is the kind. 5 and 6: busy; 10: the disk failed; 13: it is full; 14: no file opens.
        return code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14));
    }
    // 08: connection; 53: out of resources; 57P: shut down; 55000: lets nobody in.
    code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") || code == "55000"
}
