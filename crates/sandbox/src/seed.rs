//! Builds the world that the sandbox starts with, from a plain description. Nobody is connected
//! yet, so nothing is dispatched.

mod square;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::permissions::{Overwrite, OverwriteTarget, SEND_MESSAGES, VIEW_CHANNEL};
use crate::snowflake::Snowflake;
use crate::world::gateway::Presence;
use crate::world::message::NewMessage;
use crate::world::{Actor, Channel, ChannelKind, Guild, Member, Role, World};

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
    /// Names of the roles that may write; empty for everyone. Bots always may.
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

/// What [`crate::Info`] needs to know.
#[derive(Debug)]
pub(crate) struct Seeded {
    pub(crate) bot_token: String,
    pub(crate) guild_id: Snowflake,
    pub(crate) channel_id: Snowflake,
}

/// Builds everything; the error says what the description lacks.
pub(crate) fn build(world: &mut World, spec: &WorldSpec) -> Result<Seeded, String> {
    let mut built = Vec::with_capacity(spec.guilds.len());
    for guild in &spec.guilds {
        let added = add_guild(world, guild)?;
        say(world, &added, guild)?;
        built.push(added);
    }
    let first = built.first().ok_or("it has no guild")?;
    let bot = first.bots.first().ok_or("its first guild has no bot")?;
    let token = world
        .application_of(*bot)
        .map(|application| application.token.clone());
    Ok(Seeded {
        bot_token: token.ok_or("its first bot has no application")?,
        guild_id: first.guild_id,
        channel_id: first
            .text_channel
            .ok_or("its first guild has no text channel")?,
    })
}

/// A guild that was added.
#[derive(Debug)]
pub(crate) struct Added {
    pub(crate) guild_id: Snowflake,
    pub(crate) bots: Vec<Snowflake>,
    /// All but categories, by name.
    channels: BTreeMap<String, Snowflake>,
    text_channel: Option<Snowflake>,
}

/// Adds one guild without telling anyone.
pub(crate) fn add_guild(world: &mut World, spec: &GuildSpec) -> Result<Added, String> {
    check(spec)?;
    let owner = user_named(world, &spec.owner);
    let guild_id = world.create_guild(owner, &spec.name);
    let gone = || format!("guild {}: it is gone", spec.name);
    let mut guild = world.guilds.remove(&guild_id).ok_or_else(gone)?;
    let roles = add_roles(world, &mut guild, &spec.roles);
    let now_ms = world.now_ms();
    for member in &spec.members {
        let user = user_named(world, &member.username);
        let mut member_here = Member::new(user, now_ms);
        member_here.roles = member
            .roles
            .iter()
            .map(|name| roles[name.as_str()])
            .collect();
        guild.members.insert(user, member_here);
    }
    let bots: Vec<_> = spec
        .bots
        .iter()
        .map(|bot| add_bot(world, &mut guild, bot, owner))
        .collect();
    world.guilds.insert(guild_id, guild);
    for member in &spec.members {
        if let Some(status) = &member.status {
            let user = user_named(world, &member.username);
            let presence = Presence {
                status: status.clone(),
                activities: Vec::new(),
            };
            world.set_presence(user, presence);
        }
    }
    let channels = add_channels(world, guild_id, spec, &roles, &bots);
    if let Some(guild) = world.guilds.get_mut(&guild_id) {
        for (setting, name) in [
            ("system_channel_id", &spec.system_channel),
            ("rules_channel_id", &spec.rules_channel),
        ] {
            let id = name.as_ref().and_then(|name| channels.by_name.get(name));
            guild.settings.insert(setting.into(), json!(id));
        }
    }
    let text_channel = channels.first_text;
    Ok(Added {
        guild_id,
        bots,
        channels: channels.by_name,
        text_channel,
    })
}

/// The messages of a guild that was added, written by their authors with their own rights.
pub(crate) fn say(world: &mut World, added: &Added, spec: &GuildSpec) -> Result<(), String> {
    for channel in &spec.channels {
        let Some(id) = added.channels.get(&channel.name).copied() else {
            continue;
        };
        for message in &channel.messages {
            let author = Actor::from(user_named(world, &message.author));
            let new = NewMessage::text(&message.content);
            world
                .create_message(&author, id, new)
                .map_err(|refusal| format!("a message in {:?}: {refusal}", channel.name))?;
        }
    }
    Ok(())
}

