//! `discord_list_decisions`: what the gate decided, for those who may know. Everybody sees their
//! own rows; who manages the workspace, or is named by a rule, sees those of others. Nobody learns
//! of guilds and channels here that they may not look into.

use async_trait::async_trait;
use catalogue::View;
use model::{
    Origin, Role,
    ledger::{Decision, DecisionFilter, StoreError},
};
use policy::{Circumstances, Effect, Lineage, Question, Spot, Whereabouts};
use serde_json::{Map, Value, json};

use crate::{
    Gate,
    answer::{Declined, Retry},
    flow::{Flow, FlowContext},
    home::Home,
    shown,
    standing::Standing,
    when,
};

/// The tool's name.
pub(crate) const NAME: &str = "discord_list_decisions";

/// Rows that are looked through for one answer, where many may not be shown.
const MOST_READ: usize = 2_000;
/// Rows read at once.
const PAGE: u32 = 200;
/// Reasons quote names of roles and channels, agents name themselves, and a tool that is none may be
/// called anything.
const UNTRUSTED: &[&str] = &[
    "decisions[].reason",
    "decisions[].agent",
    "decisions[].tool",
];

/// The flow.
pub(crate) struct ListDecisions;

#[async_trait]
impl Flow for ListDecisions {
    async fn run(&self, gate: &Gate, call: &FlowContext) -> Result<View, Declined> {
        not_for_askers(call)?;
        let standing = gate.standing(&call.principal.workspace);
        let home = gate
            .home_of(&call.principal)
            .await
            .map_err(|error| broken(call, &error))?;
        let sees_all = sees_all(gate, &standing, call);
        let mut filter = filter(call)?;
        let wanted = limit(&call.arguments);
        if !sees_all {
            let own = call.principal.id.as_str();
            if filter.principal.as_deref().is_some_and(|name| name != own) {
                return Err(call.refuse(
                    model::Reason::new(
                        "not_your_decisions",
                        "only your own decisions are yours to read",
                    )
                    .with_hint(
                        "admins and owners of the workspace see all; a rule that allows \
                         discord_list_decisions by name lets others",
                    ),
                    None,
                ));
            }
            filter.principal = Some(own.to_owned());
        }
        let mut shown = Vec::new();
        let mut read = 0;
        let mut more = None;
        while read < MOST_READ {
            let page = gate
                .0
                .ledger
                .search(&filter, PAGE)
                .await
                .map_err(|error| broken(call, &error))?;
            let Some((last, _)) = page.last() else {
                more = None;
                break;
            };
            filter.before = Some(*last);
            read += page.len();
            let is_last = page.len() < PAGE as usize;
            for (seq, row) in page {
                if shown.len() == wanted {
                    more = shown_last(&shown);
                    break;
                }
                if may_know(gate, &standing, &home, call, &row).await {
                    shown.push(show(seq, &row));
                }
                more = Some(json!(seq.to_string()));
            }
            if shown.len() == wanted {
                break;
            }
            if is_last {
                more = None;
                break;
            }
        }
        let mut value = json!({ "decisions": shown });
        if let Some(more) = more {
            value["continue_before"] = more;
        }
        Ok(View {
            value,
            untrusted: UNTRUSTED,
        })
    }
}

/// The rows are the client's, made for whoever asked it: no Discord user may know of all of them.
fn not_for_askers(call: &FlowContext) -> Result<(), Declined> {
    if !matches!(call.origin, Origin::Discord { .. }) {
        return Ok(());
    }
    let reason = model::Reason::new(
        "not_for_askers",
        "what was decided is shown to the client alone, never for somebody in Discord",
    );
    Err(call.refuse(reason, None))
}

fn shown_last(shown: &[Value]) -> Option<Value> {
    shown.last().map(|row| row["seq"].clone())
}

/// Whether rows of others may be shown: to who manages the workspace, and where a rule names this
/// very tool.
fn sees_all(gate: &Gate, standing: &Standing, call: &FlowContext) -> bool {
    if call.principal.role >= Role::Admin {
        return true;
    }
    let circumstances = Circumstances::plain(gate.0.clock.now_ms());
    let asked = question(call, &[], &circumstances);
    if !standing.judge.platform(&asked).verdict.allows() {
        return false;
    }
    // Rules of the operator alone: what a workspace writes for itself only takes away.
    let operators = standing.policy.ceiling.as_ref().unwrap_or(&standing.policy);
    let names_it = |name: &String| {
        operators.rules.iter().any(|rule| {
            rule.name == *name
                && rule.effect == Some(Effect::Allow)
                && rule.tools.iter().any(|tool| tool == NAME)
        })
    };
    let ruling = policy::platform(operators, &asked);
    ruling.rules.iter().any(names_it)
}

