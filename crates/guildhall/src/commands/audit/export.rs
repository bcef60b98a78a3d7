//! The audit for others to keep or to check: one JSON object per line.

use serde_json::json;
use store::Store;

use crate::output;

/// Rows read at once.
const PAGE: u32 = 1_000;

/// Rows after `after`, then the checkpoints. What is personal goes out as salted hashes, with which
/// the chain can still be checked, unless it is revealed.
pub(super) async fn run(store: &Store, mut after: i64, reveal: bool) -> anyhow::Result<()> {
    loop {
        let rows = store.audit_entries(after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.seq;
        for row in rows {
            let row = if reveal { row } else { row.redacted()? };
            output::json_line(&json!({ "row": row }))?;
        }
    }
    for checkpoint in store.audit_checkpoints().await? {
        output::json_line(&json!({ "checkpoint": checkpoint }))?;
    }
    Ok(())
}
