//! When conversations last read words that nobody vouches for.

use async_trait::async_trait;
use model::{
    Millis,
    ledger::{Readings, StoreError},
};

use crate::{
    Store,
    engine::{Value, storable},
    transaction::Transaction,
    writer::Write,
};

pub(crate) const NOTE: &str = "\
INSERT INTO readings (reader, at) VALUES ($1, $2)
ON CONFLICT (reader) DO UPDATE SET at = excluded.at WHERE readings.at < excluded.at";

pub(crate) const LAST: &str = "SELECT at FROM readings WHERE reader = $1";

pub(crate) const PRUNE: &str = "\
DELETE FROM readings WHERE reader IN (
    SELECT reader FROM readings WHERE at <= $1 ORDER BY at LIMIT $2)";

/// How long a reading stays: as long as a policy may want it to count, and a day more.
const KEPT_MS: Millis = 31 * 24 * 60 * 60 * 1000;

struct Note {
    reader: String,
    at: Millis,
}

#[async_trait]
impl Write for Note {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        let values: [Value; 2] = [(&self.reader).into(), self.at.into()];
        on.execute(NOTE, values).await.map(drop)
    }
}

#[async_trait]
impl Readings for Store {
    async fn note_read(&self, reader: &str, at: Millis) -> Result<(), StoreError> {
        let reader = storable(reader.to_owned());
        self.write(Note { reader, at }).await
    }

    async fn last_read(&self, reader: &str) -> Result<Option<Millis>, StoreError> {
        let reader = storable(reader.to_owned());
        let row = self.inner.readers.row(LAST, [reader.into()]).await?;
        row.map(|row| row.integer("at")).transpose()
    }
}

/// Forget what no policy asks for any more.
pub(crate) async fn prune(
    on: &mut Transaction<'_>,
    now: Millis,
    at_once: i64,
) -> Result<(), StoreError> {
    let before = now.saturating_sub(KEPT_MS);
    on.execute(PRUNE, [before.into(), at_once.into()])
        .await
        .map(drop)
}
