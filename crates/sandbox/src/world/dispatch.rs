//! What the world tells the Gateway: dispatches, whom they are for, and who takes them.

use std::sync::Arc;

use serde_json::Value;

use super::World;
use crate::snowflake::Snowflake;

/// One Gateway dispatch, before it is filtered for a session.
///
/// `GUILD_CREATE` carries the full payload (every intent); the Gateway renders it anew with
/// [`World::guild_create_payload`] for the intents of the session.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The event's name, such as `MESSAGE_CREATE`.
    pub kind: &'static str,
    /// The `d` of the frame.
    pub data: Arc<Value>,
    /// Whose sessions may see it.
    pub audience: Audience,
    /// Any of these intents lets it through; 0 means always.
    pub intents: u64,
}

/// Whose sessions a dispatch is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Audience {
    /// Members (bots) of the guild.
    Guild(Snowflake),
    /// Bots in the guild who may `VIEW_CHANNEL` there.
    Channel {
        /// The guild of the channel.
        guild: Snowflake,
        /// The channel or thread.
        channel: Snowflake,
    },
    /// Only this user's sessions.
    User(Snowflake),
    /// Participants of a DM channel.
    Dm(Snowflake),
}

/// Takes dispatches in the order of their effects. Called while the world is locked: it must not
/// block, and must not call `Shared` again.
pub trait DispatchSink: Send + Sync {
    /// Delivers what one locked section caused.
    fn deliver(&self, world: &World, dispatches: &[Dispatch]);
}

impl World {
    /// Whether `user` belongs to an audience, judged by the world as it is now.
    pub fn audience_includes(&self, audience: &Audience, user: Snowflake) -> bool {
        match *audience {
            Audience::Guild(guild) => self.is_member(guild, user),
            Audience::Channel { guild, channel } => {
                self.is_member(guild, user) && self.may_view(user, channel)
            }
            Audience::User(id) => id == user,
            Audience::Dm(channel) => self.is_dm_recipient(channel, user),
        }
    }

    /// A channel is about to go: what those who see it are to hear is addressed to each of them,
    /// since an audience is judged only later.
    pub(crate) fn address_viewers(&mut self, guild: Snowflake, channel: Snowflake) {
        let theirs = Audience::Channel { guild, channel };
        let viewers = self.bots_that_see(guild, channel);
        for dispatch in std::mem::take(&mut self.outbox) {
            if dispatch.audience != theirs {
                self.outbox.push(dispatch);
                continue;
            }
            self.outbox.extend(viewers.iter().map(|viewer| Dispatch {
                audience: Audience::User(*viewer),
                ..dispatch.clone()
            }));
        }
    }
}
