//! The audit's rows: writing one, reading them back in order, and erasing what is personal.

use async_trait::async_trait;
use model::ledger::{Decision, DecisionFilter, StoreError};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Store,
    chain::{self, Checkpoint, DEFAULT_WORKSPACE, checkpoint, head, head::SealedHead},
    engine::{Row, Value, storable},
    error::corrupt,
    kept,
    transaction::{Insert, Transaction},
    workspace,
    writer::Write,
};

pub(crate) static INSERT: Insert = Insert::new(
    "\
INSERT INTO decisions (
    seq, call_id, at, principal, agent, origin, tool, risk, guild_id, channel_id, digest,
    outcome, stage, code, reason, rules, policy_version, duration_us,
    workspace, link, salt, erased, previous_hash, hash)
VALUES",
    24,
);

pub(crate) const LAST: &str = "SELECT COALESCE(MAX(seq), 0) FROM decisions";

pub(crate) const AFTER: &str = "\
SELECT seq, workspace, call_id, at, principal, agent, origin, tool, risk, guild_id, channel_id,
    digest, outcome, stage, code, reason, rules, policy_version, duration_us
FROM decisions WHERE seq > $1 ORDER BY seq LIMIT $2";

/// What fits, newest first. A filter that is absent does not count.
pub(crate) const SEARCH: &str = "\
SELECT seq, workspace, call_id, at, principal, agent, origin, tool, risk, guild_id, channel_id,
    digest, outcome, stage, code, reason, rules, policy_version, duration_us
FROM decisions
WHERE (CAST($1 AS BIGINT) IS NULL OR seq < $1)
    AND (CAST($2 AS TEXT) IS NULL OR workspace = $2)
    AND (CAST($3 AS TEXT) IS NULL OR tool = $3)
    AND (CAST($4 AS TEXT) IS NULL OR outcome = $4)
    AND (CAST($5 AS TEXT) IS NULL OR principal = $5)
    AND (CAST($6 AS BIGINT) IS NULL OR guild_id = $6)
    AND (CAST($7 AS TEXT) IS NULL OR call_id = $7)
    AND (CAST($8 AS BIGINT) IS NULL OR at >= $8)
    AND (CAST($9 AS BIGINT) IS NULL OR at < $9)
ORDER BY seq DESC LIMIT $10";

/// In the order of [`SEARCH`].
pub(crate) fn sought(filter: &DecisionFilter, limit: i64) -> [Value; 10] {
    let workspace = filter.workspace.as_ref().map(model::WorkspaceId::as_str);
    [
        filter.before.into(),
        workspace.into(),
        filter.tool.as_deref().into(),
        filter.outcome.map(model::ledger::Outcome::as_str).into(),
        filter.principal.as_deref().into(),
        filter.guild_id.map(model::Id::as_i64).into(),
        filter.call_id.as_deref().into(),
        filter.since.into(),
        filter.until.into(),
        limit.into(),
    ]
}

pub(crate) const OF_CALL: &str = "SELECT * FROM decisions WHERE call_id = $1 ORDER BY seq LIMIT $2";

pub(crate) const ENTRIES: &str = "SELECT * FROM decisions WHERE seq > $1 ORDER BY seq LIMIT $2";

/// Rows of the first version, which had no chain.
pub(crate) const UNCHAINED: &str =
    "SELECT * FROM decisions WHERE seq > $1 AND hash IS NULL ORDER BY seq LIMIT $2";
pub(crate) const CHAIN: &str =
    "UPDATE decisions SET link = $1, salt = $2, previous_hash = $3, hash = $4 WHERE seq = $5";

pub(crate) const OF_PRINCIPAL: &str = "\
SELECT * FROM decisions WHERE principal = $1 AND salt IS NOT NULL ORDER BY seq LIMIT $2";
pub(crate) const ERASE: &str = "\
UPDATE decisions SET principal = $1, agent = NULL, reason = $2, salt = NULL, erased = $3
WHERE seq = $4";

/// Rows erased in one transaction.
const ERASED_AT_ONCE: i64 = 500;
/// A call has a few rows; a batch has some for each of its steps.
const ROWS_OF_A_CALL: i64 = 1_000;
/// Checkpoints read at once.
const CHECKPOINTS: i64 = 1_000;

/// A row with every column as it is stored, for hashing and for verifying.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Entry {
    pub seq: i64,
    pub workspace: String,
    /// The row's number in its workspace, from 1.
    pub link: i64,
    pub call_id: String,
    pub at: i64,
    pub principal: String,
    pub agent: Option<String>,
    pub origin: String,
    pub tool: String,
    pub risk: Option<String>,
    pub guild_id: Option<i64>,
    pub channel_id: Option<i64>,
    pub digest: String,
    pub outcome: String,
    pub stage: String,
    pub code: String,
    pub reason: String,
    /// A JSON list.
    pub rules: String,
    pub policy_version: String,
    pub duration_us: i64,
    /// Absent where what is personal was erased.
    pub salt: Option<String>,
    /// The hashes of what was erased.
    pub erased: Option<String>,
    pub previous_hash: String,
    pub hash: String,
}

