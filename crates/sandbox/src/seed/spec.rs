//! How a world is described: guilds, people, bots, roles, channels and what was said there. Every
//! field is explained in `docs/worlds.md`, whose tables a test keeps true.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::value::{self, When};
use crate::actors::ActorSpec;

/// What exists at the start. The first guild, its first bot and its first text channel are the
/// ones that [`crate::Info`] names.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorldSpec {
    /// A name for lists.
    #[serde(default)]
    pub name: String,
    /// One sentence for lists.
    #[serde(default)]
    pub description: String,
    /// At least one.
    pub guilds: Vec<GuildSpec>,
    /// Who acts by themselves from the start.
    #[serde(default)]
    pub actors: Vec<ActorSpec>,
}

/// A guild. People and bots are named; the same name in two guilds is the same user.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GuildSpec {
    /// Its name.
    pub name: String,
    /// The owner's username; also a member.
    pub owner: String,
    /// What it is about.
    #[serde(default)]
    pub description: Option<String>,
    /// When it was made; without, a little before the oldest message.
    #[serde(default)]
    pub founded: Option<When>,
    /// Bits of `@everyone`; without, those of a new guild.
    #[serde(default, deserialize_with = "value::some_permissions")]
    pub everyone: Option<u64>,
    /// From the lowest to the highest.
    #[serde(default)]
    pub roles: Vec<RoleSpec>,
    /// Besides the owner, who may be listed too.
    #[serde(default)]
    pub members: Vec<MemberSpec>,
    /// Many more members, generated.
    #[serde(default, deserialize_with = "value::crowd")]
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
    /// Emojis of its own.
    #[serde(default)]
    pub emojis: Vec<EmojiSpec>,
    /// Ways in.
    #[serde(default)]
    pub invites: Vec<InviteSpec>,
    /// Who may not come back.
    #[serde(default)]
    pub bans: Vec<BanSpec>,
    /// What is going to take place.
    #[serde(default)]
    pub events: Vec<EventSpec>,
    /// Bodies of Discord's Create Auto Moderation Rule; roles and channels may be named.
    #[serde(default)]
    pub automod: Vec<Map<String, Value>>,
}

/// A role.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleSpec {
    /// Its name.
    pub name: String,
    /// Permission bits.
    #[serde(deserialize_with = "value::permissions")]
    pub permissions: u64,
    /// RGB; 0 for none.
    #[serde(deserialize_with = "value::color")]
    pub color: u32,
    /// Shown apart in the list of members.
    pub hoist: bool,
    /// May be mentioned by everyone.
    pub mentionable: bool,
}

/// A person in a guild.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MemberSpec {
    /// Unique in the world.
    pub username: String,
    /// Shown instead of the username, everywhere.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Shown instead of both, in this guild.
    #[serde(default)]
    pub nick: Option<String>,
    /// Names of roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// `online`, `idle` or `dnd`; absent for offline.
    #[serde(default)]
    pub status: Option<String>,
    /// What is shown below the name, as a custom status.
    #[serde(default)]
    pub activity: Option<String>,
    /// When they came; without, when the guild was made.
    #[serde(default)]
    pub joined: Option<When>,
    /// Name of the voice channel that they are in.
    #[serde(default)]
    pub voice: Option<String>,
}

/// Members who are only there: `crowd000000` and so on, without roles.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CrowdSpec {
    /// How many; at most 500,000, as in one of Discord's guilds.
    pub people: u32,
    /// How many of them show as online.
    #[serde(default)]
    pub online: u32,
    /// How many more show as idle.
    #[serde(default)]
    pub idle: u32,
    /// How many more do not want to be disturbed.
    #[serde(default)]
    pub dnd: u32,
}

/// A bot in a guild.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BotSpec {
    /// Unique in the world.
    pub username: String,
    /// Bits of its own role.
    #[serde(default, deserialize_with = "value::permissions")]
    pub permissions: u64,
    /// Names of further roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Bodies of Discord's Create Guild Application Command.
    #[serde(default)]
    pub commands: Vec<Map<String, Value>>,
}

/// A channel.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSpec {
    /// Its name.
    pub name: String,
    /// Discord's number: 0 text, 2 voice, 4 category, 5 announcement, 13 stage, 15 forum, 16 media.
    #[serde(deserialize_with = "value::kind")]
    pub kind: u8,
    /// Name of the category, whose overwrites it takes when it has none of its own.
    pub category: Option<String>,
    /// What it is about.
    pub topic: Option<String>,
    /// Seconds between two messages of one person.
    pub slow_mode: u32,
    /// Only for adults.
    pub nsfw: bool,
    /// How many fit into a voice channel; 0 for any number.
    pub user_limit: u32,
    /// Names of the roles that see it; empty for everyone. Bots always do.
    pub only_for: Vec<String>,
    /// Names of the roles that may write; empty for everyone, bots included. Otherwise bots
    /// may not.
    pub written_by: Vec<String>,
    /// Exact overwrites, besides those of `only_for` and `written_by`.
    pub overwrites: Vec<OverwriteSpec>,
    /// Tags of a forum.
    pub tags: Vec<TagSpec>,
    /// Names of webhooks.
    pub webhooks: Vec<String>,
    /// What was said there, oldest first.
    pub messages: Vec<MessageSpec>,
    /// Posts of a forum, oldest first.
    pub posts: Vec<PostSpec>,
}

