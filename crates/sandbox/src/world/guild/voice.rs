//! Voice: who is connected where, and how people come, move and go. There is no sound.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::audit::action;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// The address in VOICE_SERVER_UPDATE. `.invalid` never resolves, so that a client learns at once
/// that there is nothing to speak to, instead of waiting for a server as it does for null.
const NO_SERVER: &str = "no-voice-server-in-this-sandbox.invalid:443";

/// A user's connection to voice.
#[expect(
    clippy::struct_excessive_bools,
    reason = "Discord's voice state has these switches"
)]
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct VoiceState {
    pub channel_id: Snowflake,
    pub session_id: String,
    pub self_mute: bool,
    pub self_deaf: bool,
    pub self_video: bool,
    pub self_stream: bool,
    /// May not speak: the audience of a stage, and whoever lacks `SPEAK`.
    pub suppress: bool,
    /// On stage: asked to speak, or was asked to, at this moment.
    pub request_to_speak_ms: Option<u64>,
    /// Came in by its own `CONNECT`, and so leaves when it is lost.
    pub by_right: bool,
    /// Away from the keyboard since this moment.
    pub idle_since_ms: Option<u64>,
}

/// What a client says of itself when it connects.
#[expect(
    clippy::struct_excessive_bools,
    reason = "Discord's voice state has these switches"
)]
#[derive(Clone, Copy, Debug, Default)]
pub struct VoiceWish {
    pub self_mute: bool,
    pub self_deaf: bool,
    pub self_video: bool,
    pub self_stream: bool,
    /// Away from the keyboard.
    pub idle: bool,
}

impl World {
    /// Connects a user to a voice channel, changes its switches, or disconnects it (op 4).
    pub fn set_voice_state(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        channel: Option<Snowflake>,
        wish: VoiceWish,
    ) -> Answer<()> {
        self.require_member(actor.id, guild)?;
        let Some(channel) = channel else {
            self.leave_voice(guild, actor.id);
            return Ok(());
        };
        self.check_voice_channel(guild, Some(channel))?;
        let here = self.voice_channel_of(guild, actor.id) == Some(channel);
        if !here {
            self.require_in(actor.id, channel, bits::CONNECT)?;
            self.require_room(actor.id, guild, channel)?;
            self.place_in_voice(guild, actor.id, channel, true);
        }
        let may_show = self.permissions_in(actor.id, channel) & bits::STREAM != 0;
        let now = self.now_ms();
        if let Some(state) = self.guild_mut(guild)?.voice_states.get_mut(&actor.id) {
            state.self_mute = wish.self_mute;
            state.self_deaf = wish.self_deaf;
            state.self_video = wish.self_video && may_show;
            state.self_stream = wish.self_stream && may_show;
            state.idle_since_ms = wish.idle.then(|| state.idle_since_ms.unwrap_or(now));
        }
        if wish.idle {
            self.remind_of_idle(guild, actor.id);
        }
        self.tell_voice_state(guild, actor.id);
        if !here {
            self.tell_voice_server(guild, actor.id);
        }
        Ok(())
    }

    /// Where a user is connected in a guild.
    pub(crate) fn voice_channel_of(&self, guild: Snowflake, user: Snowflake) -> Option<Snowflake> {
        let states = &self.guilds.get(&guild)?.voice_states;
        states.get(&user).map(|state| state.channel_id)
    }

    /// Who is connected to a channel.
    pub(crate) fn connected_to(
        &self,
        guild: Snowflake,
        channel: Snowflake,
    ) -> impl Iterator<Item = (Snowflake, &VoiceState)> {
        let states = self.guilds.get(&guild).map(|guild| &guild.voice_states);
        states
            .into_iter()
            .flatten()
            .filter(move |(_, state)| state.channel_id == channel)
            .map(|(user, state)| (*user, state))
    }

    /// How many are connected to a channel.
    pub(crate) fn listeners(&self, guild: Snowflake, channel: Snowflake) -> usize {
        self.connected_to(guild, channel).count()
    }

