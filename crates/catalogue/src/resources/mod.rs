//! One file for each resource of Discord: rows at the top, then arguments and pure functions.

use crate::{tool::Tool, toolset::Toolset};

mod approvals;
mod audit;
mod automations;
mod channels;
mod decisions;
mod discovery;
mod guilds;
mod invites;
mod locks;
mod members;
mod messages;
mod moderation;
mod reactions;
mod roles;
mod several;
mod threads;
mod webhooks;

/// Every tool, by toolset.
pub(crate) fn all() -> Vec<Tool> {
    [
        (Toolset::Discovery, discovery::tools()),
        (Toolset::Discovery, several::tools()),
        (Toolset::Messages, messages::tools()),
        (Toolset::Threads, threads::tools()),
        (Toolset::Threads, locks::tools()),
        (Toolset::Reactions, reactions::tools()),
        (Toolset::Channels, channels::tools()),
        (Toolset::Guilds, guilds::tools()),
        (Toolset::Roles, roles::tools()),
        (Toolset::Members, members::tools()),
        (Toolset::Moderation, moderation::tools()),
        (Toolset::Webhooks, webhooks::tools()),
        (Toolset::Invites, invites::tools()),
        (Toolset::Audit, audit::tools()),
        (Toolset::Audit, decisions::tools()),
        (Toolset::Audit, approvals::tools()),
        (Toolset::Automations, automations::tools()),
    ]
    .into_iter()
    .flat_map(|(toolset, tools)| tools.into_iter().map(move |tool| tool.of(toolset)))
    .collect()
}
