//! Automations: what an agent proposes and a person enables. A flow behind the gate stores the draft.

use model::{ChannelId, GuildId, Permissions, Risk, path};
use schemars::JsonSchema;
use serde::Deserialize;

use super::channels;
use crate::{
    limits,
    tool::{Needs, Tool, flow},
    undo::Undoing,
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        flow(
            "discord_draft_automation",
            "Draft an automation",
            Risk::Write,
            &[],
            Needs::guild(Permissions::NONE),
            |args: &DraftAutomation| {
                let guild =
                    model::Request::get(path!("/guilds/{guild_id}", guild_id = args.guild_id));
                let channel = args.channel_id.map(channels::get_request);
                std::iter::once(guild).chain(channel).collect()
            },
        )
        .undoing(Undoing::Never(
            "a draft never acts, and nobody has to enable it",
        )),
    ]
}

/// Propose an automation in words. A person reviews and enables it; a draft never acts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the flow reads the validated map")]
struct DraftAutomation {
    guild_id: GuildId,
    #[schemars(length(min = 1, max = limits::DRAFT_NAME))]
    name: String,
    /// When it would act.
    #[schemars(length(min = 1, max = limits::DRAFT_TEXT))]
    trigger: String,
    /// What it would do.
    #[schemars(length(min = 1, max = limits::DRAFT_TEXT))]
    action: String,
    /// Where, if only in one channel.
    channel_id: Option<ChannelId>,
}
