//! What another policy would have made of the calls that were recorded.
//!
//! Each call is weighed at the time, in the workspace and in the channel that were recorded. Decisions
//! keep a channel, not what it is in, so rules about categories may reach further than shown here.
//! They keep no scopes and no roles: a key counts with those that it has today, one that is gone with
//! every scope, and how many were which is told. What is unknown about a Discord user's roles, or
//! about what a conversation had read, counts as the gate counts it: against the call.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use model::{
    Millis, WorkspaceId,
    ledger::{ApiKey, Decision, DecisionFilter, Ledger, StoreError},
};
use policy::{Asker, Circumstances, Fate, Judges, Policy, Weighed};
use schemars::JsonSchema;
use serde::Serialize;

use super::described::{Described, Judged};

/// Rows read at once. Others have their turn in between.
const PAGE: u32 = 200;
/// Most calls that are weighed; older ones are left out, and that is said.
pub const CALLS_MAX: usize = 50_000;

/// Which calls, and by which policies.
pub struct Backtest {
    /// Only those of one workspace.
    pub workspace: Option<WorkspaceId>,
    /// Only those since then.
    pub since: Millis,
    pub before: Judging,
    pub after: Judging,
    /// The keys there are today, for their scopes and roles.
    pub keys: Vec<ApiKey>,
}

/// A policy of the operator's, and those of workspaces under it.
pub struct Judging {
    judges: Arc<dyn Judges>,
    ceiling: Arc<Policy>,
    own: HashMap<WorkspaceId, Policy>,
    made: HashMap<WorkspaceId, Judged>,
}

impl Judging {
    pub fn new(
        judges: Arc<dyn Judges>,
        ceiling: Arc<Policy>,
        own: impl IntoIterator<Item = (WorkspaceId, Policy)>,
    ) -> Self {
        Self {
            judges,
            ceiling,
            own: own.into_iter().collect(),
            made: HashMap::new(),
        }
    }

    /// What is in force for a workspace.
    pub fn of(&mut self, workspace: &WorkspaceId) -> Judged {
        if let Some(made) = self.made.get(workspace) {
            return made.clone();
        }
        let policy = match self.own.get(workspace) {
            Some(own) => own.clone().under(Arc::clone(&self.ceiling)),
            None => (*self.ceiling).clone(),
        };
        let judged = Judged::of(policy, &*self.judges);
        self.made.insert(workspace.clone(), judged.clone());
        judged
    }
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Backtested {
    pub calls: u64,
    /// Calls whose fate stays.
    pub same: u64,
    /// Calls of tools that are gone.
    pub unknown: u64,
    /// Calls by keys, weighed with the scopes and the role that the key has today.
    pub with_scopes_of_today: u64,
    /// Calls by keys that are gone, weighed with every scope, as an operator.
    pub with_every_scope: u64,
    /// There were more calls than are weighed; the oldest were left out.
    pub truncated: bool,
    /// The most frequent first.
    pub changes: Vec<FateChange>,
}

/// One way in which fates change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FateChange {
    pub tool: String,
    pub principal: String,
    pub workspace: WorkspaceId,
    /// `deny`, `ask`, `confirm`, `plan` or `run`.
    #[schemars(with = "String")]
    pub before: Fate,
    #[schemars(with = "String")]
    pub after: Fate,
    /// Rules of the new policy that had a say.
    pub rules: Vec<String>,
    /// Why the new policy refuses, where it does.
    pub reason: Option<String>,
    pub calls: u64,
    /// One of the calls, for `guildhall audit show`.
    pub example: String,
}

/// Compare two policies over recorded calls, newest first.
///
/// # Errors
/// The decisions cannot be read.
pub async fn backtest(ledger: &dyn Ledger, mut test: Backtest) -> Result<Backtested, StoreError> {
    let keys: HashMap<String, &ApiKey> = test
        .keys
        .iter()
        .map(|key| (format!("key:{}", key.name), key))
        .collect();
    let mut found = Backtested::default();
    let mut changes: BTreeMap<(String, String, WorkspaceId, Fate, Fate), FateChange> =
        BTreeMap::new();
    let mut seen = HashSet::new();
    let mut filter = DecisionFilter {
        workspace: test.workspace.clone(),
        since: Some(test.since),
        ..DecisionFilter::default()
    };
    'pages: loop {
        let rows = ledger.search(&filter, PAGE).await?;
        let Some((last, _)) = rows.last() else { break };
        filter.before = Some(*last);
        for (_, row) in rows {
            // What manages something is no call of a tool; and a call has several rows, of which
            // each has all that is needed.
            if is_managing(&row) || !seen.insert(row.call_id.clone()) {
                continue;
            }
            if seen.len() > CALLS_MAX {
                found.truncated = true;
                break 'pages;
            }
            found.calls += 1;
            let key = keys.get(&row.principal).copied();
            let (call, then) = (described(&row, key), circumstances(&row));
            let weighed = |judging: &mut Judging| call.weigh_in(&judging.of(&row.workspace), &then);
            let (Ok(was), Ok(becomes)) = (weighed(&mut test.before), weighed(&mut test.after))
            else {
                found.unknown += 1;
                continue;
            };
            if row.principal.starts_with("key:") {
                match key {
                    Some(_) => found.with_scopes_of_today += 1,
                    None => found.with_every_scope += 1,
                }
            }
            if was.fate() == becomes.fate() {
                found.same += 1;
                continue;
            }
            let kind = (
                row.tool.clone(),
                row.principal.clone(),
                row.workspace.clone(),
                was.fate(),
                becomes.fate(),
            );
            changes
                .entry(kind)
                .or_insert_with(|| FateChange::new(&row, &was, &becomes))
                .calls += 1;
        }
        tokio::task::yield_now().await;
    }
    found.changes = changes.into_values().collect();
    found
        .changes
        .sort_by_key(|change| std::cmp::Reverse(change.calls));
    Ok(found)
}

/// `workspace.create`: tools have no dot in their names.
fn is_managing(row: &Decision) -> bool {
    row.tool.contains('.')
}

fn described(row: &Decision, key: Option<&ApiKey>) -> Described {
    Described {
        scopes: key.map(|key| key.scopes.clone()),
        workspace: Some(row.workspace.clone()),
        role: key.map(|key| key.role),
        guild: row.guild_id,
        channel: row.channel_id,
        ..Described::new(row.tool.clone(), row.principal.clone())
    }
}

fn circumstances(row: &Decision) -> Circumstances {
    Circumstances {
        at: row.at,
        asker: (row.origin == "discord").then(Asker::default),
        after_untrusted: None,
    }
}

impl FateChange {
    fn new(row: &Decision, was: &Weighed, becomes: &Weighed) -> Self {
        Self {
            tool: row.tool.clone(),
            principal: row.principal.clone(),
            workspace: row.workspace.clone(),
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
