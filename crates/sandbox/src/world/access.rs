//! Who may do what where: permissions over the world's facts, and the role hierarchy.

use std::cmp::Reverse;

use super::automod::QUARANTINED;
use super::channel::{Channel, ChannelKind};
use super::refusal::Unknown;
use super::role::Role;
use super::{Answer, Refusal, World};
use crate::permissions::{self as bits, Standing};
use crate::snowflake::Snowflake;

/// What both ends of a DM may do there.
const IN_DM: u64 = bits::VIEW_CHANNEL
    | bits::SEND_MESSAGES
    | bits::SEND_MESSAGES_IN_THREADS
    | bits::EMBED_LINKS
    | bits::ATTACH_FILES
    | bits::READ_MESSAGE_HISTORY
    | bits::ADD_REACTIONS
    | bits::SEND_TTS_MESSAGES
    | bits::SEND_VOICE_MESSAGES
    | bits::USE_EXTERNAL_EMOJIS
    | bits::USE_EXTERNAL_STICKERS
    | bits::SEND_POLLS;

/// A place in the hierarchy of roles: the higher position stands above, and among equals the older
/// role (Discord: Permission Hierarchy).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Rank {
    /// The position of the role.
    pub position: i64,
    older: Reverse<Snowflake>,
}

impl Rank {
    /// Where a role stands.
    pub fn of(role: &Role) -> Self {
        Self::at(role.position, role.id)
    }

    const fn at(position: i64, id: Snowflake) -> Self {
        Self {
            position,
            older: Reverse(id),
        }
    }
}

impl World {
    /// The facts for a member's permissions; `None` for someone outside the guild.
    fn standing(&self, guild: Snowflake, user: Snowflake) -> Option<Standing> {
        let guild = self.guilds.get(&guild)?;
        let member = guild.members.get(&user)?;
        let held = std::iter::once(&guild.id).chain(&member.roles);
        let granted = held
            .filter_map(|id| guild.roles.get(id))
            .map(|role| role.permissions);
        let now = self.now_ms();
        Some(Standing {
            guild: guild.id,
            user,
            owner: guild.owner_id == user,
            timed_out: member.timeout_until_ms.is_some_and(|until| until > now)
                || member.flags & QUARANTINED != 0,
            roles: member.roles.iter().copied().collect(),
            granted: granted.fold(0, |all, one| all | one),
        })
    }

    /// Whether a timeout binds a user in the guild of a channel now.
    pub(crate) fn is_timed_out(&self, user: Snowflake, channel: Snowflake) -> bool {
        let guild = self.channels.get(&channel).and_then(|it| it.guild_id);
        let standing = guild.and_then(|guild| self.standing(guild, user));
        standing.is_some_and(|it| it.timed_out && it.in_guild() & bits::ADMINISTRATOR == 0)
    }

    /// Guild-wide permissions; 0 for someone outside.
    pub fn permissions_in_guild(&self, guild: Snowflake, user: Snowflake) -> u64 {
        self.standing(guild, user)
            .map_or(0, |standing| standing.in_guild())
    }

    /// Permissions in a channel, thread or DM; 0 where it cannot be seen.
    pub fn permissions_in(&self, user: Snowflake, channel: Snowflake) -> u64 {
        let Some(channel) = self.channels.get(&channel) else {
            return 0;
        };
        let Some(guild) = channel.guild_id else {
            return if channel.recipients.contains(&user) {
                IN_DM
            } else {
                0
            };
        };
        let Some(standing) = self.standing(guild, user) else {
            return 0;
        };
        let (place, sending) = if channel.kind.is_thread() {
            match self.parent_of(channel) {
                Some(parent) => (parent, bits::SEND_MESSAGES_IN_THREADS),
                None => return 0,
            }
        } else {
            (channel, bits::SEND_MESSAGES)
        };
        let mut permissions = bits::implied(standing.in_channel(&place.overwrites), sending);
        if place.kind.is_voice() && permissions & bits::CONNECT == 0 {
            // Discord hides the text of a voice channel from those who cannot connect.
            permissions &= bits::VIEW_CHANNEL;
        }
        if hidden_private_thread(channel, user, permissions) {
            0
        } else {
            permissions
        }
    }

