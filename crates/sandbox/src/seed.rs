//! Builds the world that the sandbox starts with, from a plain description. Nobody is connected
//! yet, so nothing is dispatched.

mod check;
mod spec;
mod square;

use std::collections::BTreeMap;

use serde_json::json;

use check::check;
pub use spec::{
    BotSpec, ChannelSpec, CrowdSpec, GuildSpec, MemberSpec, MessageSpec, RoleSpec, WorldSpec,
};

use crate::permissions::{Overwrite, OverwriteTarget, SEND_MESSAGES, VIEW_CHANNEL};
use crate::snowflake::Snowflake;
use crate::world::gateway::Presence;
use crate::world::message::NewMessage;
use crate::world::{Actor, Channel, ChannelKind, Guild, Home, Member, Role, World};

/// Builds everything; the error says what the description lacks.
pub(crate) fn build(world: &mut World, spec: &WorldSpec) -> Result<(), String> {
    let mut built = Vec::with_capacity(spec.guilds.len());
    for guild in &spec.guilds {
        let added = add_guild(world, guild)?;
        say(world, &added, guild)?;
        built.push(added);
    }
    let first = built.first().ok_or("it has no guild")?;
    let bot = first.bots.first().ok_or("its first guild has no bot")?;
    world.home = Home {
        bot: *bot,
        guild: first.guild_id,
        channel: first
            .text_channel
            .ok_or("its first guild has no text channel")?,
    };
    Ok(())
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
    if let Some(crowd) = &spec.crowd {
        world.add_crowd(guild_id, crowd.people, crowd.online);
    }
    for member in &spec.members {
        if let Some(status) = &member.status {
            let user = user_named(world, &member.username);
            world.set_presence(user, Presence::of(status));
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
        // A bot sees every channel, but writes only where everyone may: a newcomer's first
        // refusal should be one that Discord would give as well.
        for bot in bots.iter().filter(|_| *bit == VIEW_CHANNEL) {
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

    fn built(spec: &WorldSpec) -> Result<String, String> {
        let clock = SandboxClock::manual(1_767_225_600_000);
        let shared = Shared::new(WorldConfig { seed: 7, clock });
        shared.write(|world| build(world, spec))?;
        Ok(shared.read(|world| serde_json::to_string(world).unwrap()))
    }

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let (one, two) = (built(&WorldSpec::default()), built(&WorldSpec::default()));
        assert!(one.unwrap() == two.unwrap());
    }

    #[test]
    fn a_description_with_a_gap_names_it() {
        let mut spec = WorldSpec::default();
        spec.guilds[0].members[0].roles.push("nobody".into());
        assert!(built(&spec).unwrap_err().contains("\"nobody\""));
        assert!(built(&WorldSpec { guilds: Vec::new() }).is_err());
    }

    #[test]
    fn a_crowd_is_there_without_being_listed() {
        let mut spec = WorldSpec::default();
        let crowd = CrowdSpec {
            people: 1_000,
            online: 10,
        };
        spec.guilds[0].crowd = Some(crowd);
        let shared = Shared::new(WorldConfig::default());
        shared.write(|world| build(world, &spec)).unwrap();
        shared.read(|world| {
            assert_eq!(world.guilds[&world.home.guild].members.len(), 1_006);
            let crowd = world
                .users
                .values()
                .filter(|u| u.username.starts_with("crowd0"));
            let online = crowd.filter(|user| world.is_online(user.id)).count();
            assert_eq!(online, 10);
        });
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
