//! The schema's versions, embedded in the binary and applied in one transaction when a store opens.
//!
//! A migration that was released is never changed; the next one is added below it.

use model::{Millis, ledger::StoreError};

use crate::{
    audit::{self, Entry},
    chain::{AuditKey, DEFAULT_WORKSPACE, SALT_BYTES, head::Head},
    engine::{Connection, Session},
    error::Error,
    place::Place,
    writer::COMMIT,
};

/// In order; the version of a migration is its place in this list, from 1.
const MIGRATIONS: [&str; 9] = [
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_audit_chain.sql"),
    include_str!("../migrations/0003_workspaces.sql"),
    include_str!("../migrations/0004_policies.sql"),
    include_str!("../migrations/0005_approvals.sql"),
    include_str!("../migrations/0006_undo.sql"),
    include_str!("../migrations/0007_readings.sql"),
    include_str!("../migrations/0008_mirrors.sql"),
    include_str!("../migrations/0009_keepers.sql"),
];
/// The version that made a chain of the audit.
const CHAINED: i64 = 2;
/// Rows chained at once.
const PAGE: i64 = 1_000;

const CREATE_VERSIONS: &str = "\
CREATE TABLE IF NOT EXISTS schema_versions (
    version BIGINT PRIMARY KEY NOT NULL,
    applied_at BIGINT NOT NULL
)";
pub(crate) const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_versions";
pub(crate) const INSERT_VERSION: &str =
    "INSERT INTO schema_versions (version, applied_at) VALUES ($1, $2)";

/// Bring the database to the version that this binary knows.
pub(crate) async fn migrate(
    connection: &mut Connection,
    place: &Place,
    key: Option<&AuditKey>,
    now: Millis,
) -> Result<(), Error> {
    let mut on = connection.session();
    let found = apply(&mut on, place, key, now)
        .await
        .map_err(|source| match source {
            StoreError::Corrupt { detail } => Error::Damaged {
                place: place.name(),
                detail,
            },
            source => Error::Unusable {
                place: place.name(),
                source,
            },
        })?;
    let known = newest();
    if found > known {
        return Err(Error::Newer {
            place: place.name(),
            found,
            known,
        });
    }
    Ok(())
}

/// Gives the version that was found.
async fn apply(
    on: &mut Session<'_>,
    place: &Place,
    key: Option<&AuditKey>,
    now: Millis,
) -> Result<i64, StoreError> {
    place.begin(on).await?;
    on.script(&dialect(on, CREATE_VERSIONS)).await?;
    let found = on.integer(VERSION, []).await?;
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if version > found {
            on.script(&dialect(on, sql)).await?;
            if version == CHAINED {
                chain_what_is_there(on, key).await?;
            }
            on.execute(INSERT_VERSION, [version.into(), now.into()])
                .await?;
        }
    }
    on.script(COMMIT).await?;
    Ok(found)
}

/// Rows that were written before there was a chain become its beginning.
async fn chain_what_is_there(
    on: &mut Session<'_>,
    key: Option<&AuditKey>,
) -> Result<(), StoreError> {
    let mut head = Head::empty(DEFAULT_WORKSPACE);
    loop {
        let rows = on
            .rows(audit::UNCHAINED, [head.seq.into(), PAGE.into()])
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let salt = hex::encode(rand::random::<[u8; SALT_BYTES]>());
            let entry = Entry::after(Entry::read(row)?, &head, salt)?;
            head.link = entry.link;
            head.seq = entry.seq;
            head.hash.clone_from(&entry.hash);
            let values = [
                entry.link.into(),
                entry.salt.as_deref().into(),
                entry.previous_hash.into(),
                entry.hash.into(),
                entry.seq.into(),
            ];
            on.execute(audit::CHAIN, values).await?;
        }
    }
    if head.link > 0 {
        head.sealed(key).put(on).await?;
    }
    Ok(())
}

/// SQLite keeps a table in the order of its key, without an index beside it, only if the key's
/// type is spelled `INTEGER`; its integers have 64 bits anyway.
fn dialect(on: &Session<'_>, sql: &str) -> String {
    match on {
        Session::Sqlite(_) => sql.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"),
        Session::Postgres(_) => sql.to_owned(),
    }
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}
