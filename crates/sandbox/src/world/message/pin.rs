//! Pinned messages, by the routes of 2025 and by those before.

use serde_json::json;

use super::edit::system_message;
use super::may_send::ThreadAct;
use super::{Message, Reference, kind};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::audit::action;
use crate::world::clock::iso8601;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World, intents};

/// Pins that a channel can hold.
const MAX_PINS: usize = 250;

/// What the old route answers with.
const OLD_PAGE: usize = 50;

impl World {
    fn pins_of(&self, channel: Snowflake) -> Vec<(u64, &Message)> {
        let messages = self.messages.get(&channel).into_iter().flatten();
        let pinned = messages.filter_map(|(_, message)| Some((message.pinned_ms?, message)));
        let mut pins: Vec<_> = pinned.collect();
        pins.sort_by_key(|(at, message)| std::cmp::Reverse((*at, message.id)));
        pins
    }

    /// A page of pins, last pinned first.
    pub fn list_pins(
        &self,
        actor: &Actor,
        channel: Snowflake,
        before_ms: Option<u64>,
        limit: usize,
    ) -> Answer {
        let mut pins = self.readable_pins(actor.id, channel)?;
        pins.retain(|(at, _)| before_ms.is_none_or(|before| *at < before));
        let limit = limit.clamp(1, 50);
        let items: Vec<_> = pins
            .iter()
            .take(limit)
            .map(|(at, message)| {
                json!({
                    "pinned_at": iso8601(*at),
                    "message": self.message_payload(message, actor.id),
                })
            })
            .collect();
        Ok(json!({"items": items, "has_more": pins.len() > limit}))
    }

    /// The 50 last pins as plain messages.
    pub fn list_pins_old(&self, actor: &Actor, channel: Snowflake) -> Answer {
        let pins = self.readable_pins(actor.id, channel)?;
        let pins = pins.into_iter().take(OLD_PAGE);
        Ok(pins
            .map(|(_, message)| self.message_payload(message, actor.id))
            .collect())
    }

    /// None without the right to read what was said.
    fn readable_pins(&self, user: Snowflake, channel: Snowflake) -> Answer<Vec<(u64, &Message)>> {
        if !self.visible_channel(user, channel)?.kind.has_messages() {
            return Err(Refusal::wrong_channel_type());
        }
        if self.permissions_in(user, channel) & bits::READ_MESSAGE_HISTORY == 0 {
            return Ok(Vec::new());
        }
        Ok(self.pins_of(channel))
    }

    /// Pins or unpins a message; doing so twice is no error.
    pub fn set_pinned(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        pinned: bool,
    ) -> Answer<()> {
        self.visible_channel(actor.id, channel)?;
        let permissions = self.permissions_in(actor.id, channel);
        let in_guild = self.guild_of(channel);
        if in_guild.is_some() && permissions & bits::PIN_MESSAGES == 0 {
            return Err(Refusal::missing_permissions());
        }
        self.check_thread_open(actor.id, channel, ThreadAct::React)?;
        let message = self
            .message(channel, id)
            .ok_or_else(|| Refusal::unknown(Unknown::Message))?;
        if !kind::is_written(message.kind) {
            return Err(system_message());
        }
        if message.pinned_ms.is_some() == pinned {
            return Ok(());
        }
        if pinned && self.pins_of(channel).len() >= MAX_PINS {
            let text = format!("Maximum number of pins reached for the channel ({MAX_PINS})");
            return Err(Refusal::new(400, 30_003, text));
        }
        let author = message.author_id;
        let now = self.now_ms();
        self.message_mut(channel, id)?.pinned_ms = pinned.then_some(now);
        let last = self.pins_of(channel).first().map(|(at, _)| *at);
        if let Some(channel) = self.channels.get_mut(&channel) {
            channel.last_pin_ms = last;
        }
        self.tell_message("MESSAGE_UPDATE", channel, id);
        self.tell_pins(channel, last);
        if let Some(guild) = in_guild {
            let action = if pinned {
                action::MESSAGE_PIN
            } else {
                action::MESSAGE_UNPIN
            };
            let options = json!({"channel_id": channel.to_string(), "message_id": id.to_string()});
            self.audit(guild, actor, action, Some(author), Vec::new(), options);
        }
        if pinned {
            let reference = Reference {
                forward: false,
                message_id: Some(id),
                channel_id: channel,
                guild_id: in_guild,
            };
            let kind = kind::CHANNEL_PINNED_MESSAGE;
            self.post_system(channel, actor.id, kind, String::new(), Some(reference));
        }
        Ok(())
    }

    fn tell_pins(&mut self, channel: Snowflake, last: Option<u64>) {
        let mut data = json!({"channel_id": channel, "last_pin_timestamp": last.map(iso8601)});
        if let Some(guild) = self.guild_of(channel) {
            data["guild_id"] = json!(guild);
        }
        let (audience, in_guild) = self.audience_of(channel);
        let wanted = if in_guild {
            intents::GUILDS
        } else {
            intents::DIRECT_MESSAGES
        };
        self.dispatch("CHANNEL_PINS_UPDATE", audience, wanted, data);
    }
}
