//! Rules of channels: parents, overwrites, threads and their members, direct messages.

use std::collections::BTreeSet;

use super::Found;
use crate::permissions::OverwriteTarget;
use crate::world::{Channel, ChannelKind, Thread, World};

/// Discord: a guild holds 500 channels, a category 50.
const MAX_CHANNELS: usize = 500;
const MAX_IN_CATEGORY: usize = 50;

pub(super) fn check(world: &World, found: &mut Found) {
    for (id, channel) in &world.channels {
        found.expect(channel.id == *id, || {
            format!("channel {id} calls itself {}", channel.id)
        });
        found.expect(channel.kind.is_thread() == channel.thread.is_some(), || {
            format!("channel {id} is a thread by half")
        });
        match channel.guild_id {
            Some(_) => check_in_guild(world, channel, found),
            None => check_dm(channel, found),
        }
    }
    for guild in world.guilds.keys() {
        let count = world.channels_of(*guild).len();
        found.expect(count <= MAX_CHANNELS, || {
            format!("guild {guild} has {count} channels")
        });
    }
}

fn check_dm(channel: &Channel, found: &mut Found) {
    let id = channel.id;
    found.expect(channel.kind == ChannelKind::Dm, || {
        format!("channel {id} is in no guild and no direct message")
    });
    found.expect(channel.recipients.len() == 2, || {
        format!("direct message {id} has {} ends", channel.recipients.len())
    });
}

fn check_in_guild(world: &World, channel: &Channel, found: &mut Found) {
    check_overwrites(world, channel, found);
    if let Some(thread) = &channel.thread {
        return check_thread(world, channel, thread, found);
    }
    let id = channel.id;
    if let Some(parent) = channel.parent_id {
        let place = world.channels.get(&parent);
        let fits = place
            .is_some_and(|it| it.kind == ChannelKind::Category && it.guild_id == channel.guild_id);
        found.expect(fits && channel.kind != ChannelKind::Category, || {
            format!("channel {id} is in {parent}, which is no category of its guild")
        });
    }
    if channel.kind == ChannelKind::Category {
        let children = world.channels.values();
        let count = children.filter(|it| it.parent_id == Some(id)).count();
        found.expect(count <= MAX_IN_CATEGORY, || {
            format!("category {id} holds {count} channels")
        });
    }
}

fn check_overwrites(world: &World, channel: &Channel, found: &mut Found) {
    let id = channel.id;
    let guild = channel.guild_id.and_then(|guild| world.guilds.get(&guild));
    let mut seen = BTreeSet::new();
    for overwrite in &channel.overwrites {
        let known = match overwrite.target {
            OverwriteTarget::Role => {
                guild.is_some_and(|guild| guild.roles.contains_key(&overwrite.id))
            }
            OverwriteTarget::Member => world.users.contains_key(&overwrite.id),
        };
        found.expect(known, || {
            format!(
                "channel {id} has an overwrite for {}, who is nobody",
                overwrite.id
            )
        });
        found.expect(seen.insert(overwrite.id), || {
            format!("channel {id} has two overwrites for {}", overwrite.id)
        });
    }
}

fn check_thread(world: &World, channel: &Channel, thread: &Thread, found: &mut Found) {
    let id = channel.id;
    let parent = channel.parent_id.and_then(|it| world.channels.get(&it));
    let parent_kind = parent.map(|it| it.kind);
    let fits = match channel.kind {
        ChannelKind::AnnouncementThread => parent_kind == Some(ChannelKind::Announcement),
        ChannelKind::PrivateThread => parent_kind == Some(ChannelKind::Text),
        _ => parent_kind.is_some_and(|it| it == ChannelKind::Text || it.is_forum()),
    };
    let same_guild = parent.is_some_and(|it| it.guild_id == channel.guild_id);
    found.expect(fits && same_guild, || {
        format!(
            "thread {id} of kind {:?} is in {parent_kind:?}",
            channel.kind
        )
    });
    found.expect(channel.overwrites.is_empty(), || {
        format!("thread {id} has overwrites of its own")
    });
    for member in thread.members.keys() {
        let inside = channel
            .guild_id
            .is_some_and(|guild| world.is_member(guild, *member));
        found.expect(inside, || {
            format!("thread {id}: {member} is not in the guild")
        });
    }
    found.expect(thread.message_count <= thread.total_message_sent, || {
        format!("thread {id} has more messages than were sent")
    });
    let tags = parent.and_then(|it| it.settings.get("available_tags"));
    let tags: Vec<_> = tags
        .and_then(|tags| tags.as_array())
        .into_iter()
        .flatten()
        .filter_map(|tag| tag["id"].as_str()?.parse().ok())
        .collect();
    found.expect(
        thread.applied_tags.iter().all(|tag| tags.contains(tag)),
        || format!("thread {id} has a tag that its forum does not know"),
    );
}
