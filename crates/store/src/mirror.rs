//! How far the audit's mirrors have come, and the audit as they read it.

use async_trait::async_trait;
use model::{
    ledger::{Decision, StoreError},
    mirror::{MIRROR, Mirror, MirrorFilter, MirrorRows, MirrorScope, MirrorWish, Mirrors},
    workspaces::{Setting, WORKSPACES_MAX},
};

use crate::{
    Store, audit,
    engine::{Row, Value},
    error::corrupt,
    transaction::Transaction,
    writer::Write,
};

pub(crate) const WISHES: &str = "\
SELECT settings.workspace AS workspace, settings.value AS channel, kinds.value AS kinds
FROM settings LEFT JOIN settings AS kinds
    ON kinds.workspace = settings.workspace AND kinds.name = $2
WHERE settings.name = $1 ORDER BY settings.workspace LIMIT $3";

pub(crate) const FIND: &str = "SELECT revision, body FROM mirrors WHERE scope = $1";

pub(crate) const INSERT: &str = "\
INSERT INTO mirrors (scope, revision, body) VALUES ($1, 1, $2) ON CONFLICT DO NOTHING";

/// `$2` is the revision that was read.
pub(crate) const REPLACE: &str =
    "UPDATE mirrors SET revision = $2 + 1, body = $3 WHERE scope = $1 AND revision = $2";

/// Of everybody. As [`MirrorFilter::fits`] says.
pub(crate) const ROWS: &str = "\
SELECT seq, workspace, call_id, at, principal, agent, origin, tool, risk, guild_id, channel_id,
    digest, outcome, stage, code, reason, rules, policy_version, duration_us
FROM decisions
WHERE seq > $1 AND seq <= $2 AND principal <> $3
    AND ($4 = 'all' OR outcome = 'refused'
        OR (COALESCE(risk, '') <> 'read' AND outcome NOT IN ('planned', 'started', 'replayed')))
ORDER BY seq LIMIT $5";

/// Of one workspace.
pub(crate) const OWN_ROWS: &str = "\
SELECT seq, workspace, call_id, at, principal, agent, origin, tool, risk, guild_id, channel_id,
    digest, outcome, stage, code, reason, rules, policy_version, duration_us
FROM decisions
WHERE workspace = $6 AND seq > $1 AND seq <= $2 AND principal <> $3
    AND ($4 = 'all' OR outcome = 'refused'
        OR (COALESCE(risk, '') <> 'read' AND outcome NOT IN ('planned', 'started', 'replayed')))
ORDER BY seq LIMIT $5";

pub(crate) const COUNT: &str = "\
SELECT COUNT(*) FROM decisions
WHERE seq > $1 AND seq <= $2 AND principal <> $3
    AND ($4 = 'all' OR outcome = 'refused'
        OR (COALESCE(risk, '') <> 'read' AND outcome NOT IN ('planned', 'started', 'replayed')))";

pub(crate) const COUNT_OWN: &str = "\
SELECT COUNT(*) FROM decisions
WHERE workspace = $5 AND seq > $1 AND seq <= $2 AND principal <> $3
    AND ($4 = 'all' OR outcome = 'refused'
        OR (COALESCE(risk, '') <> 'read' AND outcome NOT IN ('planned', 'started', 'replayed')))";

/// How many rows one query gives at most, whatever it asks for.
const PAGE: u32 = 500;

/// Put a mirror in the place of the revision that was read.
pub(crate) struct Put {
    scope: MirrorScope,
    mirror: Mirror,
}

#[async_trait]
impl Write for Put {
    type Output = bool;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<bool, StoreError> {
        let body = audit::to_json(&self.mirror)?;
        let scope: Value = self.scope.as_str().into();
        let touched = if self.mirror.revision == 0 {
            on.execute(INSERT, [scope, body.into()]).await?
        } else {
            let values = [scope, self.mirror.revision.into(), body.into()];
            on.execute(REPLACE, values).await?
        };
        Ok(touched == 1)
    }
}

#[async_trait]
impl Mirrors for Store {
    async fn mirror_wishes(&self) -> Result<Vec<MirrorWish>, StoreError> {
        let most = i64::try_from(WORKSPACES_MAX).unwrap_or(i64::MAX);
        let values = [
            Setting::AuditChannel.as_str().into(),
            Setting::AuditRows.as_str().into(),
            most.into(),
        ];
        let rows = self.inner.readers.rows(WISHES, values).await?;
        rows.iter().map(wish).collect()
    }

    async fn mirror(&self, scope: &MirrorScope) -> Result<Option<Mirror>, StoreError> {
        let values = [scope.as_str().into()];
        let Some(row) = self.inner.readers.row(FIND, values).await? else {
            return Ok(None);
        };
        let mirror: Mirror = audit::from_json(&row.text("body")?)?;
        Ok(Some(Mirror {
            revision: row.integer("revision")?,
            ..mirror
        }))
    }

    async fn put_mirror(&self, scope: &MirrorScope, mirror: Mirror) -> Result<bool, StoreError> {
        let scope = scope.clone();
        self.write(Put { scope, mirror }).await
    }

    async fn last_decision(&self) -> Result<i64, StoreError> {
        let row = self.inner.readers.row(audit::LAST, []).await?;
        row.map_or(Ok(0), |row| row.integer(0))
    }

    async fn mirror_rows(
        &self,
        filter: &MirrorFilter,
        limit: u32,
    ) -> Result<Vec<(i64, Decision)>, StoreError> {
        let limit = i64::from(limit.min(PAGE)).into();
        let mut values = sought(filter);
        values.push(limit);
        let statement = narrowed(filter, &mut values, ROWS, OWN_ROWS);
        let rows = self.inner.readers.rows(statement, values).await?;
        rows.iter()
            .map(|row| Ok((row.integer("seq")?, audit::read(row)?)))
            .collect()
    }

    async fn count_mirror_rows(&self, filter: &MirrorFilter) -> Result<i64, StoreError> {
        let mut values = sought(filter);
        let statement = narrowed(filter, &mut values, COUNT, COUNT_OWN);
        let row = self.inner.readers.row(statement, values).await?;
        row.map_or(Ok(0), |row| row.integer(0))
    }
}

fn sought(filter: &MirrorFilter) -> Vec<Value> {
    vec![
        filter.after.into(),
        filter.to.into(),
        MIRROR.into(),
        filter.rows.as_str().into(),
    ]
}

/// The statement for whose rows it is about.
fn narrowed(
    filter: &MirrorFilter,
    values: &mut Vec<Value>,
    everybody: &'static str,
    own: &'static str,
) -> &'static str {
    match filter.scope.workspace() {
        None => everybody,
        Some(workspace) => {
            values.push(workspace.as_str().into());
            own
        }
    }
}

fn wish(row: &Row) -> Result<MirrorWish, StoreError> {
    let channel = row.text("channel")?;
    let rows = row.optional_text("kinds")?;
    Ok(MirrorWish {
        scope: MirrorScope::Workspace(crate::workspace::id(row, "workspace")?),
        channel: channel
            .parse()
            .map_err(|_| corrupt(format!("{channel} is no channel's id")))?,
        rows: rows
            .as_deref()
            .and_then(MirrorRows::parse)
            .unwrap_or_default(),
    })
}
