//! Families of tools, which `--toolsets` chooses from.

use serde::Serialize;

/// A family of tools that is listed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Toolset {
    Discovery,
    Messages,
    Threads,
    Reactions,
    Channels,
    Guilds,
    Roles,
    Members,
    Moderation,
    Webhooks,
    Invites,
    Audit,
    Automations,
}

impl Toolset {
    /// Every toolset, in the order of the reference.
    pub const ALL: [Self; 13] = [
        Self::Discovery,
        Self::Messages,
        Self::Threads,
        Self::Reactions,
        Self::Channels,
        Self::Guilds,
        Self::Roles,
        Self::Members,
        Self::Moderation,
        Self::Webhooks,
        Self::Invites,
        Self::Audit,
        Self::Automations,
    ];

    /// The word that `--toolsets` takes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Messages => "messages",
            Self::Threads => "threads",
            Self::Reactions => "reactions",
            Self::Channels => "channels",
            Self::Guilds => "guilds",
            Self::Roles => "roles",
            Self::Members => "members",
            Self::Moderation => "moderation",
            Self::Webhooks => "webhooks",
            Self::Invites => "invites",
            Self::Audit => "audit",
            Self::Automations => "automations",
        }
    }
}
