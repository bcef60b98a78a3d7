//! Rows for people to read.

use anyhow::bail;
use model::ledger::{Decision, DecisionFilter, Ledger as _, Outcome};
use serde_json::json;
use store::Store;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{cli::DecisionArgs, output};

/// Rows read at once.
const PAGE: u32 = 500;

/// List decisions, oldest first.
pub(super) async fn list(
    store: &Store,
    after: i64,
    limit: u32,
    only: &DecisionArgs,
    as_json: bool,
) -> anyhow::Result<()> {
    let filter = filter(only)?;
    let rows = if filter == DecisionFilter::default() {
        read(store, after, limit).await?
    } else {
        search(store, filter, after, limit).await?
    };
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

/// Every row of one call.
pub(super) async fn show(store: &Store, call_id: &str, as_json: bool) -> anyhow::Result<()> {
    let rows = store.decisions_of(call_id).await?;
    if rows.is_empty() {
        bail!("the audit knows no call {call_id}; `guildhall audit list` shows the latest");
    }
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(seq, decision)| json!({ "seq": seq, "decision": decision }))
            .collect();
        return output::json(&rows);
    }
    let id = |id: Option<String>| id.unwrap_or_else(|| "-".to_owned());
    for (seq, row) in &rows {
        let duration = time::Duration::microseconds(row.duration_us);
        for (name, value) in [
            ("row", seq.to_string()),
            ("at", instant(row.at)),
            ("principal", row.principal.clone()),
            ("agent", id(row.agent.clone())),
            ("from", row.origin.clone()),
            ("tool", row.tool.clone()),
            ("risk", id(row.risk.map(|risk| risk.as_str().to_owned()))),
            ("guild", id(row.guild_id.map(|id| id.to_string()))),
            ("channel", id(row.channel_id.map(|id| id.to_string()))),
            ("outcome", row.outcome.as_str().to_owned()),
            ("stage", row.stage.as_str().to_owned()),
            ("code", row.code.clone()),
            ("reason", row.reason.clone()),
            ("rules", row.rules.join(", ")),
            ("policy", row.policy_version.clone()),
            ("arguments", row.digest.clone()),
            ("took", format!("{duration:.1}")),
        ] {
            output::line(&format!("{name:<10} {value}"));
        }
        output::line("");
    }
    Ok(())
}

/// How many rows a principal has.
pub(super) async fn count_of(store: &Store, principal: &str) -> anyhow::Result<usize> {
    let (mut after, mut found) = (0, 0);
    loop {
        let page = store.decisions(after, PAGE).await?;
        let Some((last, _)) = page.last() else {
            return Ok(found);
        };
        after = *last;
        found += page
            .iter()
            .filter(|(_, row)| row.principal == principal)
            .count();
    }
}

/// The store gives a page at a time.
async fn read(store: &Store, mut after: i64, limit: u32) -> anyhow::Result<Vec<(i64, Decision)>> {
    let limit = usize::try_from(limit)?;
    let mut rows = Vec::new();
    while rows.len() < limit {
        let wanted = u32::try_from(limit - rows.len())?.min(PAGE);
        let page = store.decisions(after, wanted).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        rows.extend(page);
    }
    Ok(rows)
}

/// The newest that fit, oldest of them first.
async fn search(
    store: &Store,
    mut filter: DecisionFilter,
    after: i64,
    limit: u32,
) -> anyhow::Result<Vec<(i64, Decision)>> {
    let limit = usize::try_from(limit)?;
    let mut rows: Vec<(i64, Decision)> = Vec::new();
    while rows.len() < limit {
        let wanted = u32::try_from(limit - rows.len())?.min(PAGE);
        let page = store.search(&filter, wanted).await?;
        let Some((last, _)) = page.last() else { break };
        filter.before = Some(*last);
        let ended = *last <= after;
        rows.extend(page.into_iter().filter(|(seq, _)| *seq > after));
        if ended {
            break;
        }
    }
    rows.reverse();
    Ok(rows)
}

fn filter(only: &DecisionArgs) -> anyhow::Result<DecisionFilter> {
    let moment = |flag: &str, text: &Option<String>| {
        let Some(text) = text else { return Ok(None) };
        match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(at) => Ok(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()),
            Err(_) => bail!("{flag} is not a time like 2026-01-31T12:00:00Z: {text}"),
        }
    };
    let outcome = match &only.outcome {
        None => None,
        Some(word) => match serde_json::from_value::<Outcome>(json!(word)) {
            Ok(outcome) => Some(outcome),
            Err(_) => bail!(
                "--outcome is planned, refused, started, done, failed, unknown or replayed, not {word}"
            ),
        },
    };
    Ok(DecisionFilter {
        outcome,
        tool: only.tool.clone(),
        principal: only.principal.clone(),
        guild_id: only.guild,
        call_id: only.call_id.clone(),
        since: moment("--since", &only.since)?,
        until: moment("--until", &only.until)?,
        ..DecisionFilter::default()
    })
}

pub(crate) fn instant(ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| ms.to_string())
}
