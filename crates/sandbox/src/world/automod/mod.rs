//! AutoMod: the rules of a guild, what trips them, and what they do about it.

mod effect;
mod forget;
mod keyword;
mod preset;
mod profile;
mod rules;
mod screen;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Guild, World};
use crate::snowflake::Snowflake;
pub(crate) use keyword::{Keywords, MAX_REGEX_BYTES, compile};
pub(crate) use profile::QUARANTINED;
pub(crate) use screen::Screened;

/// Discord: Auto Moderation Rule Object › Trigger Types, with how many rules each may have.
pub(crate) mod trigger {
    pub(crate) const KEYWORD: u64 = 1;
    pub(crate) const SPAM: u64 = 3;
    pub(crate) const KEYWORD_PRESET: u64 = 4;
    pub(crate) const MENTION_SPAM: u64 = 5;
    pub(crate) const MEMBER_PROFILE: u64 = 6;

    pub(crate) const ALL: &[u64] = &[KEYWORD, SPAM, KEYWORD_PRESET, MENTION_SPAM, MEMBER_PROFILE];

    pub(crate) const fn max_rules(kind: u64) -> usize {
        if kind == KEYWORD { 6 } else { 1 }
    }
}

/// Discord: Auto Moderation Rule Object › Event Types.
pub(crate) const ON_MESSAGE: u64 = 1;
pub(crate) const ON_MEMBER: u64 = 2;

/// What trips a rule.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Trigger {
    Keyword(Keywords),
    Spam,
    Preset {
        presets: Vec<u64>,
        allowed: Vec<String>,
    },
    Mentions {
        limit: u64,
        raids: bool,
    },
    Profile(Keywords),
}

/// What a rule does.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Effect {
    Block { message: Option<String> },
    Alert { channel: Snowflake },
    Timeout { seconds: u64 },
    Quarantine,
}

/// A rule of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Rule {
    pub id: Snowflake,
    pub creator: Snowflake,
    pub name: String,
    pub trigger: Trigger,
    pub effects: Vec<Effect>,
    pub enabled: bool,
    pub exempt_roles: BTreeSet<Snowflake>,
    pub exempt_channels: BTreeSet<Snowflake>,
}

impl Trigger {
    pub(crate) const fn number(&self) -> u64 {
        match self {
            Self::Keyword(_) => trigger::KEYWORD,
            Self::Spam => trigger::SPAM,
            Self::Preset { .. } => trigger::KEYWORD_PRESET,
            Self::Mentions { .. } => trigger::MENTION_SPAM,
            Self::Profile(_) => trigger::MEMBER_PROFILE,
        }
    }

    pub(crate) const fn event(&self) -> u64 {
        match self {
            Self::Profile(_) => ON_MEMBER,
            _ => ON_MESSAGE,
        }
    }

    fn metadata(&self) -> Value {
        match self {
            Self::Keyword(words) | Self::Profile(words) => json!({
                "keyword_filter": words.filter,
                "regex_patterns": words.patterns,
                "allow_list": words.allowed,
            }),
            Self::Spam => json!({}),
            Self::Preset { presets, allowed } => {
                json!({"presets": presets, "allow_list": allowed})
            }
            Self::Mentions { limit, raids } => json!({
                "mention_total_limit": limit,
                "mention_raid_protection_enabled": raids,
            }),
        }
    }
}

impl Effect {
    pub(crate) fn payload(&self) -> Value {
        match self {
            Self::Block { message: None } => json!({"type": 1, "metadata": {}}),
            Self::Block { message } => json!({"type": 1, "metadata": {"custom_message": message}}),
            Self::Alert { channel } => json!({"type": 2, "metadata": {"channel_id": channel}}),
            Self::Timeout { seconds } => {
                json!({"type": 3, "metadata": {"duration_seconds": seconds}})
            }
            Self::Quarantine => json!({"type": 4, "metadata": {}}),
        }
    }
}

impl World {
    /// The rule object.
    pub(crate) fn automod_payload(guild: &Guild, rule: &Rule) -> Value {
        json!({
            "id": rule.id,
            "guild_id": guild.id,
            "creator_id": rule.creator,
            "name": rule.name,
            "event_type": rule.trigger.event(),
            "trigger_type": rule.trigger.number(),
            "trigger_metadata": rule.trigger.metadata(),
            "actions": rule.effects.iter().map(Effect::payload).collect::<Vec<_>>(),
            "enabled": rule.enabled,
            "exempt_roles": rule.exempt_roles,
            "exempt_channels": rule.exempt_channels,
        })
    }

    /// The bots of a guild that hold all of some permissions there.
    pub(crate) fn bots_with(&self, guild: Snowflake, needed: u64) -> Vec<Snowflake> {
        let holds = |bot: &&Snowflake| {
            self.is_member(guild, **bot)
                && self.permissions_in_guild(guild, **bot) & needed == needed
        };
        self.applications.keys().filter(holds).copied().collect()
    }
}
