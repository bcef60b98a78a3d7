//! What users are called, and which names the mentions of a text need.

use serde_json::Value;

use super::super::markdown::Names;
use crate::snowflake::Snowflake;
use crate::world::World;

/// Mentions of one page that are looked up.
const MAX_MENTIONS: usize = 1_000;

/// Nickname, display name or username.
pub(super) fn name_in(world: &World, guild: Option<Snowflake>, user: Snowflake) -> String {
    let nick = guild
        .and_then(|guild| world.guilds.get(&guild))
        .and_then(|guild| guild.members.get(&user)?.nick.clone());
    let account = world.users.get(&user);
    nick.or_else(|| account?.global_name.clone())
        .or_else(|| Some(account?.username.clone()))
        .unwrap_or_else(|| "somebody who left".to_owned())
}

/// What a user is called in a channel.
pub(in super::super) fn display_name(world: &World, channel: Snowflake, user: Snowflake) -> String {
    let guild = world.channels.get(&channel).and_then(|it| it.guild_id);
    name_in(world, guild, user)
}

/// The highest of a member's roles that has a colour.
pub(in super::super) fn role_colour_of(
    world: &World,
    guild: Snowflake,
    user: Snowflake,
) -> Option<Snowflake> {
    let guild = world.guilds.get(&guild)?;
    let held = guild.members.get(&user)?.roles.iter();
    held.filter_map(|role| guild.roles.get(role))
        .filter(|role| role.color != 0)
        .max_by_key(|role| (role.position, role.id))
        .map(|role| role.id)
}

/// The names that these payloads mention, as `viewer` may know them.
pub(super) fn names_for<'a>(
    world: &World,
    viewer: Snowflake,
    guild: Option<Snowflake>,
    payloads: impl Iterator<Item = &'a Value>,
) -> Names {
    let mut names = Names {
        base: format!("/as/{viewer}"),
        now_ms: world.now_ms(),
        viewer,
        ..Names::default()
    };
    if let Some(guild) = guild.and_then(|guild| world.guilds.get(&guild)) {
        let roles = guild.roles.values();
        names.roles = roles.map(|role| (role.id, role.name.clone())).collect();
    }
    for payload in payloads {
        let text = payload.to_string();
        for piece in text.split('<').skip(1).take(MAX_MENTIONS) {
            let Some((inside, _)) = piece.split_once('>') else {
                continue;
            };
            if let Some(user) = mentioned(inside, "@").filter(|id| world.users.contains_key(id)) {
                let named = || name_in(world, guild, user);
                names.users.entry(user).or_insert_with(named);
            }
            if let Some(channel) = mentioned(inside, "#")
                && world.may_view(viewer, channel)
                && let Some(known) = world.channels.get(&channel)
            {
                names.channels.insert(channel, known.name.clone());
            }
        }
    }
    names
}

fn mentioned(inside: &str, sign: &str) -> Option<Snowflake> {
    let id = inside.strip_prefix(sign)?;
    id.trim_start_matches('!').parse().ok()
}
