//! What the gate decided. A flow behind the gate reads it, and shows each caller what they may know.

use model::{GuildId, Risk};
use schemars::JsonSchema;
use serde::Deserialize;

use super::guilds;
use crate::{
    limits,
    tool::{Needs, Tool, flow},
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        flow(
            "discord_list_decisions",
            "List decisions",
            Risk::Read,
            &[],
            Needs::NOTHING,
            |args: &ListDecisions| args.guild_id.map(guilds::get_request).into_iter().collect(),
        )
        .repeatable(),
    ]
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Planned,
    Refused,
    Started,
    Done,
    Failed,
    Unknown,
    Replayed,
}

/// Read what was asked of Guildhall and what became of it, newest first.
///
/// Everybody sees their own calls; admins of the workspace see all. Guilds and channels that may not be looked into are left
/// out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the flow reads the validated map")]
struct ListDecisions {
    /// Only of this tool.
    #[schemars(length(min = 1, max = limits::QUERY))]
    tool: Option<String>,
    outcome: Option<Ended>,
    /// Like key:monitor.
    #[schemars(length(min = 1, max = limits::QUERY))]
    principal: Option<String>,
    guild_id: Option<GuildId>,
    /// Only of this call.
    #[schemars(length(min = 1, max = limits::QUERY))]
    call_id: Option<String>,
    /// From this time on.
    #[schemars(example = "2026-01-31T12:00:00Z")]
    since: Option<String>,
    /// Before this time.
    #[schemars(example = "2026-01-31T12:00:00Z")]
    until: Option<String>,
    /// Only older than the decision with this `seq`.
    #[schemars(length(min = 1, max = 19), example = "4711")]
    before: Option<String>,
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = limits::DECISIONS))]
    limit: u32,
}

fn twenty() -> u32 {
    20
}
