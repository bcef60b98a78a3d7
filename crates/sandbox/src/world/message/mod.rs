//! Messages: what they are, what they are made from, and how Discord renders them.

mod append;
pub mod attachment;
mod component_media;
mod crosspost;
pub mod edit;
mod emoji_use;
pub(crate) mod may_send;
pub mod mention;
pub(crate) mod nonce;
pub mod page;
mod parts;
pub mod pin;
pub mod poll;
pub mod reaction;
pub(crate) mod render;
pub mod search;
pub mod send;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use super::interaction::InteractionNote;
pub use attachment::{Attachment, Voice};
pub use poll::Poll;
pub use reaction::{EmojiKey, Reaction};

use super::Answer;
use crate::snowflake::Snowflake;

/// Types of message that the sandbox makes (Discord: Message › Message Types).
pub(crate) mod kind {
    pub(crate) const DEFAULT: u64 = 0;
    pub(crate) const RECIPIENT_ADD: u64 = 1;
    pub(crate) const RECIPIENT_REMOVE: u64 = 2;
    pub(crate) const CHANNEL_NAME_CHANGE: u64 = 4;
    pub(crate) const CHANNEL_PINNED_MESSAGE: u64 = 6;
    pub(crate) const USER_JOIN: u64 = 7;
    pub(crate) const CHANNEL_FOLLOW_ADD: u64 = 12;
    pub(crate) const THREAD_CREATED: u64 = 18;
    pub(crate) const REPLY: u64 = 19;
    pub(crate) const CHAT_INPUT_COMMAND: u64 = 20;
    pub(crate) const THREAD_STARTER_MESSAGE: u64 = 21;
    pub(crate) const CONTEXT_MENU_COMMAND: u64 = 23;
    pub(crate) const AUTO_MODERATION_ACTION: u64 = 24;
    pub(crate) const STAGE_START: u64 = 27;
    pub(crate) const STAGE_END: u64 = 28;
    pub(crate) const STAGE_SPEAKER: u64 = 29;
    pub(crate) const STAGE_TOPIC: u64 = 31;
    pub(crate) const POLL_RESULT: u64 = 46;

    /// Written by somebody, not by Discord.
    pub(crate) const fn is_written(kind: u64) -> bool {
        matches!(
            kind,
            DEFAULT | REPLY | CHAT_INPUT_COMMAND | CONTEXT_MENU_COMMAND
        )
    }

    /// Discord deletes these for nobody.
    pub(crate) const fn is_lasting(kind: u64) -> bool {
        matches!(kind, 1..=5 | THREAD_STARTER_MESSAGE)
    }
}

/// Message flags (Discord: Message › Message Flags).
pub(crate) mod flag {
    pub(crate) const CROSSPOSTED: u64 = 1 << 0;
    pub(crate) const IS_CROSSPOST: u64 = 1 << 1;
    pub(crate) const SUPPRESS_EMBEDS: u64 = 1 << 2;
    pub(crate) const SOURCE_MESSAGE_DELETED: u64 = 1 << 3;
    pub(crate) const HAS_THREAD: u64 = 1 << 5;
    pub(crate) const FAILED_TO_MENTION_SOME_ROLES_IN_THREAD: u64 = 1 << 8;
    pub(crate) const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
    pub(crate) const EPHEMERAL: u64 = 1 << 6;
    pub(crate) const IS_VOICE_MESSAGE: u64 = 1 << 13;
    pub(crate) const LOADING: u64 = 1 << 7;
    pub(crate) const HAS_SNAPSHOT: u64 = 1 << 14;
    pub(crate) const IS_COMPONENTS_V2: u64 = 1 << 15;
}

/// A message as it is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Message {
    pub id: Snowflake,
    pub channel_id: Snowflake,
    pub kind: u64,
    /// The user; for webhooks, the webhook's id.
    pub author_id: Snowflake,
    /// How a webhook signed it.
    pub webhook: Option<WebhookAuthor>,
    pub content: String,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub attachments: Vec<Attachment>,
    pub sticker_items: Vec<Value>,
    pub flags: u64,
    pub tts: bool,
    pub nonce: Option<Value>,
    pub edited_ms: Option<u64>,
    pub pinned_ms: Option<u64>,
    pub mention_everyone: bool,
    pub mentions: Vec<Snowflake>,
    pub mention_roles: Vec<Snowflake>,
    pub reference: Option<Reference>,
    /// The forwarded message, as it was.
    pub snapshot: Option<Value>,
    pub reactions: Vec<Reaction>,
    pub poll: Option<Poll>,
    /// The interaction that it answers.
    pub interaction: Option<InteractionNote>,
    /// In a thread: how many messages came before it.
    pub position: Option<u64>,
}

