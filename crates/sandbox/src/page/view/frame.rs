//! What surrounds a channel: guilds, the list of channels, direct messages, and whom one can be.

use super::{Face, colour, role_colours};
use crate::snowflake::Snowflake;
use crate::world::channel::Channel;
use crate::world::{ChannelKind, World};

/// People offered to be played.
const MAX_PEOPLE: usize = 60;
/// Channels, threads and direct messages listed.
const MAX_LINKS: usize = 300;
/// Threads listed under one channel.
const MAX_THREADS: usize = 12;
/// People shown in one voice channel.
const MAX_VOICES: usize = 12;

/// The surroundings of every screen but the first.
#[derive(Clone, Debug)]
pub(in super::super) struct Frame {
    pub(in super::super) viewer: Face,
    pub(in super::super) people: Vec<Face>,
    pub(in super::super) guilds: Vec<GuildLink>,
    /// The guild that is open, with the version of its colours.
    pub(in super::super) guild: Option<(GuildLink, u64)>,
    pub(in super::super) sections: Vec<Section>,
    pub(in super::super) direct: Vec<Link>,
    pub(in super::super) channel: Option<Snowflake>,
}

/// A guild of the viewer's.
#[derive(Clone, Debug)]
pub(in super::super) struct GuildLink {
    pub(in super::super) id: Snowflake,
    pub(in super::super) name: String,
}

/// A category, or what stands above the first one.
#[derive(Clone, Debug)]
pub(in super::super) struct Section {
    pub(in super::super) name: String,
    pub(in super::super) links: Vec<Link>,
}

/// A channel of the list.
#[derive(Clone, Debug)]
pub(in super::super) struct Link {
    pub(in super::super) id: Snowflake,
    pub(in super::super) name: String,
    /// Discord's number of the kind.
    pub(in super::super) kind: u64,
    pub(in super::super) threads: Vec<Link>,
    /// Who is connected.
    pub(in super::super) voices: Vec<Face>,
}

/// The surroundings as `viewer` sees them.
pub(in super::super) fn frame(
    world: &World,
    viewer: Snowflake,
    guild: Option<Snowflake>,
    channel: Option<Snowflake>,
) -> Frame {
    let link = |id: Snowflake| {
        let name = world.guilds.get(&id).map(|guild| guild.name.clone());
        GuildLink {
            id,
            name: name.unwrap_or_default(),
        }
    };
    let version = |id: Snowflake| colour::version(&role_colours(world, id));
    Frame {
        viewer: Face::of(world, guild, viewer),
        people: people(world, guild, viewer),
        guilds: world.guilds_of(viewer).into_iter().map(link).collect(),
        guild: guild.map(|id| (link(id), version(id))),
        sections: guild
            .map(|id| sections(world, viewer, id, channel))
            .unwrap_or_default(),
        direct: direct(world, viewer),
        channel,
    }
}

/// Members of the guild, or anybody; never bots, which play themselves.
fn people(world: &World, guild: Option<Snowflake>, viewer: Snowflake) -> Vec<Face> {
    let members = guild
        .and_then(|id| world.guilds.get(&id))
        .map(|it| &it.members);
    let is_person = |id: &Snowflake| world.users.get(id).is_some_and(|user| !user.bot);
    let mut chosen: Vec<Snowflake> = match members {
        Some(members) => members
            .keys()
            .copied()
            .filter(is_person)
            .take(MAX_PEOPLE)
            .collect(),
        None => world
            .users
            .keys()
            .copied()
            .filter(is_person)
            .take(MAX_PEOPLE)
            .collect(),
    };
    if !chosen.contains(&viewer) {
        chosen.push(viewer);
    }
    chosen
        .into_iter()
        .map(|id| Face::of(world, guild, id))
        .collect()
}

fn sections(
    world: &World,
    viewer: Snowflake,
    guild: Snowflake,
    open: Option<Snowflake>,
) -> Vec<Section> {
    let channels: Vec<&Channel> = world
        .channels_of(guild)
        .into_iter()
        .filter(|channel| channel.kind != ChannelKind::Category)
        .filter(|channel| world.may_view(viewer, channel.id))
        .take(MAX_LINKS)
        .collect();
    let threads: Vec<&Channel> = world
        .threads_of(guild)
        .filter(|(channel, thread)| {
            let listed = !thread.archived || open == Some(channel.id);
            listed && world.may_view(viewer, channel.id)
        })
        .map(|(channel, _)| channel)
        .take(MAX_LINKS)
        .collect();
    let inside = |parent: Option<Snowflake>| -> Vec<Link> {
        let chosen = channels
            .iter()
            .filter(|channel| channel.parent_id == parent);
        chosen
            .map(|channel| Link {
                threads: threads_under(&threads, channel, open),
                voices: voices(world, guild, channel.id),
                ..link(channel)
            })
            .collect()
    };
    let above = Section {
        name: String::new(),
        links: inside(None),
    };
    let categories = world.channels_of(guild).into_iter();
    let categories = categories.filter(|channel| channel.kind == ChannelKind::Category);
    let named = categories.map(|category| Section {
        name: category.name.clone(),
        links: inside(Some(category.id)),
    });
    let all = std::iter::once(above).chain(named);
    all.filter(|section| !section.links.is_empty()).collect()
}

fn threads_under(threads: &[&Channel], channel: &Channel, open: Option<Snowflake>) -> Vec<Link> {
    let own = threads
        .iter()
        .filter(|thread| thread.parent_id == Some(channel.id));
    // Posts have a screen of their own; only the one that is open stands in the list.
    let own = own.filter(|thread| !channel.kind.is_forum() || open == Some(thread.id));
    own.rev()
        .take(MAX_THREADS)
        .map(|thread| link(thread))
        .collect()
}

fn link(channel: &Channel) -> Link {
    Link {
        id: channel.id,
        name: channel.name.clone(),
        kind: channel.kind.number().into(),
        threads: Vec::new(),
        voices: Vec::new(),
    }
}

fn voices(world: &World, guild: Snowflake, channel: Snowflake) -> Vec<Face> {
    let states = world
        .guilds
        .get(&guild)
        .map(|guild| guild.voice_states.iter());
    let here = states
        .into_iter()
        .flatten()
        .filter(|(_, state)| state.channel_id == channel);
    here.take(MAX_VOICES)
        .map(|(user, _)| Face::of(world, Some(guild), *user))
        .collect()
}

fn direct(world: &World, viewer: Snowflake) -> Vec<Link> {
    let own = world
        .channels
        .values()
        .filter(|channel| channel.guild_id.is_none() && channel.recipients.contains(&viewer));
    own.take(MAX_LINKS)
        .map(|channel| Link {
            name: direct_name(world, channel, viewer),
            ..link(channel)
        })
        .collect()
}

/// The others' names.
pub(super) fn direct_name(world: &World, channel: &Channel, viewer: Snowflake) -> String {
    let others = channel.recipients.iter().filter(|user| **user != viewer);
    let names: Vec<String> = others
        .map(|user| super::names::name_in(world, None, *user))
        .collect();
    names.join(", ")
}
