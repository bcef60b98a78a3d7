//! One rule: whom and what it is about, when it counts, and what it says.

use model::{ChannelId, GuildId, Risk, Role, RoleId, WorkspaceId};
use serde::{Deserialize, Serialize};

use crate::{
    strict::{self, NoOtherKeys},
    times::{Day, Hours, Moment, UtcOffset},
};

/// Lists that are empty match everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rule {
    /// Appears in refusals, plans and the audit. Unique.
    pub name: String,
    /// Names or patterns: `discord_delete_*`.
    #[serde(default)]
    pub tools: Vec<String>,
    #[serde(default)]
    pub toolsets: Vec<String>,
    #[serde(default)]
    pub risks: Vec<Risk>,
    /// Names or patterns: `local`, `key:*`.
    #[serde(default)]
    pub principals: Vec<String>,
    /// Workspaces of the principal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<WorkspaceId>,
    /// Roles of the principal in its workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// A rule with guilds says nothing about calls that concern no guild.
    #[serde(default)]
    pub guilds: Vec<GuildId>,
    /// The channel itself, its parent, or its category. A rule with channels says nothing about
    /// what concerns no channel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelId>,
    /// For calls that came from a Discord user: roles that user has in the guild the call
    /// concerns; the guild's own id is the role of everybody. A rule with them says nothing about
    /// other calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discord_roles: Vec<RoleId>,
    /// A time of day: `22:00-06:00`. May go past midnight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Days on which the hours begin, or whole days where there are no hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// What hours and days are told in: `+02:00`. Absent: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<UtcOffset>,
    /// It begins by itself then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// It ends by itself then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Only for calls of a conversation that has (or has not) read words of people whom nobody
    /// vouches for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_untrusted: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// For `ask`: which entry of `approvals`. May be left out where there is exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// Whether a call that does not say `dry_run` is only planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run_by_default: Option<bool>,
    /// Whether a call must carry the token of its own plan. `false` reaches destructive tools only
    /// where the rule names them: the risk itself, or the tool without a pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_confirmation: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_minute: Option<u32>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::rule")]
    pub others: NoOtherKeys,
}

/// What a rule says about a tool, from the mildest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Allow,
    /// Only with the approval of people.
    Ask,
    Deny,
}

impl Effect {
    /// Its word, as rules write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}