impl Entry {
    /// A new row, the next link after the end of a chain.
    pub(crate) fn new(
        decision: &Decision,
        seq: i64,
        after: &head::Head,
        salt: String,
    ) -> Result<Self, StoreError> {
        let text = |text: &String| storable(text.clone());
        let entry = Self {
            seq,
            workspace: String::new(),
            link: 0,
            call_id: text(&decision.call_id),
            at: decision.at,
            principal: text(&decision.principal),
            agent: decision.agent.as_ref().map(text),
            origin: text(&decision.origin),
            tool: text(&decision.tool),
            risk: decision.risk.map(|risk| risk.as_str().to_owned()),
            guild_id: decision.guild_id.map(model::Id::as_i64),
            channel_id: decision.channel_id.map(model::Id::as_i64),
            digest: text(&decision.digest),
            outcome: decision.outcome.as_str().to_owned(),
            stage: decision.stage.as_str().to_owned(),
            code: text(&decision.code),
            reason: text(&decision.reason),
            rules: storable(to_json(&decision.rules)?),
            policy_version: text(&decision.policy_version),
            duration_us: decision.duration_us,
            salt: None,
            erased: None,
            previous_hash: String::new(),
            hash: String::new(),
        };
        Self::after(entry, after, salt)
    }

    /// The same row as the next link of a chain.
    pub(crate) fn after(self, head: &head::Head, salt: String) -> Result<Self, StoreError> {
        let mut entry = Self {
            workspace: head.workspace.clone(),
            link: head.link + 1,
            salt: Some(salt),
            previous_hash: head.hash.clone(),
            ..self
        };
        entry.hash = chain::hash(&entry).ok_or_else(|| corrupt("a new row has no hash"))?;
        Ok(entry)
    }

    /// The same row with salted hashes in place of what is personal. The chain can still be checked.
    pub fn redacted(self) -> Result<Self, StoreError> {
        let Some(kept) = chain::erase(&self)? else {
            return Ok(self);
        };
        Ok(Self {
            principal: chain::ERASED.to_owned(),
            agent: None,
            reason: chain::ERASED.to_owned(),
            salt: None,
            erased: Some(kept),
            ..self
        })
    }

    /// From a row with all columns of `decisions`.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.integer("seq")?,
            workspace: row.text("workspace")?,
            link: row.optional_integer("link")?.unwrap_or_default(),
            call_id: row.text("call_id")?,
            at: row.integer("at")?,
            principal: row.text("principal")?,
            agent: row.optional_text("agent")?,
            origin: row.text("origin")?,
            tool: row.text("tool")?,
            risk: row.optional_text("risk")?,
            guild_id: row.optional_integer("guild_id")?,
            channel_id: row.optional_integer("channel_id")?,
            digest: row.text("digest")?,
            outcome: row.text("outcome")?,
            stage: row.text("stage")?,
            code: row.text("code")?,
            reason: row.text("reason")?,
            rules: row.text("rules")?,
            policy_version: row.text("policy_version")?,
            duration_us: row.integer("duration_us")?,
            salt: row.optional_text("salt")?,
            erased: row.optional_text("erased")?,
            previous_hash: row.optional_text("previous_hash")?.unwrap_or_default(),
            hash: row.optional_text("hash")?.unwrap_or_default(),
        })
    }

    /// In the order of [`INSERT`].
    pub(crate) fn values(self) -> Vec<Value> {
        vec![
            self.seq.into(),
            self.call_id.into(),
            self.at.into(),
            self.principal.into(),
            self.agent.as_deref().into(),
            self.origin.into(),
            self.tool.into(),
            self.risk.as_deref().into(),
            self.guild_id.into(),
            self.channel_id.into(),
            self.digest.into(),
            self.outcome.into(),
            self.stage.into(),
            self.code.into(),
            self.reason.into(),
            self.rules.into(),
            self.policy_version.into(),
            self.duration_us.into(),
            self.workspace.into(),
            self.link.into(),
            self.salt.as_deref().into(),
            self.erased.as_deref().into(),
            self.previous_hash.into(),
            self.hash.into(),
        ]
    }
}

/// Write one row.
pub(crate) struct Record(pub(crate) Decision);

#[async_trait]
impl Write for Record {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        on.record(&self.0).await.map(drop)
    }
}

/// Take the ends of the chains as they stand for good.
struct Reseal {
    workspaces: Vec<String>,
}

#[async_trait]
impl Write for Reseal {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        for workspace in &self.workspaces {
            on.trust_head(workspace).await?;
        }
        Ok(())
    }
}

/// Take what is personal out of some rows of a principal. Gives how many there were.
struct Erase {
    principal: String,
}

#[async_trait]
impl Write for Erase {
    type Output = u64;

