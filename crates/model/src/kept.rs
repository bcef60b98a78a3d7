//! What is kept of writes so that they can be taken back, as a port. It holds what people wrote, so
//! it is kept for a time only, and never in the audit.

use async_trait::async_trait;
use serde_json::Value;

use crate::{
    clock::Millis,
    id::{ChannelId, GuildId, UserId},
    ledger::StoreError,
    workspace::WorkspaceId,
};

/// What a write keeps, committed with its outbox row.
#[derive(Debug, Clone, PartialEq)]
pub struct Keep {
    /// The call that this one is a step of.
    pub parent: Option<String>,
    pub workspace: WorkspaceId,
    /// The Discord user who asked for it, where one did.
    pub asker: Option<UserId>,
    /// When it is forgotten.
    pub expires_at: Millis,
    /// What the gate needs to find the inverse. Null where nothing can take it back.
    pub image: Value,
    /// The call that this one takes back; claimed with it, so that a call is taken back once. Its
    /// steps are taken back with it.
    pub undoes: Option<String>,
}

/// How a kept write stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptState {
    /// Hands are at work, or the process ended before they were done.
    Started,
    Done,
    /// Nobody knows whether it happened.
    Unknown,
    /// Taken back, or the taking back has begun.
    Undone,
}

impl KeptState {
    pub const ALL: [Self; 4] = [Self::Started, Self::Done, Self::Unknown, Self::Undone];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Unknown => "unknown",
            Self::Undone => "undone",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A kept write.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptWrite {
    pub call_id: String,
    pub outbox_id: String,
    pub principal: String,
    pub tool: String,
    pub guild_id: Option<GuildId>,
    pub channel_id: Option<ChannelId>,
    pub at: Millis,
    pub state: KeptState,
    /// The call that took it back.
    pub undone_by: Option<String>,
    pub keep: Keep,
}

/// Which kept writes to list: of one principal, newest first, no steps and no undos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFilter {
    /// `None` lists everybody's.
    pub principal: Option<String>,
    /// Only of this guild. A call of several steps counts where one of its steps acted.
    pub guild_id: Option<GuildId>,
    /// Only those that can still be taken back.
    pub open: Open,
    pub limit: u32,
}

/// Whether a list is of what can still be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    Only,
    AndClosed,
}

/// Kept writes. They are written through [`Ledger::begin`](crate::ledger::Ledger::begin) and
/// [`Ledger::finish`](crate::ledger::Ledger::finish); what has expired is not given.
#[async_trait]
pub trait KeptWrites: Send + Sync {
    async fn kept(&self, call_id: &str) -> Result<Option<KeptWrite>, StoreError>;
    /// By the outbox row it was begun with.
    async fn kept_with(&self, outbox_id: &str) -> Result<Option<KeptWrite>, StoreError>;
    /// The steps of a call, in order.
    async fn steps_of(&self, call_id: &str) -> Result<Vec<KeptWrite>, StoreError>;
    async fn list_kept(&self, filter: &KeptFilter) -> Result<Vec<KeptWrite>, StoreError>;
}
