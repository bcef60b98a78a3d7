//! Deleting channels and threads, with everything that hangs on them.

use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::audit::{action, changes};
use crate::world::message::flag;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Settings of a guild that name a channel.
const NAMING: &[&str] = &[
    "system_channel_id",
    "rules_channel_id",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
    "afk_channel_id",
    "widget_channel_id",
];

impl World {
    /// Deletes a channel or thread, or closes a DM.
    pub fn delete_channel(&mut self, actor: &Actor, id: Snowflake) -> Answer {
        let channel = self.visible_channel(actor.id, id)?;
        let rendered = self.channel_answer(id, actor.id)?;
        let Some(guild) = channel.guild_id else {
            return Ok(rendered);
        };
        if channel.thread.is_some() {
            self.delete_thread(actor, guild, id, &rendered)?;
            return Ok(rendered);
        }
        self.require_in(actor.id, id, bits::MANAGE_CHANNELS)?;
        if self.is_required_by_community(guild, id) {
            let text = "Cannot delete a channel required for Community guilds";
            return Err(Refusal::new(400, 50_074, text));
        }
        let threads: Vec<_> = self
            .threads_of(guild)
            .filter(|(thread, _)| thread.parent_id == Some(id))
            .map(|(thread, _)| thread.id)
            .collect();
        self.clear_venue(guild, id);
        for gone in threads.into_iter().chain([id]) {
            self.channels.remove(&gone);
            self.messages.remove(&gone);
            self.unname_in_rules(guild, gone);
        }
        self.invites.retain(|_, invite| invite.channel_id != id);
        self.webhooks
            .retain(|_, webhook| webhook.channel_id != id && webhook.source != Some(id));
        let audience = Audience::Guild(guild);
        self.dispatch(
            "CHANNEL_DELETE",
            audience,
            intents::GUILDS,
            rendered.clone(),
        );
        self.orphan_channels_in(id);
        self.unname_in_guild(guild, id);
        let changes = changes(&rendered, &Value::Null);
        let (action, none) = (action::CHANNEL_DELETE, Value::Null);
        self.audit(guild, actor, action, Some(id), changes, none);
        Ok(rendered)
    }

    fn delete_thread(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        rendered: &Value,
    ) -> Answer<()> {
        self.require_in(actor.id, id, bits::MANAGE_THREADS)?;
        let data = json!({
            "id": id, "guild_id": guild, "parent_id": rendered["parent_id"],
            "type": rendered["type"],
        });
        let parent = self.channels.get(&id).and_then(|thread| thread.parent_id);
        let (private, viewers) = (self.is_private_thread(id), self.bots_that_see(guild, id));
        self.channels.remove(&id);
        self.messages.remove(&id);
        if let Some(channel) = parent.filter(|_| !private) {
            let audience = Audience::Channel { guild, channel };
            self.dispatch("THREAD_DELETE", audience, intents::GUILDS, data);
        } else {
            for viewer in viewers {
                let audience = Audience::User(viewer);
                self.dispatch("THREAD_DELETE", audience, intents::GUILDS, data.clone());
            }
        }
        if let Some(parent) = parent {
            self.forget_thread_of(parent, id);
        }
        let changes = changes(rendered, &Value::Null);
        let (action, none) = (action::THREAD_DELETE, Value::Null);
        self.audit(guild, actor, action, Some(id), changes, none);
        Ok(())
    }

    /// The message that a thread was started from has none any more.
    fn forget_thread_of(&mut self, parent: Snowflake, id: Snowflake) {
        let Ok(message) = self.message_mut(parent, id) else {
            return;
        };
        message.flags &= !flag::HAS_THREAD;
        self.tell_message("MESSAGE_UPDATE", parent, id);
    }

    fn is_required_by_community(&self, guild: Snowflake, channel: Snowflake) -> bool {
        let settings = self.guilds.get(&guild).map(|guild| &guild.settings);
        let named =
            |key: &&str| settings.and_then(|settings| settings.get(*key)) == Some(&json!(channel));
        ["rules_channel_id", "public_updates_channel_id"]
            .iter()
            .any(named)
    }

    /// The channels of a category that is gone stay, without it.
    fn orphan_channels_in(&mut self, category: Snowflake) {
        let children: Vec<_> = self
            .channels
            .values()
            .filter(|child| child.parent_id == Some(category))
            .map(|child| child.id)
            .collect();
        for child in children {
            if let Some(channel) = self.channels.get_mut(&child) {
                channel.parent_id = None;
            }
            self.tell_channel("CHANNEL_UPDATE", child);
        }
    }

    /// A guild does not name a channel that is gone.
    fn unname_in_guild(&mut self, id: Snowflake, channel: Snowflake) {
        let Some(guild) = self.guilds.get_mut(&id) else {
            return;
        };
        let gone = json!(channel);
        let mut changed = false;
        for key in NAMING {
            let named = guild.settings.get_mut(*key);
            if let Some(value) = named.filter(|value| **value == gone) {
                *value = Value::Null;
                changed = true;
            }
        }
        if changed && let Some(data) = self.guild_payload(id) {
            let audience = Audience::Guild(id);
            self.dispatch("GUILD_UPDATE", audience, intents::GUILDS, data);
        }
    }

    /// The bots that see a channel now.
    pub(crate) fn bots_that_see(&self, guild: Snowflake, channel: Snowflake) -> Vec<Snowflake> {
        let bots = self.bots_in(guild).into_iter();
        bots.filter(|bot| self.may_view(*bot, channel)).collect()
    }
}
