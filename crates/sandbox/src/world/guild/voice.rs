//! Voice: who is connected where.

use serde_json::{Value, json};

use super::VoiceState;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::audit::action;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

impl World {
    /// Connects a user to a voice channel, or disconnects it (op 4 of the Gateway).
    pub fn set_voice_state(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        channel: Option<Snowflake>,
        self_mute: bool,
        self_deaf: bool,
    ) -> Answer<()> {
        self.require_member(actor.id, guild)?;
        if let Some(channel) = channel {
            self.check_voice_channel(guild, Some(channel))?;
            self.require_in(actor.id, channel, bits::CONNECT)?;
        }
        self.set_voice_channel(guild, actor.id, channel);
        if let Some(state) = self.guild_mut(guild)?.voice_states.get_mut(&actor.id) {
            state.self_mute = self_mute;
            state.self_deaf = self_deaf;
            self.tell_voice_state(guild, actor.id);
        }
        Ok(())
    }

    /// Moves a user between channels and out, and tells everyone.
    pub(crate) fn set_voice_channel(
        &mut self,
        guild_id: Snowflake,
        user: Snowflake,
        channel: Option<Snowflake>,
    ) {
        let session_id = self.random_text(32).to_lowercase();
        let Some(guild) = self.guilds.get_mut(&guild_id) else {
            return;
        };
        let Some(channel_id) = channel else {
            let Some(gone) = guild.voice_states.remove(&user) else {
                return;
            };
            let mut data = self.voice_state_payload(guild_id, user, &gone);
            data["channel_id"] = Value::Null;
            let (audience, wanted) = (Audience::Guild(guild_id), intents::GUILD_VOICE_STATES);
            self.dispatch("VOICE_STATE_UPDATE", audience, wanted, data);
            return;
        };
        let state = guild.voice_states.entry(user).or_insert(VoiceState {
            channel_id,
            session_id,
            self_mute: false,
            self_deaf: false,
        });
        state.channel_id = channel_id;
    }

    pub(crate) fn tell_voice_state(&mut self, guild_id: Snowflake, user: Snowflake) {
        let state = self
            .guilds
            .get(&guild_id)
            .and_then(|guild| guild.voice_states.get(&user));
        let Some(state) = state else { return };
        let data = self.voice_state_payload(guild_id, user, state);
        let wanted = intents::GUILD_VOICE_STATES;
        self.dispatch(
            "VOICE_STATE_UPDATE",
            Audience::Guild(guild_id),
            wanted,
            data,
        );
    }

    /// A moderator moves someone who is connected.
    pub(crate) fn move_in_voice(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        user: Snowflake,
        channel: Option<Snowflake>,
    ) {
        self.set_voice_channel(guild, user, channel);
        self.tell_voice_state(guild, user);
        let (action, options) = match channel {
            None => (action::MEMBER_DISCONNECT, json!({"count": "1"})),
            Some(channel) => (
                action::MEMBER_MOVE,
                json!({"channel_id": channel.to_string(), "count": "1"}),
            ),
        };
        self.audit(guild, actor, action, None, Vec::new(), options);
    }

    pub(crate) fn require_connected(&self, guild: Snowflake, user: Snowflake) -> Answer<()> {
        if self.guild(guild)?.voice_states.contains_key(&user) {
            return Ok(());
        }
        Err(Refusal::new(
            400,
            40_032,
            "Target user is not connected to voice.",
        ))
    }

    pub(crate) fn check_voice_channel(
        &self,
        guild: Snowflake,
        channel: Option<Snowflake>,
    ) -> Answer<()> {
        let Some(id) = channel else { return Ok(()) };
        let channel = self
            .channels
            .get(&id)
            .filter(|channel| channel.guild_id == Some(guild));
        let channel = channel.ok_or_else(|| Refusal::unknown(Unknown::Channel))?;
        if channel.kind.is_voice() {
            Ok(())
        } else {
            Err(Refusal::wrong_channel_type())
        }
    }

    /// Someone's voice state.
    pub fn get_voice_state(&self, actor: &Actor, guild: Snowflake, user: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let state = self.guild(guild)?.voice_states.get(&user);
        let state = state.ok_or_else(|| Refusal::unknown(Unknown::VoiceState))?;
        let mut payload = self.voice_state_payload(guild, user, state);
        payload["self_stream"] = json!(false);
        Ok(payload)
    }
}
