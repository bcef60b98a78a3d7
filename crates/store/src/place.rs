//! Where the database is: reading its address, creating its file, connecting, beginning to write.

use std::{
    fs, io,
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

use model::ledger::StoreError;
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    engine::{Connection, Session},
    error::{Error, translate, unavailable},
    reader::Readers,
};

/// How many queries read at the same time.
const READERS: u32 = 4;
/// On PostgreSQL one connection more listens, for as long as the store is open.
const LISTENERS: u32 = 1;
/// How long to wait for a lock that another process holds, or for a free reader.
const PATIENCE: Duration = Duration::from_secs(5);
/// What the write-ahead log shrinks to, in bytes, after a burst has let it grow.
const LOG_KEPT: u32 = 64 * 1024 * 1024;
/// Pause between attempts to turn a new file to write-ahead logging while another process does.
const AGAIN: Duration = Duration::from_millis(20);

const BEGIN_SQLITE: &str = "BEGIN IMMEDIATE";
/// Writers of all instances take turns, each turn a whole group. So sequence numbers become
/// visible in order and without gaps, and what a transaction has read stays true until it commits.
const BEGIN_POSTGRES: &str = "\
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT pg_advisory_xact_lock(1198676068, hashtext(coalesce(current_schema(), '')))";
/// A server that was told to acknowledge before the disk has it is told otherwise; nobody waits
/// for ever.
const SESSION_POSTGRES: &str = "\
SET client_min_messages = warning;
SET lock_timeout = '10s';
SET statement_timeout = '20s';
SET idle_in_transaction_session_timeout = '60s';
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'";

/// A database's address, understood.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Memory {
        options: SqliteConnectOptions,
    },
    File {
        path: PathBuf,
        options: SqliteConnectOptions,
    },
    Postgres {
        options: Box<PgConnectOptions>,
    },
}

impl Place {
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The driver's own message may quote the URL, which holds a password.
            let options = PgConnectOptions::from_str(url).map_err(|_| Error::Address {
                detail: "this is no PostgreSQL URL".to_owned(),
            })?;
            let options = match options.get_application_name() {
                Some(_) => options,
                None => options.application_name("guildhall"),
            }
            .disable_statement_logging();
            return Ok(Self::Postgres {
                options: Box::new(options),
            });
        }
        let Some(rest) = url.strip_prefix("sqlite:") else {
            return Err(Error::Address {
                detail: format!("it begins with \"{}\"", scheme(url)),
            });
        };
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(Error::Address {
                detail: "it names no file".to_owned(),
            });
        }
        let mut options = SqliteConnectOptions::new()
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE)
            .pragma("journal_size_limit", LOG_KEPT.to_string())
            .disable_statement_logging();
        if let Some(pages) = max_page_count(parameters)? {
            options = options.pragma("max_page_count", pages.to_string());
        }
        if path == ":memory:" {
            return Ok(Self::Memory { options });
        }
        // SQLite would read a name that begins with `file:` as a URI.
        let path = Path::new(".").join(path);
        Ok(Self::File {
            options: options.filename(&path),
            path,
        })
    }

    /// The place's name in messages, without credentials.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Memory { .. } => "the database in memory".to_owned(),
            Self::File { path, .. } => {
                let path = path.strip_prefix(".").unwrap_or(path);
                format!("the database file {}", path.display())
            }
            Self::Postgres { options } => format!(
                "the PostgreSQL database {} at {}:{}",
                options.get_database().unwrap_or("(default)"),
                options.get_host(),
                options.get_port()
            ),
        }
    }

    /// Whether a connection can be lost and found again.
    pub(crate) fn is_remote(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// Create what must be there before connecting: for a file, its directory and itself, for
    /// nobody's eyes but the owner's. SQLite gives its side files the mode of the file.
    pub(crate) fn create(&self) -> Result<(), Error> {
        let Self::File { path, .. } = self else {
            return Ok(());
        };
        create_private(path).map_err(|source| Error::Create {
            path: path.strip_prefix(".").unwrap_or(path).to_owned(),
            source,
        })
    }

    /// A connection to write with.
    pub(crate) async fn connect(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Memory { options } => options.connect().await.map(Connection::Sqlite),
            Self::File { options, .. } => {
                let options = options.clone().journal_mode(SqliteJournalMode::Wal);
                return connect_file(&options).await;
            }
            Self::Postgres { options } => match tokio::time::timeout(PATIENCE, options.connect())
                .await
                .map_err(|_| unavailable("it does not answer"))?
            {
                Ok(connection) => {
                    let mut connection = Connection::Postgres(connection);
                    connection.session().script(SESSION_POSTGRES).await?;
                    return Ok(connection);
                }
                Err(error) => Err(error),
            },
        }
        .map_err(|error| translate(&error))
    }

    /// Connections to read with, made when they are first needed. A database in memory has none.
    pub(crate) fn readers(&self) -> Option<Readers> {
        match self {
            Self::Memory { .. } => None,
            Self::File { options, .. } => Some(Readers::Sqlite(
                SqlitePoolOptions::new()
                    .max_connections(READERS)
                    .acquire_timeout(PATIENCE)
                    .max_lifetime(None)
                    .test_before_acquire(false)
                    .connect_lazy_with(options.clone().read_only(true)),
            )),
            Self::Postgres { options } => Some(Readers::Postgres(
                PgPoolOptions::new()
                    .max_connections(READERS + LISTENERS)
                    .acquire_timeout(PATIENCE)
                    .after_connect(|connection, _| {
                        Box::pin(async move {
                            sqlx::raw_sql(SESSION_POSTGRES).execute(connection).await?;
                            Ok(())
                        })
                    })
                    .connect_lazy_with((**options).clone()),
            )),
        }
    }

    /// Begin a transaction in which nobody else writes.
    pub(crate) async fn begin(&self, on: &mut Session<'_>) -> Result<(), StoreError> {
        on.script(match self {
            Self::Memory { .. } | Self::File { .. } => BEGIN_SQLITE,
            Self::Postgres { .. } => BEGIN_POSTGRES,
        })
        .await
    }
}

