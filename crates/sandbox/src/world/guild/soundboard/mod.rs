//! Soundboards: the sounds of a guild, and those that every guild has.

mod file;
mod modify;
mod play;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::refusal::Unknown;
use crate::world::saved;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Sounds of a guild by its boost tier.
const MAX_SOUNDS: [usize; 4] = [8, 24, 36, 48];

/// Discord's own sounds: id, name, emoji.
const DEFAULT_SOUNDS: &[(u64, &str, &str)] = &[
    (1, "quack", "🦆"),
    (2, "airhorn", "🔊"),
    (3, "cricket", "🦗"),
    (4, "golf clap", "👏"),
    (7, "sad horn", "🎺"),
    (8, "ba dum tss", "🥁"),
];

/// A sound of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sound {
    pub id: Snowflake,
    pub guild_id: Snowflake,
    pub name: String,
    /// 0 to 1.
    pub volume: f64,
    /// A custom emoji of the guild, or…
    pub emoji_id: Option<Snowflake>,
    /// …a standard one.
    pub emoji_name: Option<String>,
    pub creator: Snowflake,
    /// `audio/mpeg` or `audio/ogg`.
    pub content_type: String,
    #[serde(with = "saved::base64_bytes")]
    pub bytes: Bytes,
}

/// The sounds that everyone has.
pub(crate) fn default_sounds() -> Value {
    DEFAULT_SOUNDS
        .iter()
        .map(|(id, name, emoji)| {
            json!({
                "name": name,
                "sound_id": Snowflake(*id),
                "volume": 1.0,
                "emoji_id": null,
                "emoji_name": emoji,
                "available": true,
            })
        })
        .collect()
}

impl World {
    /// Sounds that a guild may have.
    fn sound_limit(&self, guild: Snowflake) -> usize {
        let settings = self.guilds.get(&guild).map(|guild| &guild.settings);
        let tier = settings.and_then(|settings| settings.get("premium_tier")?.as_u64());
        let tier = tier.and_then(|tier| usize::try_from(tier).ok());
        MAX_SOUNDS[tier.unwrap_or_default().min(MAX_SOUNDS.len() - 1)]
    }

    fn sound(&self, guild: Snowflake, id: Snowflake) -> Answer<&Sound> {
        let sound = self.guild(guild)?.sounds.get(&id);
        sound.ok_or_else(|| Refusal::unknown(Unknown::Sound))
    }

    /// A sound's bytes and their type, for its public link.
    pub(crate) fn sound_file(&self, id: Snowflake) -> Option<(String, Bytes)> {
        let sound = self.guilds.values().find_map(|it| it.sounds.get(&id))?;
        Some((sound.content_type.clone(), sound.bytes.clone()))
    }

    /// Beyond the limit of the guild's tier, the youngest cannot be used.
    fn is_available(&self, sound: &Sound) -> bool {
        let sounds = self.guilds.get(&sound.guild_id).map(|guild| &guild.sounds);
        let older = sounds.map_or(0, |sounds| sounds.range(..sound.id).count());
        older < self.sound_limit(sound.guild_id)
    }

    fn sound_payload(&self, sound: &Sound, with_user: bool) -> Value {
        let mut payload = json!({
            "name": sound.name,
            "sound_id": sound.id,
            "volume": sound.volume,
            "emoji_id": sound.emoji_id,
            "emoji_name": sound.emoji_name,
            "guild_id": sound.guild_id,
            "available": self.is_available(sound),
        });
        if with_user {
            payload["user"] = self.user_payload(sound.creator);
        }
        payload
    }

    /// The sounds of a guild; who made them is for those who may make some.
    pub(crate) fn sounds_for(&self, guild: Snowflake, user: Snowflake) -> Vec<Value> {
        let with_user = self.may_know_makers(guild, user);
        let sounds = self.guilds.get(&guild).map(|guild| &guild.sounds);
        let sounds = sounds.into_iter().flat_map(BTreeMap::values);
        sounds
            .map(|sound| self.sound_payload(sound, with_user))
            .collect()
    }

    fn may_know_makers(&self, guild: Snowflake, user: Snowflake) -> bool {
        let enough = bits::CREATE_EXPRESSIONS | bits::MANAGE_EXPRESSIONS;
        self.permissions_in_guild(guild, user) & enough != 0
    }

    /// All sounds of a guild.
    pub fn list_sounds(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        Ok(json!({ "items": self.sounds_for(guild, actor.id) }))
    }

    /// One sound of a guild.
    pub fn get_sound(&self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let with_user = self.may_know_makers(guild, actor.id);
        Ok(self.sound_payload(self.sound(guild, id)?, with_user))
    }

    /// An emoji is gone: the sounds that showed it show none.
    pub(crate) fn sounds_lose_emoji(&mut self, guild: Snowflake, emoji: Snowflake) {
        let sounds = self.guilds.get_mut(&guild).map(|guild| &mut guild.sounds);
        let mut changed = false;
        for sound in sounds.into_iter().flat_map(BTreeMap::values_mut) {
            if sound.emoji_id == Some(emoji) {
                sound.emoji_id = None;
                changed = true;
            }
        }
        if changed {
            self.tell_all_sounds(guild);
        }
    }

    /// Several sounds changed at once: their emoji went, or the guild's tier changed.
    pub(crate) fn tell_all_sounds(&mut self, guild: Snowflake) {
        let sounds = self.guilds.get(&guild).map(|guild| &guild.sounds);
        let sounds: Vec<_> = sounds
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(|sound| self.sound_payload(sound, true))
            .collect();
        let data = json!({ "guild_id": guild, "soundboard_sounds": sounds });
        let (kind, wanted) = ("GUILD_SOUNDBOARD_SOUNDS_UPDATE", intents::GUILD_EXPRESSIONS);
        self.dispatch(kind, Audience::Guild(guild), wanted, data);
    }
}