fn question<'a>(
    call: &'a FlowContext,
    spots: &'a [Spot],
    circumstances: &'a Circumstances,
) -> Question<'a> {
    Question {
        principal: &call.principal,
        tool: NAME,
        toolset: catalogue::Toolset::Audit.as_str(),
        risk: model::Risk::Read,
        spots,
        circumstances,
    }
}

/// Whether the caller may know of the places that a row names.
async fn may_know(
    gate: &Gate,
    standing: &Standing,
    home: &Home,
    call: &FlowContext,
    row: &Decision,
) -> bool {
    let policy = &standing.policy;
    let mut channels = Vec::new();
    if let Some(channel) = row.channel_id {
        let lineage = if policy.looks_at_channels() {
            let found = shown::lineage_of(&*gate.0.surroundings, &channel.to_string()).await;
            let Some((lineage, _)) = found else {
                return false;
            };
            lineage
        } else {
            Lineage {
                channel,
                parents: Vec::new(),
            }
        };
        channels.push(lineage.channel);
        channels.extend(&lineage.parents);
    }
    if row.guild_id.is_none() && channels.is_empty() {
        return true;
    }
    let spots = [Spot {
        guild: row.guild_id,
        channels,
    }];
    let circumstances = Circumstances::plain(gate.0.clock.now_ms());
    let asked = question(call, &spots, &circumstances);
    if !standing.judge.channels(&asked).verdict.allows() {
        return false;
    }
    let Some(guild) = row.guild_id else {
        return true;
    };
    home.owns(guild)
        && policy::guilds(policy, &[Whereabouts::Guild(guild)])
            .verdict
            .allows()
        && standing.judge.platform(&asked).verdict.allows()
}

fn show(seq: i64, row: &Decision) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| {
        let is_empty = value.is_null()
            || value.as_str().is_some_and(str::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        if !is_empty {
            shown.insert(name.to_owned(), value);
        }
    };
    put("seq", json!(seq.to_string()));
    put("at", json!(when::shown(row.at)));
    put("call_id", json!(row.call_id));
    put("principal", json!(row.principal));
    put("agent", json!(row.agent));
    put("from", json!(row.origin));
    put("tool", json!(row.tool));
    put("risk", json!(row.risk));
    put("guild_id", json!(row.guild_id));
    put("channel_id", json!(row.channel_id));
    put("outcome", json!(row.outcome));
    put("check", json!(row.stage));
    put("code", json!(row.code));
    put("reason", json!(row.reason));
    put("rules", json!(row.rules));
    put("policy_version", json!(row.policy_version));
    put("milliseconds", json!(row.duration_us / 1_000));
    Value::Object(shown)
}

fn filter(call: &FlowContext) -> Result<DecisionFilter, Declined> {
    let text = |name: &str| {
        let value = call.arguments.get(name).and_then(Value::as_str);
        value.map(str::to_owned)
    };
    let moment = |name: &str| match text(name) {
        None => Ok(None),
        Some(text) => when::read(&text)
            .map(Some)
            .ok_or_else(|| wrong(call, name, "is not a time like 2026-01-31T12:00:00Z")),
    };
    let before = match text("before") {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| wrong(call, "before", "is not the `seq` of a decision"))?,
        ),
    };
    let outcome = text("outcome");
    Ok(DecisionFilter {
        workspace: Some(call.principal.workspace.clone()),
        before,
        tool: text("tool"),
        outcome: outcome.and_then(|word| serde_json::from_value(Value::from(word)).ok()),
        principal: text("principal"),
        guild_id: text("guild_id").and_then(|id| id.parse().ok()),
        call_id: text("call_id"),
        since: moment("since")?,
        until: moment("until")?,
    })
}

fn limit(arguments: &Map<String, Value>) -> usize {
    let limit = arguments.get("limit").and_then(Value::as_u64).unwrap_or(20);
    usize::try_from(limit).unwrap_or(1)
}

fn wrong(call: &FlowContext, name: &str, rule: &str) -> Declined {
    let reason = model::Reason::new("invalid_arguments", format!("`{name}` {rule}"));
    call.refuse(reason, None)
}

fn broken(call: &FlowContext, error: &StoreError) -> Declined {
    tracing::error!(call_id = %call.call_id, %error, "the audit cannot be read");
    call.fail(
        "store_unavailable",
        "the audit cannot be read now",
        Retry::After(1_000),
    )
}
