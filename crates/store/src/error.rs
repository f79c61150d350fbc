//! What can go wrong, without a value of the data in any text.

use sqlx::error::ErrorKind;

/// Which rule of the schema a write broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// Something of which there can be one exists already.
    Unique,
    /// It refers to something that does not exist.
    Reference,
    /// Any other rule.
    Other,
}

/// Why a read or a write failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No connection, a time-out, a lost connection, or the store is closing. The write may be repeated.
    #[error("the database cannot be reached")]
    Unavailable,
    /// The disk, or the quota of `sqlite_max_pages`, is full.
    #[error("the database has no space left")]
    Full,
    /// The queue of writes is full.
    #[error("too many writes are waiting")]
    Overloaded,
    /// The write breaks a rule of the schema; nothing of it was stored.
    #[error("the write conflicts with what is stored ({0:?})")]
    Conflict(Constraint),
    /// The row that was to be changed does not exist; nothing was stored.
    #[error("no such {0}")]
    Missing(&'static str),
    /// What is stored cannot be read: names the column, never its content.
    #[error("stored data is damaged: {0}")]
    Corrupt(&'static str),
    /// The tables are not those of this version: `rims migrate` was not run.
    #[error("the database's schema is not the one this version expects")]
    Schema,
}

impl StoreError {
    /// A short name for metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Full => "full",
            Self::Overloaded => "overloaded",
            Self::Conflict(_) => "conflict",
            Self::Missing(_) => "missing",
            Self::Corrupt(_) => "corrupt",
            Self::Schema => "schema",
        }
    }
}

/// Counts and logs an engine's error where it is first seen, and says what it means.
pub(crate) fn report(error: &sqlx::Error) -> StoreError {
    let meaning = counted(classify(error));
    if !matches!(meaning, StoreError::Conflict(_)) {
        tracing::warn!(kind = meaning.kind(), cause = %cause(error), "the database refused");
    }
    meaning
}

/// What can be read of rows that were claimed together. One that cannot holds no other up: it is reported, its claim
/// ends, and it is tried again.
pub(crate) fn readable<T>(what: &str, rows: impl Iterator<Item = (i64, Result<T, StoreError>)>) -> Vec<T> {
    rows.filter_map(|(id, row)| {
        row.map_err(counted).map_err(|error| tracing::error!(id, %error, "a {what} cannot be read")).ok()
    })
    .collect()
}

/// Counts an error.
pub(crate) fn counted(error: StoreError) -> StoreError {
    metrics::counter!("rims_store_errors_total", "kind" => error.kind()).increment(1);
    error
}

/// What an engine's error means.
pub(crate) fn classify(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(refusal) => match refusal.kind() {
            ErrorKind::UniqueViolation => StoreError::Conflict(Constraint::Unique),
            ErrorKind::ForeignKeyViolation => StoreError::Conflict(Constraint::Reference),
            ErrorKind::NotNullViolation | ErrorKind::CheckViolation | ErrorKind::ExclusionViolation => {
                StoreError::Conflict(Constraint::Other)
            }
            _ => by_code(refusal.code().as_deref().unwrap_or_default()),
        },
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt("a column's type"),
        sqlx::Error::ColumnNotFound(_) | sqlx::Error::ColumnIndexOutOfBounds { .. } => StoreError::Schema,
        _ => StoreError::Unavailable,
    }
}

/// Whether the transaction lost a race (deadlock, serialisation) and may simply be run again.
pub(crate) fn is_race(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(refusal)
        if matches!(refusal.code().as_deref(), Some("40001" | "40P01")))
}

/// A `SQLSTATE` has five characters; SQLite's extended codes are shorter numbers, whose low byte is the primary
/// code.
fn by_code(code: &str) -> StoreError {
    if code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return match code {
            "53100" => StoreError::Full,
            "XX001" | "XX002" => StoreError::Corrupt("the engine reports damaged data"),
            _ if code.starts_with("42") => StoreError::Schema,
            // 22: a value the engine does not take, such as a NUL in a text; the other writes are not to blame.
            _ if code.starts_with("22") || code.starts_with("23") => StoreError::Conflict(Constraint::Other),
            _ => StoreError::Unavailable,
        };
    }
    match code.parse::<i32>().unwrap_or_default() & 0xff {
        1 => StoreError::Schema,
        11 | 26 => StoreError::Corrupt("the engine reports a damaged file"),
        13 => StoreError::Full,
        19 => StoreError::Conflict(Constraint::Other),
        _ => StoreError::Unavailable,
    }
}

/// A text for the log: codes and names only, because an engine's message may quote values.
fn cause(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refusal) => {
            format!("database error {}", refusal.code().as_deref().unwrap_or("without a code"))
        }
        sqlx::Error::Io(error) => format!("i/o: {}", error.kind()),
        sqlx::Error::Tls(_) => "TLS".to_owned(),
        sqlx::Error::PoolTimedOut => "no connection in time".to_owned(),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => "the connection is closed".to_owned(),
        sqlx::Error::ColumnDecode { index, .. } => format!("column {index} has another type"),
        _ => "protocol".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_engines() {
        for (code, meaning) in [
            ("13", StoreError::Full),
            ("53100", StoreError::Full),
            ("57P01", StoreError::Unavailable),
            ("08006", StoreError::Unavailable),
            ("8714", StoreError::Unavailable),
            ("5", StoreError::Unavailable),
            ("42P01", StoreError::Schema),
            ("22021", StoreError::Conflict(Constraint::Other)),
            ("23514", StoreError::Conflict(Constraint::Other)),
            ("1", StoreError::Schema),
            ("", StoreError::Unavailable),
        ] {
            assert_eq!(by_code(code), meaning, "{code}");
        }
    }
}
