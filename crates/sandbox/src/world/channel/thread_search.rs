//! Searching the threads of one channel.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::{Channel, Thread, thread_member_payload};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::{Actor, Answer, Refusal, World};

/// How results are ordered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ThreadOrder {
    /// The newest message first.
    #[default]
    LastMessage,
    /// The newest thread first.
    Creation,
    /// Archived last first.
    Archive,
}

/// What is searched for; every part that is given must fit.
#[derive(Clone, Debug, Default)]
pub struct ThreadSearch {
    /// Words, all of which must occur in the name, whatever their case.
    pub name: String,
    pub tags: Vec<Snowflake>,
    /// One of the tags is enough.
    pub any_tag: bool,
    pub archived: Option<bool>,
    pub min: Option<Snowflake>,
    pub max: Option<Snowflake>,
    pub order: ThreadOrder,
    pub ascending: bool,
    pub limit: usize,
    pub offset: usize,
}

impl ThreadSearch {
    fn fits(&self, channel: &Channel, thread: &Thread) -> bool {
        let name = channel.name.to_lowercase();
        let has = |tag: &Snowflake| thread.applied_tags.contains(tag);
        let tagged = if self.any_tag {
            self.tags.is_empty() || self.tags.iter().any(has)
        } else {
            self.tags.iter().all(has)
        };
        tagged
            && self
                .name
                .to_lowercase()
                .split_whitespace()
                .all(|word| name.contains(word))
            && self
                .archived
                .is_none_or(|archived| thread.archived == archived)
            && self.min.is_none_or(|min| channel.id > min)
            && self.max.is_none_or(|max| channel.id < max)
    }

    fn rank(&self, channel: &Channel, thread: &Thread) -> (u64, Snowflake) {
        let first = match self.order {
            ThreadOrder::LastMessage => channel.last_message_id.unwrap_or(channel.id).0,
            ThreadOrder::Creation => channel.id.0,
            ThreadOrder::Archive => thread.archive_ms,
        };
        (first, channel.id)
    }
}

impl World {
    /// A page of a channel's threads, with the first message of each.
    pub fn search_threads(
        &self,
        actor: &Actor,
        channel: Snowflake,
        search: &ThreadSearch,
    ) -> Answer {
        self.visible_channel(actor.id, channel)?;
        self.require_in(actor.id, channel, bits::READ_MESSAGE_HISTORY)?;
        let guild = self
            .guild_of(channel)
            .ok_or_else(Refusal::wrong_channel_type)?;
        let mut found: Vec<_> = self
            .threads_of(guild)
            .filter(|(thread, _)| thread.parent_id == Some(channel))
            .filter(|(thread, inner)| {
                search.fits(thread, inner) && self.may_view(actor.id, thread.id)
            })
            .collect();
        found.sort_by_key(|(channel, thread)| Reverse(search.rank(channel, thread)));
        if search.ascending {
            found.reverse();
        }
        let total = found.len();
        let page: Vec<_> = found
            .into_iter()
            .skip(search.offset)
            .take(search.limit)
            .collect();
        let threads: Vec<Value> = page
            .iter()
            .filter_map(|(thread, _)| self.channel_payload(thread.id, actor.id))
            .collect();
        let members: Vec<Value> = page
            .iter()
            .filter_map(|(channel, thread)| {
                let joined = thread.members.get(&actor.id)?;
                Some(thread_member_payload(channel.id, actor.id, *joined))
            })
            .collect();
        // A thread's first message has its id: in the thread for a post, in the channel for others.
        let first = |thread: Snowflake| {
            self.message(thread, thread)
                .or_else(|| self.message(channel, thread))
        };
        let first_messages: Vec<Value> = page
            .iter()
            .filter_map(|(thread, _)| first(thread.id))
            .map(|message| self.message_payload(message, actor.id))
            .collect();
        Ok(json!({
            "threads": threads,
            "members": members,
            "has_more": search.offset + page.len() < total,
            "first_messages": first_messages,
            "total_results": total,
        }))
    }
}