fn check(spec: &GuildSpec) -> Result<(), String> {
    let knows_role = |name: &String| {
        let known = spec.roles.iter().any(|role| role.name == *name);
        if known {
            Ok(())
        } else {
            Err(format!("guild {}: unknown role {name:?}", spec.name))
        }
    };
    for member in &spec.members {
        member.roles.iter().try_for_each(knows_role)?;
        if let Some(status) = &member.status
            && !matches!(status.as_str(), "online" | "idle" | "dnd")
        {
            return Err(format!(
                "member {:?}: no such status: {status:?}",
                member.username
            ));
        }
    }
    for (at, channel) in spec.channels.iter().enumerate() {
        channel
            .only_for
            .iter()
            .chain(&channel.written_by)
            .try_for_each(knows_role)?;
        let kind = ChannelKind::from_number(channel.kind.into());
        if !kind.is_some_and(|kind| !kind.is_thread() && kind != ChannelKind::Dm) {
            return Err(format!(
                "channel {:?}: no such kind: {}",
                channel.name, channel.kind
            ));
        }
        for message in &channel.messages {
            let known = spec.owner == message.author
                || spec
                    .members
                    .iter()
                    .any(|member| member.username == message.author)
                || spec.bots.iter().any(|bot| bot.username == message.author);
            if !known {
                return Err(format!(
                    "channel {:?}: no member {:?}",
                    channel.name, message.author
                ));
            }
        }
        let category_number = ChannelKind::Category.number();
        let before = &spec.channels[..at];
        if let Some(name) = &channel.category
            && !before
                .iter()
                .any(|one| one.kind == category_number && one.name == *name)
        {
            return Err(format!(
                "channel {:?}: no category {name:?} before it",
                channel.name
            ));
        }
    }
    Ok(())
}

fn user_named(world: &mut World, username: &str) -> Snowflake {
    let known = world
        .users
        .values()
        .find(|user| user.username == username)
        .map(|user| user.id);
    known.unwrap_or_else(|| world.create_user(username))
}

fn add_roles(
    world: &mut World,
    guild: &mut Guild,
    specs: &[RoleSpec],
) -> BTreeMap<String, Snowflake> {
    let mut ids = BTreeMap::new();
    for (position, spec) in (1..).zip(specs) {
        let id = world.next_id();
        let mut role = Role::new(id, &spec.name);
        role.permissions = spec.permissions;
        role.position = position;
        role.color = spec.color;
        role.hoist = spec.hoist;
        role.mentionable = spec.mentionable;
        guild.roles.insert(id, role);
        ids.insert(spec.name.clone(), id);
    }
    ids
}

fn add_bot(world: &mut World, guild: &mut Guild, spec: &BotSpec, owner: Snowflake) -> Snowflake {
    let known = world
        .users
        .values()
        .find(|user| user.bot && user.username == spec.username);
    let bot = match known.map(|user| user.id) {
        Some(bot) => bot,
        None => world.create_bot(&spec.username, Some(owner)),
    };
    let role_id = world.next_id();
    let mut role = Role::new(role_id, &spec.username);
    role.permissions = spec.permissions;
    role.position = i64::try_from(guild.roles.len()).unwrap_or(i64::MAX);
    role.managed = true;
    role.bot_id = Some(bot);
    guild.roles.insert(role_id, role);
    let mut member = Member::new(bot, world.now_ms());
    member.roles.insert(role_id);
    guild.members.insert(bot, member);
    bot
}

/// The channels of a new guild.
#[derive(Default)]
struct Channels {
    by_name: BTreeMap<String, Snowflake>,
    /// The first text channel where everyone may write.
    first_text: Option<Snowflake>,
}