/// What stands before the first colon, clipped: the rest may hold a password.
fn scheme(url: &str) -> String {
    url.split(':')
        .next()
        .unwrap_or_default()
        .chars()
        .take(16)
        .collect()
}

/// `max_page_count=N`: the file never grows past N pages of 4 KiB.
fn max_page_count(parameters: &str) -> Result<Option<u32>, Error> {
    if parameters.is_empty() {
        return Ok(None);
    }
    parameters
        .strip_prefix("max_page_count=")
        .and_then(|pages| pages.parse().ok())
        .map(Some)
        .ok_or_else(|| Error::Address {
            detail: format!(
                "\"{parameters}\" is no parameter of a SQLite address, the only one is \
                 max_page_count=N"
            ),
        })
}

/// Create the file (0600) and the directories that are missing (0700).
fn create_private(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(directory) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        opened => opened.map(drop),
    }
}

/// SQLite does not wait while another process turns a new file to write-ahead logging, so we do.
async fn connect_file(options: &SqliteConnectOptions) -> Result<Connection, StoreError> {
    let mut attempts = PATIENCE.as_millis() / AGAIN.as_millis();
    loop {
        match options.connect().await {
            Ok(connection) => return Ok(Connection::Sqlite(connection)),
            Err(error) if attempts > 0 && is_locked(&error) => attempts -= 1,
            Err(error) => return Err(translate(&error)),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn is_locked(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code()?.parse::<i32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_understood_is_told_without_its_password() {
        for address in [
            "mysql://ada:secret@host/x",
            "postgres://ada:secret@host:port/x",
            "",
        ] {
            let error = Place::parse(address).unwrap_err().to_string();
            assert!(error.contains("postgres://USER@HOST/DATABASE"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_forms_of_a_file_address_mean_the_same() {
        for address in ["sqlite:/var/lib/x.db", "sqlite:///var/lib/x.db"] {
            let name = Place::parse(address).unwrap().name();
            assert_eq!(name, "the database file /var/lib/x.db");
        }
        let name = Place::parse("sqlite:data/x.db").unwrap().name();
        assert_eq!(name, "the database file data/x.db");
    }

    #[test]
    fn an_unknown_parameter_is_refused() {
        let error = Place::parse("sqlite:x.db?mode=ro").unwrap_err();
        assert!(error.to_string().contains("\"mode=ro\" is no parameter"));
    }
}
