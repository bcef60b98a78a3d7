//! Policies of workspaces: versions are added on top, and a counter tells every instance.

use async_trait::async_trait;
use model::{
    WorkspaceId,
    ledger::{Decision, StoreError},
    policies::{
        Expected, NewPolicy, POLICY_TEXT_MAX, POLICY_VERSIONS_MAX, Policies, PutPolicy,
        StoredPolicy,
    },
};

use crate::{
    Store,
    engine::{Row, Value},
    error::corrupt,
    transaction::Transaction,
    workspace,
    writer::Write,
};

pub(crate) const CHANGES: &str = "SELECT version FROM policy_changes WHERE id = 1";
pub(crate) const CHANGED: &str = "UPDATE policy_changes SET version = version + 1 WHERE id = 1";
pub(crate) const IN_FORCE: &str = "\
SELECT workspace, number, text, put_by, put_at, restored FROM policies AS it
WHERE number = (SELECT MAX(number) FROM policies WHERE workspace = it.workspace)
ORDER BY workspace";
pub(crate) const VERSIONS: &str = "\
SELECT workspace, number, text, put_by, put_at, restored FROM policies
WHERE workspace = $1 ORDER BY number DESC LIMIT $2";
pub(crate) const NEWEST: &str = "\
SELECT number, CAST(LENGTH(text) AS BIGINT) AS length FROM policies WHERE workspace = $1
ORDER BY number DESC LIMIT 1";
pub(crate) const INSERT: &str = "\
INSERT INTO policies (workspace, number, text, put_by, put_at, restored)
VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const PRUNE: &str = "DELETE FROM policies WHERE workspace = $1 AND number <= $2";

#[async_trait]
impl Policies for Store {
    async fn policy_changes(&self) -> Result<i64, StoreError> {
        let row = self.inner.readers.row(CHANGES, []).await?;
        row.ok_or_else(|| corrupt("the counter of changes of policies is gone"))?
            .integer("version")
    }

    async fn policies_in_force(&self) -> Result<Vec<StoredPolicy>, StoreError> {
        let rows = self.inner.readers.rows(IN_FORCE, []).await?;
        rows.iter().map(stored).collect()
    }

    async fn policy_versions(&self, of: &WorkspaceId) -> Result<Vec<StoredPolicy>, StoreError> {
        let values = [of.as_str().into(), POLICY_VERSIONS_MAX.into()];
        let rows = self.inner.readers.rows(VERSIONS, values).await?;
        rows.iter().map(stored).collect()
    }

    async fn put_policy(&self, new: NewPolicy, record: Decision) -> Result<PutPolicy, StoreError> {
        if new.text.len() > POLICY_TEXT_MAX {
            return Ok(PutPolicy::TooLong);
        }
        self.write(Put { new, record }).await
    }
}

struct Put {
    new: NewPolicy,
    record: Decision,
}

#[async_trait]
impl Write for Put {
    type Output = PutPolicy;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<PutPolicy, StoreError> {
        let new = &self.new;
        let workspace = new.workspace.as_str();
        if on.integer(workspace::EXISTS, [workspace.into()]).await? == 0 {
            return Ok(PutPolicy::NoSuchWorkspace);
        }
        // The counter first: with several instances it is the lock that makes them take turns.
        on.execute(CHANGED, []).await?;
        let newest = on.row(NEWEST, [workspace.into()]).await?;
        let (current, length) = match &newest {
            Some(row) => (row.integer("number")?, row.integer("length")?),
            None => (0, 0),
        };
        let as_expected = match new.expected {
            Expected::Anything => true,
            Expected::Nothing => length == 0,
            Expected::Version(number) => number == current,
        };
        if !as_expected {
            return Ok(PutPolicy::Conflict { current });
        }
        let number = current + 1;
        let values: [Value; 6] = [
            workspace.into(),
            number.into(),
            (&new.text).into(),
            (&new.put_by).into(),
            new.put_at.into(),
            new.restored.into(),
        ];
        on.execute(INSERT, values).await?;
        let values = [workspace.into(), (number - POLICY_VERSIONS_MAX).into()];
        on.execute(PRUNE, values).await?;
        on.record(&self.record).await?;
        Ok(PutPolicy::Put { number })
    }
}

fn stored(row: &Row) -> Result<StoredPolicy, StoreError> {
    Ok(StoredPolicy {
        workspace: row
            .text("workspace")?
            .parse()
            .map_err(|_| corrupt("a policy is of a workspace that cannot be"))?,
        number: row.integer("number")?,
        text: row.text("text")?,
        put_by: row.text("put_by")?,
        put_at: row.integer("put_at")?,
        restored: row.optional_integer("restored")?,
    })
}