/// What a role or a member may do in a channel, and what not.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OverwriteSpec {
    /// Name of the role, `@everyone` included; or else
    pub role: Option<String>,
    /// the username of the member.
    pub member: Option<String>,
    /// Bits granted.
    #[serde(deserialize_with = "value::permissions")]
    pub allow: u64,
    /// Bits taken.
    #[serde(deserialize_with = "value::permissions")]
    pub deny: u64,
}

/// A tag of a forum.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TagSpec {
    /// Its name.
    pub name: String,
    /// An emoji of Unicode.
    #[serde(default)]
    pub emoji: Option<String>,
    /// Only moderators may set it.
    #[serde(default)]
    pub moderated: bool,
}

/// A message of a member. In its text, `<@ada>`, `<@&helpers>` and `<#rules>` become mentions.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MessageSpec {
    /// The username of someone who may write there.
    pub author: String,
    /// What it says.
    #[serde(default)]
    pub content: String,
    /// When; without, half a minute after the one before it, or now.
    #[serde(default)]
    pub at: Option<When>,
    /// A name by which later messages of the same list answer it.
    #[serde(default)]
    pub label: Option<String>,
    /// The label of the message that it answers.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// Whether it is pinned.
    #[serde(default)]
    pub pinned: bool,
    /// Who reacted with what.
    #[serde(default)]
    pub reactions: Vec<ReactionSpec>,
    /// A thread that was started from it.
    #[serde(default)]
    pub thread: Option<ThreadSpec>,
    /// Embeds, components and a poll, as in the body of Discord's Create Message.
    #[serde(default)]
    pub embeds: Vec<Map<String, Value>>,
    /// See `embeds`.
    #[serde(default)]
    pub components: Vec<Map<String, Value>>,
    /// See `embeds`.
    #[serde(default)]
    pub poll: Option<Map<String, Value>>,
}

/// One emoji below a message.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReactionSpec {
    /// Of Unicode, or the name of one of the guild's own.
    pub emoji: String,
    /// Usernames.
    pub by: Vec<String>,
}

/// A thread of a message.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ThreadSpec {
    /// Its name.
    pub name: String,
    /// What was said there, oldest first.
    #[serde(default)]
    pub messages: Vec<MessageSpec>,
    /// Whether it is archived.
    #[serde(default)]
    pub archived: bool,
}

/// A post of a forum.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PostSpec {
    /// Its title.
    pub title: String,
    /// The username of someone who may post there.
    pub author: String,
    /// What it says.
    pub content: String,
    /// When; without, as for messages.
    #[serde(default)]
    pub at: Option<When>,
    /// Names of the forum's tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Who reacted with what.
    #[serde(default)]
    pub reactions: Vec<ReactionSpec>,
    /// Answers, oldest first.
    #[serde(default)]
    pub replies: Vec<MessageSpec>,
    /// Whether it is archived.
    #[serde(default)]
    pub archived: bool,
    /// Whether only moderators may open it again.
    #[serde(default)]
    pub locked: bool,
}

/// An emoji of a guild.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmojiSpec {
    /// Letters, digits and underscores.
    pub name: String,
    /// Whether it moves.
    #[serde(default)]
    pub animated: bool,
}

/// An invite that never expires.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct InviteSpec {
    /// Name of the channel that it leads to.
    pub channel: String,
    /// The code; random without one.
    #[serde(default)]
    pub code: Option<String>,
    /// Who made it; the owner without a name.
    #[serde(default)]
    pub by: Option<String>,
    /// How often it can be used; 0 for any number.
    #[serde(default)]
    pub max_uses: u64,
}

/// Someone who was banned.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BanSpec {
    /// The user, who is no member.
    pub username: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A scheduled event, hosted by the owner.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EventSpec {
    /// Its name.
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub description: Option<String>,
    /// Name of a voice or stage channel; or else
    #[serde(default)]
    pub channel: Option<String>,
    /// the place where it is.
    #[serde(default)]
    pub location: Option<String>,
    /// How long after the start of the sandbox it begins, such as `2h`; a day when it is not told.
    #[serde(default, deserialize_with = "value::some_length")]
    pub starts_in: Option<u64>,
    /// How long it takes; an hour when it is not told.
    #[serde(default, deserialize_with = "value::some_length")]
    pub lasts: Option<u64>,
    /// Usernames of those who are interested.
    #[serde(default)]
    pub interested: Vec<String>,
}
