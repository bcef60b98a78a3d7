//! What another policy would have made of the calls that were recorded.
//!
//! Each call is weighed at the time and in the channel that were recorded. Decisions keep a channel,
//! not what it is in, and neither scopes nor roles: rules about categories may reach further than
//! shown here, every principal counts with all scopes, and what is unknown about a Discord user's
//! roles or about what a conversation had read counts as the gate counts it: against the call.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
    time::Duration,
};

use model::{
    Clock as _, WorkspaceId,
    ledger::{Decision, Ledger as _},
};
use policy::{Asker, Circumstances, Fate, Weighed};
use serde::Serialize;
use store::Store;

use super::sketch::{Described, Judged};
use crate::{cli::BacktestArgs, clock::SystemClock, config::Config, output, wiring};

/// Rows read at once.
const PAGE: u32 = 1_000;

/// One way in which fates change.
#[derive(Debug, Serialize)]
struct Change {
    tool: String,
    principal: String,
    before: Fate,
    after: Fate,
    /// Rules of the new policy that had a say.
    rules: Vec<String>,
    /// Why the new policy refuses, where it does.
    reason: Option<String>,
    calls: u64,
    /// One of the calls, for `guildhall audit show`.
    example: String,
}

#[derive(Debug, Default, Serialize)]
struct Outcome {
    calls: u64,
    /// Calls whose fate stays.
    same: u64,
    /// Calls of tools that are gone.
    unknown: u64,
    changes: Vec<Change>,
}

/// Compare the policy in force with another one, over the calls of some days.
pub(super) async fn run(args: &BacktestArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let before = wiring::policy(config)?;
    let after = super::in_force(Some(&args.policy), config)?;
    let since = SystemClock.now_ms() - millis(args.since);
    let store = wiring::open_store(config).await?;
    let (before, after) = (Judged::of(before), Judged::of(after));
    let outcome = compare(&store, since, &before, &after).await;
    store.close().await;
    let outcome = outcome?;
    if args.json {
        output::json(&outcome)?;
    } else {
        say(&outcome);
    }
    Ok(ExitCode::SUCCESS)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

async fn compare(
    store: &Store,
    since: i64,
    before: &Judged,
    after: &Judged,
) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut changes: BTreeMap<(String, String, Fate, Fate), Change> = BTreeMap::new();
    // A call has several rows; its first one has all that is needed. Rows of one call lie close
    // together, so remembering the last page's calls is enough.
    let (mut seen, mut earlier) = (BTreeSet::new(), BTreeSet::new());
    let mut last = 0;
    loop {
        let rows = store.decisions(last, PAGE).await?;
        let Some((seq, _)) = rows.last() else { break };
        last = *seq;
        earlier = std::mem::replace(&mut seen, earlier);
        seen.clear();
        for (_, row) in rows {
            if row.at < since || earlier.contains(&row.call_id) || !seen.insert(row.call_id.clone())
            {
                continue;
            }
            outcome.calls += 1;
            let (call, then) = (described(&row), circumstances(&row));
            let weighed = |judged| call.weigh_in(judged, &then);
            let (Ok(was), Ok(becomes)) = (weighed(before), weighed(after)) else {
                outcome.unknown += 1;
                continue;
            };
            if was.fate() == becomes.fate() {
                outcome.same += 1;
                continue;
            }
            let key = (
                row.tool.clone(),
                row.principal.clone(),
                was.fate(),
                becomes.fate(),
            );
            changes
                .entry(key)
                .or_insert_with(|| Change::new(&row, &was, &becomes))
                .calls += 1;
        }
    }
    outcome.changes = changes.into_values().collect();
    outcome
        .changes
        .sort_by_key(|change| std::cmp::Reverse(change.calls));
    Ok(outcome)
}

fn described(row: &Decision) -> Described {
    Described {
        tool: row.tool.clone(),
        principal: row.principal.clone(),
        scopes: None,
        guild: row.guild_id,
        channel: row.channel_id,
        inside: Vec::new(),
        direct_message: false,
        workspace: WorkspaceId::default(),
        role: None,
        at: None,
        asker_roles: None,
        after_untrusted: false,
    }
}

fn circumstances(row: &Decision) -> Circumstances {
    Circumstances {
        at: row.at,
        asker: (row.origin == "discord").then(Asker::default),
        after_untrusted: None,
    }
}

impl Change {
    fn new(row: &Decision, was: &Weighed, becomes: &Weighed) -> Self {
        Self {
            tool: row.tool.clone(),
            principal: row.principal.clone(),
            before: was.fate(),
            after: becomes.fate(),
            rules: becomes.rules().into_iter().map(str::to_owned).collect(),
            reason: becomes
                .refusal()
                .map(|(_, ruling)| ruling.verdict.reason().message.clone()),
            calls: 0,
            example: row.call_id.clone(),
        }
    }
}

fn say(outcome: &Outcome) {
    let Outcome {
        calls,
        same,
        unknown,
        changes,
    } = outcome;
    let rows: Vec<Vec<String>> = changes
        .iter()
        .map(|change| {
            vec![
                change.calls.to_string(),
                format!("{} → {}", change.before.as_str(), change.after.as_str()),
                change.tool.clone(),
                change.principal.clone(),
                change.rules.join(", "),
                change.example.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        output::table(
            &["CALLS", "CHANGE", "TOOL", "PRINCIPAL", "RULES", "EXAMPLE"],
            &rows,
        );
        output::line("");
    }
    let gone = if *unknown == 0 {
        String::new()
    } else {
        format!(", {unknown} were of tools that are gone")
    };
    output::line(&format!(
        "{same} of {calls} calls would have had the same fate{gone}."
    ));
}
