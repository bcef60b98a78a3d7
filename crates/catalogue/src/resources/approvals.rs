//! Approvals: how it stands with calls that wait for people. Looking only; people decide in Discord.

use model::Risk;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tool::{Needs, Tool, flow};

pub(super) fn tools() -> Vec<Tool> {
    vec![flow(
        "discord_get_approval",
        "Get approvals",
        Risk::Read,
        &[],
        Needs::NOTHING,
        |_: &GetApproval| Vec::new(),
    )]
}

/// How your calls that wait for people stand.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the flow reads the validated map")]
struct GetApproval {
    /// Absent: your latest.
    approval_id: Option<String>,
}
