//! Onboarding: the questions that newcomers are asked, and what their answers give them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::EmojiChoice;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::{Actor, Answer, World};

/// Default channels that onboarding needs, and how many of them everyone must be able to write in.
const MIN_CHANNELS: usize = 7;
const MIN_WRITABLE: usize = 5;

/// The mode in which questions count towards the channels, too.
pub(super) const ADVANCED: u64 = 1;

/// A guild's onboarding.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Onboarding {
    pub enabled: bool,
    /// 0, or 1 when the channels of questions count, too.
    pub mode: u64,
    pub default_channel_ids: Vec<Snowflake>,
    pub prompts: Vec<Prompt>,
    /// Whether it was ever set up.
    pub known: bool,
    /// The options that each person has chosen.
    pub answers: BTreeMap<Snowflake, BTreeSet<Snowflake>>,
}

/// A question.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Prompt {
    pub id: Snowflake,
    pub title: String,
    pub options: Vec<PromptOption>,
    pub single_select: bool,
    pub required: bool,
    /// Asked when someone comes in, not only offered afterwards.
    pub in_onboarding: bool,
    /// 0 for buttons, 1 for a menu.
    pub kind: u64,
}

/// An answer.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PromptOption {
    pub id: Snowflake,
    pub title: String,
    pub description: String,
    pub emoji: EmojiChoice,
    pub role_ids: Vec<Snowflake>,
    pub channel_ids: Vec<Snowflake>,
}

impl Prompt {
    pub(super) fn payload(&self) -> Value {
        let option = |it: &PromptOption| {
            json!({
                "id": it.id, "title": it.title, "description": it.description,
                "emoji": it.emoji.payload(), "role_ids": it.role_ids,
                "channel_ids": it.channel_ids,
            })
        };
        json!({
            "id": self.id,
            "title": self.title,
            "options": self.options.iter().map(option).collect::<Vec<_>>(),
            "single_select": self.single_select,
            "required": self.required,
            "in_onboarding": self.in_onboarding,
            "type": self.kind,
        })
    }
}

impl Onboarding {
    pub(super) fn payload(&self, guild: Snowflake) -> Value {
        json!({
            "guild_id": guild,
            "prompts": self.prompts.iter().map(Prompt::payload).collect::<Vec<_>>(),
            "default_channel_ids": self.default_channel_ids,
            "enabled": self.enabled,
            "mode": self.mode,
        })
    }

    pub(super) fn options_mut(&mut self) -> impl Iterator<Item = &mut PromptOption> {
        self.prompts.iter_mut().flat_map(|it| &mut it.options)
    }
}

impl World {
    /// The onboarding of a guild, for its members.
    pub fn get_onboarding(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        Ok(self.guild(guild)?.community.onboarding.payload(guild))
    }

    /// Whether a guild may have this onboarding switched on (Discord: Modify Guild Onboarding).
    pub(super) fn meets_requirements(&self, guild: Snowflake, onboarding: &Onboarding) -> bool {
        let mut channels: BTreeSet<_> = onboarding.default_channel_ids.iter().copied().collect();
        if onboarding.mode == ADVANCED {
            let asked = onboarding.prompts.iter().filter(|it| it.in_onboarding);
            let options = asked.flat_map(|prompt| &prompt.options);
            channels.extend(options.flat_map(|option| &option.channel_ids));
        }
        let needed = bits::VIEW_CHANNEL | bits::SEND_MESSAGES;
        let writable = channels
            .iter()
            .filter(|id| self.everyone_may(guild, **id, needed));
        self.has_feature(guild, "COMMUNITY")
            && channels.len() >= MIN_CHANNELS
            && writable.count() >= MIN_WRITABLE
    }
}
