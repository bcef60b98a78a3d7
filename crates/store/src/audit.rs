//! The audit's rows: writing one, and reading them back in order.

use async_trait::async_trait;
use model::ledger::{Decision, StoreError};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    engine::{Row, Value},
    error::corrupt,
    transaction::{Insert, Transaction},
    writer::Write,
};

// The hashes stay empty until rows are chained.
pub(crate) static INSERT: Insert = Insert::new(
    "\
INSERT INTO decisions (
    seq, call_id, at, principal, agent, origin, tool, risk, guild_id, channel_id, digest,
    outcome, stage, code, reason, rules, policy_version, duration_us)
VALUES",
    18,
);

pub(crate) const LAST: &str = "SELECT COALESCE(MAX(seq), 0) FROM decisions";

pub(crate) const AFTER: &str = "\
SELECT seq, call_id, at, principal, agent, origin, tool, risk, guild_id, channel_id, digest,
    outcome, stage, code, reason, rules, policy_version, duration_us
FROM decisions WHERE seq > $1 ORDER BY seq LIMIT $2";

/// Write one row.
pub(crate) struct Record(pub(crate) Decision);

#[async_trait]
impl Write for Record {
    type Output = ();

    async fn run(&self, on: &mut Transaction<'_>) -> Result<(), StoreError> {
        on.record(&self.0).await.map(drop)
    }
}

/// The values of a row, in the order of [`INSERT`].
pub(crate) fn values(seq: i64, decision: &Decision) -> Result<Vec<Value>, StoreError> {
    Ok(vec![
        seq.into(),
        (&decision.call_id).into(),
        decision.at.into(),
        (&decision.principal).into(),
        decision.agent.as_deref().into(),
        (&decision.origin).into(),
        (&decision.tool).into(),
        decision.risk.map(model::risk::Risk::as_str).into(),
        decision.guild_id.map(model::Id::as_i64).into(),
        decision.channel_id.map(model::Id::as_i64).into(),
        (&decision.digest).into(),
        decision.outcome.as_str().into(),
        decision.stage.as_str().into(),
        (&decision.code).into(),
        (&decision.reason).into(),
        to_json(&decision.rules)?.into(),
        (&decision.policy_version).into(),
        decision.duration_us.into(),
    ])
}

/// Read a row that has the columns of `decisions`.
pub(crate) fn read(row: &Row) -> Result<Decision, StoreError> {
    Ok(Decision {
        call_id: row.text("call_id")?,
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
