//! Playing a sound in a voice channel: there is nothing to hear, but everyone there is told.

use serde_json::{Value, json};

use super::DEFAULT_SOUNDS;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// What is told of a sound that is played.
struct Effect {
    sound_id: Value,
    volume: f64,
    emoji: Value,
}

impl World {
    /// Plays a sound where the actor is connected.
    pub fn play_sound(&mut self, actor: &Actor, channel_id: Snowflake, body: &Value) -> Answer<()> {
        let channel = self.visible_channel(actor.id, channel_id)?;
        let Some(guild) = channel.guild_id.filter(|_| channel.kind.is_voice()) else {
            return Err(Refusal::wrong_channel_type());
        };
        self.require_in(actor.id, channel_id, bits::SPEAK | bits::USE_SOUNDBOARD)?;
        let mut form = Form::new(body);
        let sound = form.id("sound_id");
        let sound = form.required("sound_id", sound);
        let source = form.id("source_guild_id").value();
        form.finish()?;
        if source.is_some_and(|source| source != guild) {
            self.require_in(actor.id, channel_id, bits::USE_EXTERNAL_SOUNDS)?;
        }
        self.require_audible(actor.id, guild, channel_id)?;
        let effect = self.effect(actor.id, source.unwrap_or(guild), sound)?;
        let data = json!({
            "channel_id": channel_id,
            "guild_id": guild,
            "user_id": actor.id,
            "emoji": effect.emoji,
            "animation_type": 1,
            "animation_id": 0,
            "sound_id": effect.sound_id,
            "sound_volume": effect.volume,
        });
        let there: Vec<_> = self
            .connected_to(guild, channel_id)
            .map(|(user, _)| user)
            .filter(|user| self.applications.contains_key(user))
            .collect();
        for bot in there {
            let (audience, wanted) = (Audience::User(bot), intents::GUILD_VOICE_STATES);
            self.dispatch("VOICE_CHANNEL_EFFECT_SEND", audience, wanted, data.clone());
        }
        Ok(())
    }

    /// One must be in the channel, able to hear and to be heard.
    fn require_audible(&self, user: Snowflake, guild: Snowflake, channel: Snowflake) -> Answer<()> {
        let state = self.guild(guild)?.voice_states.get(&user);
        let Some(state) = state.filter(|state| state.channel_id == channel) else {
            let text = "Target user is not connected to voice.";
            return Err(Refusal::new(400, 40_032, text));
        };
        let member = self.member(guild, user)?;
        if member.mute || member.deaf || state.self_deaf || state.suppress {
            let text =
                "Cannot send voice effect when user is server muted, deafened, or suppressed";
            return Err(Refusal::new(400, 50_167, text));
        }
        Ok(())
    }

    fn effect(&self, user: Snowflake, source: Snowflake, id: Snowflake) -> Answer<Effect> {
        if let Some((id, _, emoji)) = DEFAULT_SOUNDS.iter().find(|it| Snowflake(it.0) == id) {
            return Ok(Effect {
                // Discord's own sounds have numbers, not snowflakes.
                sound_id: json!(id),
                volume: 1.0,
                emoji: json!({"id": null, "name": emoji}),
            });
        }
        let sound = self
            .guilds
            .get(&source)
            .filter(|guild| guild.members.contains_key(&user))
            .and_then(|guild| guild.sounds.get(&id))
            .filter(|sound| self.is_available(sound))
            .ok_or_else(|| Refusal::unknown(Unknown::Sound))?;
        let custom = sound.emoji_id.and_then(|id| self.find_emoji(id));
        let emoji = match (custom, &sound.emoji_name) {
            (Some(emoji), _) => {
                json!({"id": emoji.id, "name": emoji.name, "animated": emoji.animated})
            }
            (None, Some(name)) => json!({"id": null, "name": name}),
            (None, None) => Value::Null,
        };
        Ok(Effect {
            sound_id: json!(sound.id),
            volume: sound.volume,
            emoji,
        })
    }
}
