//! What a new message sets off: counters, waking its thread, who joins the thread, the event.

use super::{Message, flag, kind};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::{Audience, World, intents};

/// Messages kept per channel; the oldest go first.
const MAX_MESSAGES: usize = 20_000;

/// A role with more members brings nobody into a thread that mentions it.
const MAX_JOINING_ROLE: usize = 100;

impl World {
    /// Puts a message into its channel: counters, unarchiving, joining the thread, dispatch.
    pub(crate) fn append(&mut self, mut message: Message) {
        let (id, channel_id, author_id) = (message.id, message.channel_id, message.author_id);
        if message.flags & flag::EPHEMERAL != 0 {
            // Only the two of them know of it: no event to others, no counters.
            self.messages
                .entry(channel_id)
                .or_default()
                .insert(id, message);
            self.tell_message("MESSAGE_CREATE", channel_id, id);
            return;
        }
        let in_thread = self
            .channels
            .get(&channel_id)
            .is_some_and(|channel| channel.thread.is_some());
        let mut joining = Vec::new();
        if in_thread && kind::is_written(message.kind) {
            self.wake_thread(channel_id);
            if message.webhook.is_none() {
                self.join_thread(channel_id, &[author_id]);
            }
            joining = self.brought_into_thread(&mut message);
        }
        let starter = message.kind == kind::THREAD_STARTER_MESSAGE;
        if let Some(channel) = self.channels.get_mut(&channel_id) {
            channel.last_message_id = Some(id);
            if let Some(thread) = channel.thread.as_mut() {
                message.position = Some(thread.total_message_sent);
                if !starter && id != channel_id {
                    thread.message_count += 1;
                    thread.total_message_sent += 1;
                }
            }
        }
        let kept = self.messages.entry(channel_id).or_default();
        kept.insert(id, message);
        if kept.len() > MAX_MESSAGES {
            kept.pop_first();
        }
        self.tell_message("MESSAGE_CREATE", channel_id, id);
        self.join_thread(channel_id, &joining);
    }

    /// Whom a message in a thread brings into it by mentioning them. A role that is too large is
    /// noted in the message's flags instead.
    fn brought_into_thread(&self, message: &mut Message) -> Vec<Snowflake> {
        let Some(channel) = self.channels.get(&message.channel_id) else {
            return Vec::new();
        };
        let (Some(thread), Some(guild), Some(parent)) =
            (&channel.thread, channel.guild_id, channel.parent_id)
        else {
            return Vec::new();
        };
        let moderates =
            self.permissions_in(message.author_id, channel.id) & bits::MANAGE_THREADS != 0;
        if self.is_private_thread(channel.id) && !thread.invitable && !moderates {
            return Vec::new();
        }
        let members = self.guilds.get(&guild).map(|guild| &guild.members);
        let mut brought = message.mentions.clone();
        for role in &message.mention_roles {
            let holders = members.into_iter().flatten();
            let holders: Vec<_> = holders
                .filter(|(_, member)| member.roles.contains(role))
                .map(|(user, _)| *user)
                .take(MAX_JOINING_ROLE + 1)
                .collect();
            if holders.len() > MAX_JOINING_ROLE {
                message.flags |= flag::FAILED_TO_MENTION_SOME_ROLES_IN_THREAD;
            } else {
                brought.extend(holders);
            }
        }
        brought.retain(|user| !thread.members.contains_key(user) && self.may_view(*user, parent));
        brought
    }

    /// Tells the Gateway of a message's creation or change.
    pub(crate) fn tell_message(&mut self, event: &'static str, channel: Snowflake, id: Snowflake) {
        let Some(message) = self.message(channel, id) else {
            return;
        };
        // What depends on the viewer ("did I react") is left out of events by Discord, too.
        let data = self.message_event(message, Snowflake(0));
        let (mut audience, in_guild) = self.audience_of(channel);
        if message.flags & flag::EPHEMERAL != 0 {
            let Some(interaction) = &message.interaction else {
                return;
            };
            audience = Audience::User(interaction.user);
        }
        let wanted = if in_guild {
            intents::GUILD_MESSAGES
        } else {
            intents::DIRECT_MESSAGES
        };
        self.dispatch(event, audience, wanted, data);
    }

    /// Whom events of a channel reach, and whether it is in a guild.
    pub(crate) fn audience_of(&self, channel: Snowflake) -> (Audience, bool) {
        match self
            .channels
            .get(&channel)
            .and_then(|channel| channel.guild_id)
        {
            Some(guild) => (Audience::Channel { guild, channel }, true),
            None => (Audience::Dm(channel), false),
        }
    }
}
