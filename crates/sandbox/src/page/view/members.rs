//! The members of a guild, or of a direct message, as the list beside a channel shows them.

use super::Face;
use crate::snowflake::Snowflake;
use crate::world::{Guild, World};

/// Members shown; of large guilds, those who are online come first.
const MAX_SHOWN: usize = 150;

/// Members by their highest role that is shown apart, then the rest, then those who are away.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Members {
    pub(in super::super) groups: Vec<Group>,
    /// Of the guild, shown or not.
    pub(in super::super) total: usize,
    pub(in super::super) hidden: usize,
}

/// A heading with its members.
#[derive(Clone, Debug)]
pub(in super::super) struct Group {
    pub(in super::super) name: String,
    pub(in super::super) faces: Vec<Face>,
}

impl Members {
    pub(super) fn of_guild(world: &World, guild: &Guild, viewer: Snowflake) -> Self {
        let online = guild.members.keys().filter(|user| world.is_online(**user));
        let mut shown: Vec<Snowflake> = online.copied().take(MAX_SHOWN).collect();
        if !shown.contains(&viewer) && guild.members.contains_key(&viewer) {
            shown.push(viewer);
        }
        let away = guild.members.keys().filter(|user| !world.is_online(**user));
        let room = MAX_SHOWN.saturating_sub(shown.len());
        let away: Vec<Snowflake> = away
            .copied()
            .filter(|user| *user != viewer)
            .take(room)
            .collect();
        shown.extend(away);
        let mut headed: Vec<(i64, Snowflake, Group)> = Vec::new();
        for user in &shown {
            let (order, key, name) = heading(world, guild, *user);
            let face = Face::of(world, Some(guild.id), *user);
            match headed.iter_mut().find(|(_, known, _)| *known == key) {
                Some((_, _, group)) => group.faces.push(face),
                None => headed.push((
                    order,
                    key,
                    Group {
                        name,
                        faces: vec![face],
                    },
                )),
            }
        }
        headed.sort_by_key(|(order, _, _)| std::cmp::Reverse(*order));
        let mut groups: Vec<Group> = headed.into_iter().map(|(_, _, group)| group).collect();
        for group in &mut groups {
            group
                .faces
                .sort_by_cached_key(|face| face.name.to_lowercase());
        }
        let total = guild.members.len();
        Self {
            groups,
            total,
            hidden: total.saturating_sub(shown.len()),
        }
    }

    pub(super) fn of_direct(world: &World, users: &[Snowflake]) -> Self {
        let faces: Vec<Face> = users
            .iter()
            .map(|user| Face::of(world, None, *user))
            .collect();
        let total = faces.len();
        let groups = vec![Group {
            name: "In this conversation".into(),
            faces,
        }];
        Self {
            groups,
            total,
            hidden: 0,
        }
    }
}

/// Where a member stands: an order, what tells headings apart, and the heading.
fn heading(world: &World, guild: &Guild, user: Snowflake) -> (i64, Snowflake, String) {
    if !world.is_online(user) {
        return (-1, Snowflake(1), "Offline".into());
    }
    let held = guild
        .members
        .get(&user)
        .into_iter()
        .flat_map(|member| &member.roles);
    let apart = held
        .filter_map(|role| guild.roles.get(role))
        .filter(|role| role.hoist)
        .max_by_key(|role| (role.position, role.id));
    match apart {
        Some(role) => (role.position, role.id, role.name.clone()),
        None => (0, Snowflake(0), "Online".into()),
    }
}
