//! Who comes to see a channel: a bot that does is told the channel's active threads, which it
//! could not know (Discord: Threads › Gaining Access to Channels). Losing sight is told by nothing
//! but the change that caused it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Channel, ChannelKind, thread_member_payload};
use crate::snowflake::Snowflake;
use crate::world::{Audience, World, intents};

/// What each bot of a guild sees before a change, of the channels that hold threads.
#[derive(Debug)]
pub(crate) struct Sight(Vec<(Snowflake, BTreeSet<Snowflake>)>);

impl World {
    /// The bots of a guild.
    pub(crate) fn bots_in(&self, guild: Snowflake) -> Vec<Snowflake> {
        // Applications are few, members may be many.
        let bots = self.applications.keys().copied();
        bots.filter(|bot| self.is_member(guild, *bot)).collect()
    }

    /// What the bots of a guild see now; [`World::tell_gained`] compares after the change.
    pub(crate) fn sight_of_bots(&self, guild: Snowflake) -> Sight {
        let channels: Vec<_> = self
            .channels_of(guild)
            .into_iter()
            .filter(|channel| holds_threads(channel))
            .map(|channel| channel.id)
            .collect();
        let seen = |bot: Snowflake| {
            let seen = channels.iter().copied();
            (bot, seen.filter(|id| self.may_view(bot, *id)).collect())
        };
        Sight(self.bots_in(guild).into_iter().map(seen).collect())
    }

    /// The same where only one member changes, who may be nobody that listens.
    pub(crate) fn sight_when_bot(&self, guild: Snowflake, user: Snowflake) -> Sight {
        if self.applications.contains_key(&user) {
            self.sight_of_bots(guild)
        } else {
            Sight(Vec::new())
        }
    }

    /// Tells each bot the threads of the channels that it did not see before.
    pub(crate) fn tell_gained(&mut self, guild: Snowflake, before: &Sight) {
        if before.0.is_empty() {
            return;
        }
        let after = self.sight_of_bots(guild);
        for (bot, now) in after.0 {
            let old = before.0.iter().find(|(other, _)| *other == bot);
            let Some((_, old)) = old else { continue };
            let gained: Vec<_> = now.difference(old).copied().collect();
            if !gained.is_empty() {
                let data = self.thread_list(guild, bot, &gained);
                let audience = Audience::User(bot);
                self.dispatch("THREAD_LIST_SYNC", audience, intents::GUILDS, data);
            }
        }
    }

    fn thread_list(&self, guild: Snowflake, viewer: Snowflake, parents: &[Snowflake]) -> Value {
        let inside: Vec<_> = self
            .threads_of(guild)
            .filter(|(channel, thread)| {
                let here = channel
                    .parent_id
                    .is_some_and(|parent| parents.contains(&parent));
                here && !thread.archived && self.may_view(viewer, channel.id)
            })
            .collect();
        let threads: Vec<_> = inside
            .iter()
            .filter_map(|(channel, _)| self.channel_payload(channel.id, Snowflake(0)))
            .collect();
        let members: Vec<_> = inside
            .iter()
            .filter_map(|(channel, thread)| {
                let joined = thread.members.get(&viewer)?;
                Some(thread_member_payload(channel.id, viewer, *joined))
            })
            .collect();
        json!({
            "guild_id": guild, "channel_ids": parents, "threads": threads, "members": members,
        })
    }
}

fn holds_threads(channel: &Channel) -> bool {
    matches!(
        channel.kind,
        ChannelKind::Text | ChannelKind::Announcement | ChannelKind::Forum | ChannelKind::Media
    )
}
