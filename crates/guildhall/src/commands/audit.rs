//! `guildhall audit`: what the gate decided.

use model::ledger::{Decision, Ledger};
use serde_json::json;
use store::Store;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::output;

/// Rows read at once.
const PAGE: usize = 500;

/// List decisions, oldest first.
pub(crate) async fn list(
    store: &Store,
    after: i64,
    limit: u32,
    as_json: bool,
) -> anyhow::Result<()> {
    let rows = read(store, after, limit).await?;
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(seq, decision)| json!({ "seq": seq, "decision": decision }))
            .collect();
        return output::json(&rows);
    }
    let row = |(seq, decision): &(i64, Decision)| {
        vec![
            seq.to_string(),
            instant(decision.at),
            decision.principal.clone(),
            decision.tool.clone(),
            decision.outcome.as_str().to_owned(),
            decision.code.clone(),
            decision.reason.clone(),
        ]
    };
    output::table(
        &[
            "SEQ",
            "AT",
            "PRINCIPAL",
            "TOOL",
            "OUTCOME",
            "CODE",
            "REASON",
        ],
        &rows.iter().map(row).collect::<Vec<_>>(),
    );
    Ok(())
}

/// The store gives a page at a time.
async fn read(store: &Store, mut after: i64, limit: u32) -> anyhow::Result<Vec<(i64, Decision)>> {
    let limit = usize::try_from(limit)?;
    let mut rows = Vec::new();
    while rows.len() < limit {
        let wanted = u32::try_from((limit - rows.len()).min(PAGE))?;
        let page = store.decisions(after, wanted).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        rows.extend(page);
    }
    Ok(rows)
}

fn instant(ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| ms.to_string())
}
