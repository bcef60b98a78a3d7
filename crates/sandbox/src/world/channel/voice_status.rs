//! The status of a voice channel: a line that its people set for as long as they talk.

use serde_json::{Value, json};

use super::ChannelKind;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::audit::action;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

const MAX_STATUS: usize = 500;

impl World {
    /// Sets or clears the status. Whoever is not connected also needs `MANAGE_CHANNELS`.
    pub fn set_voice_status(&mut self, actor: &Actor, id: Snowflake, body: &Value) -> Answer<()> {
        let channel = self.visible_channel(actor.id, id)?;
        let guild = channel
            .guild_id
            .filter(|_| channel.kind == ChannelKind::Voice);
        let guild = guild.ok_or_else(Refusal::wrong_channel_type)?;
        self.require_in(actor.id, id, bits::SET_VOICE_CHANNEL_STATUS)?;
        let states = self.guilds.get(&guild).map(|guild| &guild.voice_states);
        let connected = states
            .and_then(|states| states.get(&actor.id))
            .is_some_and(|state| state.channel_id == id);
        if !connected {
            self.require_in(actor.id, id, bits::MANAGE_CHANNELS)?;
        }
        let mut form = Form::new(body);
        let status = form.text("status", 0..=MAX_STATUS).given();
        form.finish()?;
        let status = status.flatten().filter(|status| !status.is_empty());
        if self.change_voice_status(guild, id, status.as_deref()) {
            let (action, options) = match status {
                Some(status) => (
                    action::VOICE_CHANNEL_STATUS_CREATE,
                    json!({"status": status, "channel_id": id.to_string()}),
                ),
                None => (
                    action::VOICE_CHANNEL_STATUS_DELETE,
                    json!({"channel_id": id.to_string()}),
                ),
            };
            self.audit(guild, actor, action, Some(id), Vec::new(), options);
        }
        Ok(())
    }

    /// Changes the status whoever asks, and tells of it; false when it was so already.
    pub(crate) fn change_voice_status(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
        status: Option<&str>,
    ) -> bool {
        let Some(channel) = self.channels.get_mut(&id) else {
            return false;
        };
        if channel.voice_status.as_deref() == status {
            return false;
        }
        channel.voice_status = status.map(str::to_owned);
        let data = json!({"id": id, "guild_id": guild, "status": status});
        let audience = Audience::Channel { guild, channel: id };
        let wanted = intents::GUILDS;
        self.dispatch("VOICE_CHANNEL_STATUS_UPDATE", audience, wanted, data);
        true
    }
}
