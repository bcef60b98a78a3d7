//! Sending: a message is made from what was asked for. Who may send what is in `may_send`, what
//! it sets off in `append`.

use serde_json::Value;

use super::component_media::resolve_media;
use super::poll::Poll;
use super::{Message, NewMessage, WebhookAuthor};
use super::{flag, kind};
use crate::snowflake::Snowflake;
use crate::world::channel::slow_mode::Slowed;
use crate::world::refusal::Unknown;
use crate::world::timers::Due;
use crate::world::{Actor, Answer, Refusal, World};

/// Flags that a sender may set.
const SENDER_FLAGS: u64 = flag::SUPPRESS_EMBEDS
    | flag::SUPPRESS_NOTIFICATIONS
    | flag::IS_COMPONENTS_V2
    | flag::IS_VOICE_MESSAGE;

impl World {
    /// A message, if there is one.
    pub fn message(&self, channel: Snowflake, id: Snowflake) -> Option<&Message> {
        self.messages.get(&channel)?.get(&id)
    }

    /// Sends a message as a user, and answers the message object.
    pub fn create_message(
        &mut self,
        actor: &Actor,
        channel_id: Snowflake,
        mut new: NewMessage,
    ) -> Answer<Value> {
        self.check_may_send(actor.id, channel_id, &new)?;
        new.content = self.without_foreign_emojis(actor.id, channel_id, &new.content);
        if let Some(first) = self.nonce_used(actor.id, channel_id, &new) {
            let message = self.message(channel_id, first);
            return message
                .map(|message| self.message_payload(message, actor.id))
                .ok_or_else(|| Refusal::unknown(Unknown::Message));
        }
        self.check_pace(actor.id, channel_id, Slowed::Message)?;
        let screened = self.screen_message(actor.id, channel_id, &new.content)?;
        let id = self.post(actor.id, None, channel_id, new)?;
        self.act_on(actor.id, channel_id, Some(id), &screened);
        self.note_pace(actor.id, channel_id, Slowed::Message);
        let message = self
            .message(channel_id, id)
            .ok_or_else(|| Refusal::unknown(Unknown::Message))?;
        Ok(self.message_payload(message, actor.id))
    }

    /// Makes the message, whoever may send it, and tells everyone.
    pub(crate) fn post(
        &mut self,
        author_id: Snowflake,
        webhook: Option<WebhookAuthor>,
        channel_id: Snowflake,
        new: NewMessage,
    ) -> Answer<Snowflake> {
        let id = self.next_id();
        self.post_as(id, author_id, webhook, channel_id, new)?;
        Ok(id)
    }

    /// The first message of a forum post has the id of its thread.
    pub(crate) fn post_first(
        &mut self,
        author: Snowflake,
        thread: Snowflake,
        new: NewMessage,
    ) -> Answer<()> {
        self.post_as(thread, author, None, thread, new)
    }

    /// Makes the message under an id that is already chosen.
    pub(crate) fn post_as(
        &mut self,
        id: Snowflake,
        author_id: Snowflake,
        webhook: Option<WebhookAuthor>,
        channel_id: Snowflake,
        mut new: NewMessage,
    ) -> Answer<()> {
        if let Some(poll) = &mut new.poll {
            self.complete_poll(author_id, channel_id, poll)?;
        }
        let reference = new.reference.as_ref();
        let forward = reference.is_some_and(|reference| reference.forward);
        if new.is_empty() && !forward {
            return Err(Refusal::new(400, 50_006, "Cannot send an empty message"));
        }
        let sticker_items = self.sticker_items(&new.sticker_ids)?;
        let (reference, snapshot) = self.resolve_reference(author_id, channel_id, reference)?;
        let attachments = self.store_attachments(channel_id, new.attachments)?;
        let is_reply = reference
            .as_ref()
            .is_some_and(|reference| !reference.forward);
        let mut flags = new.flags & SENDER_FLAGS;
        if forward {
            flags |= flag::HAS_SNAPSHOT;
        }
        if new.interaction.is_some() {
            flags |= new.flags & flag::EPHEMERAL;
        }
        let mut message = Message::bare(id, channel_id, author_id);
        message.kind = match &new.interaction {
            Some(note) => note.message_kind(),
            None if is_reply => kind::REPLY,
            None => kind::DEFAULT,
        };
        message.webhook = webhook;
        message.content = new.content;
        message.embeds = new.embeds;
        message.components = new.components;
        message.attachments = attachments;
        message.sticker_items = sticker_items;
        message.flags = flags;
        message.tts = new.tts;
        message.nonce.clone_from(&new.nonce);
        message.reference = reference;
        message.snapshot = snapshot;
        message.poll = new.poll.map(|poll| Poll::new(poll, self.now_ms()));
        message.interaction = new.interaction;
        let mut components = std::mem::take(&mut message.components);
        for component in &mut components {
            resolve_media(self, component, &message.attachments);
        }
        message.components = components;
        self.fill_mentions(&mut message, new.allowed_mentions.as_ref());
        if let Some(poll) = &message.poll {
            let (channel, message) = (channel_id, id);
            self.remind(poll.expires_ms(), Due::EndPoll { channel, message });
        }
        if let Some(nonce) = new.nonce.as_ref().filter(|_| new.enforce_nonce) {
            self.remember_nonce(author_id, channel_id, nonce, id);
        }
        self.append(message);
        Ok(())
    }
}
