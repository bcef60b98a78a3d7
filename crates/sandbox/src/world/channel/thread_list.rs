//! Lists of threads: active ones of a guild, archived ones of a channel.

use serde_json::{Value, json};

use super::{Channel, ChannelKind, Thread, thread_member_payload};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::{Actor, Answer, Refusal, World};

/// Which archived threads of a channel are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Archived {
    /// Public ones, last archived first.
    Public,
    /// Private ones, with `MANAGE_THREADS`.
    Private,
    /// Private ones that the actor is in, newest first.
    JoinedPrivate,
}

/// Where a page of archived threads starts: a moment, or for joined ones an id.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArchivedBefore {
    pub ms: Option<u64>,
    pub id: Option<Snowflake>,
}

impl World {
    /// All active threads of a guild that the actor sees.
    pub fn active_threads(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let mut threads: Vec<_> = self
            .threads_of(guild)
            .filter(|(channel, thread)| !thread.archived && self.may_view(actor.id, channel.id))
            .collect();
        threads.reverse();
        let mut answer = self.thread_page(actor.id, &threads);
        answer["has_more"] = json!(false);
        Ok(answer)
    }

    /// A page of a channel's archived threads.
    pub fn archived_threads(
        &self,
        actor: &Actor,
        channel: Snowflake,
        which: Archived,
        before: ArchivedBefore,
        limit: usize,
    ) -> Answer {
        self.require_in(actor.id, channel, bits::READ_MESSAGE_HISTORY)?;
        if which == Archived::Private {
            self.require_in(actor.id, channel, bits::MANAGE_THREADS)?;
        }
        let Some(guild) = self.guild_of(channel) else {
            return Err(Refusal::wrong_channel_type());
        };
        let private = |channel: &Channel| channel.kind == ChannelKind::PrivateThread;
        let mut threads: Vec<_> = self
            .threads_of(guild)
            .filter(|(thread, _)| thread.parent_id == Some(channel))
            .filter(|(channel, thread)| {
                thread.archived
                    && before.ms.is_none_or(|ms| thread.archive_ms < ms)
                    && before.id.is_none_or(|id| channel.id < id)
                    && private(channel) == (which != Archived::Public)
                    && (which != Archived::JoinedPrivate || thread.members.contains_key(&actor.id))
            })
            .collect();
        if which == Archived::JoinedPrivate {
            threads.sort_by_key(|(channel, _)| std::cmp::Reverse(channel.id));
        } else {
            threads.sort_by_key(|(channel, thread)| {
                std::cmp::Reverse((thread.archive_ms, channel.id))
            });
        }
        let limit = limit.clamp(1, 100);
        let has_more = threads.len() > limit;
        threads.truncate(limit);
        let mut answer = self.thread_page(actor.id, &threads);
        answer["has_more"] = json!(has_more);
        Ok(answer)
    }

    fn thread_page(&self, viewer: Snowflake, threads: &[(&Channel, &Thread)]) -> Value {
        let members: Vec<_> = threads
            .iter()
            .filter_map(|(channel, thread)| {
                let joined = thread.members.get(&viewer)?;
                Some(thread_member_payload(channel.id, viewer, *joined))
            })
            .collect();
        let threads: Vec<_> = threads
            .iter()
            .filter_map(|(channel, _)| self.channel_payload(channel.id, viewer))
            .collect();
        json!({"threads": threads, "members": members})
    }
}