impl Message {
    /// A plain message with nothing in it yet.
    pub(crate) fn bare(id: Snowflake, channel_id: Snowflake, author_id: Snowflake) -> Self {
        Self {
            id,
            channel_id,
            kind: kind::DEFAULT,
            author_id,
            webhook: None,
            content: String::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            attachments: Vec::new(),
            sticker_items: Vec::new(),
            flags: 0,
            tts: false,
            nonce: None,
            edited_ms: None,
            pinned_ms: None,
            mention_everyone: false,
            mentions: Vec::new(),
            mention_roles: Vec::new(),
            reference: None,
            snapshot: None,
            reactions: Vec::new(),
            poll: None,
            interaction: None,
            position: None,
        }
    }

    /// Ephemeral answers are shown to one person; the bot that sent them finds them by the token
    /// of the interaction alone.
    pub(crate) fn is_shown_to(&self, user: Snowflake) -> bool {
        let Some(interaction) = &self.interaction else {
            return true;
        };
        self.flags & flag::EPHEMERAL == 0 || interaction.user == user
    }
}

/// How a webhook signed a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WebhookAuthor {
    pub name: String,
    pub avatar: Option<String>,
    pub application_id: Option<Snowflake>,
}

/// What a message points at.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reference {
    pub forward: bool,
    pub message_id: Option<Snowflake>,
    pub channel_id: Snowflake,
    pub guild_id: Option<Snowflake>,
}

/// A message to be sent, already within Discord's limits.
#[derive(Clone, Debug, Default)]
pub struct NewMessage {
    pub content: String,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub attachments: Vec<NewAttachment>,
    pub allowed_mentions: Option<AllowedMentions>,
    pub flags: u64,
    pub tts: bool,
    pub nonce: Option<Value>,
    /// The same nonce from the same author within minutes answers with the first message.
    pub enforce_nonce: bool,
    pub reference: Option<NewReference>,
    pub sticker_ids: Vec<Snowflake>,
    pub poll: Option<NewPoll>,
    /// The interaction that it answers; only then may it be ephemeral.
    pub(crate) interaction: Option<InteractionNote>,
}

impl NewMessage {
    /// Only text.
    pub fn text(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }

    /// Reads the body of "create message", refusing what Discord refuses.
    pub fn parse(body: &Value, files: Vec<UploadedFile>) -> Answer<Self> {
        crate::validate::message::read_new(body, files)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.content.is_empty()
            && self.embeds.is_empty()
            && self.components.is_empty()
            && self.attachments.is_empty()
            && self.sticker_ids.is_empty()
            && self.poll.is_none()
    }
}

/// What is to change in a message; `None` leaves it alone.
#[derive(Clone, Debug, Default)]
pub struct MessageEdit {
    pub content: Option<String>,
    pub embeds: Option<Vec<Value>>,
    pub components: Option<Vec<Value>>,
    pub allowed_mentions: Option<AllowedMentions>,
    pub flags: Option<u64>,
    pub attachments: Option<Vec<NewAttachment>>,
    /// The body had no `attachments`, so that uploads are added to those that exist.
    pub keeps_all_attachments: bool,
}

impl MessageEdit {
    /// Reads the body of "edit message".
    pub fn parse(body: &Value, files: Vec<UploadedFile>) -> Answer<Self> {
        crate::validate::message::read_edit(body, files)
    }
}

/// Whom a message may ping.
#[derive(Clone, Debug, Default)]
pub struct AllowedMentions {
    pub everyone: bool,
    pub all_users: bool,
    pub all_roles: bool,
    pub users: Vec<Snowflake>,
    pub roles: Vec<Snowflake>,
    pub replied_user: bool,
}

/// A reply or forward to be made.
#[derive(Clone, Debug, Default)]
pub struct NewReference {
    pub message_id: Snowflake,
    /// Where the message is, when not in the same channel.
    pub channel_id: Option<Snowflake>,
    pub forward: bool,
    pub fail_if_not_exists: bool,
}

/// An attachment to be sent, or (in an edit, without a file) to be kept.
#[derive(Clone, Debug, Default)]
pub struct NewAttachment {
    /// The `n` of `files[n]`, or the id of an attachment that exists.
    pub id: Snowflake,
    pub filename: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub spoiler: Option<bool>,
    pub voice: Option<Voice>,
    pub file: Option<UploadedFile>,
}

/// A part of a multipart request.
#[derive(Clone, Debug)]
pub struct UploadedFile {
    /// The `n` of `files[n]`.
    pub index: u64,
    pub filename: String,
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

/// A poll to be sent.
#[derive(Clone, Debug, Default)]
pub struct NewPoll {
    pub question: String,
    /// Each a rendered `poll_media`.
    pub answers: Vec<Value>,
    /// How long it runs.
    pub hours: u64,
    pub multiselect: bool,
}
