//! The journal: inbound events in order, with the resume points that cover them.

use std::sync::Arc;

use async_trait::async_trait;
use model::{
    Event, Millis,
    event::ResumePoint,
    ledger::{EventFilter, StoreError},
};
use serde_json::value::RawValue;
use tokio::sync::watch;

use crate::{
    engine::{Row, Session, Value},
    error::corrupt,
    transaction::{Insert, Transaction},
    writer::Write,
};

/// PostgreSQL's channel on which instances tell one another how far the journal has grown.
pub(crate) const CHANNEL: &str = "guildhall_journal";
/// The rolling window in which Discord counts IDENTIFYs. Source: Discord documentation,
/// *Gateway › Session Start Limit*.
const IDENTIFY_WINDOW_MS: Millis = 24 * 60 * 60 * 1000;

pub(crate) const LATEST: &str = "SELECT COALESCE(MAX(seq), 0) FROM journal";

pub(crate) static INSERT: Insert = Insert::new(
    "INSERT INTO journal (seq, kind, guild_id, channel_id, received_at, data) VALUES",
    6,
);

// `$2` holds the wanted kinds, each with a space on either side.
pub(crate) const AFTER: &str = "\
SELECT seq, kind, guild_id, channel_id, received_at, data FROM journal
WHERE seq > $1
    AND ($2 = '' OR REPLACE($2, ' ' || kind || ' ', '') <> $2)
    AND (CAST($3 AS BIGINT) IS NULL OR guild_id = $3)
    AND (CAST($4 AS BIGINT) IS NULL OR channel_id = $4)
ORDER BY seq LIMIT $5";

pub(crate) const PUT_RESUME_POINT: &str = "\
INSERT INTO resume_points (shard, session_id, sequence, resume_url) VALUES ($1, $2, $3, $4)
ON CONFLICT (shard) DO UPDATE SET
    session_id = excluded.session_id, sequence = excluded.sequence,
    resume_url = excluded.resume_url";

pub(crate) const RESUME_POINT: &str =
    "SELECT shard, session_id, sequence, resume_url FROM resume_points WHERE shard = $1";

pub(crate) const FORGET_RESUME_POINT: &str = "DELETE FROM resume_points WHERE shard = $1";

pub(crate) const INSERT_IDENTIFY: &str = "\
INSERT INTO identifies (seq, at) VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM identifies), $1)";

pub(crate) const COUNT_IDENTIFIES: &str =
    "SELECT COUNT(*) FROM identifies WHERE at > $1 AND at <= $2";

pub(crate) const FORGET_IDENTIFIES: &str = "DELETE FROM identifies WHERE at <= $1";

/// Only for PostgreSQL; delivered when the transaction commits, and only then.
pub(crate) const NOTIFY: &str = "SELECT pg_notify($1, $2)";

/// Append a batch with its resume point; gives the journal's last sequence number.
pub(crate) struct Append {
    pub(crate) events: Vec<Event>,
    pub(crate) resume: Option<ResumePoint>,
    /// Wakes those who wait on this instance.
    pub(crate) grown: watch::Sender<i64>,
}

#[async_trait]
impl Write for Append {
    type Output = i64;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<i64, StoreError> {
        let mut seq = on.integer(LATEST, []).await?;
        let mut rows = Vec::with_capacity(self.events.len());
        for event in &self.events {
            seq += 1;
            rows.push(vec![
                seq.into(),
                (&event.kind).into(),
                event.guild_id.map(model::Id::as_i64).into(),
                event.channel_id.map(model::Id::as_i64).into(),
                event.received_at.into(),
                event.data.get().into(),
            ]);
        }
        INSERT.rows(on, rows).await?;
        if let Some(resume) = &self.resume {
            let values: [Value; 4] = [
                i64::from(resume.shard).into(),
                (&resume.session_id).into(),
                i64::try_from(resume.sequence).unwrap_or(i64::MAX).into(),
                (&resume.resume_url).into(),
            ];
            on.execute(PUT_RESUME_POINT, values).await?;
        }
        if let Session::Postgres(_) = **on
            && !self.events.is_empty()
        {
            on.execute(NOTIFY, [CHANNEL.into(), seq.to_string().into()])
                .await?;
        }
        Ok(seq)
    }

    fn committed(&self, latest: &i64) {
        raise(&self.grown, *latest);
    }
}

/// Tell those who wait that the journal has grown to `latest`.
pub(crate) fn raise(grown: &watch::Sender<i64>, latest: i64) {
    grown.send_if_modified(|known| {
        let higher = latest > *known;
        *known = latest.max(*known);
        higher
    });
}

/// Forget where a shard would resume.
pub(crate) struct ForgetResumePoint {
    pub(crate) shard: u32,
}

#[async_trait]
impl Write for ForgetResumePoint {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        on.execute(FORGET_RESUME_POINT, [i64::from(self.shard).into()])
            .await
            .map(drop)
    }
}

/// Note an IDENTIFY; gives how many there were in the last 24 h, this one included.
pub(crate) struct NoteIdentify {
    pub(crate) at: Millis,
}

#[async_trait]
impl Write for NoteIdentify {
    type Output = u32;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<u32, StoreError> {
        let window = self.at.saturating_sub(IDENTIFY_WINDOW_MS);
        on.execute(INSERT_IDENTIFY, [self.at.into()]).await?;
        // A window more is kept, for a clock that is set back.
        let old = window.saturating_sub(IDENTIFY_WINDOW_MS);
        on.execute(FORGET_IDENTIFIES, [old.into()]).await?;
        let count = on
            .integer(COUNT_IDENTIFIES, [window.into(), self.at.into()])
            .await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

/// The kinds of a filter as [`AFTER`] wants them.
pub(crate) fn kinds(filter: &EventFilter) -> String {
    filter.kinds.iter().fold(String::new(), |mut all, kind| {
        all.push(' ');
        all.push_str(kind);
        all.push(' ');
        all
    })
}

pub(crate) fn read(row: &Row) -> Result<Event, StoreError> {
    let data = RawValue::from_string(row.text("data")?)
        .map_err(|error| corrupt(format!("the data of an event is no JSON: {error}")))?;
    Ok(Event {
        seq: row.integer("seq")?,
        kind: row.text("kind")?,
        guild_id: row.optional_id("guild_id")?,
        channel_id: row.optional_id("channel_id")?,
        received_at: row.integer("received_at")?,
        data: Arc::from(data),
    })
}

pub(crate) fn read_resume_point(row: &Row) -> Result<ResumePoint, StoreError> {
    let out_of_range = |_| corrupt("a resume point is out of range");
    Ok(ResumePoint {
        shard: u32::try_from(row.integer("shard")?).map_err(out_of_range)?,
        session_id: row.text("session_id")?,
        sequence: u64::try_from(row.integer("sequence")?).map_err(out_of_range)?,
        resume_url: row.text("resume_url")?,
    })
}
