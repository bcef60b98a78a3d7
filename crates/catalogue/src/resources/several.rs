//! Several calls as one, and calls that take back others. The gate carries them out.

use model::{GuildId, Risk, path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    limits,
    tool::{Needs, Tool, flow},
    undo::Undoing,
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        flow(
            "discord_undo",
            "Undo a call",
            Risk::Write,
            &[],
            Needs::NOTHING,
            |args: &Undo| {
                let guild =
                    |id: GuildId| model::Request::get(path!("/guilds/{guild_id}", guild_id = id));
                args.guild_id.map(guild).into_iter().collect()
            },
        )
        .undoing(Undoing::AsItsCalls)
        .carrying(),
        flow(
            "discord_batch",
            "Carry out several calls as one",
            Risk::Write,
            &[],
            Needs::NOTHING,
            |_: &Batch| Vec::new(),
        )
        .undoing(Undoing::AsItsCalls)
        .carrying(),
    ]
}

/// Take back a call that went through: shows the calls that would, then runs them.
///
/// Give `call_id`, or `last` for your latest write that can be undone. What others changed since is shown first. An undo can be
/// undone in turn by its own call_id.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the gate reads the validated map")]
struct Undo {
    /// From the result of the call.
    #[schemars(length(min = 1, max = limits::CALL_ID))]
    call_id: Option<String>,
    /// Your latest.
    #[serde(default)]
    last: bool,
    /// With last: in this guild.
    guild_id: Option<GuildId>,
    /// Go on though others changed it.
    #[serde(default)]
    even_if_changed: bool,
}

/// Run up to 20 calls as one: all are checked first, one plan, one confirmation, stops at the first failure.
///
/// An id argument may be `"$1.id"` or `"$2.channel_id"`: a field of an earlier step's result. Tools that wait or pass calls
/// on cannot be steps. `dry_run`, `confirm` and `idempotency_key` are said of the whole.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the gate reads the validated map")]
struct Batch {
    /// {tool, arguments}
    #[schemars(length(min = 1, max = limits::BATCH))]
    calls: Vec<BatchCall>,
    #[serde(default)]
    on_failure: OnFailure,
}

#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BatchCall {
    tool: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

/// What becomes of the steps before the one that failed.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OnFailure {
    #[default]
    Stop,
    RollBack,
}
