//! The posts of a forum.

use serde_json::Value;

use super::super::markdown::Names;
use super::names::names_for;
use super::{Face, id, list, text};
use crate::snowflake::Snowflake;
use crate::world::message::page::Page;
use crate::world::{Actor, World};

/// Posts on one screen, the newest first.
const MAX_POSTS: usize = 60;

/// A post with what it begins with.
#[derive(Clone, Debug)]
pub(in super::super) struct Post {
    pub(in super::super) id: Snowflake,
    pub(in super::super) title: String,
    pub(in super::super) author: Face,
    pub(in super::super) tags: Vec<String>,
    pub(in super::super) archived: bool,
    pub(in super::super) pinned: bool,
    pub(in super::super) answers: u64,
    pub(in super::super) last_ms: u64,
    /// The beginning of the first message.
    pub(in super::super) begins: String,
}

/// Pinned first, then by the last message.
pub(super) fn posts(world: &World, viewer: Snowflake, forum: Snowflake) -> (Vec<Post>, Names) {
    const PINNED: u64 = 1 << 1;
    let Some(channel) = world.channels.get(&forum) else {
        return (Vec::new(), Names::default());
    };
    let guild = channel.guild_id;
    let payload = world.channel_payload(forum, viewer).unwrap_or_default();
    let tag_name = |tag: Snowflake| {
        let tags = list(&payload, "available_tags").iter();
        let mut named = tags.filter(|known| id(known, "id") == Some(tag));
        named.next().map(|known| text(known, "name").to_owned())
    };
    let threads = guild.map(|guild| world.threads_of(guild));
    let own = threads
        .into_iter()
        .flatten()
        .filter(|(post, _)| post.parent_id == Some(forum) && world.may_view(viewer, post.id));
    let mut posts: Vec<Post> = own
        .map(|(post, thread)| {
            let last = post.last_message_id.unwrap_or(post.id);
            Post {
                id: post.id,
                title: post.name.clone(),
                author: Face::of(world, guild, thread.owner_id),
                tags: thread
                    .applied_tags
                    .iter()
                    .filter_map(|tag| tag_name(*tag))
                    .collect(),
                archived: thread.archived,
                pinned: post.flags & PINNED != 0,
                answers: thread.message_count,
                last_ms: last.timestamp_ms(),
                begins: String::new(),
            }
        })
        .collect();
    posts.sort_by_key(|post| {
        std::cmp::Reverse((post.pinned, !post.archived, post.last_ms, post.id))
    });
    posts.truncate(MAX_POSTS);
    let actor = Actor::from(viewer);
    let mut firsts: Vec<Value> = Vec::new();
    for post in &mut posts {
        let page = Page::After(Snowflake(post.id.0.saturating_sub(1)));
        let first = world
            .list_messages(&actor, post.id, page, 1)
            .unwrap_or_default();
        first[0]["content"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut post.begins);
        firsts.push(first);
    }
    (posts, names_for(world, viewer, guild, firsts.iter()))
}
