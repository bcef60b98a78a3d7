//! Channels, threads and direct messages: what they are and how Discord renders them.

mod create;
mod delete;
mod dm;
mod edit;
mod gained;
mod overwrite;
mod post;
mod quiet;
mod reorder;
mod settings;
pub(crate) mod slow_mode;
mod thread;
mod thread_edit;
pub mod thread_list;
mod thread_member;
pub mod thread_search;
mod voice_status;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::World;
use super::clock::iso8601;
use crate::permissions::{Overwrite, OverwriteTarget};
use crate::snowflake::Snowflake;

/// The types of channel that the sandbox knows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[repr(u8)]
pub enum ChannelKind {
    Text = 0,
    Dm = 1,
    Voice = 2,
    Category = 4,
    Announcement = 5,
    AnnouncementThread = 10,
    PublicThread = 11,
    PrivateThread = 12,
    Stage = 13,
    Forum = 15,
    Media = 16,
}

impl ChannelKind {
    /// From Discord's number.
    pub fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Text,
            1 => Self::Dm,
            2 => Self::Voice,
            4 => Self::Category,
            5 => Self::Announcement,
            10 => Self::AnnouncementThread,
            11 => Self::PublicThread,
            12 => Self::PrivateThread,
            13 => Self::Stage,
            15 => Self::Forum,
            16 => Self::Media,
            _ => return None,
        })
    }

    /// Discord's number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// One of the three kinds of thread.
    pub const fn is_thread(self) -> bool {
        matches!(
            self,
            Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread
        )
    }

    /// Holds posts (threads), no messages of its own.
    pub const fn is_forum(self) -> bool {
        matches!(self, Self::Forum | Self::Media)
    }

    /// Voice and stage channels.
    pub const fn is_voice(self) -> bool {
        matches!(self, Self::Voice | Self::Stage)
    }

    /// Messages can be sent there.
    pub const fn has_messages(self) -> bool {
        !matches!(self, Self::Category | Self::Forum | Self::Media)
    }
}

/// A channel of a guild, a thread, or a DM.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Channel {
    pub id: Snowflake,
    pub kind: ChannelKind,
    /// `None` for a DM.
    pub guild_id: Option<Snowflake>,
    /// The category; for a thread, the channel it is in.
    pub parent_id: Option<Snowflake>,
    pub name: String,
    pub position: i64,
    pub overwrites: Vec<Overwrite>,
    /// Settings without rules of their own, already validated, under Discord's names.
    pub settings: Map<String, Value>,
    pub flags: u64,
    pub last_message_id: Option<Snowflake>,
    pub last_pin_ms: Option<u64>,
    /// Both ends of a DM.
    pub recipients: Vec<Snowflake>,
    /// Present for threads.
    pub thread: Option<Thread>,
    /// What the people in a voice channel say of it.
    #[serde(default)]
    pub voice_status: Option<String>,
}

/// What makes a channel a thread.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Thread {
    pub owner_id: Snowflake,
    pub archived: bool,
    /// When `archived` last changed.
    pub archive_ms: u64,
    /// Minutes without activity until it is archived.
    pub auto_archive_duration: u64,
    pub locked: bool,
    /// Private threads only: members without `MANAGE_THREADS` may add others.
    pub invitable: bool,
    pub created_ms: u64,
    pub message_count: u64,
    pub total_message_sent: u64,
    /// Who is in it, and since when.
    pub members: BTreeMap<Snowflake, u64>,
    pub applied_tags: Vec<Snowflake>,
}

impl Channel {
    /// A channel of which nothing else is known.
    pub fn new(id: Snowflake, kind: ChannelKind, guild_id: Option<Snowflake>) -> Self {
        Self {
            id,
            kind,
            guild_id,
            parent_id: None,
            name: String::new(),
            position: 0,
            overwrites: Vec::new(),
            settings: Map::new(),
            flags: 0,
            last_message_id: None,
            last_pin_ms: None,
            recipients: Vec::new(),
            thread: None,
            voice_status: None,
        }
    }

    /// The `thread_metadata` object.
    fn thread_metadata(&self, thread: &Thread) -> Value {
        let mut metadata = json!({
            "archived": thread.archived,
            "archive_timestamp": iso8601(thread.archive_ms),
            "auto_archive_duration": thread.auto_archive_duration,
            "locked": thread.locked,
            "create_timestamp": iso8601(thread.created_ms),
        });
        if self.kind == ChannelKind::PrivateThread {
            metadata["invitable"] = json!(thread.invitable);
        }
        metadata
    }
}

/// One overwrite as Discord renders it.
pub(crate) fn overwrite_payload(overwrite: &Overwrite) -> Value {
    json!({
        "id": overwrite.id,
        "type": match overwrite.target { OverwriteTarget::Role => 0, OverwriteTarget::Member => 1 },
        "allow": overwrite.allow.to_string(),
        "deny": overwrite.deny.to_string(),
    })
}

/// A thread's member as Discord renders it.
pub(crate) fn thread_member_payload(thread: Snowflake, user: Snowflake, joined_ms: u64) -> Value {
    json!({"id": thread, "user_id": user, "join_timestamp": iso8601(joined_ms), "flags": 0})
}

