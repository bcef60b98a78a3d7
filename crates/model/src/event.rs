//! What came in from Discord, as the journal keeps it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    clock::Millis,
    id::{ChannelId, GuildId},
};

/// One Gateway dispatch that someone may rely on.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// Position in the journal, from 1, without gaps on one engine. 0 before it is written.
    pub seq: i64,
    /// Discord's name, e.g. `MESSAGE_CREATE`.
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<GuildId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// When it was received.
    pub received_at: Millis,
    /// Discord's `d`, byte for byte: models of libraries drop what they do not know.
    pub data: Arc<RawValue>,
}

/// Where a Gateway session can be taken up again, saved with the events it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumePoint {
    pub shard: u32,
    pub session_id: String,
    /// Last Gateway sequence number that was handled.
    pub sequence: u64,
    pub resume_url: String,
}
