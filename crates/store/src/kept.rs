//! What is kept of writes, so that they can be taken back: written with the outbox row and closed
//! with it.

use async_trait::async_trait;
use model::{
    Millis,
    kept::{Keep, KeptFilter, KeptState, KeptWrite, KeptWrites, Open},
    ledger::{Decision, Sent, StoreError},
};

use crate::{
    Store, audit,
    engine::{Row, Session, Value, storable},
    error::corrupt,
};

/// How many kept writes there are at most; the oldest go first.
const MOST: i64 = 100_000;
/// How many rows one list gives at most.
const PAGE: u32 = 1_000;

pub(crate) const INSERT: &str = "\
INSERT INTO kept_writes (
    call_id, outbox_id, parent, workspace, principal, asker, tool, guild_id, channel_id, at,
    expires_at, state, image, undoes, undone_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'started', $12, $13, NULL)";

/// A step goes with the whole, so it is not taken back once the whole was.
pub(crate) const CLAIM: &str = "\
UPDATE kept_writes SET state = 'undone', undone_by = $2
WHERE call_id = $1 AND state = 'done' AND NOT EXISTS (
    SELECT 1 FROM kept_writes AS whole
    WHERE whole.call_id = kept_writes.parent AND whole.state = 'undone')";

pub(crate) const CLAIM_STEPS: &str = "\
UPDATE kept_writes SET state = 'undone', undone_by = $2 WHERE parent = $1 AND state = 'done'";

pub(crate) const GIVE_BACK: &str = "\
UPDATE kept_writes SET state = 'done', undone_by = NULL
WHERE undone_by = (SELECT mine.call_id FROM kept_writes AS mine WHERE mine.outbox_id = $1)";

pub(crate) const CLOSE: &str = "\
UPDATE kept_writes SET state = $2, image = COALESCE($3, image)
WHERE outbox_id = $1 AND state = 'started'";

pub(crate) const DROP: &str = "DELETE FROM kept_writes WHERE outbox_id = $1";

pub(crate) const FIND: &str = "SELECT * FROM kept_writes WHERE call_id = $1 AND expires_at > $2";

pub(crate) const FIND_WITH: &str =
    "SELECT * FROM kept_writes WHERE outbox_id = $1 AND expires_at > $2";

pub(crate) const STEPS: &str = "\
SELECT * FROM kept_writes WHERE parent = $1 AND expires_at > $2 ORDER BY at, call_id LIMIT $3";

/// `$1` is a principal or empty for all, `$2` a guild or 0 for any, `$3` 1 for open ones only.
pub(crate) const LATEST: &str = "\
SELECT * FROM kept_writes
WHERE (CAST($1 AS TEXT) = '' OR principal = $1) AND parent IS NULL AND undoes IS NULL AND expires_at > $4
    AND (CAST($3 AS BIGINT) = 0 OR state = 'done')
    AND (CAST($2 AS BIGINT) = 0 OR guild_id = $2 OR EXISTS (
        SELECT 1 FROM kept_writes AS step
        WHERE step.parent = kept_writes.call_id AND step.guild_id = $2))
ORDER BY at DESC, call_id DESC LIMIT $5";

pub(crate) const PRUNE: &str = "\
DELETE FROM kept_writes WHERE call_id IN (
    SELECT call_id FROM kept_writes WHERE expires_at <= $1 AND state <> 'started'
    ORDER BY expires_at LIMIT $2)";

pub(crate) const PRUNE_MOST: &str = "\
DELETE FROM kept_writes WHERE call_id IN (
    SELECT call_id FROM kept_writes WHERE state <> 'started'
    ORDER BY at DESC, call_id DESC LIMIT $2 OFFSET $1)";

pub(crate) const ERASE: &str = "DELETE FROM kept_writes WHERE principal = $1";

