//! Whose words a model may see, where the operator shows it only those of trusted members.

use std::collections::BTreeSet;

use model::{ChannelId, GuildId, RoleId};
use serde::{Deserialize, Serialize};

use crate::strict::{self, NoOtherKeys};

/// Where it holds, and who is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lockdown {
    /// Members are trusted who have one of these roles, or whose highest role is above the lowest
    /// of them.
    pub trust_roles: BTreeSet<RoleId>,
    /// Empty: every guild.
    pub guilds: BTreeSet<GuildId>,
    /// Empty: every channel. A thread counts as its parent and category.
    pub channels: BTreeSet<ChannelId>,
    #[serde(flatten, skip_serializing, deserialize_with = "strict::lockdown")]
    pub others: NoOtherKeys,
}
