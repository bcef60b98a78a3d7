//! What the gate decides, and why, in words for people and codes for programs.

use serde::{Deserialize, Serialize};

/// The eight checks, in the order in which they run. The order is a security property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 1: the caller proved who it is.
    ClientAuthentication,
    /// 2: the caller belongs to the workspace.
    WorkspaceMembership,
    /// 3: the bot is installed in the guild, and the guild is allowed.
    GuildInstallation,
    /// 4: the caller's role, scopes and the tool rules allow this tool.
    PlatformPermission,
    /// 5: the channel may be used.
    ChannelPolicy,
    /// 6: the bot (and the asker) may do this in Discord, hierarchy included.
    DiscordPermission,
    /// 7: the caller keeps to its rate.
    RateLimit,
    /// 8: carried out and written down.
    ExecuteAndAudit,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 8] = [
        Self::ClientAuthentication,
        Self::WorkspaceMembership,
        Self::GuildInstallation,
        Self::PlatformPermission,
        Self::ChannelPolicy,
        Self::DiscordPermission,
        Self::RateLimit,
        Self::ExecuteAndAudit,
    ];

    /// 1 to 8.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The stage's word in results and audit rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientAuthentication => "client_authentication",
            Self::WorkspaceMembership => "workspace_membership",
            Self::GuildInstallation => "guild_installation",
            Self::PlatformPermission => "platform_permission",
            Self::ChannelPolicy => "channel_policy",
            Self::DiscordPermission => "discord_permission",
            Self::RateLimit => "rate_limit",
            Self::ExecuteAndAudit => "execute_and_audit",
        }
    }
}

/// Why something was allowed or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs, `snake_case`, stable: `guild_not_allowed`.
    pub code: String,
    /// For people and models: one sentence that names the thing.
    pub message: String,
    /// What the reader can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Reason {
    /// A reason without a hint.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            hint: None,
        }
    }

    /// Add what the reader can do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What one stage says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Allow(Reason),
    Deny(Reason),
    /// Only with a person's approval.
    Ask(Reason),
}

impl Verdict {
    /// The reason, whichever way it went.
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Allow(reason) | Self::Deny(reason) | Self::Ask(reason) => reason,
        }
    }

    /// Whether this stage lets the call pass.
    pub fn allows(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

/// One line of a plan: a stage and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub stage: Stage,
    #[serde(flatten)]
    pub verdict: Verdict,
}
