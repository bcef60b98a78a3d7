//! Direct messages: opening them, and who does not take part.

use serde_json::Value;

use super::{Channel, ChannelKind};
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::{Actor, Answer, Refusal, World};

impl World {
    /// Opens a DM as the body asks: with one recipient. Groups are opened with access tokens, none
    /// of which a sandbox without OAuth2 ever gave out.
    pub fn open_dm_as_asked(&mut self, actor: &Actor, body: &Value) -> Answer {
        if body["access_tokens"].is_array() {
            return Err(invalid_token());
        }
        let mut form = Form::new(body);
        let recipient = form.id("recipient_id");
        let recipient = form.required("recipient_id", recipient);
        form.finish()?;
        self.open_dm(actor, recipient)
    }

    /// Opens (or finds) the DM between two users.
    pub fn open_dm(&mut self, actor: &Actor, recipient: Snowflake) -> Answer {
        let known_bot = self.applications.contains_key(&recipient);
        if recipient == actor.id || !self.users.contains_key(&recipient) {
            return Err(Refusal::new(400, 50_033, "Invalid Recipient(s)"));
        }
        if known_bot && self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(
                403,
                50_007,
                "Cannot send messages to this user",
            ));
        }
        let pair = [actor.id, recipient];
        let same = |channel: &&Channel| {
            channel.guild_id.is_none() && pair.iter().all(|user| channel.recipients.contains(user))
        };
        if let Some(id) = self.channels.values().find(same).map(|channel| channel.id) {
            return self.channel_answer(id, actor.id);
        }
        let id = self.next_id();
        let mut channel = Channel::new(id, ChannelKind::Dm, None);
        channel.recipients = pair.to_vec();
        self.channels.insert(id, channel);
        self.channel_answer(id, actor.id)
    }

    /// Adds somebody to a group, or removes them. A bot sees no group but those that it made with
    /// access tokens, so it is told that this is no group, or that the token is not valid.
    pub fn change_recipients(&self, actor: &Actor, channel: Snowflake, body: &Value) -> Answer<()> {
        let channel = self.visible_channel(actor.id, channel)?;
        if channel.guild_id.is_none() && body["access_token"].is_string() {
            return Err(invalid_token());
        }
        Err(Refusal::wrong_channel_type())
    }
}

fn invalid_token() -> Refusal {
    Refusal::new(400, 50_025, "Invalid OAuth2 access token provided")
}
