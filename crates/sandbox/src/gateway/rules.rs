//! The Gateway's own limits, as its connections read them.

use crate::limits::{Allowance, Limits};

/// What a connection may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The largest frame a client may send, in bytes.
    pub(crate) frame_bytes: usize,
    /// Frames a client may send within a minute.
    pub(crate) commands_per_minute: u32,
    /// Guilds that one shard may carry.
    pub(crate) guilds_per_shard: Option<u32>,
    /// Requests for all members of one guild.
    pub(crate) all_members: Option<Allowance>,
}

impl Rules {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self {
            frame_bytes: limits.gateway_frame_bytes,
            commands_per_minute: limits.gateway_commands_per_minute,
            guilds_per_shard: limits.guilds_per_shard,
            all_members: limits.all_members,
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::of(&Limits::default())
    }
}