impl World {
    /// A channel, thread or DM as `viewer` gets it; `None` when there is none.
    pub fn channel_payload(&self, id: Snowflake, viewer: Snowflake) -> Option<Value> {
        let channel = self.channels.get(&id)?;
        Some(match (&channel.thread, channel.guild_id) {
            (Some(thread), _) => self.thread_payload(channel, thread, viewer),
            (None, Some(guild)) => guild_channel_payload(channel, guild),
            (None, None) => json!({
                "id": channel.id,
                "type": channel.kind.number(),
                "last_message_id": channel.last_message_id,
                "last_pin_timestamp": channel.last_pin_ms.map(iso8601),
                "flags": channel.flags,
                "recipients": channel.recipients.iter().filter(|user| **user != viewer)
                    .map(|user| self.user_payload(*user)).collect::<Vec<_>>(),
            }),
        })
    }

    fn thread_payload(&self, channel: &Channel, thread: &Thread, viewer: Snowflake) -> Value {
        let mut payload = json!({
            "id": channel.id,
            "type": channel.kind.number(),
            "guild_id": channel.guild_id,
            "parent_id": channel.parent_id,
            "name": channel.name,
            "owner_id": thread.owner_id,
            "last_message_id": channel.last_message_id,
            "last_pin_timestamp": channel.last_pin_ms.map(iso8601),
            "rate_limit_per_user": channel.settings.get("rate_limit_per_user")
                .cloned().unwrap_or(json!(0)),
            "flags": channel.flags,
            "thread_metadata": channel.thread_metadata(thread),
            "message_count": thread.message_count,
            "member_count": thread.members.len().min(50),
            "total_message_sent": thread.total_message_sent,
        });
        if self
            .parent_of(channel)
            .is_some_and(|parent| parent.kind.is_forum())
        {
            payload["applied_tags"] = json!(thread.applied_tags);
        }
        if let Some(joined) = thread.members.get(&viewer) {
            payload["member"] = thread_member_payload(channel.id, viewer, *joined);
        }
        payload
    }

    /// The channel that holds a thread, or the category that holds a channel.
    pub(crate) fn parent_of(&self, channel: &Channel) -> Option<&Channel> {
        self.channels.get(&channel.parent_id?)
    }

    /// Whether a user takes part in a DM.
    pub fn is_dm_recipient(&self, channel: Snowflake, user: Snowflake) -> bool {
        self.channels
            .get(&channel)
            .is_some_and(|dm| dm.guild_id.is_none() && dm.recipients.contains(&user))
    }

    /// The channels of a guild that are no threads, by position.
    pub fn channels_of(&self, guild: Snowflake) -> Vec<&Channel> {
        let mut channels: Vec<_> = self
            .channels
            .values()
            .filter(|channel| channel.guild_id == Some(guild) && channel.thread.is_none())
            .collect();
        channels.sort_by_key(|channel| (channel.position, channel.id));
        channels
    }

    /// The threads of a guild, oldest first.
    pub fn threads_of(&self, guild: Snowflake) -> impl Iterator<Item = (&Channel, &Thread)> {
        self.channels
            .values()
            .filter(move |channel| channel.guild_id == Some(guild))
            .filter_map(|channel| Some((channel, channel.thread.as_ref()?)))
    }
}

fn guild_channel_payload(channel: &Channel, guild: Snowflake) -> Value {
    let mut payload = json!({
        "id": channel.id,
        "type": channel.kind.number(),
        "guild_id": guild,
        "name": channel.name,
        "position": channel.position,
        "parent_id": channel.parent_id,
        "permission_overwrites": channel.overwrites.iter().map(overwrite_payload)
            .collect::<Vec<_>>(),
        "flags": channel.flags,
        "nsfw": false,
    });
    let defaults = default_settings(channel.kind);
    if let Some(object) = payload.as_object_mut() {
        if channel.kind != ChannelKind::Category {
            object.insert("last_message_id".into(), json!(channel.last_message_id));
            if let Some(pinned) = channel.last_pin_ms {
                object.insert("last_pin_timestamp".into(), json!(iso8601(pinned)));
            }
        }
        object.extend(defaults);
        object.extend(channel.settings.clone());
    }
    payload
}

/// The settings that a channel of this kind always shows.
pub(crate) fn default_settings(kind: ChannelKind) -> Map<String, Value> {
    let settings = match kind {
        ChannelKind::Category => json!({}),
        ChannelKind::Voice | ChannelKind::Stage => json!({
            "bitrate": 64_000, "user_limit": 0, "rtc_region": null, "rate_limit_per_user": 0,
        }),
        ChannelKind::Forum | ChannelKind::Media => json!({
            "topic": null, "rate_limit_per_user": 0, "available_tags": [],
            "default_reaction_emoji": null, "default_sort_order": null, "default_forum_layout": 0,
        }),
        _ => json!({"topic": null, "rate_limit_per_user": 0}),
    };
    match settings {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
