//! What a message is put together from (files, what it refers to), system messages, and typing.

use serde_json::{Value, json};

use super::may_send::sending_bit;
use super::{Message, NewAttachment, NewReference, Reference, kind};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World, intents};

impl World {
    /// A message that Discord itself writes, such as "pinned a message".
    pub(crate) fn post_system(
        &mut self,
        channel_id: Snowflake,
        author_id: Snowflake,
        kind: u64,
        content: String,
        reference: Option<Reference>,
    ) -> Snowflake {
        let mut message = Message::bare(self.next_id(), channel_id, author_id);
        message.kind = kind;
        message.content = content;
        message.reference = reference;
        let id = message.id;
        self.append(message);
        id
    }

    /// A message that Discord writes about one user, who is mentioned in it.
    pub(crate) fn post_about(
        &mut self,
        channel_id: Snowflake,
        author_id: Snowflake,
        kind: u64,
        about: Snowflake,
    ) {
        let mut message = Message::bare(self.next_id(), channel_id, author_id);
        message.kind = kind;
        message.mentions = vec![about];
        self.append(message);
    }

    pub(crate) fn store_attachments(
        &mut self,
        channel: Snowflake,
        new: Vec<NewAttachment>,
    ) -> Answer<Vec<super::Attachment>> {
        let mut stored = Vec::with_capacity(new.len());
        for (index, mut attachment) in new.into_iter().enumerate() {
            let Some(file) = attachment.file.take() else {
                let path = format!("attachments.{index}.id");
                let message = "Attachment data not found";
                return Err(Refusal::field(&path, "ATTACHMENT_NOT_FOUND", message));
            };
            stored.push(self.store_file(channel, file, attachment)?);
        }
        Ok(stored)
    }

    pub(crate) fn resolve_reference(
        &self,
        author: Snowflake,
        channel: Snowflake,
        new: Option<&NewReference>,
    ) -> Answer<(Option<Reference>, Option<Value>)> {
        let Some(new) = new else {
            return Ok((None, None));
        };
        let from = new.channel_id.unwrap_or(channel);
        let guild_id = self
            .channels
            .get(&from)
            .and_then(|channel| channel.guild_id);
        let target = self.message(from, new.message_id);
        if new.forward {
            self.require_in(author, from, bits::READ_MESSAGE_HISTORY)?;
            let target = target.ok_or_else(|| Refusal::unknown(Unknown::Message))?;
            self.check_may_forward(author, target)?;
            let snapshot = target
                .snapshot
                .clone()
                .unwrap_or_else(|| self.snapshot_payload(target));
            let reference = Reference {
                forward: true,
                message_id: Some(new.message_id),
                channel_id: from,
                guild_id,
            };
            return Ok((Some(reference), Some(snapshot)));
        }
        if from != channel {
            let message = "Cannot reply to a message in a different channel";
            let code = "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL";
            return Err(Refusal::field("message_reference", code, message));
        }
        let is_system = target.is_some_and(|target| !kind::is_written(target.kind));
        if is_system {
            let message = "Cannot reply to a system message";
            let code = "REPLIES_CANNOT_REFERENCE_SYSTEM_MESSAGE";
            return Err(Refusal::field("message_reference", code, message));
        }
        if target.is_none() {
            if new.fail_if_not_exists {
                let code = "REPLIES_UNKNOWN_MESSAGE";
                return Err(Refusal::field("message_reference", code, "Unknown message"));
            }
            return Ok((None, None));
        }
        let message_id = Some(new.message_id);
        Ok((
            Some(Reference {
                forward: false,
                message_id,
                channel_id: channel,
                guild_id,
            }),
            None,
        ))
    }

    /// Says that a user types.
    pub fn typing(&mut self, actor: &Actor, channel_id: Snowflake) -> Answer<()> {
        let channel = self.visible_channel(actor.id, channel_id)?;
        let sending = sending_bit(channel.kind);
        if !channel.kind.has_messages() {
            return Err(Refusal::wrong_channel_type());
        }
        let guild = channel.guild_id;
        self.require_in(actor.id, channel_id, sending)?;
        let mut data = json!({
            "channel_id": channel_id, "user_id": actor.id, "timestamp": self.now_ms() / 1_000,
        });
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild);
            data["member"] = self.member_payload(guild, actor.id).unwrap_or_default();
        }
        let (audience, in_guild) = self.audience_of(channel_id);
        let wanted = if in_guild {
            intents::GUILD_MESSAGE_TYPING
        } else {
            intents::DIRECT_MESSAGE_TYPING
        };
        self.dispatch("TYPING_START", audience, wanted, data);
        Ok(())
    }
}
