//! How a world is described: guilds, people, bots, roles, channels and what was said there.

use serde::{Deserialize, Serialize};

use super::square;

/// What exists at the start. The first guild, its first bot and its first text channel are the
/// ones that [`crate::Info`] names.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorldSpec {
    /// At least one.
    pub guilds: Vec<GuildSpec>,
}

/// A guild. People and bots are named; the same name in two guilds is the same user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GuildSpec {
    /// Its name.
    pub name: String,
    /// The owner's username; also a member.
    pub owner: String,
    /// From the lowest to the highest.
    #[serde(default)]
    pub roles: Vec<RoleSpec>,
    /// Besides the owner.
    #[serde(default)]
    pub members: Vec<MemberSpec>,
    /// Many more members, generated.
    #[serde(default)]
    pub crowd: Option<CrowdSpec>,
    /// Bots get a role of their own above all others.
    #[serde(default)]
    pub bots: Vec<BotSpec>,
    /// From top to bottom; a category before its channels.
    #[serde(default)]
    pub channels: Vec<ChannelSpec>,
    /// Name of the channel where newcomers are greeted.
    #[serde(default)]
    pub system_channel: Option<String>,
    /// Name of the channel with the rules.
    #[serde(default)]
    pub rules_channel: Option<String>,
}

/// A role.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleSpec {
    /// Its name.
    pub name: String,
    /// Permission bits.
    pub permissions: u64,
    /// RGB; 0 for none.
    pub color: u32,
    /// Shown apart in the list of members.
    pub hoist: bool,
    /// May be mentioned by everyone.
    pub mentionable: bool,
}

/// A person in a guild.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MemberSpec {
    /// Unique in the world.
    pub username: String,
    /// Names of roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// `online`, `idle` or `dnd`; absent for offline.
    #[serde(default)]
    pub status: Option<String>,
}

/// Members who are only there: `crowd000000` and so on, without roles.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CrowdSpec {
    /// How many; at most 500,000, as in one of Discord's guilds.
    pub people: u32,
    /// How many of them show as online.
    #[serde(default)]
    pub online: u32,
}

/// A bot in a guild.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BotSpec {
    /// Unique in the world.
    pub username: String,
    /// Bits of its own role.
    pub permissions: u64,
}

/// A channel.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSpec {
    /// Its name.
    pub name: String,
    /// Discord's number: 0 text, 2 voice, 4 category, 5 announcement, 13 stage, 15 forum.
    pub kind: u8,
    /// Name of the category.
    pub category: Option<String>,
    /// What it is about.
    pub topic: Option<String>,
    /// Names of the roles that see it; empty for everyone. Bots always do.
    pub only_for: Vec<String>,
    /// Names of the roles that may write; empty for everyone, bots included. Otherwise bots
    /// may not.
    pub written_by: Vec<String>,
    /// What was said there, oldest first.
    pub messages: Vec<MessageSpec>,
}

/// A message of a member.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MessageSpec {
    /// The username of someone who may write there.
    pub author: String,
    /// What it says.
    pub content: String,
}

impl Default for WorldSpec {
    fn default() -> Self {
        Self {
            guilds: vec![square::guild()],
        }
    }
}
