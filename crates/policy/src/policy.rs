//! The policy as the operator writes it, in `[policy]` of `guildhall.toml`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{ChannelId, GuildId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    AfterUntrusted, Approval, Lockdown, Rates, Rule,
    strict::{self, NoOtherKeys},
};

/// Everything the operator decided. The default allows what a credential's scopes allow, in every
/// guild the bot is in, with the ceremony that each risk asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Only tools of risk `read` exist. No rule relaxes it.
    pub read_only: bool,
    /// Guilds that may be used. Absent: every guild the bot is in. Empty: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_guilds: Option<BTreeSet<GuildId>>,
    /// Whether DMs may be used. Absent: only while no guild list narrows the bot's world.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_messages: Option<bool>,
    /// Principals that belong to this workspace, by name or pattern (`key:*`). Absent: all who
    /// proved who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<String>>,
    pub channels: ChannelLists,
    pub rates: Rates,
    /// Ways of asking people, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub approvals: BTreeMap<String, Approval>,
    /// Absent: a model sees everybody's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lockdown: Option<Lockdown>,
    #[serde(skip_serializing_if = "AfterUntrusted::is_default")]
    pub after_untrusted: AfterUntrusted,
    /// Cedar policies of the operator's own. They can forbid, and forbid `unattended`; nothing that
    /// is forbidden otherwise becomes allowed by them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cedar: Option<String>,
    /// A file that holds them instead, seen from the configuration file. Whoever reads the
    /// configuration puts its text into `cedar`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cedar_file: Option<String>,
    /// Read from the top; for each question the first rule that matches and says something about
    /// it decides.
    pub rules: Vec<Rule>,
    /// What it cannot exceed: see [`Policy::under`].
    #[serde(skip)]
    pub ceiling: Option<Arc<Policy>>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::policy")]
    pub others: NoOtherKeys,
}

/// Which channels may be used. A thread is judged by itself, its parent and its category.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelLists {
    /// Absent: all that are not denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<BTreeSet<ChannelId>>,
    /// Wins over `allow`.
    pub deny: BTreeSet<ChannelId>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::channels")]
    pub others: NoOtherKeys,
}

/// Characters of a policy's version.
const VERSION_LENGTH: usize = 12;

impl Policy {
    /// A short hash of everything in it; audit rows and confirmation tokens carry it.
    pub fn version(&self) -> String {
        let mut canonical = serde_json::to_vec(self).expect("a policy has only text keys");
        if let Some(ceiling) = &self.ceiling {
            canonical.extend(ceiling.version().into_bytes());
        }
        let mut hash = hex::encode(Sha256::digest(canonical));
        hash.truncate(VERSION_LENGTH);
        hash
    }

    /// Whether anything in it depends on what a channel is in, so that it must be found out.
    pub fn looks_at_channels(&self) -> bool {
        self.channels.allow.is_some()
            || !self.channels.deny.is_empty()
            || self.has_rules_about_channels()
            || self
                .lockdown
                .as_ref()
                .is_some_and(|lockdown| !lockdown.channels.is_empty())
            || self
                .ceiling
                .as_ref()
                .is_some_and(|it| it.looks_at_channels())
    }

    /// Whether a rule asks what a conversation has read, so that it must be followed.
    pub fn looks_at_reading(&self) -> bool {
        self.cedar.is_some()
            || self.rules.iter().any(|rule| rule.after_untrusted.is_some())
            || self
                .ceiling
                .as_ref()
                .is_some_and(|it| it.looks_at_reading())
    }

    /// Whether a rule is about certain channels, or may be.
    pub fn has_rules_about_channels(&self) -> bool {
        self.cedar.is_some()
            || self.rules.iter().any(|rule| !rule.channels.is_empty())
            || self
                .ceiling
                .as_ref()
                .is_some_and(|it| it.has_rules_about_channels())
    }

    /// Whether a rule asks which roles a Discord user has.
    pub fn looks_at_discord_roles(&self) -> bool {
        self.cedar.is_some()
            || self.rules.iter().any(|rule| !rule.discord_roles.is_empty())
            || self
                .ceiling
                .as_ref()
                .is_some_and(|it| it.looks_at_discord_roles())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_follows_the_content() {
        let mut policy = Policy::default();
        let before = policy.version();
        assert_eq!(before.len(), VERSION_LENGTH);
        assert_eq!(before, Policy::default().version());
        policy.read_only = true;
        assert_ne!(before, policy.version());
    }
}
