//! Sending: permissions, replies and forwards, nonces, attachments, and what a send sets off.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::component_media::resolve_media;
use super::poll::Poll;
use super::{Message, NewMessage, WebhookAuthor};
use super::{flag, kind};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::channel::Channel;
use crate::world::channel::slow_mode::Slowed;
use crate::world::refusal::Unknown;
use crate::world::timers::Due;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// How long an enforced nonce answers with the message it first made.
const NONCE_MS: u64 = 5 * 60 * 1_000;

/// Remembered nonces; the oldest go first.
const MAX_NONCES: usize = 10_000;

/// Messages kept per channel; the oldest go first.
const MAX_MESSAGES: usize = 20_000;

/// Flags that a sender may set.
const SENDER_FLAGS: u64 =
    flag::SUPPRESS_EMBEDS | flag::SUPPRESS_NOTIFICATIONS | flag::IS_COMPONENTS_V2 | (1 << 13);

/// A nonce that must not make a second message.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct UsedNonce {
    author: Snowflake,
    channel: Snowflake,
    nonce: String,
    message: Snowflake,
    at_ms: u64,
}

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
        new: NewMessage,
    ) -> Answer<Value> {
        self.check_may_send(actor.id, channel_id, &new)?;
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

    fn check_may_send(&self, user: Snowflake, id: Snowflake, new: &NewMessage) -> Answer<()> {
        let channel = self.visible_channel(user, id)?;
        if !channel.kind.has_messages() {
            return Err(Refusal::new(
                400,
                50_008,
                "Cannot send messages in a non-text channel",
            ));
        }
        if channel.guild_id.is_none() {
            self.check_dm_open(user, channel)?;
        }
        let permissions = self.permissions_in(user, id);
        let in_thread = channel.kind.is_thread();
        let sending = if in_thread {
            bits::SEND_MESSAGES_IN_THREADS
        } else {
            bits::SEND_MESSAGES
        };
        let mut needed = sending;
        let demand = |used: bool, bit: u64| if used { bit } else { 0 };
        needed |= demand(!new.embeds.is_empty(), bits::EMBED_LINKS);
        needed |= demand(!new.attachments.is_empty(), bits::ATTACH_FILES);
        needed |= demand(new.tts, bits::SEND_TTS_MESSAGES);
        needed |= demand(new.poll.is_some(), bits::SEND_POLLS);
        if permissions & needed != needed {
            return Err(Refusal::missing_permissions());
        }
        let replies = new
            .reference
            .as_ref()
            .is_some_and(|reference| !reference.forward);
        if replies && permissions & bits::READ_MESSAGE_HISTORY == 0 {
            let message = "Cannot reply without permission to read message history";
            return Err(Refusal::new(400, 160_002, message));
        }
        if let Some(thread) = channel.thread.as_ref().filter(|thread| thread.locked)
            && permissions & bits::MANAGE_THREADS == 0
        {
            return Err(if thread.archived {
                Refusal::new(400, 50_083, "Thread is archived")
            } else {
                Refusal::new(400, 160_005, "This thread is locked")
            });
        }
        Ok(())
    }

    fn check_dm_open(&self, user: Snowflake, channel: &Channel) -> Answer<()> {
        let closed = channel
            .recipients
            .iter()
            .filter(|other| **other != user)
            .any(|other| self.users.get(other).is_none_or(|user| !user.accepts_dms));
        if closed {
            return Err(Refusal::new(
                403,
                50_007,
                "Cannot send messages to this user",
            ));
        }
        Ok(())
    }

    fn nonce_used(
        &self,
        author: Snowflake,
        channel: Snowflake,
        new: &NewMessage,
    ) -> Option<Snowflake> {
        let nonce = new
            .nonce
            .as_ref()
            .filter(|_| new.enforce_nonce)?
            .to_string();
        let now = self.now_ms();
        let mut recent = self
            .nonces
            .iter()
            .rev()
            .take_while(|used| used.at_ms + NONCE_MS > now);
        // A nonce whose message was deleted makes a new one.
        let same = |used: &&UsedNonce| {
            used.author == author
                && used.channel == channel
                && used.nonce == nonce
                && self.message(channel, used.message).is_some()
        };
        recent.find(same).map(|used| used.message)
    }

    fn remember_nonce(
        &mut self,
        author: Snowflake,
        channel: Snowflake,
        nonce: &Value,
        id: Snowflake,
    ) {
        let at_ms = self.now_ms();
        if self.nonces.len() >= MAX_NONCES {
            self.nonces.pop_front();
        }
        let nonce = nonce.to_string();
        self.nonces.push_back(UsedNonce {
            author,
            channel,
            nonce,
            message: id,
            at_ms,
        });
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
        new: NewMessage,
    ) -> Answer<()> {
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
        let mut message = Message {
            id,
            channel_id,
            kind: if is_reply { kind::REPLY } else { kind::DEFAULT },
            author_id,
            webhook,
            content: new.content,
            embeds: new.embeds,
            components: new.components,
            attachments,
            sticker_items,
            flags,
            tts: new.tts,
            nonce: new.nonce.clone(),
            edited_ms: None,
            pinned_ms: None,
            mention_everyone: false,
            mentions: Vec::new(),
            mention_roles: Vec::new(),
            reference,
            snapshot,
            reactions: Vec::new(),
            poll: new.poll.map(|poll| Poll::new(poll, self.now_ms())),
            interaction: new.interaction,
        };
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

    /// Puts a message into its channel: counters, unarchiving, joining the thread, dispatch.
    pub(crate) fn append(&mut self, message: Message) {
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
        self.wake_thread(channel_id, author_id, message.webhook.is_none());
        let starter = message.kind == kind::THREAD_STARTER_MESSAGE;
        if let Some(channel) = self.channels.get_mut(&channel_id) {
            channel.last_message_id = Some(id);
            if let Some(thread) = channel
                .thread
                .as_mut()
                .filter(|_| !starter && id != channel_id)
            {
                thread.message_count += 1;
                thread.total_message_sent += 1;
            }
        }
        let kept = self.messages.entry(channel_id).or_default();
        kept.insert(id, message);
        if kept.len() > MAX_MESSAGES {
            kept.pop_first();
        }
        self.tell_message("MESSAGE_CREATE", channel_id, id);
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