    /// Puts a user into a channel, out of any other; nobody is told of the state yet.
    pub(super) fn place_in_voice(
        &mut self,
        guild_id: Snowflake,
        user: Snowflake,
        channel_id: Snowflake,
        by_right: bool,
    ) {
        let session_id = self.random_text(32).to_lowercase();
        let suppress = self.starts_suppressed(guild_id, user, channel_id);
        let before = self.voice_channel_of(guild_id, user);
        let Some(guild) = self.guilds.get_mut(&guild_id) else {
            return;
        };
        let state = guild.voice_states.entry(user).or_insert(VoiceState {
            channel_id,
            session_id,
            self_mute: false,
            self_deaf: false,
            self_video: false,
            self_stream: false,
            suppress,
            request_to_speak_ms: None,
            by_right,
            idle_since_ms: None,
        });
        state.channel_id = channel_id;
        state.suppress = suppress;
        state.request_to_speak_ms = None;
        state.by_right = by_right;
        for channel in before.into_iter().chain([channel_id]) {
            self.heed_traffic(guild_id, channel);
        }
    }

    /// Disconnects a user, and tells everyone.
    pub(crate) fn leave_voice(&mut self, guild_id: Snowflake, user: Snowflake) {
        let Some(guild) = self.guilds.get_mut(&guild_id) else {
            return;
        };
        let Some(gone) = guild.voice_states.remove(&user) else {
            return;
        };
        let mut data = self.voice_state_payload(guild_id, user, &gone);
        data["channel_id"] = Value::Null;
        data["suppress"] = json!(false);
        data["request_to_speak_timestamp"] = Value::Null;
        let (audience, wanted) = (Audience::Guild(guild_id), intents::GUILD_VOICE_STATES);
        self.dispatch("VOICE_STATE_UPDATE", audience, wanted, data);
        self.heed_traffic(guild_id, gone.channel_id);
    }

    /// Someone came or went: what depends on who is there is looked at again.
    fn heed_traffic(&mut self, guild: Snowflake, channel: Snowflake) {
        self.events_heed_traffic(guild, channel);
        if self.listeners(guild, channel) == 0 {
            self.change_voice_status(guild, channel, None);
        }
        self.stage_heeds_speakers(guild, channel);
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

    /// Tells a bot where it could speak, and plainly that nobody is there.
    pub(super) fn tell_voice_server(&mut self, guild: Snowflake, user: Snowflake) {
        if !self.applications.contains_key(&user) {
            return;
        }
        let token = self.random_text(16).to_lowercase();
        let data = json!({ "token": token, "guild_id": guild, "endpoint": NO_SERVER });
        self.dispatch("VOICE_SERVER_UPDATE", Audience::User(user), 0, data);
    }

    /// A moderator moves someone who is connected, or disconnects them.
    pub(crate) fn move_in_voice(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        user: Snowflake,
        channel: Option<Snowflake>,
    ) {
        let (action, options) = match channel {
            None => {
                self.leave_voice(guild, user);
                (action::MEMBER_DISCONNECT, json!({"count": "1"}))
            }
            Some(channel) => {
                self.put_in_voice(guild, user, channel);
                (
                    action::MEMBER_MOVE,
                    json!({"channel_id": channel.to_string(), "count": "1"}),
                )
            }
        };
        self.audit(guild, actor, action, None, Vec::new(), options);
    }

    /// Moves someone who is connected, whatever their own rights.
    pub(super) fn put_in_voice(&mut self, guild: Snowflake, user: Snowflake, channel: Snowflake) {
        if self.voice_channel_of(guild, user) == Some(channel) {
            return;
        }
        let by_right = self.permissions_in(user, channel) & bits::CONNECT != 0;
        self.place_in_voice(guild, user, channel, by_right);
        self.tell_voice_state(guild, user);
        self.tell_voice_server(guild, user);
    }

    /// Everybody leaves a channel that goes away.
    pub(crate) fn empty_voice_channel(&mut self, guild: Snowflake, channel: Snowflake) {
        let there: Vec<_> = self
            .connected_to(guild, channel)
            .map(|(user, _)| user)
            .collect();
        for user in there {
            self.leave_voice(guild, user);
        }
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
        payload["self_stream"] = json!(state.self_stream);
        Ok(payload)
    }
}