    async fn run(&self, on: &mut Transaction<'_>) -> Result<u64, StoreError> {
        on.flush().await?;
        on.execute(kept::ERASE, [(&self.principal).into()]).await?;
        let values = [(&self.principal).into(), ERASED_AT_ONCE.into()];
        let rows = on.rows(OF_PRINCIPAL, values).await?;
        let mut erased = 0;
        for row in &rows {
            let entry = Entry::read(row)?;
            let Some(kept) = chain::erase(&entry)? else {
                continue;
            };
            let blank = chain::ERASED;
            let values = [blank.into(), blank.into(), kept.into(), entry.seq.into()];
            erased += on.execute(ERASE, values).await?;
        }
        Ok(erased)
    }
}

impl Store {
    /// Take principal, agent and reason out of every row of this principal. The rows stay, with
    /// salted hashes in place of what they held, and the chain stays whole. Gives their number.
    pub async fn erase_principal(&self, principal: &str) -> Result<u64, StoreError> {
        let principal = storable(principal.to_owned());
        let mut all = 0;
        loop {
            let principal = principal.clone();
            let erased = self.write(Erase { principal }).await?;
            all += erased;
            if erased == 0 {
                return Ok(all);
            }
        }
    }

    /// Rows with every column, after `seq`, oldest first, at most 1,000.
    pub async fn audit_entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let limit = i64::from(limit.min(1_000));
        let rows = self
            .inner
            .readers
            .rows(ENTRIES, [after.into(), limit.into()]);
        rows.await?.iter().map(Entry::read).collect()
    }

    /// Note, signed, where each workspace's chain stands. None where the store was opened without
    /// a key.
    pub async fn checkpoint(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let Some(key) = self.inner.key.clone() else {
            return Ok(Vec::new());
        };
        let at = self.now();
        let mut checkpoints = Vec::new();
        for workspace in self.chained_workspaces().await? {
            let key = key.clone();
            let mark = checkpoint::Mark { workspace, at, key };
            checkpoints.push(self.write(mark).await?);
        }
        Ok(checkpoints)
    }

    /// Those with a chain, and the default, which always has one.
    async fn chained_workspaces(&self) -> Result<Vec<String>, StoreError> {
        let heads = self.audit_heads().await?.into_iter();
        let mut workspaces: Vec<String> = heads.map(|sealed| sealed.head.workspace).collect();
        if !workspaces.iter().any(|it| it == DEFAULT_WORKSPACE) {
            workspaces.insert(0, DEFAULT_WORKSPACE.to_owned());
        }
        Ok(workspaces)
    }

    /// Every row of one call, oldest first.
    pub async fn decisions_of(&self, call_id: &str) -> Result<Vec<(i64, Decision)>, StoreError> {
        let values = [call_id.into(), ROWS_OF_A_CALL.into()];
        let rows = self.inner.readers.rows(OF_CALL, values).await?;
        let row = |row: &Row| Ok((row.integer("seq")?, read(row)?));
        rows.iter().map(row).collect()
    }

    /// Seal the ends of the audit with this store's key, whoever sealed them before. Whoever calls
    /// this has looked at the rows.
    pub async fn reseal_audit(&self) -> Result<(), StoreError> {
        let workspaces = self.chained_workspaces().await?;
        self.write(Reseal { workspaces }).await
    }

    /// Every checkpoint, in the order of workspace and number.
    pub async fn audit_checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let mut all: Vec<Checkpoint> = Vec::new();
        loop {
            let (workspace, number) = all
                .last()
                .map_or(("", 0), |last| (last.workspace.as_str(), last.number));
            let values = [workspace.into(), number.into(), CHECKPOINTS.into()];
            let page = self.inner.readers.rows(checkpoint::AFTER, values).await?;
            if page.is_empty() {
                return Ok(all);
            }
            for row in &page {
                all.push(Checkpoint::read(row)?);
            }
        }
    }

    pub(crate) async fn audit_heads(&self) -> Result<Vec<SealedHead>, StoreError> {
        let rows = self.inner.readers.rows(head::ALL, []).await?;
        rows.iter().map(SealedHead::read).collect()
    }
}

/// Read a row that has the columns of `decisions`.
pub(crate) fn read(row: &Row) -> Result<Decision, StoreError> {
    Ok(Decision {
        call_id: row.text("call_id")?,
        workspace: workspace::id(row, "workspace")?,
        at: row.integer("at")?,
        principal: row.text("principal")?,
        agent: row.optional_text("agent")?,
        origin: row.text("origin")?,
        tool: row.text("tool")?,
        risk: row.optional_text("risk")?.map(word).transpose()?,
        guild_id: row.optional_id("guild_id")?,
        channel_id: row.optional_id("channel_id")?,
        digest: row.text("digest")?,
        outcome: word(row.text("outcome")?)?,
        stage: word(row.text("stage")?)?,
        code: row.text("code")?,
        reason: row.text("reason")?,
        rules: from_json(&row.text("rules")?)?,
        policy_version: row.text("policy_version")?,
        duration_us: row.integer("duration_us")?,
    })
}

/// A word that stands for one of a few things.
fn word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|e| corrupt(e.to_string()))
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt(error.to_string()))
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt(error.to_string()))
}