/// Claim what it takes back, and insert its row. `false` if that cannot be taken back any more;
/// nothing was written then.
pub(crate) async fn begin(
    on: &mut Session<'_>,
    keep: &Keep,
    outbox_id: &str,
    decision: &Decision,
) -> Result<bool, StoreError> {
    if let Some(undoes) = &keep.undoes {
        let claim: [Value; 2] = [undoes.into(), (&decision.call_id).into()];
        if on.execute(CLAIM, claim.clone()).await? == 0 {
            return Ok(false);
        }
        on.execute(CLAIM_STEPS, claim).await?;
    }
    let values: [Value; 13] = [
        (&decision.call_id).into(),
        outbox_id.into(),
        keep.parent.as_deref().into(),
        keep.workspace.as_str().into(),
        storable(decision.principal.clone()).into(),
        keep.asker.map(model::Id::as_i64).into(),
        (&decision.tool).into(),
        decision.guild_id.map(model::Id::as_i64).into(),
        decision.channel_id.map(model::Id::as_i64).into(),
        decision.at.into(),
        keep.expires_at.into(),
        audit::to_json(&keep.image)?.into(),
        keep.undoes.as_deref().into(),
    ];
    on.execute(INSERT, values).await?;
    Ok(true)
}

/// Close it with its outbox row.
pub(crate) async fn end(
    on: &mut Session<'_>,
    outbox_id: &str,
    state: &Sent,
    image: Option<&serde_json::Value>,
) -> Result<(), StoreError> {
    let word = match state {
        Sent::Failed { .. } => {
            on.execute(GIVE_BACK, [outbox_id.into()]).await?;
            on.execute(DROP, [outbox_id.into()]).await?;
            return Ok(());
        }
        Sent::Sent { .. } => KeptState::Done,
        Sent::Unknown { .. } => KeptState::Unknown,
    };
    let image = image.map(audit::to_json).transpose()?;
    let values: [Value; 3] = [
        outbox_id.into(),
        word.as_str().into(),
        image.as_deref().into(),
    ];
    on.execute(CLOSE, values).await.map(drop)
}

/// Forget what has expired, and the oldest where there are too many.
pub(crate) async fn prune(
    on: &mut Session<'_>,
    now: Millis,
    at_once: i64,
) -> Result<(), StoreError> {
    on.execute(PRUNE, [now.into(), at_once.into()]).await?;
    on.execute(PRUNE_MOST, [MOST.into(), at_once.into()])
        .await
        .map(drop)
}

#[async_trait]
impl KeptWrites for Store {
    async fn kept(&self, call_id: &str) -> Result<Option<KeptWrite>, StoreError> {
        let values = [call_id.into(), self.now().into()];
        let row = self.inner.readers.row(FIND, values).await?;
        row.as_ref().map(read).transpose()
    }

    async fn kept_with(&self, outbox_id: &str) -> Result<Option<KeptWrite>, StoreError> {
        let values = [outbox_id.into(), self.now().into()];
        let row = self.inner.readers.row(FIND_WITH, values).await?;
        row.as_ref().map(read).transpose()
    }

    async fn steps_of(&self, call_id: &str) -> Result<Vec<KeptWrite>, StoreError> {
        let values = [call_id.into(), self.now().into(), i64::from(PAGE).into()];
        let rows = self.inner.readers.rows(STEPS, values).await?;
        rows.iter().map(read).collect()
    }

    async fn list_kept(&self, filter: &KeptFilter) -> Result<Vec<KeptWrite>, StoreError> {
        let principal = storable(filter.principal.clone().unwrap_or_default());
        let values = [
            principal.into(),
            filter.guild_id.map_or(0, model::Id::as_i64).into(),
            i64::from(filter.open == Open::Only).into(),
            self.now().into(),
            i64::from(filter.limit.min(PAGE)).into(),
        ];
        let rows = self.inner.readers.rows(LATEST, values).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<KeptWrite, StoreError> {
    let word = row.text("state")?;
    let state = KeptState::parse(&word)
        .ok_or_else(|| corrupt(format!("a kept write is in the state {word}")))?;
    let workspace = row.text("workspace")?;
    Ok(KeptWrite {
        call_id: row.text("call_id")?,
        outbox_id: row.text("outbox_id")?,
        principal: row.text("principal")?,
        tool: row.text("tool")?,
        guild_id: row.optional_id("guild_id")?,
        channel_id: row.optional_id("channel_id")?,
        at: row.integer("at")?,
        state,
        undone_by: row.optional_text("undone_by")?,
        keep: Keep {
            parent: row.optional_text("parent")?,
            workspace: workspace
                .parse()
                .map_err(|_| corrupt(format!("a kept write is in the workspace {workspace}")))?,
            asker: row.optional_id("asker")?,
            expires_at: row.integer("expires_at")?,
            image: audit::from_json(&row.text("image")?)?,
            undoes: row.optional_text("undoes")?,
        },
    })
}
