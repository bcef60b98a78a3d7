//! Publishing announcements: each channel that follows gets a copy, which follows its source.

use super::{Message, Reference, WebhookAuthor, flag, kind};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::channel::ChannelKind;
use crate::world::{Actor, Answer, Refusal, World};

/// Channel follower webhooks have this kind.
const FOLLOWER: u64 = 2;

/// What a copy says when its source is gone.
const GONE: &str = "[Original Message Deleted]";

/// Flags of a message that its copies share.
const SHARED_FLAGS: u64 = flag::SUPPRESS_EMBEDS | flag::IS_COMPONENTS_V2;

impl World {
    /// Publishes a message of an announcement channel.
    pub fn crosspost(&mut self, actor: &Actor, channel_id: Snowflake, id: Snowflake) -> Answer {
        let channel = self.visible_channel(actor.id, channel_id)?;
        if channel.kind != ChannelKind::Announcement {
            return Err(Refusal::wrong_channel_type());
        }
        let message = self.readable_message(actor.id, channel_id, id)?;
        let own = message.author_id == actor.id;
        let (written, flags) = (kind::is_written(message.kind), message.flags);
        let others = if own { 0 } else { bits::MANAGE_MESSAGES };
        self.require_in(actor.id, channel_id, bits::SEND_MESSAGES | others)?;
        if !written || flags & flag::IS_CROSSPOST != 0 {
            return Err(Refusal::new(400, 50_068, "Invalid message type"));
        }
        if flags & flag::CROSSPOSTED != 0 {
            let text = "This message has already been crossposted.";
            return Err(Refusal::new(400, 40_033, text));
        }
        self.message_mut(channel_id, id)?.flags |= flag::CROSSPOSTED;
        self.tell_message("MESSAGE_UPDATE", channel_id, id);
        self.copy_to_followers(channel_id, id);
        let message = self.readable_message(actor.id, channel_id, id)?;
        Ok(self.message_payload(message, actor.id))
    }

    fn copy_to_followers(&mut self, source: Snowflake, id: Snowflake) {
        let Some(original) = self.message(source, id).cloned() else {
            return;
        };
        let hooks = self.webhooks.values();
        let followers = hooks.filter(|hook| hook.kind == FOLLOWER && hook.source == Some(source));
        let followers: Vec<_> = followers
            .map(|hook| {
                (
                    hook.id,
                    hook.channel_id,
                    hook.name.clone(),
                    hook.avatar.clone(),
                )
            })
            .collect();
        for (webhook, target, name, avatar) in followers {
            let mut copy = Message::bare(self.next_id(), target, webhook);
            copy.webhook = Some(WebhookAuthor {
                name,
                avatar,
                application_id: None,
            });
            copy.flags = flag::IS_CROSSPOST;
            copy.reference = Some(Reference {
                forward: false,
                message_id: Some(id),
                channel_id: source,
                guild_id: self.guild_of(source),
            });
            take_content(&mut copy, &original);
            self.append(copy);
        }
    }

    /// The copies of a message, in the channels that follow now.
    fn copies_of(&self, source: Snowflake, id: Snowflake) -> Vec<(Snowflake, Snowflake)> {
        let message = self.message(source, id);
        if message.is_none_or(|message| message.flags & flag::CROSSPOSTED == 0) {
            return Vec::new();
        }
        let mut targets: Vec<_> = self
            .webhooks
            .values()
            .filter(|hook| hook.kind == FOLLOWER && hook.source == Some(source))
            .map(|hook| hook.channel_id)
            .collect();
        targets.sort_unstable();
        targets.dedup();
        let is_copy = |copy: &Message| {
            let from = copy.reference.as_ref();
            copy.flags & flag::IS_CROSSPOST != 0
                && from.is_some_and(|it| it.channel_id == source && it.message_id == Some(id))
        };
        let messages = targets.iter().filter_map(|it| self.messages.get(it));
        messages
            .flat_map(|messages| messages.values())
            .filter(|message| is_copy(message))
            .map(|copy| (copy.channel_id, copy.id))
            .collect()
    }

    /// A published message was changed: so are its copies.
    pub(super) fn change_copies(&mut self, source: Snowflake, id: Snowflake) {
        let copies = self.copies_of(source, id);
        if copies.is_empty() {
            return;
        }
        let Some(original) = self.message(source, id).cloned() else {
            return;
        };
        for (channel, copy_id) in copies {
            if let Ok(copy) = self.message_mut(channel, copy_id) {
                take_content(copy, &original);
                copy.edited_ms = original.edited_ms;
            }
            self.tell_message("MESSAGE_UPDATE", channel, copy_id);
        }
    }

    /// A published message is about to be deleted: its copies stay, empty.
    pub(super) fn empty_copies(&mut self, source: Snowflake, id: Snowflake) {
        for (channel, copy_id) in self.copies_of(source, id) {
            if let Ok(copy) = self.message_mut(channel, copy_id) {
                let nothing = Message::bare(copy_id, channel, copy.author_id);
                take_content(copy, &nothing);
                GONE.clone_into(&mut copy.content);
                copy.flags |= flag::SOURCE_MESSAGE_DELETED;
            }
            self.tell_message("MESSAGE_UPDATE", channel, copy_id);
        }
    }
}

/// What a copy has of its source.
fn take_content(copy: &mut Message, original: &Message) {
    copy.content.clone_from(&original.content);
    copy.embeds.clone_from(&original.embeds);
    copy.components.clone_from(&original.components);
    copy.attachments.clone_from(&original.attachments);
    copy.sticker_items.clone_from(&original.sticker_items);
    copy.mentions.clone_from(&original.mentions);
    copy.flags = copy.flags & !SHARED_FLAGS | original.flags & SHARED_FLAGS;
}
