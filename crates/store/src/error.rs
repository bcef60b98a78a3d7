//! What goes wrong with a database, in words for the operator. Never holds a password or a row's content.

use std::path::PathBuf;

use model::ledger::StoreError;

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the database address is not understood: {detail}; write sqlite:PATH, sqlite::memory: or \
         postgres://USER@HOST/DATABASE"
    )]
    Address { detail: String },
    #[error("{} cannot be created: {source}", path.display())]
    Create {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "{place} is damaged or is no database: {detail}; restore a backup, or move the file away \
         to start with an empty one"
    )]
    Damaged { place: String, detail: String },
    #[error(
        "{place} was written by a newer version of this program (schema {found}, this one knows \
         {known}); run that version or a later one"
    )]
    Newer {
        place: String,
        found: i64,
        known: i64,
    },
    #[error("{place} cannot be used: {source}")]
    Unusable { place: String, source: StoreError },
}

/// SQLite's result codes, primary and extended. Source: sqlite.org, *Result and Error Codes*.
mod sqlite_code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const NOT_A_DATABASE: i32 = 26;
    /// The index of the write-ahead log could not grow, which is how a full disk shows there.
    pub(super) const IO_SHARED_MEMORY_SIZE: i32 = 0x130a;
}

/// PostgreSQL's `disk_full`. Source: its manual, appendix A.
const POSTGRES_DISK_FULL: &str = "53100";

/// What an error of the driver means to a caller.
pub(crate) fn translate(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(database) => {
            if let Some(sqlite) = database.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
                return translate_sqlite(sqlite);
            }
            if database.code().as_deref() == Some(POSTGRES_DISK_FULL) {
                return StoreError::DiskFull;
            }
            unavailable(database.message())
        }
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => StoreError::Corrupt {
            detail: error.to_string(),
        },
        sqlx::Error::PoolTimedOut => StoreError::Overloaded,
        sqlx::Error::PoolClosed => unavailable("it is closed"),
        other => unavailable(&other.to_string()),
    }
}

fn translate_sqlite(error: &sqlx::sqlite::SqliteError) -> StoreError {
    use sqlx::error::DatabaseError as _;
    let extended: i32 = error
        .code()
        .and_then(|code| code.parse().ok())
        .unwrap_or_default();
    match extended & 0xff {
        _ if extended == sqlite_code::IO_SHARED_MEMORY_SIZE => StoreError::DiskFull,
        sqlite_code::FULL => StoreError::DiskFull,
        sqlite_code::CORRUPT | sqlite_code::NOT_A_DATABASE => StoreError::Corrupt {
            detail: format!("the file is damaged: {}", error.message()),
        },
        sqlite_code::BUSY => unavailable("another process keeps it locked"),
        _ => unavailable(error.message()),
    }
}

pub(crate) fn unavailable(detail: &str) -> StoreError {
    StoreError::Unavailable {
        detail: detail.to_owned(),
    }
}

pub(crate) fn corrupt(detail: impl Into<String>) -> StoreError {
    StoreError::Corrupt {
        detail: detail.into(),
    }
}