    /// Whether a user sees a channel.
    pub fn may_view(&self, user: Snowflake, channel: Snowflake) -> bool {
        self.permissions_in(user, channel) & bits::VIEW_CHANNEL != 0
    }

    /// The channel, when `user` may see it: unknown to all is 10003, hidden is 50001.
    pub(crate) fn visible_channel(&self, user: Snowflake, id: Snowflake) -> Answer<&Channel> {
        let channel = self
            .channels
            .get(&id)
            .ok_or_else(|| Refusal::unknown(Unknown::Channel))?;
        if !self.may_view(user, id) {
            return Err(Refusal::missing_access());
        }
        Ok(channel)
    }

    /// Requires all of `needed` in a channel that `user` sees.
    pub(crate) fn require_in(
        &self,
        user: Snowflake,
        channel: Snowflake,
        needed: u64,
    ) -> Answer<()> {
        self.visible_channel(user, channel)?;
        if self.permissions_in(user, channel) & needed == needed {
            return Ok(());
        }
        Err(Refusal::missing_permissions())
    }

    /// The guild must exist (10004) and have `user` as a member (50001).
    pub(crate) fn require_member(&self, user: Snowflake, guild: Snowflake) -> Answer<()> {
        if !self.guilds.contains_key(&guild) {
            return Err(Refusal::unknown(Unknown::Guild));
        }
        if !self.is_member(guild, user) {
            return Err(Refusal::missing_access());
        }
        Ok(())
    }

    /// Requires all of `needed` guild-wide.
    pub(crate) fn require(&self, user: Snowflake, guild: Snowflake, needed: u64) -> Answer<()> {
        self.require_member(user, guild)?;
        if self.permissions_in_guild(guild, user) & needed == needed {
            return Ok(());
        }
        Err(Refusal::missing_permissions())
    }

    /// How high a member stands; owners stand above every role, outsiders below.
    pub fn rank(&self, guild: Snowflake, user: Snowflake) -> Rank {
        let Some(guild) = self.guilds.get(&guild) else {
            return Rank::at(-1, user);
        };
        if guild.owner_id == user {
            return Rank::at(i64::MAX, user);
        }
        let Some(member) = guild.members.get(&user) else {
            return Rank::at(-1, user);
        };
        let held = member.roles.iter().filter_map(|role| guild.roles.get(role));
        let highest = held.map(Rank::of).max();
        highest.unwrap_or_else(|| Rank::at(0, guild.id))
    }

    /// Requires that `user` stands above another member (kick, ban, timeout, nickname).
    pub(crate) fn require_above_member(
        &self,
        user: Snowflake,
        guild: Snowflake,
        other: Snowflake,
    ) -> Answer<()> {
        if self.rank(guild, user) > self.rank(guild, other) {
            return Ok(());
        }
        Err(Refusal::missing_permissions())
    }

    /// Requires that `user` stands above a role.
    pub(crate) fn require_above_role(
        &self,
        user: Snowflake,
        guild: Snowflake,
        role: Snowflake,
    ) -> Answer<()> {
        let role = self
            .guilds
            .get(&guild)
            .and_then(|guild| guild.roles.get(&role))
            .ok_or_else(|| Refusal::unknown(Unknown::Role))?;
        if self.rank(guild, user) > Rank::of(role) {
            return Ok(());
        }
        Err(Refusal::missing_permissions())
    }
}

fn hidden_private_thread(channel: &Channel, user: Snowflake, permissions: u64) -> bool {
    channel.kind == ChannelKind::PrivateThread
        && permissions & bits::MANAGE_THREADS == 0
        && channel
            .thread
            .as_ref()
            .is_some_and(|thread| !thread.members.contains_key(&user))
}