fn add_channels(
    world: &mut World,
    guild_id: Snowflake,
    spec: &GuildSpec,
    roles: &BTreeMap<String, Snowflake>,
    bots: &[Snowflake],
) -> Channels {
    let mut categories = BTreeMap::new();
    let mut channels = Channels::default();
    for (position, spec) in (0..).zip(&spec.channels) {
        let Some(kind) = ChannelKind::from_number(spec.kind.into()) else {
            continue;
        };
        let id = world.next_id();
        let mut channel = Channel::new(id, kind, Some(guild_id));
        channel.name.clone_from(&spec.name);
        channel.position = position;
        channel.parent_id = spec
            .category
            .as_ref()
            .and_then(|name| categories.get(name).copied());
        if let Some(topic) = &spec.topic {
            channel.settings.insert("topic".into(), json!(topic));
        }
        let bits = [
            (VIEW_CHANNEL, &spec.only_for),
            (SEND_MESSAGES, &spec.written_by),
        ];
        channel.overwrites = overwrites(guild_id, &bits, roles, bots);
        let open = spec.only_for.is_empty() && spec.written_by.is_empty();
        if kind == ChannelKind::Text && open {
            channels.first_text.get_or_insert(id);
        }
        if kind == ChannelKind::Category {
            categories.insert(spec.name.clone(), id);
        }
        if kind != ChannelKind::Category {
            channels.by_name.insert(spec.name.clone(), id);
        }
        world.channels.insert(id, channel);
    }
    channels
}

/// Denies each bit to everyone and allows it to the named roles and to bots.
fn overwrites(
    guild_id: Snowflake,
    bits: &[(u64, &Vec<String>)],
    roles: &BTreeMap<String, Snowflake>,
    bots: &[Snowflake],
) -> Vec<Overwrite> {
    let mut allowed: BTreeMap<Snowflake, (OverwriteTarget, u64)> = BTreeMap::new();
    let mut denied = 0;
    for (bit, names) in bits.iter().filter(|(_, names)| !names.is_empty()) {
        denied |= bit;
        for name in *names {
            allowed
                .entry(roles[name.as_str()])
                .or_insert((OverwriteTarget::Role, 0))
                .1 |= bit;
        }
        for bot in bots {
            allowed
                .entry(*bot)
                .or_insert((OverwriteTarget::Member, 0))
                .1 |= bit;
        }
    }
    if denied == 0 {
        return Vec::new();
    }
    let everyone = Overwrite {
        id: guild_id,
        target: OverwriteTarget::Role,
        allow: 0,
        deny: denied,
    };
    let others = allowed.into_iter().map(|(id, (target, allow))| Overwrite {
        id,
        target,
        allow,
        deny: 0,
    });
    std::iter::once(everyone).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{SandboxClock, Shared, WorldConfig};

    fn built(spec: &WorldSpec) -> Result<Seeded, String> {
        let clock = SandboxClock::manual(1_767_225_600_000);
        let shared = Shared::new(WorldConfig { seed: 7, clock });
        shared.write(|world| build(world, spec))
    }

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let (one, two) = (built(&WorldSpec::default()), built(&WorldSpec::default()));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.bot_token, two.bot_token);
        assert_eq!(
            (one.guild_id, one.channel_id),
            (two.guild_id, two.channel_id)
        );
    }

    #[test]
    fn a_description_with_a_gap_names_it() {
        let mut spec = WorldSpec::default();
        spec.guilds[0].members[0].roles.push("nobody".into());
        assert!(built(&spec).unwrap_err().contains("\"nobody\""));
        assert!(built(&WorldSpec { guilds: Vec::new() }).is_err());
    }

    #[test]
    fn a_channel_for_some_roles_is_hidden_from_the_others() {
        let shared = Shared::new(WorldConfig {
            seed: 7,
            clock: SandboxClock::manual(1),
        });
        shared
            .write(|world| build(world, &WorldSpec::default()))
            .unwrap();
        shared.read(|world| {
            let named = |name: &str| {
                world
                    .users
                    .values()
                    .find(|u| u.username == name)
                    .unwrap()
                    .id
            };
            let staff = world
                .channels
                .values()
                .find(|c| c.name == "moderators")
                .unwrap()
                .id;
            assert!(world.may_view(named("moderator"), staff));
            assert!(world.may_view(named("guildhall"), staff));
            assert!(!world.may_view(named("newcomer"), staff));
        });
    }
}
